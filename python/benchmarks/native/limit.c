/* limit.c - a store beside a memory limit, in phases. After each phase the program prints the phase's name, its rate and
 * what the store says it takes, and waits for a line of input: meanwhile the caller looks at the process from outside. The
 * first process ends without closing the store, and a second one recovers it. */
#include "native.h"

enum { LOAD_ROWS = 500000, DELETE_EACH = 8 };

typedef struct store {
    deed_database *database;
    const char *path;
    uint64_t limit;
    uint32_t collection, type, value, text;
    uint64_t *ids;
    long entities, relationships;
    uint64_t random;
} store;

static void report(store *self, const char *phase, double done, double seconds) {
    deed_statistics statistics = {.struct_size = sizeof statistics};
    TRY(deed_statistics_get(self->database, &statistics, &error));
    printf("{\"phase\": \"%s\", \"rate\": %.0f, \"seconds\": %.3f, \"total\": %llu, \"store\": %llu, \"disk\": %llu}\n", phase,
           done / seconds, seconds, (unsigned long long)statistics.memory_total, (unsigned long long)statistics.memory_store,
           (unsigned long long)statistics.disk_total);
    fflush(stdout);
    while (getchar() != '\n' && !feof(stdin)) continue;
}

static void open_limited(store *self) {
    deed_options options;
    deed_options_init(&options);
    options.durability = DEED_ASYNC;
    options.memory_limit = self->limit;
    TRY(deed_database_open(self->path, strlen(self->path), &options, &self->database, &error));
    self->collection = intern(self->database, DEED_COLLECTION, "Row");
    self->type = intern(self->database, DEED_RELATIONSHIP_TYPE, "TO");
    self->value = intern(self->database, DEED_PROPERTY_KEY, "value");
    self->text = intern(self->database, DEED_PROPERTY_KEY, "text");
}

static uint64_t any_id(store *self) { return self->ids[random_below(&self->random, (uint64_t)self->entities)]; }

static void load_entities(store *self) {
    for (long done = 0; done < self->entities; done += LOAD_ROWS) {
        long rows = self->entities - done < LOAD_ROWS ? self->entities - done : LOAD_ROWS;
        struct ArrowArrayStream stream = generated_rows(rows, true);
        deed_ids *ids;
        TRY(deed_entities_load(self->database, NULL, self->collection, &stream, NULL, NULL, &ids, &error));
        memcpy(self->ids + done, deed_ids_data(ids), (size_t)rows * sizeof *self->ids);
        deed_ids_destroy(ids);
    }
}

static void load_relationships(store *self) {
    uint64_t *ends = malloc(2 * LOAD_ROWS * sizeof *ends);
    for (long done = 0; done < self->relationships; done += LOAD_ROWS) {
        for (long i = 0; i < 2 * LOAD_ROWS; i++) ends[i] = any_id(self);
        struct ArrowArrayStream stream = generated_rows(LOAD_ROWS, false);
        deed_ids *ids;
        TRY(deed_relationships_load(self->database, NULL, self->type, ends, ends + LOAD_ROWS, LOAD_ROWS, &stream, NULL, NULL,
                                    &ids, &error));
        deed_ids_destroy(ids);
    }
    free(ends);
}

static void update(store *self, long count) {
    char text[64];
    for (long i = 0; i < count; i++) {
        int size = snprintf(text, sizeof text, "a text that was changed in round %ld", i);
        deed_property properties[2] = {integer(self->value, i), {.key = self->text}};
        properties[1].value.type = DEED_STRING;
        properties[1].value.as.text.data = text;
        properties[1].value.as.text.size = (size_t)size;
        TRY(deed_record_update(self->database, NULL, DEED_ENTITY, any_id(self), properties, 2, false, &error));
    }
}

static void read_rows(store *self, long count) {
    deed_buffer *buffer;
    TRY(deed_buffer_create(self->database, &buffer, &error));
    for (long i = 0; i < count; i++) {
        const deed_record *record;
        TRY(deed_record_get(self->database, NULL, DEED_ENTITY, any_id(self), buffer, &record, &error));
    }
    deed_buffer_destroy(buffer);
}

/* Reads all entities and notes their ids. */
static void scan(store *self) {
    deed_scan *rows;
    const deed_record *record;
    long count = 0;
    TRY(deed_scan_begin(self->database, NULL, DEED_ENTITY, self->collection, &rows, &error));
    for (;;) {
        TRY(deed_scan_next(rows, &record, &error));
        if (record == NULL || count == self->entities) break;
        self->ids[count++] = record->id;
    }
    deed_scan_destroy(rows);
    self->entities = count;
}

static void traverse(store *self, long count, uint32_t depth) {
    for (long i = 0; i < count; i++) {
        uint64_t reached;
        TRY(deed_count_reachable(self->database, NULL, any_id(self), DEED_ANY, DEED_OUT, depth, &reached, &error));
    }
}

/* Deletes entities with their relationships, several in each transaction. */
static void delete_entities(store *self, long count) {
    for (long i = 0; i < count; i += DELETE_EACH) {
        deed_transaction *transaction = begin(self->database);
        for (int each = 0; each < DELETE_EACH && self->entities > 0; each++) {
            long place = (long)random_below(&self->random, (uint64_t)self->entities);
            TRY(deed_entity_delete(self->database, transaction, self->ids[place], true, &error));
            self->ids[place] = self->ids[--self->entities];
        }
        commit(transaction);
    }
}

/* One transaction that fits into no memory: it must fail as OUT_OF_MEMORY and leave nothing. */
static void overflow(store *self) {
    deed_transaction *transaction = begin(self->database);
    uint64_t id;
    long added = 0;
    deed_error *error = NULL;
    while (added < 100 * (long)(self->limit / 1000)) {
        deed_property property = integer(self->value, added++);
        if (deed_entity_add(self->database, transaction, self->collection, &property, 1, &id, &error) != DEED_OK) break;
    }
    if (error == NULL || deed_error_status(error) != DEED_OUT_OF_MEMORY) {
        fprintf(stderr, "a transaction of %ld rows did not run out of memory\n", added);
        exit(1);
    }
    deed_error_destroy(error);
    TRY(deed_transaction_rollback(transaction, &error));
    deed_transaction_destroy(transaction);
}

#define PHASE(name, count, call)                                                                                                 \
    do {                                                                                                                         \
        double start = now();                                                                                                    \
        call;                                                                                                                    \
        report(&self, name, (double)(count), now() - start);                                                                     \
    } while (0)

int measure_limit(const char *path, long limit, long entities, long relationships, long operations) {
    store self = {.path = path, .limit = (uint64_t)limit, .entities = entities, .relationships = relationships, .random = 1};
    self.ids = malloc((size_t)entities * sizeof *self.ids);
    PHASE("open", 1, open_limited(&self));
    PHASE("load entities", entities, load_entities(&self));
    PHASE("load relationships", relationships, load_relationships(&self));
    PHASE("read", operations, read_rows(&self, operations));
    PHASE("update", operations, update(&self, operations));
    PHASE("checkpoint", 1, TRY(deed_checkpoint(self.database, &error)));
    PHASE("scan", entities, scan(&self));
    PHASE("traverse 2", operations / 4, traverse(&self, operations / 4, 2));
    PHASE("traverse 6", 2, traverse(&self, 2, 6));
    PHASE("delete", operations / 4, delete_entities(&self, operations / 4));
    if (limit < 1 << 30) PHASE("overflow", 1, overflow(&self));
    PHASE("compact", 1, TRY(deed_compact(self.database, &error)));
    PHASE("update again", operations, update(&self, operations));
    _exit(0);
}

int measure_limit_recovery(const char *path, long limit, long entities, long operations) {
    store self = {.path = path, .limit = (uint64_t)limit, .entities = entities, .random = 2};
    self.ids = malloc((size_t)entities * sizeof *self.ids);
    PHASE("recover", 1, open_limited(&self));
    PHASE("scan again", entities, scan(&self));
    PHASE("read again", operations, read_rows(&self, operations));
    PHASE("update after that", operations, update(&self, operations));
    free(self.ids);
    deed_database_destroy(self.database);
    return 0;
}
