/* indexes.c - secondary indexes: made, listed, used by value and by range, and unique. */
#include "check.h"

#include <string.h>

enum { PEOPLE = 5000 };

static bool refuse(void *user_data, uint64_t done, uint64_t total) {
    (void)user_data;
    CHECK(done <= total);
    return false;
}

static size_t found_by(deed_database *database, uint32_t collection, uint32_t key, int64_t value, uint64_t expected_first) {
    deed_buffer *buffer;
    const uint64_t *ids;
    size_t count;
    deed_property wanted = with_integer(key, value);
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    EXPECT_OK(deed_find(database, NULL, DEED_ENTITY, collection, &wanted, 1, 0, buffer, &ids, &count, ERR));
    if (count > 0 && expected_first != 0) CHECK_EQUAL(expected_first, ids[0]);
    deed_buffer_destroy(buffer);
    return count;
}

static void a_range_comes_in_order(deed_database *database, uint32_t collection, uint32_t key, uint64_t first) {
    deed_buffer *buffer;
    const uint64_t *ids;
    size_t count;
    deed_value low = with_integer(key, 10).value, high = with_integer(key, 20).value;
    deed_range range = {.struct_size = sizeof range, .properties = &key, .property_count = 1, .low = &low, .low_count = 1,
                        .high = &high, .high_count = 1, .exclude_high = true};
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    EXPECT_OK(deed_find_range(database, NULL, DEED_ENTITY, collection, &range, buffer, &ids, &count, ERR));
    CHECK_EQUAL(10, count);
    for (size_t i = 0; i < count; i++) CHECK_EQUAL(first + 10 + i, ids[i]);
    range.descending = true;
    range.limit = 3;
    EXPECT_OK(deed_find_range(database, NULL, DEED_ENTITY, collection, &range, buffer, &ids, &count, ERR));
    CHECK_EQUAL(3, count);
    CHECK_EQUAL(first + 19, ids[0]);
    high = with_text(key, "x").value;
    EXPECT(DEED_TYPE_MISMATCH, deed_find_range(database, NULL, DEED_ENTITY, collection, &range, buffer, &ids, &count, ERR));
    range.struct_size = 0;
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_find_range(database, NULL, DEED_ENTITY, collection, &range, buffer, &ids, &count, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_find_range(database, NULL, DEED_ENTITY, collection, NULL, buffer, &ids, &count, ERR));
    deed_buffer_destroy(buffer);
}

static void the_list_says_what_there_is(deed_database *database, uint32_t collection, uint32_t key) {
    deed_indexes *indexes;
    EXPECT_OK(deed_indexes_get(database, &indexes, ERR));
    CHECK_EQUAL(1, deed_indexes_count(indexes));
    const deed_index *index = deed_indexes_item(indexes, 0);
    CHECK(index != NULL && strcmp(index->name, "by n") == 0 && index->unique && index->kind == DEED_ENTITY);
    CHECK(index->table == collection && index->property_count == 1 && index->properties[0] == key);
    CHECK_EQUAL(PEOPLE, index->entry_count);
    CHECK(deed_indexes_item(indexes, 1) == NULL);
    deed_indexes_destroy(indexes);
    deed_indexes_destroy(NULL);
}

static void test_indexes_of(deed_database *database) {
    uint32_t collection = collection_of(database, "Person"), key = key_of(database, "n");
    uint64_t first = 0;
    char *name;
    for (int64_t i = 0; i < PEOPLE; i++) {
        uint64_t id = add_entity(database, NULL, collection, key, i);
        if (i == 0) first = id;
    }
    EXPECT(DEED_INTERRUPTED, deed_index_create(database, "by n", 4, DEED_ENTITY, collection, &key, 1, true, refuse, NULL,
                                               NULL, ERR));
    EXPECT_OK(deed_index_create(database, "by n", 4, DEED_ENTITY, collection, &key, 1, true, NULL, NULL, &name, ERR));
    CHECK(strcmp(name, "by n") == 0);
    deed_text_destroy(name);
    EXPECT(DEED_ALREADY_EXISTS,
           deed_index_create(database, "by n", 4, DEED_ENTITY, collection, &key, 1, false, NULL, NULL, NULL, ERR));
    the_list_says_what_there_is(database, collection, key);
    CHECK_EQUAL(1, found_by(database, collection, key, 77, first + 77));
    CHECK_EQUAL(0, found_by(database, collection, key, -1, 0));
    a_range_comes_in_order(database, collection, key, first);
    deed_property taken = with_integer(key, 77);
    uint64_t id;
    EXPECT(DEED_CONSTRAINT_VIOLATION, deed_entity_add(database, NULL, collection, &taken, 1, &id, ERR));
    EXPECT_OK(deed_entity_delete(database, NULL, first + 77, false, ERR));
    EXPECT_OK(deed_entity_add(database, NULL, collection, &taken, 1, &id, ERR));
    CHECK_EQUAL(1, found_by(database, collection, key, 77, id));
    check_sound(database);
    EXPECT_OK(deed_index_drop(database, "by n", 4, ERR));
    EXPECT(DEED_NOT_FOUND, deed_index_drop(database, "by n", 4, ERR));
    CHECK(statistics_of(database).memory_indexes == 0);
}

void test_indexes(void) {
    deed_database *database = open_in_memory();
    test_indexes_of(database);
    close_and_destroy(database);
    database = open_on_disk(scratch_path("indexes"));
    test_indexes_of(database);
    close_and_destroy(database);
}
