/* records.c - adding, reading, updating and deleting entities and relationships, and the ways to ask for it wrongly. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    deed_database *database;
    deed_buffer *buffer;
    uint32_t person, knows, a, b;
} fixture;

static const deed_record *get(fixture *f, deed_kind kind, uint64_t id) {
    const deed_record *record = (const deed_record *)8;
    EXPECT_OK(deed_record_get(f->database, NULL, kind, id, f->buffer, &record, ERR));
    return record;
}

/* The integer under a key, or -1 where there is none. */
static int64_t integer_of(const deed_record *record, uint32_t key) {
    for (uint32_t i = 0; record != NULL && i < record->property_count; i++)
        if (record->properties[i].key == key) return record->properties[i].value.as.integer;
    return -1;
}

static void ids_start_at_one(void) {
    deed_database *database = open_in_memory();
    CHECK_EQUAL(1, add_entity(database, NULL, collection_of(database, "First"), DEED_ANY, 0));
    close_and_destroy(database);
}

static void records_are_read_as_written(fixture *f) {
    deed_property properties[2] = {with_integer(f->b, 2), with_integer(f->a, 1)};
    uint64_t id, other, relationship;
    EXPECT_OK(deed_entity_add(f->database, NULL, f->person, properties, 2, &id, ERR));
    EXPECT_OK(deed_entity_add(f->database, NULL, f->person, NULL, 0, &other, ERR));
    EXPECT_OK(deed_relationship_add(f->database, NULL, id, other, f->knows, properties, 2, &relationship, ERR));

    const deed_record *record = get(f, DEED_ENTITY, id);
    if (!CHECK(record != NULL)) return;
    CHECK_EQUAL(id, record->id);
    CHECK_EQUAL(0, record->source);
    CHECK_EQUAL(0, record->target);
    CHECK_EQUAL(f->person, record->table);
    CHECK_EQUAL(2, record->property_count);
    CHECK(record->properties[0].key < record->properties[1].key); /* ascending, whatever the order given */
    CHECK_EQUAL(1, integer_of(record, f->a));
    CHECK_EQUAL(2, integer_of(record, f->b));
    CHECK_EQUAL(0, get(f, DEED_ENTITY, other)->property_count);

    record = get(f, DEED_RELATIONSHIP, relationship);
    if (!CHECK(record != NULL)) return;
    CHECK_EQUAL(relationship, record->id);
    CHECK_EQUAL(id, record->source);
    CHECK_EQUAL(other, record->target);
    CHECK_EQUAL(f->knows, record->table);
    CHECK_EQUAL(2, record->property_count);
}

static void updates_merge_or_replace(fixture *f, deed_kind kind, uint64_t id) {
    deed_property two[2] = {with_integer(f->a, 10), with_integer(f->b, 20)};
    deed_property removal = {.key = f->a, .value = {.type = DEED_NULL}};
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, two, 2, true, ERR));
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, &(deed_property){.key = f->a, .value = {
        .type = DEED_INT64, .as.integer = 11}}, 1, false, ERR));
    CHECK_EQUAL(11, integer_of(get(f, kind, id), f->a));
    CHECK_EQUAL(20, integer_of(get(f, kind, id), f->b));
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, &removal, 1, false, ERR));
    CHECK_EQUAL(1, get(f, kind, id)->property_count);
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, &two[0], 1, true, ERR));
    CHECK_EQUAL(1, get(f, kind, id)->property_count);
    CHECK_EQUAL(10, integer_of(get(f, kind, id), f->a));
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, NULL, 0, false, ERR));
    CHECK_EQUAL(1, get(f, kind, id)->property_count);
    EXPECT_OK(deed_record_update(f->database, NULL, kind, id, NULL, 0, true, ERR));
    CHECK_EQUAL(0, get(f, kind, id)->property_count);
}

static void deleting(fixture *f) {
    uint64_t a = add_entity(f->database, NULL, f->person, f->a, 1),
        b = add_entity(f->database, NULL, f->person, f->a, 2);
    uint64_t relationship = add_relationship(f->database, NULL, a, b, f->knows);
    uint64_t loop = add_relationship(f->database, NULL, a, a, f->knows), degree;
    EXPECT(DEED_HAS_RELATIONSHIPS, deed_entity_delete(f->database, NULL, a, false, ERR));
    EXPECT(DEED_HAS_RELATIONSHIPS, deed_entity_delete(f->database, NULL, b, false, ERR));
    CHECK(get(f, DEED_ENTITY, a) != NULL);
    EXPECT_OK(deed_relationship_delete(f->database, NULL, relationship, ERR));
    CHECK(get(f, DEED_RELATIONSHIP, relationship) == NULL);
    EXPECT(DEED_NOT_FOUND, deed_relationship_delete(f->database, NULL, relationship, ERR));
    EXPECT_OK(deed_entity_delete(f->database, NULL, b, false, ERR));
    EXPECT_OK(deed_entity_delete(f->database, NULL, a, true, ERR));
    CHECK(get(f, DEED_ENTITY, a) == NULL);
    CHECK(get(f, DEED_RELATIONSHIP, loop) == NULL);
    EXPECT(DEED_NOT_FOUND, deed_entity_delete(f->database, NULL, a, true, ERR));
    EXPECT(DEED_NOT_FOUND, deed_degree(f->database, NULL, a, DEED_ANY, DEED_OUT, &degree, ERR));
    /* Ids are never given out again. */
    uint64_t next = add_entity(f->database, NULL, f->person, f->a, 3);
    CHECK(next != a && next != b);
    EXPECT_OK(deed_entity_delete(f->database, NULL, next, false, ERR));
}

static void unknown_ids(fixture *f) {
    uint64_t known = add_entity(f->database, NULL, f->person, f->a, 1), out = 5;
    uint64_t relationship = add_relationship(f->database, NULL, known, known, f->knows);
    deed_property property = with_integer(f->a, 1);
    const uint64_t unknown[] = {0, known + 1000000, UINT64_MAX, UINT64_MAX - 1, (uint64_t)1 << 63, (uint64_t)1 << 54,
                                (uint64_t)INT64_MAX};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        uint64_t id = unknown[i];
        CHECK(get(f, DEED_ENTITY, id) == NULL);
        CHECK(get(f, DEED_RELATIONSHIP, id) == NULL);
        EXPECT(DEED_NOT_FOUND, deed_record_update(f->database, NULL, DEED_ENTITY, id, &property, 1, false, ERR));
        EXPECT(DEED_NOT_FOUND, deed_record_update(f->database, NULL, DEED_RELATIONSHIP, id, &property, 1, false, ERR));
        EXPECT(DEED_NOT_FOUND, deed_entity_delete(f->database, NULL, id, false, ERR));
        EXPECT(DEED_NOT_FOUND, deed_entity_delete(f->database, NULL, id, true, ERR));
        EXPECT(DEED_NOT_FOUND, deed_relationship_delete(f->database, NULL, id, ERR));
        EXPECT(DEED_NOT_FOUND, deed_relationship_add(f->database, NULL, id, known, f->knows, NULL, 0, &out, ERR));
        CHECK_EQUAL(0, out);
        EXPECT(DEED_NOT_FOUND, deed_relationship_add(f->database, NULL, known, id, f->knows, NULL, 0, &out, ERR));
    }
    /* Entities and relationships are told apart, even where their ids should coincide. */
    if (relationship != known) CHECK(get(f, DEED_ENTITY, relationship) == NULL || relationship < known);
    EXPECT_OK(deed_entity_delete(f->database, NULL, known, true, ERR));
}

static void bad_arguments(fixture *f) {
    uint64_t id = 5, known = add_entity(f->database, NULL, f->person, f->a, 1);
    uint32_t keys = deed_name_count(f->database, DEED_PROPERTY_KEY);
    deed_property twice[2] = {with_integer(f->a, 1), with_integer(f->a, 2)}, unknown_key = with_integer(keys, 1);
    deed_property any_key = with_integer(UINT32_MAX, 1);
    const deed_record *record;
    deed_database *database = f->database;
    uint64_t before = statistics_of(database).entity_count;

    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, f->person, twice, 2, &id, ERR));
    CHECK_EQUAL(0, id);
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, f->person, &unknown_key, 1, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, f->person, &any_key, 1, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, f->person, NULL, 3, &id, ERR));
    EXPECT_EITHER(DEED_INVALID_ARGUMENT, DEED_LIMIT_EXCEEDED,
                  deed_entity_add(database, NULL, f->person, twice, SIZE_MAX, &id, ERR));
    EXPECT_EITHER(DEED_INVALID_ARGUMENT, DEED_LIMIT_EXCEEDED,
                  deed_entity_add(database, NULL, f->person, twice, (size_t)1 << 40, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, 12345, NULL, 0, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(database, NULL, DEED_ANY, NULL, 0, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_relationship_add(database, NULL, known, known, 12345, NULL, 0, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_relationship_add(database, NULL, known, known, DEED_ANY, NULL, 0, &id, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_record_update(database, NULL, DEED_ENTITY, known, twice, 2, false, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_record_update(database, NULL, (deed_kind)7, known, NULL, 0, false, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_record_get(database, NULL, (deed_kind)7, known, f->buffer, &record, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_record_get(database, NULL, DEED_ENTITY, known, NULL, &record, ERR));
    CHECK(record == NULL);
    EXPECT(DEED_INVALID_ARGUMENT, deed_record_get(database, NULL, DEED_ENTITY, known, f->buffer, NULL, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_buffer_create(database, NULL, ERR));
    CHECK_EQUAL(before, statistics_of(database).entity_count);
    EXPECT_OK(deed_entity_delete(database, NULL, known, false, ERR));
}

/* A buffer, and a transaction, of another database are an error and not a mix-up. */
static void handles_belong_to_their_database(fixture *f) {
    deed_database *other = open_in_memory();
    deed_transaction *transaction = begin(other);
    uint64_t id;
    EXPECT(DEED_INVALID_ARGUMENT, deed_entity_add(f->database, transaction, f->person, NULL, 0, &id, ERR));
    deed_transaction_destroy(transaction);
    close_and_destroy(other);
}

static void many_collections_of_one_entity(void) {
    deed_database *database = open_in_memory();
    uint32_t key = key_of(database, "k");
    deed_transaction *transaction = begin(database);
    char name[32];
    for (int64_t i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "Collection-%d", (int)i);
        add_entity(database, transaction, collection_of(database, name), key, i);
    }
    commit_and_destroy(transaction);
    deed_statistics statistics = statistics_of(database);
    CHECK_EQUAL(10000, statistics.collection_count);
    CHECK_EQUAL(10000, statistics.entity_count);
    /* Chunks are grown and not preallocated: ten thousand tables of one row each stay cheap. */
    CHECK(statistics.memory_columns + statistics.memory_strings < 200u << 20);
    close_and_destroy(database);
}

static void many_properties(fixture *f) {
    enum { WIDE = 500 };
    deed_property properties[WIDE];
    char name[16];
    uint64_t id;
    for (int i = 0; i < WIDE; i++) {
        snprintf(name, sizeof name, "wide-%d", i);
        properties[i] = with_integer(key_of(f->database, name), i);
    }
    EXPECT_OK(deed_entity_add(f->database, NULL, collection_of(f->database, "Wide"), properties, WIDE, &id, ERR));
    const deed_record *record = get(f, DEED_ENTITY, id);
    CHECK_EQUAL(WIDE, record->property_count);
    for (int i = 0; i < WIDE; i++) CHECK_EQUAL((uint64_t)i, (uint64_t)integer_of(record, properties[i].key));
}

void test_records(void) {
    fixture f = {.database = open_in_memory()};
    f.person = collection_of(f.database, "Person");
    f.knows = type_of(f.database, "KNOWS");
    f.a = key_of(f.database, "a");
    f.b = key_of(f.database, "b");
    EXPECT_OK(deed_buffer_create(f.database, &f.buffer, ERR));
    ids_start_at_one();
    records_are_read_as_written(&f);
    uint64_t id = add_entity(f.database, NULL, f.person, f.a, 1);
    updates_merge_or_replace(&f, DEED_ENTITY, id);
    updates_merge_or_replace(&f, DEED_RELATIONSHIP, add_relationship(f.database, NULL, id, id, f.knows));
    deleting(&f);
    unknown_ids(&f);
    bad_arguments(&f);
    handles_belong_to_their_database(&f);
    many_properties(&f);
    many_collections_of_one_entity();
    check_sound(f.database);
    deed_buffer_destroy(f.buffer);
    close_and_destroy(f.database);
}
