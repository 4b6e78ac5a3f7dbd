/* integrity.c - verifying and repairing a store, good and damaged. */
#include "check.h"

#include <string.h>

static bool count_reports(void *user_data, uint64_t done, uint64_t total) {
    (*(uint64_t *)user_data)++;
    return done <= total;
}

static bool stop(void *user_data, uint64_t done, uint64_t total) {
    (void)user_data, (void)done, (void)total;
    return false;
}

static const char *make_store(const char *name) {
    const char *path = scratch_path(name);
    deed_database *database;
    EXPECT_OK(deed_database_open(path, strlen(path), NULL, &database, ERR));
    uint32_t person = collection_of(database, "Person"), key = key_of(database, "n"), knows = type_of(database, "KNOWS");
    uint64_t previous = 0;
    for (int64_t i = 0; i < 500; i++) {
        uint64_t id = add_entity(database, NULL, person, key, i);
        if (previous != 0) add_relationship(database, NULL, previous, id, knows);
        previous = id;
    }
    EXPECT_OK(deed_database_close(database, ERR));
    deed_database_destroy(database);
    return path;
}

/* Overwrites a byte of a file of the store. */
static void damage(const char *path, const char *file, long position) {
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, file);
    FILE *stream = fopen(name, "r+");
    if (!CHECK(stream != NULL)) return;
    fseek(stream, position, SEEK_SET);
    fputc('#', stream);
    fclose(stream);
}

static void a_good_store(void) {
    const char *path = make_store("good");
    deed_report *report;
    uint64_t reports = 0;
    EXPECT_OK(deed_verify(path, strlen(path), count_reports, &reports, &report, ERR));
    CHECK(deed_report_ok(report));
    CHECK(reports > 0);
    CHECK(deed_report_finding(report, deed_report_count(report)) == NULL);
    CHECK_EQUAL(0, strlen(deed_report_kept(report)));
    deed_report_destroy(report);
    EXPECT(DEED_INTERRUPTED, deed_verify(path, strlen(path), stop, NULL, &report, ERR));
    CHECK(report == NULL);
}

static void a_damaged_store(void) {
    const char *path = make_store("damaged");
    deed_report *report;
    deed_database *database;
    damage(path, "CURRENT", 2);
    EXPECT_OK(deed_verify(path, strlen(path), NULL, NULL, &report, ERR));
    CHECK(!deed_report_ok(report));
    if (CHECK(deed_report_count(report) > 0)) {
        const deed_finding *finding = deed_report_finding(report, 0);
        CHECK_EQUAL(DEED_ERROR, finding->severity);
        CHECK(strstr(finding->place, "CURRENT") != NULL && finding->message[0] != '\0' && finding->lost[0] != '\0');
    }
    deed_report_destroy(report);
    EXPECT(DEED_CORRUPTION, deed_database_open(path, strlen(path), NULL, &database, ERR));

    EXPECT_OK(deed_repair(path, strlen(path), true, NULL, NULL, &report, ERR));
    CHECK(strlen(deed_report_kept(report)) > strlen(path));
    deed_report_destroy(report);
    EXPECT_OK(deed_database_open(path, strlen(path), NULL, &database, ERR));
    CHECK_EQUAL(500, deed_table_count(database, DEED_ENTITY, collection_of(database, "Person")));
    check_sound(database);
    EXPECT(DEED_STORE_LOCKED, deed_repair(path, strlen(path), true, NULL, NULL, &report, ERR));
    deed_database_destroy(database);
}

static void bad_arguments(void) {
    deed_report *report;
    const char *nowhere = scratch_path("nowhere");
    EXPECT(DEED_IO_ERROR, deed_verify(nowhere, strlen(nowhere), NULL, NULL, &report, ERR));
    EXPECT(DEED_IO_ERROR, deed_repair(nowhere, strlen(nowhere), true, NULL, NULL, &report, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_verify(NULL, 0, NULL, NULL, &report, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_verify("\xff", 1, NULL, NULL, &report, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_repair(nowhere, strlen(nowhere), true, NULL, NULL, NULL, ERR));
    CHECK(!deed_report_ok(NULL));
    CHECK_EQUAL(0, deed_report_count(NULL));
    deed_report_destroy(NULL);
}

void test_integrity(void) {
    a_good_store();
    a_damaged_store();
    bad_arguments();
}
