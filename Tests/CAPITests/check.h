/* check.h - what the C tests share: checks that count, and short ways to make databases, rows and properties.
 *
 * Every call into Deed passes ERR as its error argument and is wrapped in EXPECT, which compares the status and holds
 * the call to the rules of errors: success leaves NULL, failure leaves an error with that status and a message.
 * A check that fails is printed and counted, and the test goes on.
 */
#ifndef DEED_TEST_CHECK_H
#define DEED_TEST_CHECK_H

#include <deed.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* True if the condition holds. Any thread. */
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

/* Compares numbers and prints both when they differ. Any thread. */
#define CHECK_EQUAL(expected, actual) check_equal((expected), (actual), #actual, __FILE__, __LINE__)

/* True if the call returned the expected status and treated ERR as the rules say. Any thread. */
#define EXPECT(expected, call) check_status((expected), (call), #call, __FILE__, __LINE__)
#define EXPECT_OK(call) EXPECT(DEED_OK, call)

/* For calls that may be refused for one of two reasons, each of them right. */
#define EXPECT_EITHER(one, other, call) check_either((one), (other), (call), #call, __FILE__, __LINE__)

#define ERR (&last_error)
extern _Thread_local deed_error *last_error;

bool check_that(bool holds, const char *text, const char *file, int line);
bool check_equal(uint64_t expected, uint64_t actual, const char *text, const char *file, int line);
bool check_status(deed_status expected, deed_status actual, const char *text, const char *file, int line);
bool check_either(deed_status one, deed_status other, deed_status actual, const char *text, const char *file, int line);

/* Forgets ERR without looking at it, for calls whose status the test looks at itself. */
void drop_error(void);

/* A path below the directory for this run; the text is good for the run. */
const char *scratch_path(const char *name);
void set_scratch_directory(const char *directory);

deed_database *open_in_memory(void);
deed_database *open_on_disk(const char *path);
void close_and_destroy(deed_database *database);

uint32_t key_of(deed_database *database, const char *name);
uint32_t collection_of(deed_database *database, const char *name);
uint32_t type_of(deed_database *database, const char *name);

deed_property with_integer(uint32_t key, int64_t value);
deed_property with_text(uint32_t key, const char *value);
deed_property with_bytes(uint32_t key, deed_type type, const void *data, size_t size);

/* One entity or relationship with a single integer property, or without any where key is DEED_ANY. */
uint64_t add_entity(deed_database *database, deed_transaction *transaction, uint32_t collection, uint32_t key,
                    int64_t value);
uint64_t add_relationship(deed_database *database, deed_transaction *transaction, uint64_t source, uint64_t target,
                          uint32_t type);

deed_transaction *begin(deed_database *database);
void commit_and_destroy(deed_transaction *transaction);

deed_statistics statistics_of(deed_database *database);

/* The store agrees with itself, by deed_check. */
void check_sound(deed_database *database);

/* The suites, one a file. */
void test_lifecycle(void);
void test_names(void);
void test_constraints(void);
void test_values(void);
void test_records(void);
void test_graph(void);
void test_scans(void);
void test_indexes(void);
void test_bulk(void);
void test_transactions(void);
void test_waiting(void);
void test_pheromone(void);
void test_durability(void);
void test_integrity(void);
void test_threads(void);
void test_replication(void);
void test_queries(void);
void test_parallel(void);

#endif
