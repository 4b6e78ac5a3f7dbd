/* scans.c - tables read from end to end, by record and as Arrow streams that C consumes. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 20000 }; /* more than one segment */

static uint64_t count_rows(deed_database *database, deed_transaction *transaction, deed_kind kind, uint32_t table) {
    deed_scan *scan;
    const deed_record *record;
    uint64_t rows = 0, last = 0;
    if (!EXPECT_OK(deed_scan_begin(database, transaction, kind, table, &scan, ERR))) return 0;
    while (EXPECT_OK(deed_scan_next(scan, &record, ERR)) && record != NULL) {
        CHECK(record->id > last);
        CHECK_EQUAL(table, record->table);
        last = record->id;
        rows++;
    }
    EXPECT_OK(deed_scan_next(scan, &record, ERR)); /* the end stays the end */
    CHECK(record == NULL);
    deed_scan_destroy(scan);
    return rows;
}

static void scans_meet_every_row_once(deed_database *database, uint32_t collection, uint32_t key) {
    deed_scan *scan;
    const deed_record *record;
    int64_t expected = 0;
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_ENTITY, collection, &scan, ERR));
    while (EXPECT_OK(deed_scan_next(scan, &record, ERR)) && record != NULL) {
        CHECK(record->property_count == (expected % 2 == 0 ? 2 : 1) && record->properties[0].key == key);
        CHECK_EQUAL((uint64_t)expected, (uint64_t)record->properties[0].value.as.integer);
        expected++;
    }
    CHECK_EQUAL(ROWS, expected);
    deed_scan_destroy(scan);
    CHECK_EQUAL(ROWS, deed_table_count(database, DEED_ENTITY, collection));
    CHECK_EQUAL(0, count_rows(database, NULL, DEED_ENTITY, 54321));
    CHECK_EQUAL(0, count_rows(database, NULL, DEED_ENTITY, DEED_ANY));
    CHECK_EQUAL(0, count_rows(database, NULL, DEED_RELATIONSHIP, 54321));
}

static void scans_keep_their_snapshot(deed_database *database) {
    uint32_t collection = collection_of(database, "Changing"), key = key_of(database, "n");
    uint64_t first = add_entity(database, NULL, collection, key, 0);
    for (int64_t i = 1; i < 100; i++) add_entity(database, NULL, collection, key, i);
    deed_scan *scan;
    const deed_record *record;
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_ENTITY, collection, &scan, ERR));
    EXPECT_OK(deed_scan_next(scan, &record, ERR));
    CHECK(record != NULL && record->id == first);
    deed_property changed = with_integer(key, -7);
    EXPECT_OK(deed_record_update(database, NULL, DEED_ENTITY, first + 50, &changed, 1, false, ERR));
    EXPECT_OK(deed_entity_delete(database, NULL, first + 51, false, ERR));
    add_entity(database, NULL, collection, key, 100);
    int64_t rows = 1;
    while (EXPECT_OK(deed_scan_next(scan, &record, ERR)) && record != NULL) {
        CHECK_EQUAL((uint64_t)rows, (uint64_t)record->properties[0].value.as.integer);
        rows++;
    }
    CHECK_EQUAL(100, rows);
    deed_scan_destroy(scan);
    CHECK_EQUAL(100, count_rows(database, NULL, DEED_ENTITY, collection));
}

static void bad_arguments(deed_database *database) {
    deed_scan *scan = (deed_scan *)8;
    struct ArrowArrayStream stream;
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_begin(database, NULL, (deed_kind)7, 0, &scan, ERR));
    CHECK(scan == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_begin(database, NULL, DEED_ENTITY, 0, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_arrow(database, NULL, (deed_kind)7, 0, &stream, ERR));
    CHECK(stream.release == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_scan_arrow(database, NULL, DEED_ENTITY, 0, NULL, ERR));
    CHECK_EQUAL(0, deed_table_count(database, (deed_kind)7, 0));
}

/* ---- Arrow ------------------------------------------------------------------------------------------------------ */

/* The position of a column, or -1. */
static int64_t column_named(const struct ArrowSchema *schema, const char *name) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (strcmp(schema->children[i]->name, name) == 0) return i;
    return -1;
}

static bool is_valid(const struct ArrowArray *array, int64_t row) {
    const uint8_t *bits = array->buffers[0];
    row += array->offset;
    return bits == NULL || (bits[row / 8] >> (row % 8) & 1) != 0;
}

static void columns_arrive_typed(deed_database *database, uint32_t collection) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    if (!EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &stream, ERR))) return;
    CHECK_EQUAL(0, (uint64_t)stream.get_schema(&stream, &schema));
    CHECK(strcmp(schema.format, "+s") == 0);
    CHECK(schema.n_children == 3 && strcmp(schema.children[0]->name, "_id") == 0);
    CHECK(strcmp(schema.children[0]->format, "L") == 0);
    int64_t n = column_named(&schema, "n"), name = column_named(&schema, "name"), rows = 0;
    if (!CHECK(n > 0 && name > 0)) return;
    CHECK(strcmp(schema.children[n]->format, "l") == 0);
    bool large = strcmp(schema.children[name]->format, "U") == 0;
    CHECK(large || strcmp(schema.children[name]->format, "u") == 0 || strcmp(schema.children[name]->format, "vu") == 0);
    schema.release(&schema);
    CHECK(schema.release == NULL);
    while (CHECK(stream.get_next(&stream, &batch) == 0) && batch.release != NULL) {
        CHECK(batch.n_children == 3);
        const struct ArrowArray *numbers = batch.children[n], *ids = batch.children[0];
        CHECK_EQUAL((uint64_t)batch.length, (uint64_t)numbers->length);
        for (int64_t i = 0; i < batch.length; i++) {
            CHECK(is_valid(ids, i) && is_valid(numbers, i));
            CHECK(((const int64_t *)numbers->buffers[1])[numbers->offset + i] == rows + i);
            CHECK(is_valid(batch.children[name], i) == ((rows + i) % 2 == 0));
        }
        rows += batch.length;
        batch.release(&batch);
        CHECK(batch.release == NULL);
    }
    CHECK_EQUAL(ROWS, rows);
    CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == NULL); /* the end stays the end */
    stream.release(&stream);
    CHECK(stream.release == NULL);
}

/* A column of numbers, texts and lists: all of it becomes text. */
static void mixed_columns_become_text(deed_database *database) {
    uint32_t collection = collection_of(database, "Mixed"), key = key_of(database, "mixed");
    deed_value items[2] = {with_integer(0, 1).value, with_text(0, "x").value};
    deed_property list = {.key = key, .value = {.type = DEED_LIST, .as.list = {items, 2}}};
    deed_property values[3] = {with_integer(key, 7), with_text(key, "seven"), list};
    uint64_t id;
    for (size_t i = 0; i < 3; i++)
        EXPECT_OK(deed_entity_add(database, NULL, collection, &values[i], 1, &id, ERR));
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    if (!EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &stream, ERR))) return;
    CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 2);
    CHECK(strchr("uU", schema.children[1]->format[0]) != NULL);
    bool large = schema.children[1]->format[0] == 'U';
    schema.release(&schema);
    if (CHECK(stream.get_next(&stream, &batch) == 0 && batch.release != NULL && batch.length == 3)) {
        const struct ArrowArray *column = batch.children[1];
        const char *text = column->buffers[2];
        const int32_t *small_offsets = column->buffers[1];
        const int64_t *large_offsets = column->buffers[1];
        CHECK(text[0] == '7');
        int64_t start = large ? large_offsets[1] : small_offsets[1], end = large ? large_offsets[2] : small_offsets[2];
        CHECK(end - start == 5 && memcmp(text + start, "seven", 5) == 0);
        CHECK(text[end] == '[');
        batch.release(&batch);
    }
    stream.release(&stream);
}

static void relationships_have_ends(deed_database *database) {
    uint32_t type = type_of(database, "TO");
    uint64_t a = add_entity(database, NULL, collection_of(database, "End"), DEED_ANY, 0), id;
    id = add_relationship(database, NULL, a, a, type);
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    if (!EXPECT_OK(deed_scan_arrow(database, NULL, DEED_RELATIONSHIP, type, &stream, ERR))) return;
    CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 3);
    CHECK(column_named(&schema, "_id") == 0 && column_named(&schema, "_src") == 1);
    CHECK(column_named(&schema, "_dst") == 2);
    schema.release(&schema);
    if (CHECK(stream.get_next(&stream, &batch) == 0 && batch.release != NULL && batch.length == 1)) {
        CHECK_EQUAL(id, *(const uint64_t *)batch.children[0]->buffers[1]);
        CHECK_EQUAL(a, *(const uint64_t *)batch.children[1]->buffers[1]);
        CHECK_EQUAL(a, *(const uint64_t *)batch.children[2]->buffers[1]);
        batch.release(&batch);
    }
    stream.release(&stream);
}

/* An empty table gives a schema and no batch; an unused stream and a child moved out may be released on their own. */
static void streams_may_end_early(deed_database *database, uint32_t collection) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, 54321, &stream, ERR));
    CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 1);
    schema.release(&schema);
    while (CHECK(stream.get_next(&stream, &batch) == 0) && batch.release != NULL) {
        CHECK_EQUAL(0, batch.length);
        batch.release(&batch);
    }
    stream.release(&stream);

    EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &stream, ERR));
    stream.release(&stream);

    EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &stream, ERR));
    if (CHECK(stream.get_next(&stream, &batch) == 0 && batch.release != NULL)) {
        struct ArrowArray child = *batch.children[0]; /* moved, as the specification allows */
        batch.children[0]->release = NULL;
        batch.release(&batch);
        CHECK(((const uint64_t *)child.buffers[1])[child.offset] > 0);
        child.release(&child);
    }
    stream.release(&stream);
}

static void streams_outlive_the_database(void) {
    deed_database *database = open_in_memory();
    uint32_t collection = collection_of(database, "Kept");
    for (int64_t i = 0; i < 10; i++) add_entity(database, NULL, collection, key_of(database, "k"), i);
    struct ArrowArrayStream stream, late;
    struct ArrowArray batch;
    EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &stream, ERR));
    EXPECT_OK(deed_scan_arrow(database, NULL, DEED_ENTITY, collection, &late, ERR));
    bool first = CHECK(stream.get_next(&stream, &batch) == 0 && batch.release != NULL);
    deed_database_destroy(database);
    if (first) {
        const struct ArrowArray *numbers = batch.children[1];
        for (int64_t i = 0; i < 10; i++)
            CHECK(((const int64_t *)numbers->buffers[1])[numbers->offset + i] == i);
        batch.release(&batch);
    }
    stream.release(&stream);
    /* What was not fetched before closing is an error with words, and no crash. */
    if (late.get_next(&late, &batch) != 0) {
        CHECK(late.get_last_error(&late) != NULL);
    } else if (batch.release != NULL) {
        batch.release(&batch);
    }
    late.release(&late);
}

void test_scans(void) {
    deed_database *database = open_in_memory();
    uint32_t collection = collection_of(database, "Row"), key = key_of(database, "n"), name = key_of(database, "name");
    deed_transaction *transaction = begin(database);
    for (int64_t i = 0; i < ROWS; i++) {
        deed_property properties[2] = {with_integer(key, i), with_text(name, "even")};
        if (i % 2 != 0) properties[1].value.type = DEED_NULL;
        uint64_t id;
        EXPECT_OK(deed_entity_add(database, transaction, collection, properties, 2, &id, ERR));
    }
    CHECK_EQUAL(ROWS, count_rows(database, transaction, DEED_ENTITY, collection)); /* its own writes */
    CHECK_EQUAL(0, count_rows(database, NULL, DEED_ENTITY, collection));           /* nobody else's yet */
    commit_and_destroy(transaction);
    scans_meet_every_row_once(database, collection, key);
    columns_arrive_typed(database, collection);
    mixed_columns_become_text(database);
    relationships_have_ends(database);
    streams_may_end_early(database, collection);
    scans_keep_their_snapshot(database);
    bad_arguments(database);
    deed_scan *scan;
    EXPECT_OK(deed_scan_begin(database, NULL, DEED_ENTITY, collection, &scan, ERR));
    deed_scan_destroy(scan); /* before its end */
    check_sound(database);
    close_and_destroy(database);
    streams_outlive_the_database();
}
