/* replication.c - the change feed, replicas, backups and restoring through the C interface. */
#include "check.h"

#include <string.h>

enum { ROWS = 20 };

static deed_database *open_with(const char *path, bool replica) {
    deed_options options;
    deed_options_init(&options);
    options.retain_log_bytes = UINT64_MAX;
    options.before_images = true;
    options.replica = replica;
    deed_database *database = NULL;
    EXPECT_OK(deed_database_open(path, strlen(path), &options, &database, ERR));
    return database;
}

static void write_rows(deed_database *database) {
    uint32_t table = collection_of(database, "T"), key = key_of(database, "n");
    for (int64_t i = 0; i < ROWS; i++) add_entity(database, NULL, table, key, i);
}

static void check_same_state(deed_database *one, deed_database *other) {
    uint8_t digests[2][16];
    uint64_t sequences[2];
    EXPECT_OK(deed_state_digest(one, digests[0], &sequences[0], ERR));
    EXPECT_OK(deed_state_digest(other, digests[1], &sequences[1], ERR));
    CHECK_EQUAL(sequences[0], sequences[1]);
    CHECK(memcmp(digests[0], digests[1], sizeof digests[0]) == 0);
}

/* Applies what the replica does not have. */
static void feed_replica(deed_database *source, uint64_t since, deed_database *replica) {
    deed_feed *feed;
    const deed_feed_record *record;
    bool applied;
    EXPECT_OK(deed_feed_open(source, since, &feed, ERR));
    while (EXPECT_OK(deed_feed_next(feed, 0, &record, ERR)) && record != NULL) {
        CHECK(record->commit_time > 0);
        CHECK_EQUAL(++since, record->sequence);
        EXPECT_OK(deed_apply(replica, record->data, record->size, &applied, ERR));
        CHECK(applied);
        EXPECT_OK(deed_apply(replica, record->data, record->size, &applied, ERR));
        CHECK(!applied);
    }
    deed_feed_destroy(feed);
}

static void a_replica_has_the_same_state(void) {
    deed_database *source = open_with(scratch_path("source"), false);
    deed_database *replica = open_with(scratch_path("replica"), true);
    write_rows(source);
    feed_replica(source, 0, replica);
    check_same_state(source, replica);
    write_rows(source);
    EXPECT_OK(deed_checkpoint(source, ERR));
    feed_replica(source, ROWS, replica);
    check_same_state(source, replica);
    check_sound(replica);
    uint64_t id;
    uint32_t number;
    EXPECT(DEED_READ_ONLY, deed_entity_add(replica, NULL, 0, NULL, 0, &id, ERR));
    EXPECT(DEED_READ_ONLY, deed_intern(replica, DEED_COLLECTION, "new", 3, &number, ERR));
    EXPECT(DEED_CORRUPTION, deed_apply(replica, "nothing", 7, NULL, ERR));
    EXPECT(DEED_CORRUPTION, deed_apply(replica, NULL, 0, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_apply(source, NULL, 0, NULL, ERR));
    close_and_destroy(replica);
    close_and_destroy(source);
}

static void changes_come_apart(void) {
    deed_database *database = open_with(scratch_path("changes"), false);
    uint32_t table = collection_of(database, "T"), key = key_of(database, "n");
    deed_transaction *transaction = begin(database);
    uint64_t id = add_entity(database, transaction, table, key, 7);
    deed_property changed = with_text(key, "seven");
    EXPECT_OK(deed_record_update(database, transaction, DEED_ENTITY, id, &changed, 1, false, ERR));
    EXPECT_OK(deed_entity_delete(database, transaction, id, false, ERR));
    commit_and_destroy(transaction);
    deed_feed *feed;
    const deed_feed_record *record;
    EXPECT_OK(deed_feed_open(database, 0, &feed, ERR));
    EXPECT_OK(deed_feed_next(feed, 0, &record, ERR));
    deed_changes *changes;
    const deed_change *change;
    EXPECT_OK(deed_changes_open(database, record->data, record->size, &changes, ERR));
    for (int32_t action = DEED_INSERT; action <= DEED_DELETE; action++) {
        if (!EXPECT_OK(deed_changes_next(changes, &change, ERR)) || !CHECK(change != NULL)) break;
        CHECK_EQUAL((uint64_t)action, (uint64_t)change->action);
        CHECK_EQUAL(id, change->record->id);
        CHECK_EQUAL(table, change->record->table);
        CHECK_EQUAL(action != DEED_DELETE, change->record->property_count);
        CHECK((change->before != NULL) == (action != DEED_INSERT));
        if (action == DEED_DELETE) CHECK_EQUAL(DEED_STRING, change->before->properties[0].value.type);
    }
    EXPECT_OK(deed_changes_next(changes, &change, ERR));
    CHECK(change == NULL);
    deed_changes_destroy(changes);
    EXPECT_OK(deed_feed_next(feed, 1, &record, ERR));
    CHECK(record == NULL);
    deed_feed_destroy(feed);
    EXPECT(DEED_INVALID_ARGUMENT, deed_feed_open(database, 9, &feed, ERR));
    deed_feed_destroy(NULL);
    deed_changes_destroy(NULL);
    close_and_destroy(database);
}

static void backups_are_restored(void) {
    const char *backups = scratch_path("backups"), *exported = scratch_path("exported");
    deed_database *database = open_with(scratch_path("saved"), false);
    deed_backup_info info, infos[2];
    uint64_t sequence;
    size_t count;
    for (uint32_t id = 1; id <= 2; id++) {
        write_rows(database);
        EXPECT_OK(deed_backup(database, backups, strlen(backups), 0, NULL, NULL, &info, ERR));
        CHECK_EQUAL(id, info.id);
        CHECK_EQUAL(id * ROWS, info.sequence);
        CHECK_EQUAL(id > 1, info.has_log);
    }
    EXPECT_OK(deed_backups(backups, strlen(backups), infos, COUNT(infos), &count, ERR));
    CHECK_EQUAL(2, count);
    CHECK_EQUAL(ROWS, infos[0].sequence);
    deed_restore_options options;
    deed_restore_options_init(&options);
    options.until_sequence = ROWS + 5;
    const char *path = scratch_path("restored");
    EXPECT_OK(deed_restore(backups, strlen(backups), path, strlen(path), &options, &sequence, ERR));
    CHECK_EQUAL(ROWS + 5, sequence);
    EXPECT(DEED_INVALID_ARGUMENT, deed_restore(backups, strlen(backups), path, strlen(path), NULL, NULL, ERR));
    deed_database *restored = open_on_disk(path);
    CHECK_EQUAL(ROWS + 5, statistics_of(restored).entity_count);
    close_and_destroy(restored);
    EXPECT_OK(deed_export_checkpoint(database, exported, strlen(exported), &sequence, ERR));
    CHECK_EQUAL(2 * ROWS, sequence);
    path = scratch_path("imported");
    EXPECT_OK(deed_import_checkpoint(exported, strlen(exported), path, strlen(path), &sequence, ERR));
    restored = open_with(path, true);
    check_same_state(database, restored);
    close_and_destroy(restored);
    close_and_destroy(database);
}

/* A caller that was built with an older header knows fewer options. */
static void older_options_are_understood(void) {
    deed_options options;
    deed_options_init(&options);
    options.struct_size = offsetof(deed_options, on_conflict);
    options.replica = true; /* behind what such a caller has */
    deed_database *database;
    EXPECT_OK(deed_database_open(NULL, 0, &options, &database, ERR));
    close_and_destroy(database);
    options.struct_size -= 8;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, &options, &database, ERR));
}

void test_replication(void) {
    a_replica_has_the_same_state();
    changes_come_apart();
    backups_are_restored();
    older_options_are_understood();
}
