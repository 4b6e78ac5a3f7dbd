/* names.c - interned names: dense numbers, three kinds apart, and text that is checked. */
#include "check.h"

#include <string.h>

static const deed_name_kind kinds[] = {DEED_COLLECTION, DEED_RELATIONSHIP_TYPE, DEED_PROPERTY_KEY};

static void numbers_are_dense_and_stable(deed_database *database, deed_name_kind kind) {
    uint32_t before = deed_name_count(database, kind), number, again;
    char name[16];
    for (uint32_t i = 0; i < 1000; i++) {
        int size = snprintf(name, sizeof name, "name-%u", i);
        EXPECT_OK(deed_intern(database, kind, name, (size_t)size, &number, ERR));
        CHECK_EQUAL(before + i, number);
    }
    CHECK_EQUAL(before + 1000, deed_name_count(database, kind));
    EXPECT_OK(deed_intern(database, kind, "name-7", 6, &again, ERR));
    CHECK_EQUAL(before + 7, again);
    CHECK(deed_lookup(database, kind, "name-999", 8, &again));
    CHECK_EQUAL(before + 999, again);
    CHECK(!deed_lookup(database, kind, "name-1000", 9, &again));

    size_t size;
    const char *text = deed_name(database, kind, before + 7, &size);
    CHECK(text != NULL && size == 6 && strcmp(text, "name-7") == 0);
    CHECK(deed_name(database, kind, before + 7, NULL) == text);
    CHECK(deed_name(database, kind, before + 1000, &size) == NULL);
    CHECK(deed_name(database, kind, UINT32_MAX, &size) == NULL);
}

/* A borrowed name stays where it is while thousands of others arrive. */
static void names_do_not_move(deed_database *database) {
    uint32_t number = key_of(database, "steady");
    const char *text = deed_name(database, DEED_PROPERTY_KEY, number, NULL);
    char name[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "other-%d", i);
        key_of(database, name);
    }
    CHECK(deed_name(database, DEED_PROPERTY_KEY, number, NULL) == text);
    CHECK(strcmp(text, "steady") == 0);
}

static void any_text_is_a_name(deed_database *database) {
    static const struct { const char *data; size_t size; } names[] = {
        {"", 0}, {"with\0null", 9}, {"with", 4}, {"\xC3\xA9t\xC3\xA9", 5}, {"\xF0\x9F\x90\x9D", 4}, {" ", 1},
    };
    uint32_t numbers[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++) {
        EXPECT_OK(deed_intern(database, DEED_COLLECTION, names[i].data, names[i].size, &numbers[i], ERR));
        for (size_t j = 0; j < i; j++) CHECK(numbers[i] != numbers[j]);
        size_t size;
        const char *text = deed_name(database, DEED_COLLECTION, numbers[i], &size);
        CHECK(text != NULL && size == names[i].size && memcmp(text, names[i].data, size) == 0 && text[size] == '\0');
    }
    uint32_t empty;
    EXPECT_OK(deed_intern(database, DEED_COLLECTION, NULL, 0, &empty, ERR));
    CHECK_EQUAL(numbers[0], empty);
}

static void bad_names_are_refused(deed_database *database) {
    static const char *const malformed[] = {
        "\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\x80", "\xE2\x82", "\xC3",
    };
    static char longest[65536];
    memset(longest, 'x', sizeof longest);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        uint32_t number = 5, before = deed_name_count(database, kinds[i]);
        for (size_t j = 0; j < COUNT(malformed); j++) {
            EXPECT(DEED_INVALID_ARGUMENT,
                   deed_intern(database, kinds[i], malformed[j], strlen(malformed[j]), &number, ERR));
            CHECK_EQUAL(0, number);
            CHECK(!deed_lookup(database, kinds[i], malformed[j], strlen(malformed[j]), &number));
        }
        EXPECT(DEED_INVALID_ARGUMENT, deed_intern(database, kinds[i], longest, 65536, &number, ERR));
        EXPECT(DEED_INVALID_ARGUMENT, deed_intern(database, kinds[i], "x", SIZE_MAX, &number, ERR));
        EXPECT(DEED_INVALID_ARGUMENT, deed_intern(database, kinds[i], NULL, 3, &number, ERR));
        EXPECT(DEED_INVALID_ARGUMENT, deed_intern(database, kinds[i], "x", 1, NULL, ERR));
        CHECK_EQUAL(before, deed_name_count(database, kinds[i]));
        EXPECT_OK(deed_intern(database, kinds[i], longest, 65535, &number, ERR));
        CHECK_EQUAL(before, number);
    }
}

static void bad_kinds_are_refused(deed_database *database) {
    uint32_t number;
    deed_name_kind kind = (deed_name_kind)9;
    EXPECT(DEED_INVALID_ARGUMENT, deed_intern(database, kind, "x", 1, &number, ERR));
    CHECK(!deed_lookup(database, kind, "x", 1, &number));
    CHECK(deed_name(database, kind, 0, NULL) == NULL);
    CHECK_EQUAL(0, deed_name_count(database, kind));
}

static void names_survive_reopening(void) {
    const char *path = scratch_path("names");
    deed_database *database = open_on_disk(path);
    uint32_t collection = collection_of(database, "Kept"), key = key_of(database, "k\xC3\xA9y"), number;
    add_entity(database, NULL, collection, key, 1);
    close_and_destroy(database);
    database = open_on_disk(path);
    CHECK(deed_lookup(database, DEED_COLLECTION, "Kept", 4, &number) && number == collection);
    CHECK(deed_lookup(database, DEED_PROPERTY_KEY, "k\xC3\xA9y", 4, &number) && number == key);
    close_and_destroy(database);
}

void test_names(void) {
    deed_database *database = open_in_memory();
    for (size_t i = 0; i < COUNT(kinds); i++) numbers_are_dense_and_stable(database, kinds[i]);
    names_do_not_move(database);
    any_text_is_a_name(database);
    bad_names_are_refused(database);
    bad_kinds_are_refused(database);
    close_and_destroy(database);
    names_survive_reopening();
}
