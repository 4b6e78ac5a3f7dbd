/* lifecycle.c - opening, closing and destroying, in every order and with every argument wrong in turn. */
#include "check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void statuses_have_names(void) {
    CHECK(strcmp(deed_status_name(DEED_OK), "DEED_OK") == 0);
    CHECK(strcmp(deed_status_name(DEED_NOT_FOUND), "DEED_NOT_FOUND") == 0);
    CHECK(strcmp(deed_status_name(DEED_TRANSACTION_CONFLICT), "DEED_TRANSACTION_CONFLICT") == 0);
    CHECK(strcmp(deed_status_name(DEED_INTERNAL), "DEED_INTERNAL") == 0);
    CHECK(strcmp(deed_status_name(-1), "DEED_UNKNOWN") == 0);
    CHECK(strcmp(deed_status_name(INT32_MAX), "DEED_UNKNOWN") == 0);
    CHECK_EQUAL(DEED_API_VERSION, deed_api_version());
    CHECK(strlen(deed_version()) >= 5);
    CHECK_EQUAL(32, sizeof(deed_value));
}

static void destroying_null_does_nothing(void) {
    deed_error_destroy(NULL);
    deed_database_destroy(NULL);
    deed_transaction_destroy(NULL);
    deed_buffer_destroy(NULL);
    deed_scan_destroy(NULL);
    deed_ids_destroy(NULL);
    deed_text_destroy(NULL);
    CHECK(true);
}

static void options_have_defaults(void) {
    deed_options options;
    memset(&options, 0xAA, sizeof options);
    deed_options_init(&options);
    CHECK_EQUAL(sizeof options, options.struct_size);
    CHECK(!options.read_only);
    CHECK(options.create);
    CHECK_EQUAL(DEED_SYNC, options.durability);
    CHECK_EQUAL(0, options.memory_limit);
    CHECK_EQUAL(64u << 20, options.checkpoint_log_bytes);
}

static void bad_options_are_refused(void) {
    deed_database *database = (deed_database *)8;
    deed_options options;
    deed_options_init(&options);
    options.struct_size = 3;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, &options, &database, ERR));
    CHECK(database == NULL);
    deed_options_init(&options);
    options.struct_size = 0;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, &options, &database, ERR));
    deed_options_init(&options);
    options.durability = 77;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, &options, &database, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, NULL, NULL, ERR));
}

static void bad_paths_are_refused(void) {
    deed_database *database = (deed_database *)8;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open("", 0, NULL, &database, ERR));
    CHECK(database == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open("a\0b", 3, NULL, &database, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open("\xFF\xFE", 2, NULL, &database, ERR));

    const char *file = scratch_path("a-file");
    fclose(fopen(file, "w"));
    EXPECT_EITHER(DEED_IO_ERROR, DEED_INVALID_ARGUMENT, deed_database_open(file, strlen(file), NULL, &database, ERR));
    const char *below = scratch_path("a-file/store");
    EXPECT(DEED_IO_ERROR, deed_database_open(below, strlen(below), NULL, &database, ERR));
    CHECK(access(file, F_OK) == 0);

    deed_options options;
    deed_options_init(&options);
    options.create = false;
    const char *absent = scratch_path("absent");
    EXPECT_EITHER(DEED_IO_ERROR, DEED_INVALID_ARGUMENT,
                  deed_database_open(absent, strlen(absent), &options, &database, ERR));
    deed_options_init(&options);
    options.read_only = true;
    EXPECT_EITHER(DEED_IO_ERROR, DEED_INVALID_ARGUMENT,
                  deed_database_open(absent, strlen(absent), &options, &database, ERR));
    CHECK(access(absent, F_OK) != 0);
    CHECK(database == NULL);
}

/* Root may write everywhere, so as root there is nothing to see. */
static void a_directory_without_permission_is_refused(void) {
    if (geteuid() == 0) return;
    const char *directory = scratch_path("forbidden");
    const char *store = scratch_path("forbidden/store");
    deed_database *database;
    CHECK(mkdir(directory, 0500) == 0);
    EXPECT(DEED_IO_ERROR, deed_database_open(store, strlen(store), NULL, &database, ERR));
}

static void a_store_has_one_writer(void) {
    const char *path = scratch_path("one-writer");
    deed_database *first = open_on_disk(path), *second;
    EXPECT(DEED_STORE_LOCKED, deed_database_open(path, strlen(path), NULL, &second, ERR));
    CHECK(second == NULL);
    EXPECT_OK(deed_database_close(first, ERR));
    second = open_on_disk(path); /* closing is enough; the handle may linger */
    close_and_destroy(second);
    deed_database_destroy(first);
}

static void read_only_refuses_to_write(void) {
    const char *path = scratch_path("read-only");
    deed_database *database = open_on_disk(path);
    uint32_t person = collection_of(database, "Person"), key = key_of(database, "k");
    uint64_t id = add_entity(database, NULL, person, key, 7), other;
    close_and_destroy(database);

    deed_options options;
    deed_options_init(&options);
    options.read_only = true;
    if (!EXPECT_OK(deed_database_open(path, strlen(path), &options, &database, ERR))) return;
    deed_property property = with_integer(key, 8);
    EXPECT(DEED_READ_ONLY, deed_entity_add(database, NULL, person, &property, 1, &other, ERR));
    EXPECT(DEED_READ_ONLY, deed_entity_delete(database, NULL, id, true, ERR));
    EXPECT(DEED_READ_ONLY, deed_record_update(database, NULL, DEED_ENTITY, id, &property, 1, false, ERR));
    EXPECT(DEED_READ_ONLY, deed_checkpoint(database, ERR));
    CHECK_EQUAL(1, deed_table_count(database, DEED_ENTITY, person));
    close_and_destroy(database);
}

/* Everything that takes a database or one of its children, after the database was closed. */
static void a_closed_database_refuses_everything(void) {
    deed_database *database = open_in_memory();
    uint32_t person = collection_of(database, "Person"), knows = type_of(database, "KNOWS"), number;
    uint64_t id = add_entity(database, NULL, person, DEED_ANY, 0), count;
    deed_transaction *transaction = begin(database), *other;
    deed_buffer *buffer, *other_buffer;
    deed_scan *scan, *other_scan;
    const deed_record *record;
    const uint64_t *ids;
    size_t size;
    deed_ids *reached;
    double level;
    char *report;
    struct ArrowArrayStream stream;
    deed_statistics statistics = {.struct_size = sizeof statistics};
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_ENTITY, person, &scan, ERR));
    EXPECT_OK(deed_database_close(database, ERR));
    EXPECT_OK(deed_database_close(database, ERR)); /* twice is success */

    EXPECT(DEED_CLOSED, deed_checkpoint(database, ERR));
    EXPECT(DEED_CLOSED, deed_compact(database, ERR));
    EXPECT(DEED_CLOSED, deed_intern(database, DEED_COLLECTION, "X", 1, &number, ERR));
    EXPECT(DEED_CLOSED, deed_transaction_begin(database, false, &other, ERR));
    EXPECT(DEED_CLOSED, deed_entity_add(database, NULL, person, NULL, 0, &id, ERR));
    EXPECT(DEED_CLOSED, deed_entity_add(database, transaction, person, NULL, 0, &id, ERR));
    EXPECT(DEED_CLOSED, deed_relationship_add(database, NULL, 1, 1, knows, NULL, 0, &id, ERR));
    EXPECT(DEED_CLOSED, deed_record_get(database, NULL, DEED_ENTITY, 1, buffer, &record, ERR));
    EXPECT(DEED_CLOSED, deed_record_update(database, NULL, DEED_ENTITY, 1, NULL, 0, false, ERR));
    EXPECT(DEED_CLOSED, deed_entity_delete(database, NULL, 1, true, ERR));
    EXPECT(DEED_CLOSED, deed_relationship_delete(database, NULL, 1, ERR));
    EXPECT(DEED_CLOSED, deed_neighbors(database, NULL, 1, DEED_ANY, DEED_OUT, buffer, &ids, NULL, &size, ERR));
    EXPECT(DEED_CLOSED, deed_degree(database, NULL, 1, DEED_ANY, DEED_OUT, &count, ERR));
    EXPECT(DEED_CLOSED, deed_traverse(database, NULL, 1, DEED_ANY, DEED_OUT, 2, &reached, ERR));
    EXPECT(DEED_CLOSED, deed_count_reachable(database, NULL, 1, DEED_ANY, DEED_OUT, 2, &count, ERR));
    EXPECT(DEED_CLOSED, deed_scan_begin(database, NULL, DEED_ENTITY, person, &other_scan, ERR));
    EXPECT(DEED_CLOSED, deed_scan_next(scan, &record, ERR));
    EXPECT(DEED_CLOSED, deed_scan_arrow(database, NULL, DEED_ENTITY, person, &stream, ERR));
    EXPECT(DEED_CLOSED, deed_pheromone_evaporate(database, 0.1, ERR));
    EXPECT(DEED_CLOSED, deed_pheromone_get(database, 1, &level, ERR));
    EXPECT(DEED_CLOSED, deed_pheromone_deposit(database, 1, 1.0, ERR));
    EXPECT(DEED_CLOSED, deed_statistics_get(database, &statistics, ERR));
    EXPECT(DEED_CLOSED, deed_check(database, &report, &size, ERR));
    EXPECT(DEED_CLOSED, deed_transaction_commit(transaction, ERR));
    EXPECT_EITHER(DEED_CLOSED, DEED_OK, deed_buffer_create(database, &other_buffer, ERR));
    CHECK(deed_table_count(database, DEED_ENTITY, person) <= 1); /* has no status to say it with */

    deed_buffer_destroy(other_buffer);
    deed_database_destroy(database); /* before its children */
    deed_scan_destroy(scan);
    deed_buffer_destroy(buffer);
    deed_transaction_destroy(transaction);
}

/* Children keep the database alive: it works through them after its own handle is gone. */
static void handles_may_be_destroyed_in_any_order(void) {
    for (int order = 0; order < 6; order++) {
        deed_database *database = open_in_memory();
        uint32_t person = collection_of(database, "Person");
        add_entity(database, NULL, person, key_of(database, "k"), order);
        deed_transaction *transaction = begin(database);
        deed_buffer *buffer;
        deed_scan *scan;
        EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
        EXPECT_OK(deed_scan_begin(database, transaction, DEED_ENTITY, person, &scan, ERR));
        if (order == 0) deed_database_destroy(database);
        if (order == 1) deed_transaction_destroy(transaction);
        if (order == 2) deed_buffer_destroy(buffer);
        if (order != 3) deed_scan_destroy(scan);
        if (order != 2) deed_buffer_destroy(buffer);
        if (order != 1) deed_transaction_destroy(transaction);
        if (order != 0) deed_database_destroy(database);
        if (order == 3) deed_scan_destroy(scan);
    }
    CHECK(true);
}

static void null_handles_are_refused(void) {
    deed_transaction *transaction = (deed_transaction *)8;
    deed_buffer *buffer;
    deed_scan *scan;
    const deed_record *record;
    uint32_t number = 5;
    uint64_t id;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_close(NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_checkpoint(NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_intern(NULL, DEED_COLLECTION, "X", 1, &number, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin(NULL, false, &transaction, ERR));
    CHECK(transaction == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_commit(NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_rollback(NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_buffer_create(NULL, &buffer, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(NULL, NULL, 0, NULL, 0, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_begin(NULL, NULL, DEED_ENTITY, 0, &scan, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_next(NULL, &record, ERR));
    CHECK(!deed_lookup(NULL, DEED_COLLECTION, "X", 1, &number));
    CHECK(deed_name(NULL, DEED_COLLECTION, 0, NULL) == NULL);
    CHECK_EQUAL(0, deed_name_count(NULL, DEED_COLLECTION));
    CHECK_EQUAL(0, deed_table_count(NULL, DEED_ENTITY, 0));
    CHECK_EQUAL(0, deed_ids_count(NULL));
    CHECK(deed_ids_data(NULL) == NULL);
    /* The error argument itself is optional. */
    CHECK(deed_checkpoint(NULL, NULL) == DEED_INVALID_ARGUMENT);
}

void test_lifecycle(void) {
    statuses_have_names();
    destroying_null_does_nothing();
    options_have_defaults();
    bad_options_are_refused();
    bad_paths_are_refused();
    a_directory_without_permission_is_refused();
    a_store_has_one_writer();
    read_only_refuses_to_write();
    a_closed_database_refuses_everything();
    handles_may_be_destroyed_in_any_order();
    null_handles_are_refused();
}
