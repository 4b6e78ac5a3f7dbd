/* recovery.c - a store that was killed with many changes in its log, and how long it takes to open. */
#include "native.h"

enum { CHANGES_PER_COMMIT = 100 };

/* Builds `rows` entities and writes a checkpoint, then changes each in a random order and ends without closing: half of
 * the changes are updates, a quarter new entities, a quarter new relationships. */
int prepare_recovery(const char *path, long rows) {
    deed_database *database = open_store(path, DEED_ASYNC, 0);
    uint32_t collection = intern(database, DEED_COLLECTION, "Row"), type = intern(database, DEED_RELATIONSHIP_TYPE, "TO");
    uint32_t key = intern(database, DEED_PROPERTY_KEY, "value");
    uint64_t *ids = malloc((size_t)rows * sizeof *ids), random = 17, ignored;
    deed_transaction *transaction = begin(database);
    for (long row = 0; row < rows; row++) {
        deed_property property = integer(key, row);
        TRY(deed_entity_add(database, transaction, collection, &property, 1, &ids[row], &error));
    }
    commit(transaction);
    TRY(deed_checkpoint(database, &error));
    transaction = begin(database);
    for (long change = 0; change < rows; change++) {
        uint64_t id = ids[change % 4 < 2 ? change : (long)random_below(&random, (uint64_t)rows)];
        deed_property property = integer(key, -change);
        if (change % 4 < 2) {
            TRY(deed_record_update(database, transaction, DEED_ENTITY, id, &property, 1, false, &error));
        } else if (change % 4 == 2) {
            TRY(deed_entity_add(database, transaction, collection, &property, 1, &ignored, &error));
        } else {
            uint64_t other = ids[random_below(&random, (uint64_t)rows)];
            TRY(deed_relationship_add(database, transaction, id, other, type, &property, 1, &ignored, &error));
        }
        if (change % CHANGES_PER_COMMIT == CHANGES_PER_COMMIT - 1) {
            commit(transaction);
            transaction = begin(database);
        }
    }
    commit(transaction);
    free(ids);
    _exit(0); /* nothing is closed: the next open finds what a killed process leaves */
}

int measure_recovery(const char *path, long rows) {
    double start = now();
    deed_database *database = open_store(path, DEED_ASYNC, 0);
    double seconds = now() - start;
    deed_statistics statistics = {.struct_size = sizeof statistics};
    TRY(deed_statistics_get(database, &statistics, &error));
    printf("{\"open\": %.3f, \"entities\": %llu, \"relationships\": %llu, \"expected_entities\": %ld}\n", seconds,
           (unsigned long long)statistics.entity_count, (unsigned long long)statistics.relationship_count, rows + rows / 4);
    deed_database_destroy(database);
    return 0;
}
