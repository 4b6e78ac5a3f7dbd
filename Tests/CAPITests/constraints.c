/* constraints.c - making, listing and dropping constraints, and what statements that violate them leave behind. */
#include "check.h"

#include <string.h>

static deed_constraint constraint_on(deed_database *database, int32_t kind, const uint32_t *key) {
    deed_constraint constraint;
    deed_constraint_init(&constraint);
    constraint.kind = kind;
    constraint.table = collection_of(database, "person");
    constraint.properties = key;
    constraint.property_count = key != NULL ? 1 : 0;
    return constraint;
}

static deed_status create(deed_database *database, const deed_constraint *constraint) {
    return deed_constraint_create(database, constraint, NULL, NULL, NULL, ERR);
}

static void violations_have_no_effect(deed_database *database) {
    uint32_t age = key_of(database, "age"), person = collection_of(database, "person");
    deed_constraint constraint = constraint_on(database, DEED_CONSTRAINT_RANGE, &age);
    deed_value bounds[2] = {{.type = DEED_INT64, .as.integer = 0}, {.type = DEED_INT64, .as.integer = 150}};
    constraint.values = bounds;
    constraint.value_count = 2;
    constraint.exclusive = DEED_UPPER_EXCLUSIVE;
    EXPECT_OK(create(database, &constraint));

    uint64_t id = add_entity(database, NULL, person, age, 149), other;
    deed_property old = with_integer(age, 150);
    deed_error *error = NULL;
    CHECK_EQUAL(DEED_CONSTRAINT_VIOLATION, deed_entity_add(database, NULL, person, &old, 1, &other, &error));
    CHECK(strstr(deed_error_message(error, NULL), "'person_age_range'") != NULL);
    deed_error_destroy(error);
    EXPECT(DEED_CONSTRAINT_VIOLATION, deed_record_update(database, NULL, DEED_ENTITY, id, &old, 1, false, ERR));
    CHECK_EQUAL(1, deed_table_count(database, DEED_ENTITY, person));
    EXPECT(DEED_ALREADY_EXISTS, (constraint.name = "person_age_range", constraint.name_size = 16, create(database, &constraint)));
}

static void lists_say_what_was_made(deed_database *database) {
    deed_endpoints pair = {collection_of(database, "person"), collection_of(database, "city")};
    deed_constraint constraint = constraint_on(database, DEED_CONSTRAINT_ENDPOINTS, NULL);
    constraint.row_kind = DEED_RELATIONSHIP;
    constraint.table = type_of(database, "LIVES_IN");
    constraint.endpoints = &pair;
    constraint.endpoint_count = 1;
    constraint.name = "ends";
    constraint.name_size = 4;
    deed_constraints *list = NULL;
    EXPECT_OK(deed_constraint_create(database, &constraint, NULL, NULL, &list, ERR));
    CHECK_EQUAL(1, deed_constraints_count(list));
    deed_constraints_destroy(list);

    EXPECT_OK(deed_constraints_get(database, &list, ERR));
    CHECK_EQUAL(2, deed_constraints_count(list));
    const deed_constraint *range = deed_constraints_at(list, 0), *ends = deed_constraints_at(list, 1);
    CHECK(strcmp(range->name, "person_age_range") == 0 && range->kind == DEED_CONSTRAINT_RANGE);
    CHECK(range->value_count == 2 && range->values[1].as.integer == 150 && range->exclusive == DEED_UPPER_EXCLUSIVE);
    CHECK(strcmp(ends->name, "ends") == 0 && ends->row_kind == DEED_RELATIONSHIP && ends->endpoint_count == 1);
    CHECK(ends->endpoints[0].source == pair.source && ends->endpoints[0].target == pair.target);
    CHECK(deed_constraints_at(list, 2) == NULL);
    deed_constraints_destroy(list);
    CHECK_EQUAL(0, deed_constraints_count(NULL));
    deed_constraints_destroy(NULL);
}

static void bad_constraints_are_refused(deed_database *database) {
    uint32_t age = key_of(database, "age"), unknown = 1 << 19;
    deed_constraint constraint = constraint_on(database, DEED_CONSTRAINT_REQUIRED, &unknown);
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
    EXPECT(DEED_INVALID_ARGUMENT, create(database, NULL));
    constraint = constraint_on(database, 99, &age);
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
    constraint = constraint_on(database, DEED_CONSTRAINT_DEFAULT, &age);
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
    constraint.value_count = 1;
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
    constraint = constraint_on(database, DEED_CONSTRAINT_REQUIRED, &age);
    constraint.struct_size = 8;
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
    constraint = constraint_on(database, DEED_CONSTRAINT_CARDINALITY, NULL);
    constraint.max_outgoing = 1;
    EXPECT(DEED_INVALID_ARGUMENT, create(database, &constraint));
}

static bool stop(void *user_data, uint64_t done, uint64_t total) {
    (void)user_data, (void)done, (void)total;
    return false;
}

static void making_can_be_stopped(deed_database *database) {
    uint32_t age = key_of(database, "age");
    deed_constraint constraint = constraint_on(database, DEED_CONSTRAINT_REQUIRED, &age);
    EXPECT(DEED_INTERRUPTED, deed_constraint_create(database, &constraint, stop, NULL, NULL, ERR));
    EXPECT_OK(create(database, &constraint));
    EXPECT_OK(deed_constraint_drop(database, "person_age_required", 19, ERR));
    EXPECT(DEED_NOT_FOUND, deed_constraint_drop(database, "person_age_required", 19, ERR));
}

static void uniqueness(deed_database *database) {
    uint32_t mail = key_of(database, "mail"), person = collection_of(database, "person");
    deed_constraint constraint = constraint_on(database, DEED_CONSTRAINT_UNIQUE, &mail);
    EXPECT_OK(create(database, &constraint));
    deed_property property = with_text(mail, "ada@example.org");
    uint64_t id;
    EXPECT_OK(deed_entity_add(database, NULL, person, &property, 1, &id, ERR));
    EXPECT(DEED_CONSTRAINT_VIOLATION, deed_entity_add(database, NULL, person, &property, 1, &id, ERR));
}

void test_constraints(void) {
    const char *path = scratch_path("constraints");
    deed_database *database = open_on_disk(path);
    violations_have_no_effect(database);
    lists_say_what_was_made(database);
    bad_constraints_are_refused(database);
    making_can_be_stopped(database);
    uniqueness(database);
    close_and_destroy(database);

    database = open_on_disk(path);
    deed_constraints *list = NULL;
    EXPECT_OK(deed_constraints_get(database, &list, ERR));
    CHECK_EQUAL(3, deed_constraints_count(list));
    deed_constraints_destroy(list);
    close_and_destroy(database);
}
