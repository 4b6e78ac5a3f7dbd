/* parallel.c - queries that several threads share, from several callers at once, beside a writer, ended early and closed under
 * way. What they answer is tested from Python; here it matters that the thread sanitizer sees them. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { CALLERS = 3, ROUNDS = 40 };

typedef struct shared {
    deed_database *database;
    atomic_bool done;
} shared;

static const char *const questions[] = {
    "MATCH (n:N) WHERE n.value < 300 RETURN count(*), sum(n.value)",
    "MATCH (n:N) RETURN n.value % 10 AS rest, count(*), avg(n.value), collect(n.name)[..2]",
    "MATCH (n:N) WHERE n.value >= 0 RETURN n.name, n.value ORDER BY n.value DESC LIMIT 20",
    "MATCH (n:N) WHERE n.name CONTAINS '7' RETURN DISTINCT n.value % 3",
    "MATCH (n:N) WHERE n.value < 5 MATCH (n)-[:NEXT]->(m) RETURN count(m)",
    "MATCH (a)-[r:NEXT]->(b)<-[:NEXT]-(c) WHERE r.x IS NULL AND a.value <> b.value RETURN count(*)",
    "MATCH (a:N)-[:NEXT]->(b)-[:NEXT]->(c)-[:NEXT]->(a) RETURN count(*)",
    "MATCH (n:N) WHERE n.value < 5 AND EXISTS { (n)-[:NEXT]->() } RETURN count(n)",
};

/* Runs a statement to its end, but for the rows that come after an interrupt; returns the status it ended with. */
static deed_status run_statement(deed_database *database, const char *text, bool interrupts) {
    deed_statement *statement;
    deed_result *result = NULL;
    const deed_value *row;
    deed_status status = deed_statement_prepare(database, text, strlen(text), NULL, &statement, ERR);
    if (status == DEED_OK) {
        status = deed_statement_execute(statement, NULL, NULL, &result, ERR);
        deed_statement_destroy(statement);
    }
    if (status == DEED_OK && interrupts) deed_result_interrupt(result);
    while (status == DEED_OK && (status = deed_result_next(result, &row, ERR)) == DEED_OK && row != NULL) {}
    if (status != DEED_OK) drop_error();
    deed_result_destroy(result);
    return status;
}

static void *ask(void *argument) {
    shared *self = argument;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQUAL(DEED_OK, run_statement(self->database, questions[i % COUNT(questions)], false));
    CHECK_EQUAL(DEED_INTERRUPTED, run_statement(self->database, questions[1], true));
    CHECK(run_statement(self->database, "MATCH (n:N) RETURN sum(1 / (n.value - 7))", false) != DEED_OK);
    return NULL;
}

static void *change(void *argument) {
    shared *self = argument;
    while (!atomic_load(&self->done)) {
        CHECK_EQUAL(DEED_OK, run_statement(self->database, "CREATE (:N {value: 3, name: 'new'})-[:NEXT]->(:N {value: -1})", false));
        CHECK_EQUAL(DEED_OK, run_statement(self->database, "MATCH (n:N) WHERE n.value = 3 SET n.value = 4", false));
        CHECK_EQUAL(DEED_OK, run_statement(self->database, "MATCH (n:N) WHERE n.value = -1 DETACH DELETE n", false));
    }
    return NULL;
}

static deed_database *open_parallel(void) {
    deed_options options;
    deed_options_init(&options);
    options.threads = 3;
    options.parallel_rows_min = 0;
    deed_database *database;
    EXPECT_OK(deed_database_open(NULL, 0, &options, &database, ERR));
    CHECK_EQUAL(DEED_OK, run_statement(database, "UNWIND range(1, 20000) AS i CREATE (:N {value: i, name: 'name ' + i})", false));
    return database;
}

static void callers_share_workers_beside_a_writer(void) {
    shared shared = {.database = open_parallel()};
    pthread_t callers[CALLERS], writer;
    CHECK(pthread_create(&writer, NULL, change, &shared) == 0);
    for (int i = 0; i < CALLERS; i++) CHECK(pthread_create(&callers[i], NULL, ask, &shared) == 0);
    for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
    atomic_store(&shared.done, true);
    pthread_join(writer, NULL);
    check_sound(shared.database);
    close_and_destroy(shared.database);
}

static void *ask_until_closed(void *argument) {
    shared *self = argument;
    deed_status status = DEED_OK;
    for (int i = 0; status == DEED_OK; i++) status = run_statement(self->database, questions[i % COUNT(questions)], false);
    CHECK_EQUAL(DEED_CLOSED, status);
    return NULL;
}

static void closing_waits_for_workers(void) {
    for (int round = 0; round < 5; round++) {
        shared shared = {.database = open_parallel()};
        pthread_t callers[CALLERS];
        for (int i = 0; i < CALLERS; i++) CHECK(pthread_create(&callers[i], NULL, ask_until_closed, &shared) == 0);
        nanosleep(&(struct timespec){.tv_nsec = 20000000 * (round + 1)}, NULL);
        EXPECT_OK(deed_database_close(shared.database, ERR));
        for (int i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
        deed_database_destroy(shared.database);
    }
}

void test_parallel(void) {
    callers_share_workers_beside_a_writer();
    closing_waits_for_workers();
}
