/* values.c - every type of value goes in and comes out the same, and values that are none are refused. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_bytes(const char *a, size_t a_size, const char *b, size_t b_size) {
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool same(const deed_value *a, const deed_value *b);

/* Maps do not keep their order, so each entry is looked for. */
static bool same_maps(const deed_value *a, const deed_value *b) {
    if (a->as.map.count != b->as.map.count) return false;
    for (size_t i = 0; i < a->as.map.count; i++) {
        const deed_map_entry *wanted = &a->as.map.entries[i];
        bool found = false;
        for (size_t j = 0; j < b->as.map.count && !found; j++) {
            const deed_map_entry *entry = &b->as.map.entries[j];
            found = same_bytes(wanted->key, wanted->key_size, entry->key, entry->key_size)
                && same(&wanted->value, &entry->value);
        }
        if (!found) return false;
    }
    return true;
}

static bool same(const deed_value *a, const deed_value *b) {
    if (a->type != b->type) return false;
    switch ((deed_type)a->type) {
    case DEED_NULL: return true;
    case DEED_BOOL: return a->as.boolean == b->as.boolean;
    case DEED_INT64: case DEED_DATE: case DEED_LOCAL_TIME: return a->as.integer == b->as.integer;
    case DEED_ZONED_TIME: return a->as.integer == b->as.integer && a->extra == b->extra;
    case DEED_FLOAT64: return memcmp(&a->as.number, &b->as.number, sizeof(double)) == 0
        || (isnan(a->as.number) && isnan(b->as.number));
    case DEED_STRING: case DEED_BYTES:
        return same_bytes(a->as.text.data, a->as.text.size, b->as.text.data, b->as.text.size);
    case DEED_LOCAL_DATETIME:
        return a->as.datetime.seconds == b->as.datetime.seconds
            && a->as.datetime.nanoseconds == b->as.datetime.nanoseconds;
    case DEED_ZONED_DATETIME:
        return a->as.datetime.seconds == b->as.datetime.seconds && a->extra == b->extra
            && a->as.datetime.nanoseconds == b->as.datetime.nanoseconds
            && same_bytes(a->as.datetime.zone, a->as.datetime.zone_size, b->as.datetime.zone, b->as.datetime.zone_size);
    case DEED_DURATION:
        return a->as.duration.months == b->as.duration.months && a->as.duration.days == b->as.duration.days
            && a->as.duration.seconds == b->as.duration.seconds && a->extra == b->extra;
    case DEED_DECIMAL:
        return a->as.decimal.low == b->as.decimal.low && a->as.decimal.high == b->as.decimal.high && a->extra == b->extra;
    case DEED_LIST:
        if (a->as.list.count != b->as.list.count) return false;
        for (size_t i = 0; i < a->as.list.count; i++)
            if (!same(&a->as.list.items[i], &b->as.list.items[i])) return false;
        return true;
    case DEED_MAP: return same_maps(a, b);
    case DEED_VECTOR:
        return same_bytes((const char *)a->as.vector.items, a->as.vector.count * sizeof(float),
                          (const char *)b->as.vector.items, b->as.vector.count * sizeof(float));
    case DEED_ELEMENT_ENTITY: case DEED_ELEMENT_RELATIONSHIP: case DEED_PATH: return false; /* only in results of queries */
    }
    return false;
}

static deed_value integer(int64_t value) { return (deed_value){.type = DEED_INT64, .as.integer = value}; }
static deed_value decimal(int64_t high, uint64_t low, int32_t scale) {
    return (deed_value){.type = DEED_DECIMAL, .extra = scale, .as.decimal = {.low = low, .high = high}};
}
/* The greatest integer of 38 digits. */
#define NINES_HIGH 0x4B3B4CA85A86C47A
#define NINES_LOW 0x098A223FFFFFFFFFu
static deed_value number(double value) { return (deed_value){.type = DEED_FLOAT64, .as.number = value}; }
static deed_value bytes(deed_type type, const char *data, size_t size) {
    return (deed_value){.type = type, .as.text = {data, size}};
}
static deed_value text(const char *data) { return bytes(DEED_STRING, data, strlen(data)); }
static deed_value of_type(deed_type type, int64_t value, int32_t extra) {
    return (deed_value){.type = type, .extra = extra, .as.integer = value};
}
static deed_value datetime(deed_type type, int64_t seconds, uint32_t nanoseconds, int32_t offset, const char *zone) {
    deed_value value = {.type = type, .extra = offset};
    value.as.datetime.seconds = seconds;
    value.as.datetime.nanoseconds = nanoseconds;
    value.as.datetime.zone = zone;
    value.as.datetime.zone_size = zone == NULL ? 0 : (uint32_t)strlen(zone);
    return value;
}
static deed_value duration(int64_t months, int64_t days, int64_t seconds, int32_t nanoseconds) {
    return (deed_value){.type = DEED_DURATION, .extra = nanoseconds, .as.duration = {months, days, seconds}};
}

/* Values at the edges of every type. */
static size_t fill_samples(deed_value *samples) {
    static const float floats[4] = {0.0f, -1.5f, FLT_MAX, INFINITY};
    static deed_value items[3], inner[2];
    static deed_map_entry entries[3];
    items[0] = integer(1); items[1] = text("two"); items[2] = (deed_value){.type = DEED_NULL};
    inner[0] = (deed_value){.type = DEED_LIST, .as.list = {items, 3}};
    inner[1] = (deed_value){.type = DEED_LIST, .as.list = {NULL, 0}};
    entries[0] = (deed_map_entry){"list", 4, inner[0]};
    entries[1] = (deed_map_entry){"", 0, integer(-1)};
    entries[2] = (deed_map_entry){"nul\0l", 5, number(2.5)};
    const deed_value all[] = {
        {.type = DEED_BOOL, .as.boolean = true}, {.type = DEED_BOOL, .as.boolean = false},
        integer(0), integer(-1), integer(INT64_MIN), integer(INT64_MAX),
        number(0.0), number(-0.0), number(NAN), number(INFINITY), number(-INFINITY), number(DBL_MIN), number(DBL_MAX),
        text(""), text("short"), text("twelve bytes"), text("thirteen byte"), text("\xE2\x82\xAC and \xF0\x9F\x90\x9D"),
        bytes(DEED_STRING, "nul\0inside", 10), bytes(DEED_STRING, NULL, 0),
        bytes(DEED_BYTES, "\xFF\x00\xFE", 3), bytes(DEED_BYTES, NULL, 0),
        of_type(DEED_DATE, 0, 0), of_type(DEED_DATE, -719162, 0), of_type(DEED_DATE, 2932896, 0),
        of_type(DEED_LOCAL_TIME, 0, 0), of_type(DEED_LOCAL_TIME, 86399999999999, 0),
        of_type(DEED_ZONED_TIME, 43200000000000, 3600), of_type(DEED_ZONED_TIME, 1, -43200),
        datetime(DEED_LOCAL_DATETIME, 1700000000, 999999999, 0, NULL),
        datetime(DEED_LOCAL_DATETIME, -62135596800, 0, 0, NULL),
        datetime(DEED_ZONED_DATETIME, 1700000000, 5, 7200, "Europe/Zurich"),
        datetime(DEED_ZONED_DATETIME, -5, 1, -18000, NULL),
        duration(14, -3, 86401, 999999999), duration(-1, 0, 0, 0), duration(0, 0, 0, 0),
        decimal(0, 0, 0), decimal(0, 150, 2), decimal(-1, UINT64_MAX, 38), decimal(0, 1u << 31, 5), decimal(0, UINT64_MAX, 0),
        decimal(-1, 0, 1), decimal(NINES_HIGH, NINES_LOW, 38), decimal(-NINES_HIGH - 1, ~NINES_LOW + 1, 0),
        inner[0], inner[1], {.type = DEED_LIST, .as.list = {inner, 2}},
        {.type = DEED_MAP, .as.map = {entries, 3}}, {.type = DEED_MAP, .as.map = {NULL, 0}},
        {.type = DEED_VECTOR, .as.vector = {floats, 4}}, {.type = DEED_VECTOR, .as.vector = {NULL, 0}},
    };
    memcpy(samples, all, sizeof all);
    return COUNT(all);
}

static void check_property(deed_database *database, deed_kind kind, uint64_t id, uint32_t key,
                           const deed_value *expected) {
    deed_buffer *buffer;
    const deed_record *record;
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    if (EXPECT_OK(deed_record_get(database, NULL, kind, id, buffer, &record, ERR)) && CHECK(record != NULL)) {
        if (expected->type == DEED_NULL) {
            CHECK_EQUAL(0, record->property_count);
        } else if (CHECK_EQUAL(1, record->property_count)) {
            const deed_value *value = &record->properties[0].value;
            CHECK_EQUAL(key, record->properties[0].key);
            if (!CHECK(same(expected, value))) fprintf(stderr, "  type %u, got %u\n", expected->type, value->type);
            if (value->type == DEED_STRING) CHECK(value->as.text.data[value->as.text.size] == '\0');
        }
    }
    deed_buffer_destroy(buffer);
}

/* All values under one key of one collection, so that columns that mix types are met too, then each under a key of its
 * own, on entities and on relationships; and everything again after reopening. */
static void values_come_back(void) {
    static deed_value samples[64];
    static uint64_t mixed[64], typed[64], related[64];
    size_t count = fill_samples(samples);
    const char *path = scratch_path("values");
    deed_database *database = open_on_disk(path);
    uint32_t mixed_key = key_of(database, "mixed"), keys[64];
    uint32_t sample = collection_of(database, "Sample"), single = collection_of(database, "Single");
    uint32_t type = type_of(database, "RELATED");
    deed_transaction *transaction = begin(database);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "key-%zu", i);
        keys[i] = key_of(database, name);
        deed_property property = {.key = mixed_key, .value = samples[i]};
        EXPECT_OK(deed_entity_add(database, transaction, sample, &property, 1, &mixed[i], ERR));
        property.key = keys[i];
        EXPECT_OK(deed_entity_add(database, transaction, single, &property, 1, &typed[i], ERR));
        EXPECT_OK(deed_relationship_add(database, transaction, mixed[i], typed[i], type, &property, 1, &related[i],
                                        ERR));
    }
    commit_and_destroy(transaction);
    for (int opened = 0; opened < 2; opened++) {
        for (size_t i = 0; i < count; i++) {
            check_property(database, DEED_ENTITY, mixed[i], mixed_key, &samples[i]);
            check_property(database, DEED_ENTITY, typed[i], keys[i], &samples[i]);
            check_property(database, DEED_RELATIONSHIP, related[i], keys[i], &samples[i]);
        }
        check_sound(database);
        close_and_destroy(database);
        database = open_on_disk(path);
    }
    close_and_destroy(database);
}

/* One row takes every value in turn. */
static void a_property_may_change_its_type(deed_database *database) {
    static deed_value samples[64];
    size_t count = fill_samples(samples);
    uint32_t key = key_of(database, "changing");
    uint64_t id = add_entity(database, NULL, collection_of(database, "Changing"), key, 1);
    for (size_t i = 0; i < count; i++) {
        deed_property property = {.key = key, .value = samples[i]};
        EXPECT_OK(deed_record_update(database, NULL, DEED_ENTITY, id, &property, 1, false, ERR));
        check_property(database, DEED_ENTITY, id, key, &samples[i]);
    }
    deed_property nothing = {.key = key, .value = {.type = DEED_NULL}};
    EXPECT_OK(deed_record_update(database, NULL, DEED_ENTITY, id, &nothing, 1, false, ERR));
    check_property(database, DEED_ENTITY, id, key, &nothing.value);
}

static void long_values_come_back(deed_database *database) {
    const size_t size = 16u << 20;
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++) data[i] = (char)('a' + i % 26);
    uint32_t key = key_of(database, "long"), collection = collection_of(database, "Long");
    const deed_type types[] = {DEED_STRING, DEED_BYTES};
    for (size_t i = 0; i < COUNT(types); i++) {
        deed_property property = with_bytes(key, types[i], data, size);
        uint64_t id;
        EXPECT_OK(deed_entity_add(database, NULL, collection, &property, 1, &id, ERR));
        check_property(database, DEED_ENTITY, id, key, &property.value);
    }
    free(data);
}

static void expect_refusal(deed_database *database, deed_value value) {
    static const deed_status reasons[] = {DEED_INVALID_ARGUMENT, DEED_TYPE_MISMATCH, DEED_LIMIT_EXCEEDED};
    uint32_t collection = collection_of(database, "Refused");
    deed_property property = {.key = key_of(database, "refused"), .value = value};
    uint64_t id = 5;
    deed_status status = deed_entity_add(database, NULL, collection, &property, 1, &id, ERR);
    bool refused = false;
    for (size_t i = 0; i < COUNT(reasons); i++) refused = refused || status == reasons[i];
    if (!CHECK(refused)) fprintf(stderr, "  a value of type %u: %s\n", value.type, deed_status_name(status));
    if (refused) CHECK(deed_error_message(last_error, NULL)[0] != '\0');
    drop_error();
    CHECK_EQUAL(0, id);
    CHECK_EQUAL(0, deed_table_count(database, DEED_ENTITY, collection));
}

static void malformed_values_are_refused(deed_database *database) {
    static const float one = 1.0f;
    deed_value items[2] = {integer(1), {.type = 99}};
    deed_map_entry twice[2] = {{"k", 1, integer(1)}, {"k", 1, integer(2)}}, bad_key[1] = {{"\xFF", 1, integer(1)}};
    const deed_value refused[] = {
        {.type = 99}, {.type = UINT32_MAX}, {.type = 15},
        text("\xFF"), text("\xED\xA0\x80"), text("ok\xC3"),
        bytes(DEED_STRING, NULL, 5), bytes(DEED_BYTES, NULL, 5),
        bytes(DEED_STRING, "x", SIZE_MAX), bytes(DEED_BYTES, "x", SIZE_MAX), bytes(DEED_STRING, "x", SIZE_MAX / 2),
        {.type = DEED_LIST, .as.list = {NULL, 1}}, {.type = DEED_LIST, .as.list = {items, 2}},
        {.type = DEED_LIST, .as.list = {items, SIZE_MAX}}, {.type = DEED_LIST, .as.list = {items, SIZE_MAX / 32 + 2}},
        {.type = DEED_MAP, .as.map = {NULL, 1}}, {.type = DEED_MAP, .as.map = {twice, 2}},
        {.type = DEED_MAP, .as.map = {bad_key, 1}}, {.type = DEED_MAP, .as.map = {twice, SIZE_MAX}},
        {.type = DEED_VECTOR, .as.vector = {NULL, 1}}, {.type = DEED_VECTOR, .as.vector = {&one, SIZE_MAX}},
        {.type = DEED_VECTOR, .as.vector = {&one, SIZE_MAX / 4 + 2}},
        decimal(0, 1, 39), decimal(0, 1, -1), decimal(NINES_HIGH, NINES_LOW + 1, 0), decimal(INT64_MIN, 0, 0),
        of_type(DEED_LOCAL_TIME, -1, 0), of_type(DEED_LOCAL_TIME, 86400000000000, 0),
        of_type(DEED_ZONED_TIME, -1, 0), of_type(DEED_ZONED_TIME, INT64_MAX, 0),
        datetime(DEED_LOCAL_DATETIME, 0, 1000000000, 0, NULL), datetime(DEED_ZONED_DATETIME, 0, UINT32_MAX, 0, NULL),
        datetime(DEED_ZONED_DATETIME, 0, 0, 0, "\xFF"), duration(0, 0, 0, -1), duration(0, 0, 0, 1000000000),
    };
    for (size_t i = 0; i < COUNT(refused); i++) expect_refusal(database, refused[i]);
}

/* Lists in lists: a few levels are fine, a hundred thousand are an error and no overflow of the stack. */
static void deep_nesting_has_a_limit(deed_database *database) {
    const size_t depth = 100000;
    deed_value *levels = calloc(depth, sizeof *levels);
    levels[0] = integer(1);
    for (size_t i = 1; i < depth; i++) levels[i] = (deed_value){.type = DEED_LIST, .as.list = {&levels[i - 1], 1}};
    expect_refusal(database, levels[depth - 1]);

    deed_map_entry *entries = calloc(depth, sizeof *entries);
    entries[0] = (deed_map_entry){"k", 1, integer(1)};
    for (size_t i = 1; i < depth; i++)
        entries[i] = (deed_map_entry){"k", 1, {.type = DEED_MAP, .as.map = {&entries[i - 1], 1}}};
    expect_refusal(database, entries[depth - 1].value);

    uint32_t key = key_of(database, "nested");
    deed_property property = {.key = key, .value = levels[16]};
    uint64_t id;
    EXPECT_OK(deed_entity_add(database, NULL, collection_of(database, "Nested"), &property, 1, &id, ERR));
    check_property(database, DEED_ENTITY, id, key, &levels[16]);
    free(entries);
    free(levels);
}

void test_values(void) {
    deed_database *database = open_in_memory();
    a_property_may_change_its_type(database);
    long_values_come_back(database);
    malformed_values_are_refused(database);
    deep_nesting_has_a_limit(database);
    check_sound(database);
    close_and_destroy(database);
    values_come_back();
}
