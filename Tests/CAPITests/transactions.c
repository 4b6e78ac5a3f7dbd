/* transactions.c - snapshots, conflicts, rollback, and statements that undo only themselves. */
#include "check.h"

typedef struct fixture {
    deed_database *database;
    deed_buffer *buffer;
    uint32_t account, key, type;
} fixture;

/* The integer property of an entity as a transaction sees it, or INT64_MIN where there is no such entity. */
static int64_t balance(fixture *f, deed_transaction *transaction, uint64_t id) {
    const deed_record *record;
    EXPECT_OK(deed_record_get(f->database, transaction, DEED_ENTITY, id, f->buffer, &record, ERR));
    return record == NULL ? INT64_MIN : record->properties[0].value.as.integer;
}

static deed_status set(fixture *f, deed_transaction *transaction, uint64_t id, int64_t value) {
    deed_property property = with_integer(f->key, value);
    return deed_record_update(f->database, transaction, DEED_ENTITY, id, &property, 1, false, ERR);
}

static void writes_are_seen_when_committed(fixture *f) {
    uint64_t id = add_entity(f->database, NULL, f->account, f->key, 1);
    deed_transaction *writer = begin(f->database), *early = begin(f->database);
    EXPECT_OK(set(f, writer, id, 2));
    uint64_t added = add_entity(f->database, writer, f->account, f->key, 9);
    CHECK_EQUAL(2, (uint64_t)balance(f, writer, id));
    CHECK_EQUAL(1, (uint64_t)balance(f, early, id));
    CHECK_EQUAL(1, (uint64_t)balance(f, NULL, id));
    CHECK(balance(f, NULL, added) == INT64_MIN);
    EXPECT_OK(deed_transaction_commit(writer, ERR));
    CHECK_EQUAL(1, (uint64_t)balance(f, early, id)); /* a snapshot does not move */
    CHECK(balance(f, early, added) == INT64_MIN);
    CHECK_EQUAL(2, (uint64_t)balance(f, NULL, id));
    CHECK_EQUAL(9, (uint64_t)balance(f, NULL, added));
    deed_transaction_destroy(early);
    deed_transaction_destroy(writer);
}

static void rollback_undoes_everything(fixture *f) {
    uint64_t a = add_entity(f->database, NULL, f->account, f->key, 1),
        b = add_entity(f->database, NULL, f->account, f->key, 2);
    uint64_t relationship = add_relationship(f->database, NULL, a, b, f->type), degree;
    deed_statistics before = statistics_of(f->database);
    for (int way = 0; way < 2; way++) {
        deed_transaction *transaction = begin(f->database);
        EXPECT_OK(set(f, transaction, a, 50));
        EXPECT_OK(set(f, transaction, a, 51));
        EXPECT_OK(deed_relationship_delete(f->database, transaction, relationship, ERR));
        EXPECT_OK(deed_entity_delete(f->database, transaction, b, true, ERR));
        uint64_t c = add_entity(f->database, transaction, f->account, f->key, 3);
        add_relationship(f->database, transaction, a, c, f->type);
        if (way == 0) EXPECT_OK(deed_transaction_rollback(transaction, ERR));
        deed_transaction_destroy(transaction); /* alone it rolls back too */
        CHECK(balance(f, NULL, c) == INT64_MIN);
        CHECK_EQUAL(1, (uint64_t)balance(f, NULL, a));
        CHECK_EQUAL(2, (uint64_t)balance(f, NULL, b));
        EXPECT_OK(deed_degree(f->database, NULL, a, f->type, DEED_OUT, &degree, ERR));
        CHECK_EQUAL(1, degree);
        EXPECT_OK(deed_degree(f->database, NULL, b, f->type, DEED_IN, &degree, ERR));
        CHECK_EQUAL(1, degree);
    }
    deed_statistics after = statistics_of(f->database);
    CHECK_EQUAL(before.entity_count, after.entity_count);
    CHECK_EQUAL(before.relationship_count, after.relationship_count);
    CHECK_EQUAL(before.rollbacks + 2, after.rollbacks);
    CHECK_EQUAL(0, after.active_transactions);
}

static void the_first_writer_wins(fixture *f) {
    uint64_t id = add_entity(f->database, NULL, f->account, f->key, 1),
        other = add_entity(f->database, NULL, f->account, f->key, 1);
    deed_transaction *first = begin(f->database), *second = begin(f->database), *late = begin(f->database);
    EXPECT_OK(set(f, first, id, 2));
    EXPECT(DEED_TRANSACTION_CONFLICT, set(f, second, id, 3));
    EXPECT(DEED_TRANSACTION_CONFLICT, set(f, NULL, id, 3));
    EXPECT(DEED_TRANSACTION_CONFLICT, deed_entity_delete(f->database, second, id, true, ERR));
    EXPECT_OK(set(f, second, other, 4)); /* the statement failed, not the transaction */
    EXPECT_OK(deed_transaction_commit(first, ERR));
    EXPECT(DEED_TRANSACTION_CONFLICT, set(f, late, id, 5)); /* committed after its snapshot */
    EXPECT_OK(deed_transaction_commit(second, ERR));
    CHECK_EQUAL(2, (uint64_t)balance(f, NULL, id));
    CHECK_EQUAL(4, (uint64_t)balance(f, NULL, other));
    CHECK(statistics_of(f->database).conflicts >= 4);
    deed_transaction_destroy(first);
    deed_transaction_destroy(second);
    deed_transaction_destroy(late);
}

/* Of two transactions, one deletes an entity and the other gives it a relationship: at most one can commit. */
static void endpoints_never_vanish(fixture *f) {
    for (int order = 0; order < 2; order++) {
        uint64_t a = add_entity(f->database, NULL, f->account, f->key, 1),
            b = add_entity(f->database, NULL, f->account, f->key, 2), id;
        deed_transaction *deleter = begin(f->database), *relater = begin(f->database);
        deed_status deleted = DEED_OK, related;
        if (order == 0) deleted = deed_entity_delete(f->database, deleter, b, true, NULL);
        related = deed_relationship_add(f->database, relater, a, b, f->type, NULL, 0, &id, NULL);
        if (order == 1) deleted = deed_entity_delete(f->database, deleter, b, true, NULL);
        if (deleted == DEED_OK) deleted = deed_transaction_commit(deleter, NULL);
        if (related == DEED_OK) related = deed_transaction_commit(relater, NULL);
        CHECK((deleted == DEED_OK) != (related == DEED_OK));
        CHECK(deleted == DEED_OK || deleted == DEED_TRANSACTION_CONFLICT);
        CHECK(related == DEED_OK || related == DEED_TRANSACTION_CONFLICT);
        deed_transaction_destroy(deleter);
        deed_transaction_destroy(relater);
    }
    check_sound(f->database);
}

static void a_failed_statement_undoes_only_itself(fixture *f) {
    deed_transaction *transaction = begin(f->database);
    uint64_t a = add_entity(f->database, transaction, f->account, f->key, 1), id;
    EXPECT(DEED_NOT_FOUND, deed_relationship_add(f->database, transaction, a, UINT64_MAX, f->type, NULL, 0, &id, ERR));
    deed_property properties[2] = {with_integer(f->key, 5),
                                   with_bytes(key_of(f->database, "text"), DEED_STRING, "\xFF", 1)};
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_record_update(f->database, transaction, DEED_ENTITY, a, properties, 2, false, ERR));
    CHECK_EQUAL(1, (uint64_t)balance(f, transaction, a));
    commit_and_destroy(transaction);
    CHECK_EQUAL(1, (uint64_t)balance(f, NULL, a));
}

static void an_ended_transaction_refuses(fixture *f) {
    for (int way = 0; way < 2; way++) {
        deed_transaction *transaction = begin(f->database);
        uint64_t id = add_entity(f->database, transaction, f->account, f->key, 1);
        const deed_record *record;
        if (way == 0) EXPECT_OK(deed_transaction_commit(transaction, ERR));
        else EXPECT_OK(deed_transaction_rollback(transaction, ERR));
        EXPECT(DEED_TRANSACTION_ENDED, deed_transaction_commit(transaction, ERR));
        EXPECT_OK(deed_transaction_rollback(transaction, ERR));
        EXPECT(DEED_TRANSACTION_ENDED, set(f, transaction, id, 2));
        EXPECT(DEED_TRANSACTION_ENDED,
               deed_record_get(f->database, transaction, DEED_ENTITY, id, f->buffer, &record, ERR));
        CHECK((balance(f, NULL, id) == 1) == (way == 0));
        deed_transaction_destroy(transaction);
    }
}

static void a_reading_transaction_refuses_to_write(fixture *f) {
    uint64_t id = add_entity(f->database, NULL, f->account, f->key, 1), added;
    deed_transaction *reader;
    EXPECT_OK(deed_transaction_begin(f->database, true, &reader, ERR));
    EXPECT(DEED_READ_ONLY, set(f, reader, id, 2));
    EXPECT(DEED_READ_ONLY, deed_entity_add(f->database, reader, f->account, NULL, 0, &added, ERR));
    EXPECT(DEED_READ_ONLY, deed_entity_delete(f->database, reader, id, true, ERR));
    CHECK_EQUAL(1, (uint64_t)balance(f, reader, id));
    commit_and_destroy(reader);
}

static void an_empty_transaction_commits(fixture *f) {
    deed_statistics before = statistics_of(f->database);
    commit_and_destroy(begin(f->database));
    CHECK_EQUAL(before.last_commit, statistics_of(f->database).last_commit);
}

void test_transactions(void) {
    fixture f = {.database = open_in_memory()};
    f.account = collection_of(f.database, "Account");
    f.key = key_of(f.database, "balance");
    f.type = type_of(f.database, "OWES");
    EXPECT_OK(deed_buffer_create(f.database, &f.buffer, ERR));
    writes_are_seen_when_committed(&f);
    rollback_undoes_everything(&f);
    the_first_writer_wins(&f);
    endpoints_never_vanish(&f);
    a_failed_statement_undoes_only_itself(&f);
    an_ended_transaction_refuses(&f);
    a_reading_transaction_refuses_to_write(&f);
    an_empty_transaction_commits(&f);
    check_sound(f.database);
    deed_buffer_destroy(f.buffer);
    close_and_destroy(f.database);
}
