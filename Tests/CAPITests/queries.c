/* queries.c - the chapter "Queries" of deed.h: statements, parameters, rows, what was changed, procedures, reports, errors. */
#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static deed_statement *prepare(deed_database *database, const char *text) {
    deed_statement *statement = NULL;
    EXPECT_OK(deed_statement_prepare(database, text, strlen(text), NULL, &statement, ERR));
    return statement;
}

static void bind_value(deed_statement *statement, const char *name, deed_value value) {
    EXPECT_OK(deed_statement_bind(statement, name, strlen(name), &value, ERR));
}

/* Prepares, runs and forgets a statement. */
static deed_result *execute(deed_database *database, deed_transaction *transaction, const char *text) {
    deed_statement *statement = prepare(database, text);
    deed_result *result = NULL;
    EXPECT_OK(deed_statement_execute(statement, transaction, NULL, &result, ERR));
    deed_statement_destroy(statement);
    return result;
}

static void run_to_end(deed_database *database, deed_transaction *transaction, const char *text) {
    deed_result_destroy(execute(database, transaction, text));
}

/* The integer in the first column of the first row. */
static int64_t integer_of(deed_database *database, deed_transaction *transaction, const char *text) {
    deed_result *result = execute(database, transaction, text);
    const deed_value *row;
    int64_t value = INT64_MIN;
    if (EXPECT_OK(deed_result_next(result, &row, ERR)) && CHECK(row != NULL && row[0].type == DEED_INT64))
        value = row[0].as.integer;
    deed_result_destroy(result);
    return value;
}

static bool is_text(const deed_value *value, const char *text) {
    return value->type == DEED_STRING && value->as.text.size == strlen(text) &&
           memcmp(value->as.text.data, text, strlen(text)) == 0;
}

static deed_value text_value(const char *text) {
    return (deed_value){.type = DEED_STRING, .as.text = {text, strlen(text)}};
}

static deed_value integer_value(int64_t value) { return (deed_value){.type = DEED_INT64, .as.integer = value}; }

/* ---- Statements and parameters ---------------------------------------------------------------------------------- */

static void parameters_are_bound_by_name_and_found_by_position(deed_database *database) {
    deed_statement *statement = prepare(database, "RETURN $second + $first AS sum, $second AS again");
    size_t size;
    const char *name = deed_statement_parameter(statement, 0, &size);
    CHECK(name != NULL && size == 6 && strcmp(name, "second") == 0);
    name = deed_statement_parameter(statement, 1, &size);
    CHECK(name != NULL && size == 5 && strcmp(name, "first") == 0);
    CHECK(deed_statement_parameter(statement, 2, &size) == NULL && size == 0);
    CHECK(deed_statement_parameter(NULL, 0, NULL) == NULL);

    deed_result *result = (deed_result *)8;
    const deed_value *row;
    bind_value(statement, "first", integer_value(2));
    EXPECT(DEED_PARAMETER_MISSING, deed_statement_execute(statement, NULL, NULL, &result, ERR));
    CHECK(result == NULL);
    bind_value(statement, "second", integer_value(40));
    bind_value(statement, "unmentioned", text_value("x"));
    CHECK(!deed_statement_waits(statement) && !deed_statement_waits(NULL));
    for (int i = 0; i < 3; i++) { /* values stay bound */
        EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &result, ERR));
        CHECK_EQUAL(2, deed_result_column_count(result));
        name = deed_result_column_name(result, 0, &size);
        CHECK(size == 3 && strcmp(name, "sum") == 0);
        CHECK(deed_result_column_name(result, 2, &size) == NULL && size == 0);
        CHECK(deed_result_notice(result, 0, &size) == NULL && size == 0);
        EXPECT_OK(deed_result_next(result, &row, ERR));
        CHECK(row != NULL && row[0].as.integer == 42 && row[1].as.integer == 40);
        EXPECT_OK(deed_result_next(result, &row, ERR));
        CHECK(row == NULL);
        EXPECT_OK(deed_result_next(result, &row, ERR)); /* the end stays the end */
        CHECK(row == NULL);
        deed_result_destroy(result);
    }
    deed_statement_clear(statement);
    EXPECT(DEED_PARAMETER_MISSING, deed_statement_execute(statement, NULL, NULL, &result, ERR));
    deed_statement_destroy(statement);
}

static void values_come_back_as_they_were_bound(deed_database *database) {
    static const float floats[3] = {0.5f, -1, 2};
    deed_value items[2] = {integer_value(1), text_value("x")};
    deed_map_entry entries[2] = {{"a", 1, integer_value(7)}, {"", 0, {.type = DEED_NULL}}};
    deed_value values[] = {
        {.type = DEED_NULL}, {.type = DEED_BOOL, .as.boolean = true}, integer_value(INT64_MIN),
        {.type = DEED_FLOAT64, .as.number = 0.1}, {.type = DEED_STRING, .as.text = {"a\0b", 3}},
        {.type = DEED_BYTES, .as.text = {"\xff\0", 2}}, {.type = DEED_DATE, .as.integer = -1},
        {.type = DEED_LOCAL_TIME, .as.integer = 5}, {.type = DEED_ZONED_TIME, .as.integer = 5, .extra = -3600},
        {.type = DEED_DURATION, .as.duration = {1, 2, 3}, .extra = 4},
        {.type = DEED_DECIMAL, .as.decimal = {.low = (uint64_t)-150, .high = -1}, .extra = 2},
        {.type = DEED_VECTOR, .as.vector = {floats, 3}}, {.type = DEED_LIST, .as.list = {items, 2}},
        {.type = DEED_MAP, .as.map = {entries, 2}},
    };
    deed_statement *statement = prepare(database, "RETURN $x");
    for (size_t i = 0; i < COUNT(values); i++) {
        deed_result *result;
        const deed_value *row;
        bind_value(statement, "x", values[i]);
        if (!EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &result, ERR))) continue;
        EXPECT_OK(deed_result_next(result, &row, ERR));
        if (!CHECK(row != NULL) || !CHECK_EQUAL(values[i].type, row->type)) continue;
        switch (row->type) {
        case DEED_STRING: case DEED_BYTES:
            CHECK(row->as.text.size == values[i].as.text.size &&
                  memcmp(row->as.text.data, values[i].as.text.data, row->as.text.size) == 0);
            break;
        case DEED_DURATION:
            CHECK(row->as.duration.months == 1 && row->as.duration.days == 2 && row->as.duration.seconds == 3 && row->extra == 4);
            break;
        case DEED_DECIMAL:
            CHECK(row->as.decimal.low == (uint64_t)-150 && row->as.decimal.high == -1 && row->extra == 2);
            break;
        case DEED_VECTOR: CHECK(row->as.vector.count == 3 && memcmp(row->as.vector.items, floats, sizeof floats) == 0); break;
        case DEED_LIST: CHECK(row->as.list.count == 2 && is_text(&row->as.list.items[1], "x")); break;
        case DEED_MAP: CHECK(row->as.map.count == 2 && row->as.map.entries[0].value.as.integer == 7); break;
        case DEED_BOOL: CHECK(row->as.boolean); break;
        case DEED_NULL: break;
        default: CHECK(row->as.integer == values[i].as.integer && row->extra == values[i].extra); break;
        }
        deed_result_destroy(result);
    }
    deed_statement_destroy(statement);
}

static void bad_arguments(deed_database *database) {
    deed_statement *statement = (deed_statement *)8;
    deed_result *result = (deed_result *)8;
    const deed_value *row = (const deed_value *)8;
    struct ArrowArrayStream stream;
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(database, "RETURN '\xff'", 10, NULL, &statement, ERR));
    CHECK(statement == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(database, NULL, 3, NULL, &statement, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(database, "RETURN 1", 8, NULL, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(NULL, "RETURN 1", 8, NULL, &statement, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_execute(NULL, NULL, NULL, &result, ERR));
    CHECK(result == NULL);
    statement = prepare(database, "RETURN 1");
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_execute(statement, NULL, NULL, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_bind(statement, "x", 1, NULL, ERR));
    deed_value bad = {.type = 77};
    EXPECT_EITHER(DEED_INVALID_ARGUMENT, DEED_TYPE_MISMATCH, deed_statement_bind(statement, "x", 1, &bad, ERR));
    bad = (deed_value){.type = DEED_STRING, .as.text = {"\xc3", 1}};
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_bind(statement, "x", 1, &bad, ERR));
    bad = integer_value(1);
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_bind(statement, "\xff", 1, &bad, ERR));
    deed_query_options options = {0}; /* not initialised */
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_execute(statement, NULL, &options, &result, ERR));
    deed_statement_destroy(statement);
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_next(NULL, &row, ERR));
    CHECK(row == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_peek(NULL, 0, &row, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_arrow(NULL, &stream, ERR));
    CHECK(stream.release == NULL);
    result = execute(database, NULL, "RETURN 1");
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_next(result, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_arrow(result, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_result_peek(result, SIZE_MAX, &row, ERR));
    deed_result_destroy(result);
    EXPECT(DEED_INVALID_ARGUMENT, deed_reports_drain(database, NULL, NULL, ERR));
    CHECK_EQUAL(0, deed_result_column_count(NULL));
    CHECK_EQUAL(0, deed_result_ready(NULL));
    deed_changes_made made;
    deed_result_changes(NULL, &made);
    CHECK_EQUAL(0, made.nodes_created);
    deed_result_changes(NULL, NULL);
    deed_result_interrupt(NULL);
    deed_statement_clear(NULL);
    deed_query_options_init(NULL);
    deed_statement_destroy(NULL);
    deed_result_destroy(NULL);
}

/* ---- Errors ----------------------------------------------------------------------------------------------------- */

static void errors_say_what_and_where(deed_database *database) {
    deed_statement *statement;
    deed_error *error;
    const char *text = "RETURN '\xc3\xbc' AS a, missing";
    CHECK_EQUAL(DEED_SYNTAX_ERROR, (uint64_t)deed_statement_prepare(database, text, strlen(text), NULL, &statement, &error));
    if (CHECK(error != NULL)) {
        size_t size, start, end;
        const char *detail = deed_error_detail(error, &size);
        CHECK(strcmp(detail, "UndefinedVariable") == 0 && size == strlen(detail));
        CHECK(deed_error_position(error, &start, &end));
        CHECK(strcmp(deed_error_sqlstate(error), "42703") == 0 && strcmp(deed_error_sqlstate(NULL), "00000") == 0);
        CHECK(strstr(deed_error_message(error, NULL), "line 1, column 18\n") != NULL);
        CHECK(start == strlen(text) - 7 && end == strlen(text));
        deed_error_destroy(error);
    }
    static const struct { const char *text; deed_status status; } cases[] = {
        {"RETURN 1 / 0", DEED_ARITHMETIC_ERROR}, {"RETURN range(1, 2, 0)", DEED_ARGUMENT_ERROR},
        {"UNWIND [1] AS x WITH [x, true] AS l RETURN l[0] + l[1]", DEED_TYPE_ERROR},
        {"CREATE (n:Gone {x: 1}) DELETE n RETURN n.x", DEED_ENTITY_NOT_FOUND},
        {"CREATE (a:Gone)-[:R]->(b:Gone) DELETE a", DEED_STILL_CONNECTED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        statement = prepare(database, cases[i].text);
        deed_result *result;
        deed_status status = deed_statement_execute(statement, NULL, NULL, &result, ERR);
        if (status == DEED_OK) {
            const deed_value *row;
            drop_error();
            EXPECT(cases[i].status, deed_result_next(result, &row, ERR));
            CHECK(row == NULL);
        } else {
            EXPECT(cases[i].status, status);
        }
        deed_result_destroy(result);
        deed_statement_destroy(statement);
    }
    CHECK_EQUAL(0, (uint64_t)integer_of(database, NULL, "MATCH (n:Gone) RETURN count(*)"));
    deed_result *odd = execute(database, NULL, "MATCH (n:Unheard) RETURN n");
    CHECK(strstr(deed_result_notice(odd, 0, NULL), "`Unheard`") != NULL && deed_result_notice(odd, 1, NULL) == NULL);
    deed_result_destroy(odd);
    EXPECT(DEED_PROCEDURE_ERROR, deed_statement_prepare(database, "CALL nothing()", 14, NULL, &statement, ERR));
}

/* ---- Changes and transactions ----------------------------------------------------------------------------------- */

static void changes_are_counted(deed_database *database) {
    deed_changes_made made;
    deed_result *result = execute(database, NULL, "CREATE (:P {x: 1, y: 2})-[:R {z: 1}]->(:P:Q)");
    CHECK_EQUAL(0, deed_result_column_count(result));
    deed_result_changes(result, &made);
    CHECK(made.nodes_created == 2 && made.relationships_created == 1 && made.properties_set == 3 && made.labels_added == 3);
    deed_result_destroy(result);
    result = execute(database, NULL, "MATCH (p:P {x: 1}) SET p.x = 2, p.y = null REMOVE p:P");
    deed_result_changes(result, &made);
    CHECK(made.properties_added == 1 && made.properties_removed == 2 && made.labels_removed <= 1 && made.nodes_created == 0);
    deed_result_destroy(result);
    result = execute(database, NULL, "MATCH (n) DETACH DELETE n");
    deed_result_changes(result, &made);
    CHECK(made.nodes_deleted == 2 && made.relationships_deleted == 1);
    deed_result_destroy(result);
}

static void statements_run_in_transactions(deed_database *database) {
    deed_transaction *transaction = begin(database);
    run_to_end(database, transaction, "CREATE (:T {x: 1})");
    CHECK_EQUAL(1, (uint64_t)integer_of(database, transaction, "MATCH (t:T) RETURN count(*)"));
    CHECK_EQUAL(0, (uint64_t)integer_of(database, NULL, "MATCH (t:T) RETURN count(*)"));
    deed_statement *statement = prepare(database, "UNWIND [1, 0] AS d CREATE (:T {x: 5 / d})");
    deed_result *result;
    EXPECT(DEED_ARITHMETIC_ERROR, deed_statement_execute(statement, transaction, NULL, &result, ERR));
    CHECK_EQUAL(1, (uint64_t)integer_of(database, transaction, "MATCH (t:T) RETURN count(*)"));
    EXPECT(DEED_ARITHMETIC_ERROR, deed_statement_execute(statement, NULL, NULL, &result, ERR));
    commit_and_destroy(transaction);
    CHECK_EQUAL(1, (uint64_t)integer_of(database, NULL, "MATCH (t:T) RETURN count(*)"));

    transaction = begin(database);
    deed_result *lazy = execute(database, transaction, "UNWIND range(1, 10000) AS x MATCH (t:T) RETURN x, t");
    deed_result *written = execute(database, transaction, "CREATE (t:T {x: 2}) RETURN t");
    EXPECT_OK(deed_transaction_rollback(transaction, ERR));
    const deed_value *row;
    EXPECT_OK(deed_result_next(written, &row, ERR)); /* complete, whatever became of the transaction */
    CHECK(row != NULL && row[0].type == DEED_ELEMENT_ENTITY && row[0].as.element->property_count == 1);
    EXPECT(DEED_TRANSACTION_ENDED, deed_result_next(lazy, &row, ERR));
    EXPECT(DEED_TRANSACTION_ENDED, deed_statement_execute(statement, transaction, NULL, &result, ERR));
    deed_statement_destroy(statement);
    deed_result_destroy(lazy);
    deed_result_destroy(written);
    deed_transaction_destroy(transaction);

    EXPECT_OK(deed_transaction_begin(database, true, &transaction, ERR));
    statement = prepare(database, "CREATE (:T)");
    CHECK(deed_statement_waits(statement));
    EXPECT(DEED_READ_ONLY, deed_statement_execute(statement, transaction, NULL, &result, ERR));
    deed_statement_destroy(statement);
    deed_transaction_destroy(transaction);
    deed_database *other = open_in_memory();
    transaction = begin(other);
    statement = prepare(database, "RETURN 1");
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_execute(statement, transaction, NULL, &result, ERR));
    deed_statement_destroy(statement);
    deed_transaction_destroy(transaction);
    close_and_destroy(other);
}

/* What a thread that has begun nothing counts; then it begins, writes, and ends without an end of the transaction. */
static void *begin_and_leave(void *database) {
    CHECK_EQUAL(0, (uint64_t)integer_of(database, NULL, "MATCH (b:Begun) RETURN count(*)"));
    run_to_end(database, NULL, "BEGIN");
    run_to_end(database, NULL, "CREATE (:Begun), (:Begun)");
    CHECK_EQUAL(2, (uint64_t)integer_of(database, NULL, "MATCH (b:Begun) RETURN count(*)"));
    return NULL;
}

static void a_thread_begins_and_commits_by_statements(deed_database *database) {
    run_to_end(database, NULL, "BEGIN");
    run_to_end(database, NULL, "CREATE (:Begun)");
    add_entity(database, NULL, collection_of(database, "Begun"), DEED_ANY, 0);
    CHECK_EQUAL(2, (uint64_t)integer_of(database, NULL, "MATCH (b:Begun) RETURN count(*)"));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, begin_and_leave, database) == 0);
    pthread_join(thread, NULL);
    deed_transaction *transaction = begin(database);
    deed_result *result;
    deed_statement *statement = prepare(database, "COMMIT");
    EXPECT(DEED_SEMANTIC_ERROR, deed_statement_execute(statement, transaction, NULL, &result, ERR));
    CHECK_EQUAL(0, (uint64_t)integer_of(database, transaction, "MATCH (b:Begun) RETURN count(*)"));
    deed_transaction_destroy(transaction);
    EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &result, ERR));
    deed_result_destroy(result);
    EXPECT(DEED_SEMANTIC_ERROR, deed_statement_execute(statement, NULL, NULL, &result, ERR));
    deed_statement_destroy(statement);
    CHECK_EQUAL(2, (uint64_t)integer_of(database, NULL, "MATCH (b:Begun) RETURN count(*)"));
    run_to_end(database, NULL, "MATCH (b:Begun) DELETE b");
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

static void elements_and_paths(deed_database *database) {
    deed_result *result = execute(database, NULL, "CREATE p = (a:E {x: 1})-[r:R]->(b) RETURN a, r, p, [a]");
    const deed_value *row;
    EXPECT_OK(deed_result_next(result, &row, ERR));
    if (CHECK(row != NULL && row[0].type == DEED_ELEMENT_ENTITY && row[1].type == DEED_ELEMENT_RELATIONSHIP &&
              row[2].type == DEED_PATH && row[3].type == DEED_LIST)) {
        const deed_element *node = row[0].as.element, *relationship = row[1].as.element;
        CHECK(node->label_count == 1 && strcmp(node->labels[0].data, "E") == 0 && node->labels[0].size == 1);
        CHECK(node->property_count == 1 && node->properties[0].key_size == 1 && node->properties[0].value.as.integer == 1);
        CHECK(node->source == 0 && node->target == 0);
        CHECK(relationship->source == node->id && relationship->target != node->id && strcmp(relationship->labels[0].data, "R") == 0);
        const deed_path *path = row[2].as.path;
        CHECK(path->entity_count == 2 && path->relationship_count == 1);
        CHECK(path->entities[0].id == node->id && path->relationships[0].id == relationship->id);
        CHECK(row[3].as.list.items[0].type == DEED_ELEMENT_ENTITY && row[3].as.list.items[0].as.element->id == node->id);
    }
    deed_result_destroy(result);
    run_to_end(database, NULL, "MATCH (n) DETACH DELETE n");
}

static void rows_can_be_looked_at_first(deed_database *database) {
    deed_result *result = execute(database, NULL, "UNWIND range(0, 9999) AS x RETURN x, 'a text of some length ' + toString(x)");
    const deed_value *row;
    CHECK_EQUAL(0, deed_result_ready(result));
    for (size_t ahead = 0; ahead < 5000; ahead += 499) {
        EXPECT_OK(deed_result_peek(result, ahead, &row, ERR));
        CHECK(row != NULL && row[0].as.integer == (int64_t)ahead);
    }
    EXPECT_OK(deed_result_peek(result, 10000, &row, ERR));
    CHECK(row == NULL);
    CHECK(deed_result_ready(result) > 0);
    for (int64_t i = 0; i < 10000; i++) {
        EXPECT_OK(deed_result_next(result, &row, ERR));
        if (!CHECK(row != NULL && row[0].as.integer == i)) break;
        if (i % 1000 != 0) continue;
        EXPECT_OK(deed_result_peek(result, 1, &row, ERR));
        CHECK(row != NULL && row[0].as.integer == i + 2);
    }
    EXPECT_OK(deed_result_next(result, &row, ERR));
    CHECK(row == NULL);
    deed_result_destroy(result);
}

static void results_leave_as_arrow(void) {
    deed_database *database = open_in_memory();
    run_to_end(database, NULL, "CREATE (:A {x: 1})-[:R]->(:B)");
    deed_result *result = execute(database, NULL,
        "UNWIND range(0, 99999) AS x RETURN x, x / 2.0 AS f, toString(x) AS s, CASE WHEN x > 90000 THEN 'late' END AS l, null AS n");
    const deed_value *row;
    for (int i = 0; i < 10; i++) EXPECT_OK(deed_result_next(result, &row, ERR));
    struct ArrowArrayStream stream, elements;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    EXPECT_OK(deed_result_arrow(result, &stream, ERR));
    EXPECT_OK(deed_result_next(result, &row, ERR));
    CHECK(row == NULL);
    deed_result_destroy(result);
    result = execute(database, NULL, "MATCH p = (a)-[r]->(b) RETURN a, r, p");
    EXPECT_OK(deed_result_arrow(result, &elements, ERR));
    deed_result_destroy(result);
    close_and_destroy(database); /* streams outlive all of it */

    CHECK(stream.get_schema(&stream, &schema) == 0 && strcmp(schema.format, "+s") == 0 && schema.n_children == 5);
    static const char *const formats[] = {"l", "g", "U", "U", "n"};
    for (int i = 0; i < 5; i++) CHECK(strcmp(schema.children[i]->format, formats[i]) == 0);
    CHECK(strcmp(schema.children[1]->name, "f") == 0);
    schema.release(&schema);
    int64_t next = 10;
    while (CHECK(stream.get_next(&stream, &batch) == 0) && batch.release != NULL) {
        const int64_t *numbers = batch.children[0]->buffers[1], *offsets = batch.children[2]->buffers[1];
        const double *floats = batch.children[1]->buffers[1];
        CHECK(batch.children[4]->n_buffers == 0 && batch.children[4]->null_count == batch.length);
        bool right = true;
        for (int64_t i = 0; i < batch.length; i++, next++) {
            char text[16];
            int size = snprintf(text, sizeof text, "%lld", (long long)next);
            right = right && numbers[i] == next && floats[i] == (double)next / 2 && offsets[i + 1] - offsets[i] == size &&
                    memcmp((const char *)batch.children[2]->buffers[2] + offsets[i], text, (size_t)size) == 0;
        }
        CHECK(right);
        batch.release(&batch);
    }
    CHECK_EQUAL(100000, (uint64_t)next);
    stream.release(&stream);

    CHECK(elements.get_schema(&elements, &schema) == 0);
    CHECK(schema.children[0]->n_children == 3 && schema.children[1]->n_children == 5 && schema.children[2]->n_children == 2);
    schema.release(&schema);
    if (CHECK(elements.get_next(&elements, &batch) == 0 && batch.release != NULL && batch.length == 1)) {
        const uint64_t *id = batch.children[0]->children[0]->buffers[1], *source = batch.children[1]->children[2]->buffers[1];
        CHECK(*id == *source && *id != 0);
        batch.release(&batch);
    }
    elements.release(&elements);
}

static void mixed_columns_on_the_way_to_arrow(deed_database *database) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    deed_result *result = execute(database, NULL, "UNWIND [1, 2.5, 9007199254740993] AS x RETURN x");
    EXPECT(DEED_TYPE_MISMATCH, deed_result_arrow(result, &stream, ERR));
    CHECK(stream.release == NULL);
    const deed_value *row;
    EXPECT_OK(deed_result_next(result, &row, ERR)); /* the rows are still there */
    CHECK(row != NULL && row->type == DEED_INT64 && row->as.integer == 1);
    deed_result_destroy(result);
    result = execute(database, NULL, "UNWIND [1, 'x', [1]] AS x RETURN x");
    EXPECT_OK(deed_result_arrow(result, &stream, ERR));
    CHECK(stream.get_schema(&stream, &schema) == 0 && strcmp(schema.children[0]->format, "U") == 0);
    schema.release(&schema);
    stream.release(&stream);
    deed_result_destroy(result);
}

/* ---- Stopping --------------------------------------------------------------------------------------------------- */

static const char long_query[] = "UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x RETURN count(*)";

static bool counts_and_stops(void *data) { return ++*(int *)data < 3; }

static void *interrupt_soon(void *result) {
    struct timespec moment = {.tv_nsec = 100000000};
    nanosleep(&moment, NULL);
    deed_result_interrupt(result);
    return NULL;
}

static void long_queries_can_be_stopped(deed_database *database) {
    deed_query_options options;
    deed_query_options_init(&options);
    CHECK(options.struct_size == sizeof options && options.timeout < 0 && options.keep_going == NULL && options.threads == 0);
    deed_statement *statement = prepare(database, long_query);
    deed_result *result;
    const deed_value *row;
    options.timeout = 0.1;
    EXPECT_OK(deed_statement_execute(statement, NULL, &options, &result, ERR));
    EXPECT(DEED_INTERRUPTED, deed_result_next(result, &row, ERR));
    CHECK(row == NULL);
    deed_result_destroy(result);

    int asked = 0;
    options.timeout = -1;
    options.keep_going = counts_and_stops;
    options.keep_going_data = &asked;
    EXPECT_OK(deed_statement_execute(statement, NULL, &options, &result, ERR));
    EXPECT(DEED_INTERRUPTED, deed_result_next(result, &row, ERR));
    CHECK_EQUAL(3, (uint64_t)asked);
    deed_result_destroy(result);

    EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &result, ERR));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, interrupt_soon, result) == 0);
    EXPECT(DEED_INTERRUPTED, deed_result_next(result, &row, ERR));
    pthread_join(thread, NULL);
    deed_result_destroy(result);
    deed_statement_destroy(statement);

    asked = 0;
    statement = prepare(database, "UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x "
                                  "WITH x WHERE x % 1000 = 0 CREATE (:Stopped)");
    EXPECT(DEED_INTERRUPTED, deed_statement_execute(statement, NULL, &options, &result, ERR));
    deed_statement_destroy(statement);
    CHECK_EQUAL(0, (uint64_t)integer_of(database, NULL, "MATCH (n:Stopped) RETURN count(*)"));
    options.timeout = (double)NAN;
    statement = prepare(database, "RETURN 1");
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_execute(statement, NULL, &options, &result, ERR));
    deed_statement_destroy(statement);
}

/* A pattern whose planning takes a fraction of a second; the caller frees it. */
static char *text_of_long_planning(void) {
    enum { LEGS = 300, CONDITIONS = 10000, ROOM = LEGS * 32 + CONDITIONS * 48 };
    char *text = malloc(ROOM);
    if (text == NULL) abort();
    size_t size = (size_t)snprintf(text, ROOM, "MATCH ");
    for (int leg = 0; leg < LEGS; leg++)
        size += (size_t)snprintf(text + size, ROOM - size, "%s(a)-[:E]->(b%d)", leg == 0 ? "" : ", ", leg);
    size += (size_t)snprintf(text + size, ROOM - size, " WHERE a.i > 0");
    for (int number = 0; number < CONDITIONS; number++)
        size += (size_t)snprintf(text + size, ROOM - size, " AND b%d.i > b%d.i", number % LEGS, number % (LEGS - 1));
    snprintf(text + size, ROOM - size, " RETURN a");
    return text;
}

static void planning_can_be_stopped(deed_database *database) {
    deed_query_options options;
    deed_statement *statement = (deed_statement *)8;
    deed_query_options_init(&options);
    options.timeout = (double)NAN;
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(database, "RETURN 1", 8, &options, &statement, ERR));
    CHECK(statement == NULL);
    deed_query_options blank = {0}; /* not initialised */
    EXPECT(DEED_INVALID_ARGUMENT, deed_statement_prepare(database, "RETURN 1", 8, &blank, &statement, ERR));

    char *text = text_of_long_planning();
    static const double limited[] = {0, 0.001};
    for (size_t i = 0; i < COUNT(limited); i++) {
        options.timeout = limited[i];
        EXPECT(DEED_INTERRUPTED, deed_statement_prepare(database, text, strlen(text), &options, &statement, ERR));
        CHECK(statement == NULL);
    }
    int asked = 0;
    options.timeout = -1;
    options.keep_going = counts_and_stops;
    options.keep_going_data = &asked;
    EXPECT(DEED_INTERRUPTED, deed_statement_prepare(database, text, strlen(text), &options, &statement, ERR));
    CHECK_EQUAL(3, (uint64_t)asked);

    static const double unlimited[] = {-1, -0.5, -(double)INFINITY, (double)INFINITY};
    options.keep_going = NULL;
    for (size_t i = 0; i < COUNT(unlimited); i++) {
        options.timeout = unlimited[i];
        EXPECT_OK(deed_statement_prepare(database, "RETURN 1", 8, &options, &statement, ERR));
        deed_statement_destroy(statement);
    }
    EXPECT_OK(deed_statement_prepare(database, text, strlen(text), NULL, &statement, ERR));
    deed_statement_destroy(statement);
    free(text);
}

/* ---- Procedures, reports, handles -------------------------------------------------------------------------------- */

static void tables_become_procedures(deed_database *database) {
    deed_value cells[2][2] = {{integer_value(1), text_value("one")}, {integer_value(2), text_value("two")}};
    deed_value items[2] = {{.type = DEED_LIST, .as.list = {cells[0], 2}}, {.type = DEED_LIST, .as.list = {cells[1], 2}}};
    deed_value rows = {.type = DEED_LIST, .as.list = {items, 2}};
    const char *signature = "name.of(x :: INTEGER) :: (name :: STRING)";
    EXPECT_OK(deed_procedure_register(database, signature, strlen(signature), &rows, ERR));
    deed_result *result = execute(database, NULL, "CALL name.of(2) YIELD name RETURN name");
    const deed_value *row;
    EXPECT_OK(deed_result_next(result, &row, ERR));
    CHECK(row != NULL && is_text(row, "two"));
    deed_result_destroy(result);
    EXPECT(DEED_TYPE_MISMATCH, deed_procedure_register(database, signature, strlen(signature), &cells[0][0], ERR));
    EXPECT(DEED_TYPE_MISMATCH, deed_procedure_register(database, signature, strlen(signature), NULL, ERR));
    items[0] = integer_value(1);
    EXPECT(DEED_TYPE_MISMATCH, deed_procedure_register(database, signature, strlen(signature), &rows, ERR));
}

static void reports_are_taken_out_once(deed_database *database) {
    char *json;
    size_t size;
    EXPECT_OK(deed_reports_drain(database, &json, &size, ERR));
    deed_text_destroy(json);
    deed_result *result = execute(database, NULL, "UNWIND [1, 2] AS x RETURN x, \"quoted\"");
    const deed_value *row;
    while (EXPECT_OK(deed_result_next(result, &row, ERR)) && row != NULL) {}
    deed_result_destroy(result);
    EXPECT_OK(deed_reports_drain(database, &json, &size, ERR));
    CHECK(size == strlen(json) && json[0] == '[' && json[size - 1] == ']');
    CHECK(strstr(json, "\"rows\":2") != NULL && strstr(json, "\\\"quoted\\\"") != NULL);
    deed_text_destroy(json);
    EXPECT_OK(deed_reports_drain(database, &json, &size, ERR));
    CHECK(strcmp(json, "[]") == 0);
    deed_text_destroy(json);
}

static void plans_are_set_and_cleared(deed_database *database) {
    const char *query = "MATCH (a:PlanA)-[:R]->(b:PlanB) RETURN count(*) AS n";
    char *plan, *json;
    size_t plan_size, size;
    bool was_set;
    EXPECT_OK(deed_plan_explain(database, query, strlen(query), NULL, 0, &plan, &plan_size, ERR));
    CHECK(plan_size == strlen(plan) && strstr(plan, "\"operators\":[{") != NULL);
    EXPECT_OK(deed_plan_set(database, query, strlen(query), plan, plan_size, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_plan_set(database, query, strlen(query), "{}", 2, ERR));
    EXPECT_OK(deed_plans(database, &json, &size, ERR));
    CHECK(strstr(json, "PlanA") != NULL);
    deed_text_destroy(json);
    EXPECT_OK(deed_plan_clear(database, query, strlen(query), &was_set, ERR));
    CHECK(was_set);
    EXPECT_OK(deed_plan_clear(database, query, strlen(query), &was_set, ERR));
    CHECK(!was_set);
    EXPECT_OK(deed_plan_space(database, query, strlen(query), &json, &size, ERR));
    CHECK(strstr(json, "\"candidates\":[{") != NULL);
    deed_text_destroy(json);
    EXPECT_OK(deed_plan_explain(database, query, strlen(query), plan, plan_size, &json, &size, ERR));
    CHECK(strcmp(json, plan) == 0);
    deed_text_destroy(json);
    deed_text_destroy(plan);
    EXPECT(DEED_INVALID_ARGUMENT, deed_plan_explain(database, query, strlen(query), NULL, 0, NULL, NULL, ERR));
}

static void handles_may_end_in_any_order(void) {
    deed_database *database = open_in_memory();
    uint32_t collection = collection_of(database, "H"), key = key_of(database, "x");
    for (int64_t i = 0; i < 5000; i++) add_entity(database, NULL, collection, key, i);
    deed_statement *statement = prepare(database, "MATCH (h:H) RETURN h.x");
    deed_result *first, *second;
    const deed_value *row;
    EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &first, ERR));
    EXPECT_OK(deed_statement_execute(statement, NULL, NULL, &second, ERR));
    EXPECT_OK(deed_result_next(first, &row, ERR));
    deed_statement_destroy(statement);
    deed_result_destroy(second);
    statement = prepare(database, "RETURN 1");
    EXPECT_OK(deed_database_close(database, ERR));
    EXPECT(DEED_CLOSED, deed_result_next(first, &row, ERR));
    EXPECT(DEED_CLOSED, deed_statement_execute(statement, NULL, NULL, &second, ERR));
    deed_statement *late;
    EXPECT(DEED_CLOSED, deed_statement_prepare(database, "RETURN 1", 8, NULL, &late, ERR));
    deed_database_destroy(database);
    deed_result_destroy(first);
    deed_statement_destroy(statement);
}

void test_queries(void) {
    deed_database *database = open_in_memory();
    parameters_are_bound_by_name_and_found_by_position(database);
    values_come_back_as_they_were_bound(database);
    bad_arguments(database);
    errors_say_what_and_where(database);
    changes_are_counted(database);
    statements_run_in_transactions(database);
    a_thread_begins_and_commits_by_statements(database);
    elements_and_paths(database);
    rows_can_be_looked_at_first(database);
    mixed_columns_on_the_way_to_arrow(database);
    long_queries_can_be_stopped(database);
    planning_can_be_stopped(database);
    tables_become_procedures(database);
    reports_are_taken_out_once(database);
    plans_are_set_and_cleared(database);
    check_sound(database);
    close_and_destroy(database);
    results_leave_as_arrow();
    handles_may_end_in_any_order();
}
