/* bulk.c - loading from Arrow streams: streams made by hand, good ones and bad ones. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- A stream of batches over columns that the tests describe ---------------------------------------------------- */

typedef struct test_column {
    const char *name, *format;
    const void *buffers[3]; /* validity, then what the format asks for */
    int64_t buffer_count;
} test_column;

/* What a stream is to do, and what was done to it. */
typedef struct test_stream {
    const test_column *columns;
    int64_t column_count, rows, batches;
    bool fails_schema, fails_next;
    int64_t served;
    int released;
} test_stream;

typedef struct batch_memory {
    struct ArrowArray children[8], *pointers[8];
} batch_memory;
typedef struct schema_memory {
    struct ArrowSchema children[8], *pointers[8];
} schema_memory;

static const void *no_buffers[1] = {NULL};

static void release_child_array(struct ArrowArray *array) { array->release = NULL; }
static void release_child_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void release_batch(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
    free(array->private_data);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
    free(schema->private_data);
    schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    test_stream *self = stream->private_data;
    if (self->fails_schema) return EIO;
    schema_memory *memory = calloc(1, sizeof *memory);
    for (int64_t i = 0; i < self->column_count; i++) {
        memory->children[i] = (struct ArrowSchema){.format = self->columns[i].format, .name = self->columns[i].name,
                                                   .flags = ARROW_FLAG_NULLABLE, .release = release_child_schema};
        memory->pointers[i] = &memory->children[i];
    }
    *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = self->column_count,
                                .children = memory->pointers, .release = release_schema, .private_data = memory};
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    test_stream *self = stream->private_data;
    *out = (struct ArrowArray){.release = NULL};
    if (self->fails_next && self->served == self->batches) return ENOMEM;
    if (self->served == self->batches) return 0;
    self->served++;
    batch_memory *memory = calloc(1, sizeof *memory);
    for (int64_t i = 0; i < self->column_count; i++) {
        test_column *column = (test_column *)&self->columns[i];
        memory->children[i] = (struct ArrowArray){
            .length = self->rows, .null_count = column->buffers[0] == NULL ? 0 : -1, .n_buffers = column->buffer_count,
            .buffers = column->buffers, .release = release_child_array};
        memory->pointers[i] = &memory->children[i];
    }
    *out = (struct ArrowArray){.length = self->rows, .n_buffers = 1, .buffers = no_buffers,
                               .n_children = self->column_count, .children = memory->pointers,
                               .release = release_batch, .private_data = memory};
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return "the stream of the test failed";
}

static void release_stream(struct ArrowArrayStream *stream) {
    ((test_stream *)stream->private_data)->released++;
    stream->release = NULL;
}

static struct ArrowArrayStream stream_of(test_stream *self) {
    return (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, self};
}

/* ---- Entities --------------------------------------------------------------------------------------------------- */

static const int64_t integers[4] = {1, -2, INT64_MAX, 4};
static const int32_t small_integers[4] = {1, -2, 3, INT32_MIN};
static const uint64_t unsigned_integers[4] = {1, 2, 3, 4}, too_large[4] = {1, 2, UINT64_MAX, 4};
static const double numbers[4] = {1.5, 2.5, 3.5, 4.5};
static const int32_t offsets[5] = {0, 3, 3, 6, 12}, offsets_backwards[5] = {0, 3, 2, 6, 12};
static const char characters[] = "oneséxeleven";
static const uint8_t third_is_null[1] = {0x0B}, booleans[1] = {0x05};
static const int32_t days[4] = {0, 1, -1, 20000};
static const int64_t microseconds[4] = {0, 1, -1, 1700000000123456};

static const test_column typed_columns[] = {
    {"integer", "l", {NULL, integers}, 2},       {"small", "i", {NULL, small_integers}, 2},
    {"number", "g", {third_is_null, numbers}, 2}, {"text", "u", {NULL, offsets, characters}, 3},
    {"flag", "b", {NULL, booleans}, 2},          {"day", "tdD", {NULL, days}, 2},
    {"moment", "tsu:", {NULL, microseconds}, 2}, {"unsigned", "L", {NULL, unsigned_integers}, 2},
};

static const deed_value *value_of(const deed_record *record, uint32_t key) {
    for (uint32_t i = 0; record != NULL && i < record->property_count; i++)
        if (record->properties[i].key == key) return &record->properties[i].value;
    return NULL;
}

static void columns_become_properties(deed_database *database) {
    test_stream rows = {.columns = typed_columns, .column_count = COUNT(typed_columns), .rows = 4, .batches = 3};
    struct ArrowArrayStream stream = stream_of(&rows);
    uint32_t collection = collection_of(database, "Typed");
    deed_ids *ids;
    if (!EXPECT_OK(deed_entities_load(database, NULL, collection, &stream, NULL, NULL, &ids, ERR))) return;
    CHECK_EQUAL(1, rows.released);
    CHECK_EQUAL(12, deed_ids_count(ids));
    CHECK(deed_ids_depths(ids) == NULL);
    CHECK_EQUAL(12, deed_table_count(database, DEED_ENTITY, collection));
    deed_buffer *buffer;
    const deed_record *record;
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    for (size_t i = 0; i < deed_ids_count(ids); i++) {
        size_t row = i % 4;
        EXPECT_OK(deed_record_get(database, NULL, DEED_ENTITY, deed_ids_data(ids)[i], buffer, &record, ERR));
        const deed_value *value = value_of(record, key_of(database, "integer"));
        CHECK(value != NULL && value->type == DEED_INT64 && value->as.integer == integers[row]);
        value = value_of(record, key_of(database, "small"));
        CHECK(value != NULL && value->type == DEED_INT64 && value->as.integer == small_integers[row]);
        value = value_of(record, key_of(database, "number"));
        CHECK(row == 2 ? value == NULL : value != NULL && value->as.number == numbers[row]);
        value = value_of(record, key_of(database, "text"));
        size_t size = (size_t)(offsets[row + 1] - offsets[row]);
        CHECK(value != NULL && value->as.text.size == size
              && memcmp(value->as.text.data, characters + offsets[row], size) == 0);
        value = value_of(record, key_of(database, "flag"));
        CHECK(value != NULL && value->type == DEED_BOOL && value->as.boolean == (row % 2 == 0));
        value = value_of(record, key_of(database, "day"));
        CHECK(value != NULL && value->type == DEED_DATE && value->as.integer == days[row]);
        value = value_of(record, key_of(database, "moment"));
        CHECK(value != NULL && value->type == DEED_LOCAL_DATETIME && value->as.datetime.nanoseconds < 1000000000);
        if (row == 2) CHECK(value->as.datetime.seconds == -1 && value->as.datetime.nanoseconds == 999999000);
        value = value_of(record, key_of(database, "unsigned"));
        CHECK(value != NULL && value->as.integer == (int64_t)unsigned_integers[row]);
    }
    deed_buffer_destroy(buffer);
    deed_ids_destroy(ids);
}

static void empty_streams_are_fine(deed_database *database) {
    test_stream rows = {.columns = typed_columns, .column_count = 1, .rows = 0, .batches = 0};
    for (rows.batches = 0; rows.batches < 2; rows.batches++) {
        rows.served = rows.released = 0;
        struct ArrowArrayStream stream = stream_of(&rows);
        deed_ids *ids;
        EXPECT_OK(deed_entities_load(database, NULL, collection_of(database, "Empty"), &stream, NULL, NULL, &ids, ERR));
        CHECK_EQUAL(0, deed_ids_count(ids));
        CHECK_EQUAL(1, rows.released);
        deed_ids_destroy(ids);
    }
}

/* Streams that break a rule each; whatever happens, the stream is released once and no row is there. */
static void bad_streams_leave_nothing(deed_database *database) {
    static const char malformed[] = "one\xFFsixeleven!";
    static const test_column twice[2] = {{"a", "l", {NULL, integers}, 2}, {"a", "l", {NULL, integers}, 2}};
    static const test_column bad[] = {
        {"a", "?!", {NULL, integers}, 2}, {"a", "", {NULL, integers}, 2}, {"a", "l", {NULL, NULL}, 2},
        {"a", "l", {NULL, integers}, 1}, {"a", "u", {NULL, offsets, malformed}, 3},
        {"a", "u", {NULL, offsets_backwards, characters}, 3}, {"a", "L", {NULL, too_large}, 2},
        {"\xFF", "l", {NULL, integers}, 2}, {"a", "+l", {NULL, offsets}, 2}, {"a", "+w:4", {NULL}, 1},
    };
    test_stream streams[16];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(bad); i++)
        streams[count++] = (test_stream){.columns = &bad[i], .column_count = 1, .rows = 4, .batches = 1};
    streams[count++] = (test_stream){.columns = twice, .column_count = 2, .rows = 4, .batches = 1};
    streams[count++] = (test_stream){.columns = twice, .column_count = 1, .rows = -4, .batches = 1};
    streams[count++] = (test_stream){.columns = twice, .column_count = 1, .rows = 4, .batches = 1,
                                     .fails_schema = true};
    streams[count++] = (test_stream){.columns = twice, .column_count = 1, .rows = 4, .batches = 2, .fails_next = true};
    uint32_t collection = collection_of(database, "Bad");
    for (size_t i = 0; i < count; i++) {
        struct ArrowArrayStream stream = stream_of(&streams[i]);
        deed_ids *ids = (deed_ids *)8;
        deed_status status = deed_entities_load(database, NULL, collection, &stream, NULL, NULL, &ids, ERR);
        if (!CHECK(status != DEED_OK && status != DEED_INTERNAL)) fprintf(stderr, "  bad stream %zu: %d\n", i, status);
        drop_error();
        if (status == DEED_OK) deed_ids_destroy(ids); else CHECK(ids == NULL);
        CHECK_EQUAL(1, streams[i].released);
        CHECK(stream.release == NULL);
    }
    CHECK_EQUAL(0, deed_table_count(database, DEED_ENTITY, collection));
    deed_ids *ids;
    EXPECT(DEED_INVALID_ARGUMENT, deed_entities_load(database, NULL, collection, NULL, NULL, NULL, &ids, ERR));
    struct ArrowArrayStream released = {.release = NULL};
    EXPECT(DEED_INVALID_ARGUMENT, deed_entities_load(database, NULL, collection, &released, NULL, NULL, &ids, ERR));
}

static bool stop(void *calls, uint64_t done, uint64_t total) {
    (void)done;
    (void)total;
    return ++*(int *)calls < 1;
}

static void loading_can_be_stopped(deed_database *database) {
    enum { MANY = 200000 };
    int64_t *values = calloc(MANY, sizeof *values);
    test_column column = {"n", "l", {NULL, values}, 2};
    test_stream rows = {.columns = &column, .column_count = 1, .rows = MANY, .batches = 5};
    struct ArrowArrayStream stream = stream_of(&rows);
    uint32_t collection = collection_of(database, "Stopped");
    deed_ids *ids;
    int calls = 0;
    EXPECT(DEED_INTERRUPTED, deed_entities_load(database, NULL, collection, &stream, stop, &calls, &ids, ERR));
    CHECK_EQUAL(1, (uint64_t)calls);
    CHECK_EQUAL(1, rows.released);
    CHECK_EQUAL(0, deed_table_count(database, DEED_ENTITY, collection));
    free(values);
}

/* ---- Relationships ---------------------------------------------------------------------------------------------- */

static void relationships_load(deed_database *database, deed_transaction *transaction) {
    uint32_t vertex = collection_of(database, "Vertex"), type = type_of(database, "LOADED");
    uint64_t before = deed_table_count(database, DEED_RELATIONSHIP, type);
    uint64_t ids[5], sources[4], targets[4];
    for (int i = 0; i < 5; i++) ids[i] = add_entity(database, transaction, vertex, DEED_ANY, 0);
    for (int i = 0; i < 4; i++) {
        sources[i] = ids[4 - i];
        targets[i] = ids[0];
    }
    test_stream rows = {.columns = typed_columns, .column_count = 4, .rows = 4, .batches = 1};
    struct ArrowArrayStream stream = stream_of(&rows);
    deed_ids *loaded;
    deed_buffer *buffer;
    const deed_record *record;
    EXPECT_OK(deed_relationships_load(database, transaction, type, sources, targets, 4, &stream, NULL, NULL, &loaded,
                                      ERR));
    CHECK_EQUAL(1, rows.released);
    CHECK_EQUAL(4, deed_ids_count(loaded));
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    for (size_t i = 0; i < 4; i++) {
        EXPECT_OK(deed_record_get(database, transaction, DEED_RELATIONSHIP, deed_ids_data(loaded)[i], buffer, &record,
                                  ERR));
        CHECK(record != NULL && record->source == sources[i] && record->target == targets[i]);
        const deed_value *value = value_of(record, key_of(database, "integer"));
        CHECK(value != NULL && value->as.integer == integers[i]);
    }
    uint64_t degree;
    EXPECT_OK(deed_degree(database, transaction, ids[0], type, DEED_IN, &degree, ERR));
    CHECK_EQUAL(4, degree);
    deed_ids_destroy(loaded);
    EXPECT_OK(deed_relationships_load(database, transaction, type, NULL, NULL, 0, NULL, NULL, NULL, &loaded, ERR));
    CHECK_EQUAL(0, deed_ids_count(loaded));
    deed_ids_destroy(loaded);
    deed_buffer_destroy(buffer);
    CHECK_EQUAL(before + (transaction == NULL ? 4 : 0), deed_table_count(database, DEED_RELATIONSHIP, type));
}

static void bad_relationships_leave_nothing(deed_database *database) {
    uint32_t type = type_of(database, "UNLOADED");
    uint64_t known = add_entity(database, NULL, collection_of(database, "Vertex"), DEED_ANY, 0);
    uint64_t good[4] = {known, known, known, known}, missing[4] = {known, known, known + 1000000, known};
    deed_ids *ids;
    EXPECT(DEED_NOT_FOUND,
           deed_relationships_load(database, NULL, type, missing, good, 4, NULL, NULL, NULL, &ids, ERR));
    CHECK(ids == NULL);
    EXPECT(DEED_NOT_FOUND,
           deed_relationships_load(database, NULL, type, good, missing, 4, NULL, NULL, NULL, &ids, ERR));
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_relationships_load(database, NULL, type, NULL, good, 4, NULL, NULL, NULL, &ids, ERR));
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_relationships_load(database, NULL, DEED_ANY, good, good, 4, NULL, NULL, NULL, &ids, ERR));
    for (int64_t rows = 3; rows <= 5; rows += 2) { /* too few and too many rows of properties */
        test_column column = {"n", "l", {NULL, integers}, 2};
        test_stream properties = {.columns = &column, .column_count = 1, .rows = rows == 3 ? 3 : 4,
                                  .batches = rows == 3 ? 1 : 2};
        struct ArrowArrayStream stream = stream_of(&properties);
        EXPECT(DEED_INVALID_ARGUMENT,
               deed_relationships_load(database, NULL, type, good, good, 4, &stream, NULL, NULL, &ids, ERR));
        CHECK_EQUAL(1, properties.released);
    }
    CHECK_EQUAL(0, deed_table_count(database, DEED_RELATIONSHIP, type));
    uint64_t degree;
    EXPECT_OK(deed_degree(database, NULL, known, DEED_ANY, DEED_BOTH, &degree, ERR));
    CHECK_EQUAL(0, degree);
}

/* What a transaction loaded goes with it. */
static void loads_roll_back(deed_database *database) {
    uint64_t before = statistics_of(database).entity_count;
    deed_transaction *transaction = begin(database);
    relationships_load(database, transaction);
    EXPECT_OK(deed_transaction_rollback(transaction, ERR));
    deed_transaction_destroy(transaction);
    CHECK_EQUAL(before, statistics_of(database).entity_count);
}

void test_bulk(void) {
    deed_database *database = open_on_disk(scratch_path("bulk"));
    columns_become_properties(database);
    empty_streams_are_fine(database);
    bad_streams_leave_nothing(database);
    loading_can_be_stopped(database);
    relationships_load(database, NULL);
    bad_relationships_leave_nothing(database);
    loads_roll_back(database);
    check_sound(database);
    close_and_destroy(database);
}
