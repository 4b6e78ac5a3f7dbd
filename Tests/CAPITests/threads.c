/* threads.c - many threads on one database: readers beside writers, conflicts, relationships that keep their ends. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ACCOUNTS = 20, TRANSFERS = 400, OPENING_BALANCE = 1000 };

typedef struct bank {
    deed_database *database;
    uint32_t account, key, owes;
    uint64_t ids[ACCOUNTS];
    atomic_bool done;
    atomic_ulong commits, conflicts, reads;
} bank;

typedef struct worker {
    bank *bank;
    uint64_t random;
} worker;

static uint64_t random_below(worker *self, uint64_t limit) {
    self->random = self->random * 6364136223846793005u + 1442695040888963407u;
    return (self->random >> 33) % limit;
}

/* Runs the function on several threads at once, each with a seed of its own. */
static void run_threads(bank *bank, void *(*function)(void *), int count, pthread_t *threads, worker *workers) {
    for (int i = 0; i < count; i++) {
        workers[i] = (worker){bank, (uint64_t)(i + 1) * 7919};
        CHECK(pthread_create(&threads[i], NULL, function, &workers[i]) == 0);
    }
}

static void join_threads(pthread_t *threads, int count) {
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static bool read_balance(bank *bank, deed_transaction *transaction, deed_buffer *buffer, uint64_t id, int64_t *out) {
    const deed_record *record;
    if (!EXPECT_OK(deed_record_get(bank->database, transaction, DEED_ENTITY, id, buffer, &record, ERR))) return false;
    if (!CHECK(record != NULL && record->property_count == 1)) return false;
    *out = record->properties[0].value.as.integer;
    return true;
}

static deed_status write_balance(bank *bank, deed_transaction *transaction, uint64_t id, int64_t value) {
    deed_property property = with_integer(bank->key, value);
    return deed_record_update(bank->database, transaction, DEED_ENTITY, id, &property, 1, false, ERR);
}

/* Moves one unit between two accounts and records it as a relationship; true if it could be committed. */
static bool transfer(worker *self, deed_buffer *buffer) {
    bank *bank = self->bank;
    uint64_t from = bank->ids[random_below(self, ACCOUNTS)], to = bank->ids[random_below(self, ACCOUNTS)], id;
    if (from == to) return true;
    int64_t a = 0, b = 0;
    deed_transaction *transaction = begin(bank->database);
    deed_status status = DEED_INTERNAL;
    if (read_balance(bank, transaction, buffer, from, &a) && read_balance(bank, transaction, buffer, to, &b)) {
        status = write_balance(bank, transaction, from, a - 1);
        if (status == DEED_OK) status = write_balance(bank, transaction, to, b + 1);
        if (status == DEED_OK)
            status = deed_relationship_add(bank->database, transaction, from, to, bank->owes, NULL, 0, &id, ERR);
        if (status == DEED_OK) status = deed_transaction_commit(transaction, ERR);
        drop_error();
    }
    deed_transaction_destroy(transaction);
    CHECK(status == DEED_OK || status == DEED_TRANSACTION_CONFLICT);
    atomic_fetch_add(status == DEED_OK ? &bank->commits : &bank->conflicts, 1);
    return status == DEED_OK;
}

static void *transfer_often(void *argument) {
    worker *self = argument;
    deed_buffer *buffer;
    EXPECT_OK(deed_buffer_create(self->bank->database, &buffer, ERR));
    for (int i = 0; i < TRANSFERS; i++) {
        for (int attempt = 0; attempt < 1000 && !transfer(self, buffer); attempt++) continue;
    }
    deed_buffer_destroy(buffer);
    return NULL;
}

/* Within a snapshot no money is ever missing. */
static void *add_up(void *argument) {
    worker *self = argument;
    bank *bank = self->bank;
    deed_buffer *buffer;
    EXPECT_OK(deed_buffer_create(bank->database, &buffer, ERR));
    while (!atomic_load(&bank->done)) {
        deed_transaction *transaction = begin(bank->database);
        int64_t total = 0, one = 0;
        for (int i = 0; i < ACCOUNTS; i++)
            if (read_balance(bank, transaction, buffer, bank->ids[i], &one)) total += one;
        CHECK_EQUAL((uint64_t)ACCOUNTS * OPENING_BALANCE, (uint64_t)total);
        deed_transaction_destroy(transaction);
        atomic_fetch_add(&bank->reads, 1);
    }
    deed_buffer_destroy(buffer);
    return NULL;
}

static void money_is_neither_made_nor_lost(deed_database *database) {
    bank bank = {.database = database, .account = collection_of(database, "Account"),
                 .key = key_of(database, "balance"),
                 .owes = type_of(database, "OWES")};
    pthread_t writers[THREADS], readers[2];
    worker writing[THREADS], reading[2];
    for (int i = 0; i < ACCOUNTS; i++)
        bank.ids[i] = add_entity(database, NULL, bank.account, bank.key, OPENING_BALANCE);
    run_threads(&bank, add_up, 2, readers, reading);
    run_threads(&bank, transfer_often, THREADS, writers, writing);
    join_threads(writers, THREADS);
    atomic_store(&bank.done, true);
    join_threads(readers, 2);
    CHECK(bank.commits > 0 && bank.reads > 0);
    CHECK_EQUAL(bank.commits, deed_table_count(database, DEED_RELATIONSHIP, bank.owes));
    check_sound(database);
}

/* Entities come and go while others give them relationships. */
static void *relate_and_delete(void *argument) {
    worker *self = argument;
    bank *bank = self->bank;
    for (int i = 0; i < 1500; i++) {
        uint64_t *slot = &bank->ids[random_below(self, ACCOUNTS)], id;
        uint64_t target = __atomic_load_n(slot, __ATOMIC_RELAXED);
        uint64_t other = __atomic_load_n(&bank->ids[random_below(self, ACCOUNTS)], __ATOMIC_RELAXED);
        deed_status status;
        if (random_below(self, 4) == 0) {
            status = deed_entity_delete(bank->database, NULL, target, true, ERR);
            drop_error();
            if (status == DEED_OK)
                __atomic_store_n(slot, add_entity(bank->database, NULL, bank->account, bank->key, i), __ATOMIC_RELAXED);
        } else {
            status = deed_relationship_add(bank->database, NULL, other, target, bank->owes, NULL, 0, &id, ERR);
            drop_error();
        }
        CHECK(status == DEED_OK || status == DEED_NOT_FOUND || status == DEED_TRANSACTION_CONFLICT);
    }
    return NULL;
}

static void relationships_keep_their_ends(deed_database *database) {
    bank bank = {.database = database, .account = collection_of(database, "Fleeting"), .key = key_of(database, "n"),
                 .owes = type_of(database, "LINK")};
    pthread_t threads[THREADS];
    worker workers[THREADS];
    for (int i = 0; i < ACCOUNTS; i++) bank.ids[i] = add_entity(database, NULL, bank.account, bank.key, i);
    run_threads(&bank, relate_and_delete, THREADS, threads, workers);
    join_threads(threads, THREADS);
    deed_scan *scan;
    const deed_record *record, *end;
    deed_buffer *buffer;
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_RELATIONSHIP, bank.owes, &scan, ERR));
    while (EXPECT_OK(deed_scan_next(scan, &record, ERR)) && record != NULL) {
        const uint64_t ends[2] = {record->source, record->target};
        for (int i = 0; i < 2; i++) {
            EXPECT_OK(deed_record_get(database, NULL, DEED_ENTITY, ends[i], buffer, &end, ERR));
            CHECK(end != NULL);
        }
    }
    deed_scan_destroy(scan);
    deed_buffer_destroy(buffer);
    check_sound(database);
}

/* All threads ask for the same names at once and get the same numbers. */
static void *intern_names(void *argument) {
    worker *self = argument;
    char name[32];
    uint64_t sum = 0;
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "shared-%d", i);
        sum = sum * 31 + key_of(self->bank->database, name);
    }
    self->random = sum;
    return NULL;
}

static void names_agree(deed_database *database) {
    bank bank = {.database = database};
    pthread_t threads[THREADS];
    worker workers[THREADS];
    uint32_t before = deed_name_count(database, DEED_PROPERTY_KEY);
    run_threads(&bank, intern_names, THREADS, threads, workers);
    join_threads(threads, THREADS);
    for (int i = 1; i < THREADS; i++) CHECK_EQUAL(workers[0].random, workers[i].random);
    CHECK_EQUAL(before + 500, deed_name_count(database, DEED_PROPERTY_KEY));
}

/* Closing while others are at work: each of their calls succeeds or says CLOSED, and nothing is touched after. */
static void *work_until_closed(void *argument) {
    worker *self = argument;
    bank *bank = self->bank;
    deed_status status = DEED_OK;
    uint64_t id;
    while (status != DEED_CLOSED) {
        status = deed_entity_add(bank->database, NULL, bank->account, NULL, 0, &id, ERR);
        drop_error();
        if (!CHECK(status == DEED_OK || status == DEED_CLOSED)) break;
        atomic_fetch_add(&bank->commits, 1);
    }
    return NULL;
}

static void closing_meets_workers(const char *path) {
    deed_database *database = path == NULL ? open_in_memory() : open_on_disk(path);
    bank bank = {.database = database, .account = collection_of(database, "Busy")};
    pthread_t threads[THREADS];
    worker workers[THREADS];
    run_threads(&bank, work_until_closed, THREADS, threads, workers);
    while (atomic_load(&bank.commits) < 100) sched_yield();
    EXPECT_OK(deed_database_close(database, ERR));
    join_threads(threads, THREADS);
    deed_database_destroy(database);
}

void test_threads(void) {
    deed_database *databases[2] = {open_in_memory(), open_on_disk(scratch_path("threads"))};
    for (int i = 0; i < 2; i++) {
        money_is_neither_made_nor_lost(databases[i]);
        relationships_keep_their_ends(databases[i]);
        names_agree(databases[i]);
        close_and_destroy(databases[i]);
    }
    closing_meets_workers(NULL);
    closing_meets_workers(scratch_path("closing"));
}
