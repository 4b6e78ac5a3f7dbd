/* durability.c - what was committed is there after closing, checkpointing, compacting, and after no closing at all. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEOPLE = 3000 };

static void write_people(deed_database *database) {
    uint32_t person = collection_of(database, "Person"), key = key_of(database, "n"),
        knows = type_of(database, "KNOWS");
    deed_transaction *transaction = begin(database);
    uint64_t previous = 0;
    for (int64_t i = 0; i < PEOPLE; i++) {
        uint64_t id = add_entity(database, transaction, person, key, i);
        if (previous != 0) add_relationship(database, transaction, previous, id, knows);
        previous = id;
    }
    commit_and_destroy(transaction);
}

static void check_people(deed_database *database, uint64_t expected) {
    uint32_t person = collection_of(database, "Person"), knows = type_of(database, "KNOWS");
    deed_scan *scan;
    const deed_record *record;
    uint64_t rows = 0;
    CHECK_EQUAL(expected, deed_table_count(database, DEED_ENTITY, person));
    CHECK_EQUAL(expected - expected / PEOPLE, deed_table_count(database, DEED_RELATIONSHIP, knows));
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_ENTITY, person, &scan, ERR));
    while (EXPECT_OK(deed_scan_next(scan, &record, ERR)) && record != NULL) {
        CHECK_EQUAL(rows % PEOPLE, (uint64_t)record->properties[0].value.as.integer);
        rows++;
    }
    CHECK_EQUAL(expected, rows);
    deed_scan_destroy(scan);
    check_sound(database);
}

/* Each level of durability, with every way to tidy up in between. */
static void closing_keeps_everything(void) {
    static const char *const names[] = {"sync", "async", "none"};
    for (int32_t durability = DEED_SYNC; durability <= DEED_NONE; durability++) {
        const char *path = scratch_path(names[durability]);
        deed_options options;
        deed_options_init(&options);
        options.durability = durability;
        deed_database *database;
        for (uint64_t round = 1; round <= 3; round++) {
            EXPECT_OK(deed_database_open(path, strlen(path), &options, &database, ERR));
            write_people(database);
            if (round == 2) EXPECT_OK(deed_checkpoint(database, ERR));
            if (round == 3) EXPECT_OK(deed_compact(database, ERR));
            check_people(database, round * PEOPLE);
            EXPECT_OK(deed_database_close(database, ERR));
            deed_database_destroy(database);
        }
        database = open_on_disk(path);
        check_people(database, 3 * PEOPLE);
        deed_statistics statistics = statistics_of(database);
        CHECK(statistics.disk_total > 0);
        close_and_destroy(database);
    }
}

/* A process that ends without closing, as after a crash: committed is kept, uncommitted is gone. */
static void a_process_may_just_end(void) {
    const char *path = scratch_path("crash");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        deed_database *database = open_on_disk(path);
        write_people(database);
        add_entity(database, begin(database), collection_of(database, "Person"), key_of(database, "n"), 12345);
        _exit(0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    deed_database *database = open_on_disk(path);
    check_people(database, PEOPLE);
    close_and_destroy(database);
}

static void checkpoints_drop_the_log(void) {
    deed_database *database = open_on_disk(scratch_path("checkpoint"));
    write_people(database);
    deed_statistics before = statistics_of(database);
    EXPECT_OK(deed_checkpoint(database, ERR));
    deed_statistics after = statistics_of(database);
    CHECK(after.checkpoint_mark >= before.last_commit);
    CHECK(after.checkpoint_mark > before.checkpoint_mark);
    CHECK(after.checkpoints > before.checkpoints);
    check_people(database, PEOPLE);
    close_and_destroy(database);
}

static void compacting_gives_space_back(void) {
    deed_database *database = open_on_disk(scratch_path("compact"));
    uint32_t collection = collection_of(database, "Bulky"), key = key_of(database, "text");
    static char text[1000];
    memset(text, 'x', sizeof text);
    deed_transaction *transaction = begin(database);
    uint64_t first = 0, id = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(text, &i, sizeof i);
        deed_property property = with_bytes(key, DEED_BYTES, text, sizeof text);
        EXPECT_OK(deed_entity_add(database, transaction, collection, &property, 1, &id, ERR));
        if (first == 0) first = id;
    }
    commit_and_destroy(transaction);
    EXPECT_OK(deed_checkpoint(database, ERR));
    deed_statistics full = statistics_of(database);
    transaction = begin(database);
    for (; first <= id; first++) EXPECT_OK(deed_entity_delete(database, transaction, first, false, ERR));
    commit_and_destroy(transaction);
    EXPECT_OK(deed_compact(database, ERR));
    deed_statistics empty = statistics_of(database);
    CHECK_EQUAL(0, empty.entity_count);
    CHECK(empty.memory_strings < full.memory_strings / 4);
    close_and_destroy(database);
}

static void statistics_have_a_size(void) {
    deed_database *database = open_in_memory();
    deed_statistics statistics = {.struct_size = 1};
    EXPECT(DEED_INVALID_ARGUMENT, deed_statistics_get(database, &statistics, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_statistics_get(database, NULL, ERR));
    uint32_t collection = collection_of(database, "Counted");
    uint64_t id = add_entity(database, NULL, collection, DEED_ANY, 0);
    add_relationship(database, NULL, id, id, type_of(database, "TO"));
    statistics = statistics_of(database);
    CHECK_EQUAL(1, statistics.entity_count);
    CHECK_EQUAL(1, statistics.relationship_count);
    CHECK_EQUAL(1, statistics.collection_count);
    CHECK_EQUAL(1, statistics.relationship_type_count);
    CHECK_EQUAL(0, statistics.disk_total);
    CHECK(statistics.commits >= 2 && statistics.last_commit > 0);
    CHECK(statistics.memory_total > 0 && statistics.memory_total < statistics.memory_limit);
    EXPECT(DEED_INVALID_ARGUMENT, deed_check(database, NULL, NULL, ERR));
    close_and_destroy(database);
}

/* A small limit refuses what does not fit, in words, and what was there before stays. */
static void memory_has_a_limit(void) {
    deed_options options;
    deed_options_init(&options);
    options.memory_limit = 32u << 20;
    deed_database *database;
    if (!EXPECT_OK(deed_database_open(NULL, 0, &options, &database, ERR))) return;
    uint32_t collection = collection_of(database, "Big"), key = key_of(database, "data");
    static char data[1 << 20];
    deed_property property = with_bytes(key, DEED_BYTES, data, sizeof data);
    deed_status status = DEED_OK;
    uint64_t id, added = 0;
    for (int i = 0; i < 256 && status == DEED_OK; i++) {
        status = deed_entity_add(database, NULL, collection, &property, 1, &id, ERR);
        if (status == DEED_OK) added++;
        drop_error();
    }
    CHECK_EQUAL(DEED_OUT_OF_MEMORY, (uint64_t)status);
    CHECK(added > 0);
    CHECK_EQUAL(added, deed_table_count(database, DEED_ENTITY, collection));
    check_sound(database);
    close_and_destroy(database);
}

enum { SMALL_LIMIT = 32 << 20 };

static deed_database *open_small(const char *path) {
    deed_options options;
    deed_options_init(&options);
    options.memory_limit = SMALL_LIMIT;
    deed_database *database = NULL;
    EXPECT_OK(deed_database_open(path, strlen(path), &options, &database, ERR));
    return database;
}

/* One value larger than memory, and one transaction: nothing of them is left, now and after opening again. */
static void what_cannot_fit_is_undone(void) {
    const char *path = scratch_path("cannot-fit");
    deed_database *database = open_small(path);
    uint32_t collection = collection_of(database, "Row"), key = key_of(database, "n"), data = key_of(database, "data");
    uint64_t first = add_entity(database, NULL, collection, key, 1), id;
    void *huge = calloc(1, 2 * SMALL_LIMIT);
    deed_property value = with_bytes(data, DEED_BYTES, huge, 2 * SMALL_LIMIT);
    EXPECT(DEED_OUT_OF_MEMORY, deed_entity_add(database, NULL, collection, &value, 1, &id, ERR));
    EXPECT(DEED_OUT_OF_MEMORY, deed_record_update(database, NULL, DEED_ENTITY, first, &value, 1, false, ERR));
    deed_transaction *transaction = begin(database);
    add_entity(database, transaction, collection, key, 2);
    EXPECT(DEED_OUT_OF_MEMORY, deed_entity_add(database, transaction, collection, &value, 1, &id, ERR));
    add_entity(database, transaction, collection, key, 3);
    commit_and_destroy(transaction);
    free(huge);
    CHECK_EQUAL(3, deed_table_count(database, DEED_ENTITY, collection));

    transaction = begin(database);
    deed_status status = DEED_OK;
    uint64_t added = 0;
    for (; status == DEED_OK && added < 10000000; added++) {
        deed_property property = with_integer(key, (int64_t)added);
        status = deed_entity_add(database, transaction, collection, &property, 1, &id, ERR);
        drop_error();
    }
    CHECK_EQUAL(DEED_OUT_OF_MEMORY, (uint64_t)status);
    CHECK(added > 1000);
    EXPECT_OK(deed_transaction_rollback(transaction, ERR));
    deed_transaction_destroy(transaction);
    CHECK(statistics_of(database).memory_total <= SMALL_LIMIT);
    for (int round = 0; round < 2; round++) {
        CHECK_EQUAL(3 + (uint64_t)round, deed_table_count(database, DEED_ENTITY, collection));
        check_sound(database);
        add_entity(database, NULL, collection, key, 4);
        close_and_destroy(database);
        database = open_small(path);
    }
    close_and_destroy(database);
}

void test_durability(void) {
    closing_keeps_everything();
    a_process_may_just_end();
    checkpoints_drop_the_log();
    compacting_gives_space_back();
    statistics_have_a_size();
    memory_has_a_limit();
    what_cannot_fit_is_undone();
}
