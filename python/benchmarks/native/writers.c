/* writers.c - threads that update the same 80,000 rows in all, each those that are its own, a few rows to a transaction. */
#include "native.h"

enum { ROWS = 80000 };

typedef struct writer {
    deed_database *database;
    uint64_t *ids;
    uint32_t key;
    long count;
    long commits, rows;
    uint64_t random;
    /* Each has cache lines of its own: a thread writes its `random` for every row. */
    char apart[128];
} writer;

static void *write_rows(void *argument) {
    writer *self = argument;
    for (long round = 0; round < self->commits; round++) {
        deed_transaction *transaction = begin(self->database);
        for (long row = 0; row < self->rows; row++) {
            deed_property property = integer(self->key, round);
            uint64_t id = self->ids[random_below(&self->random, (uint64_t)self->count)];
            TRY(deed_record_update(self->database, transaction, DEED_ENTITY, id, &property, 1, false, &error));
        }
        commit(transaction);
    }
    return NULL;
}

/* The rows of the threads lie in different segments: each thread adds its own collection. */
static void add_rows(deed_database *database, writer *self, int thread) {
    char name[32];
    snprintf(name, sizeof name, "Row%d", thread);
    uint32_t collection = intern(database, DEED_COLLECTION, name);
    self->database = database;
    self->key = intern(database, DEED_PROPERTY_KEY, "value");
    self->random = (uint64_t)thread * 7919 + 1;
    self->ids = malloc((size_t)self->count * sizeof *self->ids);
    deed_transaction *transaction = begin(database);
    for (long row = 0; row < self->count; row++) {
        deed_property property = integer(self->key, row);
        TRY(deed_entity_add(database, transaction, collection, &property, 1, &self->ids[row], &error));
    }
    commit(transaction);
}

/* `commits` in all, shared by the threads, of `rows` updates each. */
int measure_writers(const char *path, long threads, long commits, long rows) {
    deed_database *database = open_store(path, DEED_ASYNC, 64 << 20);
    writer *writers = calloc((size_t)threads, sizeof *writers);
    pthread_t *handles = calloc((size_t)threads, sizeof *handles);
    for (int i = 0; i < threads; i++) {
        writers[i].count = ROWS / threads;
        add_rows(database, &writers[i], i);
    }
    TRY(deed_checkpoint(database, &error));
    double start = now();
    for (int i = 0; i < threads; i++) {
        writers[i].commits = commits / threads;
        writers[i].rows = rows;
        pthread_create(&handles[i], NULL, write_rows, &writers[i]);
    }
    for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
    double seconds = now() - start;
    printf("{\"commits\": %.0f, \"rows\": %.0f}\n", (double)(commits / threads * threads) / seconds,
           (double)(commits / threads * threads * rows) / seconds);
    for (int i = 0; i < threads; i++) free(writers[i].ids);
    free(writers);
    free(handles);
    deed_database_destroy(database);
    return 0;
}
