/* check.c - counting checks, and the helpers that check.h describes. */
#include "check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Not NULL, so that a call that forgets to set it is noticed. Never dereferenced. */
#define UNTOUCHED ((deed_error *)(uintptr_t)8)

_Thread_local deed_error *last_error = UNTOUCHED;

static atomic_ulong passed, failed;
static const char *scratch = ".";

bool check_that(bool holds, const char *text, const char *file, int line) {
    if (holds) {
        atomic_fetch_add(&passed, 1);
    } else {
        atomic_fetch_add(&failed, 1);
        fprintf(stderr, "%s:%d: FAILED: %s\n", file, line, text);
    }
    return holds;
}

bool check_equal(uint64_t expected, uint64_t actual, const char *text, const char *file, int line) {
    if (expected == actual) return check_that(true, text, file, line);
    char message[512];
    snprintf(message, sizeof message, "%s is %llu, expected %llu", text, (unsigned long long)actual,
             (unsigned long long)expected);
    return check_that(false, message, file, line);
}

/* An error has the status that was returned, and words. */
static bool is_well_formed(deed_status status) {
    if (status == DEED_OK) return last_error == NULL;
    if (last_error == NULL || last_error == UNTOUCHED) return false;
    size_t size = 0;
    const char *message = deed_error_message(last_error, &size);
    return deed_error_status(last_error) == status && message != NULL && size > 0 && strlen(message) == size;
}

static bool check_one_of(bool expected, deed_status one, deed_status actual, const char *text, const char *file,
                         int line) {
    char message[1024];
    bool well_formed = is_well_formed(actual);
    if (!expected) {
        bool readable = actual != DEED_OK && well_formed;
        snprintf(message, sizeof message, "%s: %s instead of %s (%s)", text, deed_status_name(actual),
                 deed_status_name(one), readable ? deed_error_message(last_error, NULL) : "no message");
    } else {
        snprintf(message, sizeof message, "%s: %s, but the error does not fit the status", text,
                 deed_status_name(actual));
    }
    drop_error();
    return check_that(expected && well_formed, message, file, line);
}

bool check_status(deed_status expected, deed_status actual, const char *text, const char *file, int line) {
    return check_one_of(actual == expected, expected, actual, text, file, line);
}

bool check_either(deed_status one, deed_status other, deed_status actual, const char *text, const char *file,
                  int line) {
    return check_one_of(actual == one || actual == other, one, actual, text, file, line);
}

void drop_error(void) {
    if (last_error != UNTOUCHED) deed_error_destroy(last_error);
    last_error = UNTOUCHED;
}

void set_scratch_directory(const char *directory) { scratch = directory; }

const char *scratch_path(const char *name) {
    static char paths[64][512];
    static size_t count;
    if (count == COUNT(paths)) abort();
    snprintf(paths[count], sizeof paths[count], "%s/%s", scratch, name);
    return paths[count++];
}

deed_database *open_in_memory(void) {
    deed_database *database;
    if (!EXPECT_OK(deed_database_open(NULL, 0, NULL, &database, ERR))) exit(2);
    return database;
}

deed_database *open_on_disk(const char *path) {
    deed_database *database;
    if (!EXPECT_OK(deed_database_open(path, strlen(path), NULL, &database, ERR))) exit(2);
    return database;
}

void close_and_destroy(deed_database *database) {
    EXPECT_OK(deed_database_close(database, ERR));
    deed_database_destroy(database);
}

static uint32_t number_of(deed_database *database, deed_name_kind kind, const char *name) {
    uint32_t number;
    EXPECT_OK(deed_intern(database, kind, name, strlen(name), &number, ERR));
    return number;
}

uint32_t key_of(deed_database *database, const char *name) { return number_of(database, DEED_PROPERTY_KEY, name); }

uint32_t collection_of(deed_database *database, const char *name) {
    return number_of(database, DEED_COLLECTION, name);
}

uint32_t type_of(deed_database *database, const char *name) {
    return number_of(database, DEED_RELATIONSHIP_TYPE, name);
}

deed_property with_integer(uint32_t key, int64_t value) {
    return (deed_property){.key = key, .value = {.type = DEED_INT64, .as.integer = value}};
}

deed_property with_bytes(uint32_t key, deed_type type, const void *data, size_t size) {
    return (deed_property){.key = key, .value = {.type = type, .as.text = {data, size}}};
}

deed_property with_text(uint32_t key, const char *value) {
    return with_bytes(key, DEED_STRING, value, strlen(value));
}

uint64_t add_entity(deed_database *database, deed_transaction *transaction, uint32_t collection, uint32_t key,
                    int64_t value) {
    deed_property property = with_integer(key, value);
    uint64_t id;
    EXPECT_OK(deed_entity_add(database, transaction, collection, &property, key == DEED_ANY ? 0 : 1, &id, ERR));
    return id;
}

uint64_t add_relationship(deed_database *database, deed_transaction *transaction, uint64_t source, uint64_t target,
                          uint32_t type) {
    uint64_t id;
    EXPECT_OK(deed_relationship_add(database, transaction, source, target, type, NULL, 0, &id, ERR));
    return id;
}

deed_transaction *begin(deed_database *database) {
    deed_transaction *transaction;
    if (!EXPECT_OK(deed_transaction_begin(database, false, &transaction, ERR))) exit(2);
    return transaction;
}

void commit_and_destroy(deed_transaction *transaction) {
    EXPECT_OK(deed_transaction_commit(transaction, ERR));
    deed_transaction_destroy(transaction);
}

deed_statistics statistics_of(deed_database *database) {
    deed_statistics statistics = {.struct_size = sizeof statistics};
    EXPECT_OK(deed_statistics_get(database, &statistics, ERR));
    return statistics;
}

void check_sound(deed_database *database) {
    char *report;
    size_t size;
    if (!EXPECT_OK(deed_check(database, &report, &size, ERR))) return;
    if (!CHECK(size == 0)) fputs(report, stderr);
    deed_text_destroy(report);
}

/* Runs the suites named by the arguments after the scratch directory, or all of them. */
int main(int argument_count, char **arguments) {
    static const struct { const char *name; void (*run)(void); } suites[] = {
        {"lifecycle", test_lifecycle}, {"names", test_names}, {"values", test_values}, {"records", test_records},
        {"graph", test_graph}, {"scans", test_scans}, {"indexes", test_indexes}, {"bulk", test_bulk},
        {"transactions", test_transactions}, {"waiting", test_waiting}, {"constraints", test_constraints},
        {"pheromone", test_pheromone}, {"durability", test_durability}, {"threads", test_threads},
        {"integrity", test_integrity}, {"replication", test_replication}, {"queries", test_queries}, {"parallel", test_parallel},
    };
    if (argument_count < 2) {
        fprintf(stderr, "usage: %s SCRATCH-DIRECTORY [SUITE...]\n", arguments[0]);
        return 2;
    }
    set_scratch_directory(arguments[1]);
    for (size_t i = 0; i < COUNT(suites); i++) {
        bool wanted = argument_count == 2;
        for (int j = 2; j < argument_count; j++) wanted = wanted || strcmp(arguments[j], suites[i].name) == 0;
        if (!wanted) continue;
        unsigned long passed_before = passed, failed_before = failed;
        suites[i].run();
        printf("%-14s %6lu passed, %lu failed\n", suites[i].name, passed - passed_before, failed - failed_before);
        fflush(stdout);
    }
    printf("%lu passed, %lu failed\n", atomic_load(&passed), atomic_load(&failed));
    return failed == 0 && passed > 0 ? 0 : 1;
}
