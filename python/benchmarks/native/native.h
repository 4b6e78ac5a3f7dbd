/* native.h - what the native measurements share: a check of every call, a clock, a deterministic random number, an open store,
 * and output as one JSON object, which the workloads in Python read. */
#ifndef NATIVE_H
#define NATIVE_H

#include <deed.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Ends the program with the error's message when a call fails. */
#define TRY(call)                                                                                                                \
    do {                                                                                                                         \
        deed_error *error = NULL;                                                                                                \
        if ((call) != DEED_OK) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, deed_error_message(error, NULL));                                       \
            exit(1);                                                                                                             \
        }                                                                                                                        \
    } while (0)

static inline double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % limit;
}

static inline deed_property integer(uint32_t key, int64_t value) {
    deed_property property = {.key = key, .value = {.type = DEED_INT64, .as = {.integer = value}}};
    return property;
}

static inline uint32_t intern(deed_database *database, deed_name_kind kind, const char *name) {
    uint32_t number;
    TRY(deed_intern(database, kind, name, strlen(name), &number, &error));
    return number;
}

/* Opens the store with log and durability as said; no checkpoint runs by itself when checkpoint_log_bytes is 0. */
static inline deed_database *open_store(const char *path, deed_durability durability, uint64_t checkpoint_log_bytes) {
    deed_options options;
    deed_options_init(&options);
    options.durability = durability;
    options.checkpoint_log_bytes = checkpoint_log_bytes;
    deed_database *database;
    TRY(deed_database_open(path, strlen(path), &options, &database, &error));
    return database;
}

static inline deed_transaction *begin(deed_database *database) {
    deed_transaction *transaction;
    TRY(deed_transaction_begin(database, false, &transaction, &error));
    return transaction;
}

static inline void commit(deed_transaction *transaction) {
    TRY(deed_transaction_commit(transaction, &error));
    deed_transaction_destroy(transaction);
}

/* The measurements; each prints its JSON object. */
int measure_writers(const char *path, long threads, long commits, long rows);
int prepare_recovery(const char *path, long rows);
int measure_recovery(const char *path, long rows);
int measure_super_node(const char *path, long degree);
int measure_limit(const char *path, long limit, long entities, long relationships, long operations);
int measure_limit_recovery(const char *path, long limit, long entities, long operations);

/* A stream of `rows` rows: a running number, and a text of 40 letters if wished. */
struct ArrowArrayStream generated_rows(long rows, bool with_text);

#endif
