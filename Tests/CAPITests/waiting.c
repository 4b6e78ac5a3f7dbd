/* waiting.c - options of transactions: waiting for others, deadlocks, serializable isolation; and two-phase commit. */
#include "check.h"

#include <pthread.h>
#include <string.h>

typedef struct fixture {
    deed_database *database;
    uint32_t collection, key;
    uint64_t ids[2];
} fixture;

static deed_status set(fixture *f, deed_transaction *transaction, uint64_t id, int64_t value) {
    deed_property property = with_integer(f->key, value);
    return deed_record_update(f->database, transaction, DEED_ENTITY, id, &property, 1, false, ERR);
}

static int64_t value_of(fixture *f, deed_transaction *transaction, uint64_t id) {
    deed_buffer *buffer;
    const deed_record *record;
    EXPECT_OK(deed_buffer_create(f->database, &buffer, ERR));
    EXPECT_OK(deed_record_get(f->database, transaction, DEED_ENTITY, id, buffer, &record, ERR));
    int64_t value = record != NULL && record->property_count == 1 ? record->properties[0].value.as.integer : INT64_MIN;
    deed_buffer_destroy(buffer);
    return value;
}

static deed_transaction *begin_with(fixture *f, int32_t isolation, int32_t on_conflict, double timeout) {
    deed_transaction_options options;
    deed_transaction *transaction;
    deed_transaction_options_init(f->database, &options);
    options.isolation = isolation;
    options.on_conflict = on_conflict;
    options.conflict_timeout = timeout;
    EXPECT_OK(deed_transaction_begin_with(f->database, &options, &transaction, ERR));
    return transaction;
}

static void options_are_checked(fixture *f) {
    deed_transaction_options options;
    deed_transaction *transaction;
    deed_transaction_options_init(f->database, NULL);
    deed_transaction_options_init(f->database, &options);
    CHECK(!options.read_only && options.isolation == DEED_SNAPSHOT && options.on_conflict == DEED_FAIL);
    CHECK(options.conflict_timeout < 0);
    options.isolation = 7;
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin_with(f->database, &options, &transaction, ERR));
    deed_transaction_options_init(f->database, &options);
    options.on_conflict = -1;
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin_with(f->database, &options, &transaction, ERR));
    deed_transaction_options_init(f->database, &options);
    options.conflict_timeout = 0.0 / 0.0;
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin_with(f->database, &options, &transaction, ERR));
    options.struct_size = 4;
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin_with(f->database, &options, &transaction, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_begin_with(f->database, NULL, NULL, ERR));
    EXPECT_OK(deed_transaction_begin_with(f->database, NULL, &transaction, ERR));
    CHECK(deed_transaction_active(transaction) && deed_transaction_number(transaction) > 0);
    deed_transaction_destroy(transaction);
    CHECK(deed_transaction_number(NULL) == 0 && !deed_transaction_active(NULL));
}

static void a_wait_has_an_end(fixture *f) {
    deed_transaction *holder = begin(f->database), *waiter = begin_with(f, DEED_SNAPSHOT, DEED_WAIT, 0.02);
    EXPECT_OK(set(f, holder, f->ids[0], 5));
    EXPECT(DEED_LOCK_TIMEOUT, set(f, waiter, f->ids[0], 6));
    CHECK(deed_transaction_active(waiter));
    EXPECT_OK(deed_transaction_rollback(holder, ERR));
    EXPECT_OK(set(f, waiter, f->ids[0], 6));
    EXPECT_OK(deed_transaction_rollback(waiter, ERR));
    deed_transaction_destroy(holder);
    deed_transaction_destroy(waiter);
}

typedef struct step {
    fixture *fixture;
    deed_transaction *transaction;
    uint64_t id;
    deed_status status;
} step;

static void *take(void *argument) {
    step *self = argument;
    self->status = set(self->fixture, self->transaction, self->id, 9);
    drop_error();
    return NULL;
}

/* Whoever comes second into the circle, the younger one gives way. */
static void deadlocks_are_found(fixture *f) {
    deed_transaction *transactions[2];
    step steps[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        transactions[i] = begin_with(f, DEED_SNAPSHOT, DEED_WAIT, -1);
        EXPECT_OK(set(f, transactions[i], f->ids[i], 1));
        steps[i] = (step){f, transactions[i], f->ids[1 - i], DEED_OK};
    }
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, take, &steps[i]) == 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK(steps[0].status == DEED_OK && steps[1].status == DEED_DEADLOCK);
    CHECK(deed_transaction_active(transactions[0]) && !deed_transaction_active(transactions[1]));
    EXPECT(DEED_TRANSACTION_ENDED, deed_transaction_commit(transactions[1], ERR));
    EXPECT_OK(deed_transaction_rollback(transactions[0], ERR));
    for (int i = 0; i < 2; i++) deed_transaction_destroy(transactions[i]);
}

static void write_skew_is_found(fixture *f) {
    for (int32_t isolation = DEED_SNAPSHOT; isolation <= DEED_SERIALIZABLE; isolation++) {
        deed_transaction *transactions[2];
        for (int i = 0; i < 2; i++) {
            transactions[i] = begin_with(f, isolation, DEED_FAIL, -1);
            for (int j = 0; j < 2; j++) CHECK(value_of(f, transactions[i], f->ids[j]) >= 0);
        }
        for (int i = 0; i < 2; i++) EXPECT_OK(set(f, transactions[i], f->ids[i], 20 + i));
        EXPECT_OK(deed_transaction_commit(transactions[0], ERR));
        EXPECT(isolation == DEED_SNAPSHOT ? DEED_OK : DEED_SERIALIZATION_FAILURE,
               deed_transaction_commit(transactions[1], ERR));
        for (int i = 0; i < 2; i++) deed_transaction_destroy(transactions[i]);
    }
}

static size_t prepared_count(fixture *f) {
    deed_prepared_list *list;
    EXPECT_OK(deed_prepared_list_get(f->database, &list, ERR));
    size_t count = deed_prepared_list_count(list);
    deed_prepared_list_destroy(list);
    return count;
}

static void two_phase_commit(fixture *f) {
    deed_transaction *transaction = begin(f->database), *other = begin(f->database);
    EXPECT_OK(set(f, transaction, f->ids[0], 77));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_prepare(transaction, "", 0, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_prepare(transaction, NULL, 3, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_transaction_prepare(NULL, "gid", 3, ERR));
    EXPECT_OK(deed_transaction_prepare(transaction, "gid", 3, ERR));
    EXPECT(DEED_ALREADY_EXISTS, deed_transaction_prepare(other, "gid", 3, ERR));
    EXPECT(DEED_TRANSACTION_ENDED, deed_transaction_prepare(transaction, "more", 4, ERR));
    EXPECT(DEED_TRANSACTION_CONFLICT, set(f, NULL, f->ids[0], 1));
    deed_prepared_list *list;
    EXPECT_OK(deed_prepared_list_get(f->database, &list, ERR));
    if (CHECK_EQUAL(1, deed_prepared_list_count(list))) {
        const deed_prepared *prepared = deed_prepared_list_data(list);
        CHECK(prepared->gid_size == 3 && strcmp(prepared->gid, "gid") == 0 && prepared->prepared_at > 0);
        CHECK(prepared->inserted == 0 && prepared->updated == 1 && prepared->deleted == 0);
    }
    deed_prepared_list_destroy(list);
    EXPECT(DEED_NOT_FOUND, deed_prepared_commit(f->database, "none", 4, ERR));
    EXPECT_OK(deed_prepared_commit(f->database, "gid", 3, ERR));
    EXPECT(DEED_NOT_FOUND, deed_prepared_rollback(f->database, "gid", 3, ERR));
    CHECK(value_of(f, NULL, f->ids[0]) == 77);
    EXPECT_OK(set(f, other, f->ids[1], 78));
    EXPECT_OK(deed_transaction_prepare(other, "gid", 3, ERR));
    EXPECT_OK(deed_prepared_rollback(f->database, "gid", 3, ERR));
    CHECK(value_of(f, NULL, f->ids[1]) != 78);
    CHECK_EQUAL(0, prepared_count(f));
    deed_prepared_list_destroy(NULL);
    CHECK(deed_prepared_list_count(NULL) == 0 && deed_prepared_list_data(NULL) == NULL);
    deed_transaction_destroy(transaction);
    deed_transaction_destroy(other);
}

static bool stop(void *user_data) {
    ++*(int *)user_data;
    return false;
}

/* The default of the database, for a statement that commits by itself; and a caller that knows fewer options. */
static void the_database_can_wait(void) {
    int asked = 0;
    deed_options options;
    deed_options_init(&options);
    CHECK(options.on_conflict == DEED_FAIL && options.conflict_timeout < 0);
    options.on_conflict = DEED_WAIT;
    options.keep_waiting = stop;
    options.keep_waiting_data = &asked;
    fixture f;
    EXPECT_OK(deed_database_open(NULL, 0, &options, &f.database, ERR));
    f.key = key_of(f.database, "v");
    uint64_t id = add_entity(f.database, NULL, collection_of(f.database, "C"), f.key, 1);
    deed_transaction *holder = begin(f.database);
    EXPECT_OK(set(&f, holder, id, 2));
    EXPECT(DEED_INTERRUPTED, set(&f, NULL, id, 3));
    CHECK_EQUAL(1, (uint64_t)asked);
    deed_transaction_destroy(holder);
    close_and_destroy(f.database);

    options.struct_size = offsetof(deed_options, on_conflict);
    options.on_conflict = 99; /* beyond what the size says is there */
    EXPECT_OK(deed_database_open(NULL, 0, &options, &f.database, ERR));
    close_and_destroy(f.database);
    options.struct_size = sizeof options;
    EXPECT(DEED_INVALID_ARGUMENT, deed_database_open(NULL, 0, &options, &f.database, ERR));
}

void test_waiting(void) {
    fixture f = {.database = open_in_memory()};
    f.collection = collection_of(f.database, "C");
    f.key = key_of(f.database, "v");
    for (int i = 0; i < 2; i++) f.ids[i] = add_entity(f.database, NULL, f.collection, f.key, i);
    options_are_checked(&f);
    a_wait_has_an_end(&f);
    deadlocks_are_found(&f);
    write_skew_is_found(&f);
    two_phase_commit(&f);
    check_sound(f.database);
    close_and_destroy(f.database);
    the_database_can_wait();
}
