/* pheromone.c - levels: created at one, raised by deposits, lowered by evaporation, and ranked. */
#include "check.h"

#include <math.h>

static double level_of(deed_database *database, uint64_t relationship) {
    double level = -1;
    EXPECT_OK(deed_pheromone_get(database, relationship, &level, ERR));
    return level;
}

static bool near(double expected, double actual) { return fabs(expected - actual) < 1e-3 * fmax(1.0, fabs(expected)); }

static void levels_rise_and_fall(deed_database *database, uint64_t relationship) {
    CHECK(near(1.0, level_of(database, relationship)));
    EXPECT_OK(deed_pheromone_deposit(database, relationship, 3.0, ERR));
    CHECK(near(4.0, level_of(database, relationship)));
    EXPECT_OK(deed_pheromone_deposit(database, relationship, 0.0, ERR));
    CHECK(near(4.0, level_of(database, relationship)));
    EXPECT_OK(deed_pheromone_evaporate(database, 0.5, ERR));
    CHECK(near(2.0, level_of(database, relationship)));
    EXPECT_OK(deed_pheromone_evaporate(database, NAN, ERR)); /* the default rate, 0.1 */
    CHECK(near(1.8, level_of(database, relationship)));
    EXPECT_OK(deed_pheromone_deposit(database, relationship, 1.0, ERR));
    CHECK(near(2.8, level_of(database, relationship)));
    uint64_t epoch = statistics_of(database).pheromone_epoch;
    EXPECT_OK(deed_pheromone_evaporate(database, 0.0, ERR));
    CHECK(near(2.8, level_of(database, relationship)));
    CHECK_EQUAL(epoch + 1, statistics_of(database).pheromone_epoch);
}

/* However often it evaporates, a floor stays. */
static void levels_have_a_floor(deed_database *database, uint64_t relationship) {
    for (int i = 0; i < 1000; i++) EXPECT_OK(deed_pheromone_evaporate(database, 0.9, ERR));
    double floor = level_of(database, relationship);
    CHECK(floor > 0 && floor < 1);
    EXPECT_OK(deed_pheromone_evaporate(database, 1.0, ERR));
    CHECK(level_of(database, relationship) == floor);
    EXPECT_OK(deed_pheromone_deposit(database, relationship, 5.0, ERR));
    CHECK(near(floor + 5.0, level_of(database, relationship)));
}

static void the_strongest_come_first(deed_database *database) {
    uint32_t thing = collection_of(database, "Thing"), type = type_of(database, "TO");
    uint64_t hub = add_entity(database, NULL, thing, DEED_ANY, 0), ids[6], tips[6];
    for (int i = 0; i < 6; i++) {
        tips[i] = add_entity(database, NULL, thing, DEED_ANY, 0);
        ids[i] = add_relationship(database, NULL, hub, tips[i], type);
    }
    add_relationship(database, NULL, tips[0], hub, type); /* incoming ones do not count */
    EXPECT_OK(deed_pheromone_deposit(database, ids[4], 5.0, ERR));
    EXPECT_OK(deed_pheromone_deposit(database, ids[2], 3.0, ERR));
    deed_buffer *buffer;
    const uint64_t *neighbors, *relationships;
    const double *levels;
    size_t count;
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    const size_t asked[] = {0, 1, 3, 6, 100, SIZE_MAX};
    for (size_t i = 0; i < COUNT(asked); i++) {
        EXPECT_OK(deed_strongest_neighbors(database, NULL, hub, asked[i], buffer, &neighbors, &relationships, &levels,
                                           &count, ERR));
        CHECK_EQUAL(asked[i] < 6 ? asked[i] : 6, count);
        for (size_t j = 0; j < count; j++) {
            const int expected[] = {4, 2, 0, 1, 3, 5}; /* ties by relationship id */
            CHECK_EQUAL(ids[expected[j]], relationships[j]);
            CHECK_EQUAL(tips[expected[j]], neighbors[j]);
            CHECK(j == 0 || levels[j] <= levels[j - 1]);
        }
    }
    EXPECT(DEED_NOT_FOUND, deed_strongest_neighbors(database, NULL, UINT64_MAX, 3, buffer, &neighbors, &relationships,
                                                    &levels, &count, ERR));
    CHECK_EQUAL(0, count);
    deed_buffer_destroy(buffer);
}

static void traversals_deposit(deed_database *database) {
    uint32_t thing = collection_of(database, "Travelled"), type = type_of(database, "ROAD");
    uint64_t a = add_entity(database, NULL, thing, DEED_ANY, 0), b = add_entity(database, NULL, thing, DEED_ANY, 0),
        count;
    uint64_t road = add_relationship(database, NULL, a, b, type);
    double before = level_of(database, road);
    for (int i = 0; i < 20000; i++) EXPECT_OK(deed_count_reachable(database, NULL, a, type, DEED_OUT, 1, &count, ERR));
    CHECK(level_of(database, road) > before); /* sampled: some of twenty thousand must have met it */
}

static void bad_arguments(deed_database *database, uint64_t relationship) {
    const double rates[] = {-0.1, 1.1, INFINITY, -INFINITY}, amounts[] = {-1.0, NAN, INFINITY, -INFINITY};
    double before = level_of(database, relationship), level = 5;
    for (size_t i = 0; i < 4; i++) {
        EXPECT(DEED_INVALID_ARGUMENT, deed_pheromone_evaporate(database, rates[i], ERR));
        EXPECT(DEED_INVALID_ARGUMENT, deed_pheromone_deposit(database, relationship, amounts[i], ERR));
    }
    EXPECT(DEED_NOT_FOUND, deed_pheromone_deposit(database, 0, 1.0, ERR));
    EXPECT(DEED_NOT_FOUND, deed_pheromone_deposit(database, UINT64_MAX, 1.0, ERR));
    EXPECT(DEED_NOT_FOUND, deed_pheromone_get(database, UINT64_MAX, &level, ERR));
    CHECK(level == 0);
    EXPECT(DEED_INVALID_ARGUMENT, deed_pheromone_get(database, relationship, NULL, ERR));
    CHECK(level_of(database, relationship) == before);
    /* Enormous deposits stay numbers. */
    for (int i = 0; i < 3; i++) EXPECT_OK(deed_pheromone_deposit(database, relationship, 1.7e308, ERR));
    CHECK(isfinite(level_of(database, relationship)));
}

static void levels_survive_reopening(void) {
    const char *path = scratch_path("pheromone");
    deed_database *database = open_on_disk(path);
    uint32_t thing = collection_of(database, "Thing"), type = type_of(database, "TO");
    uint64_t a = add_entity(database, NULL, thing, DEED_ANY, 0);
    uint64_t marked = add_relationship(database, NULL, a, a, type),
        plain = add_relationship(database, NULL, a, a, type);
    EXPECT_OK(deed_pheromone_deposit(database, marked, 7.0, ERR));
    EXPECT_OK(deed_pheromone_evaporate(database, 0.5, ERR));
    double average = statistics_of(database).average_pheromone;
    close_and_destroy(database);
    database = open_on_disk(path);
    CHECK(near(4.0, level_of(database, marked)));
    CHECK(near(0.5, level_of(database, plain)));
    CHECK(near(average, statistics_of(database).average_pheromone));
    CHECK_EQUAL(1, statistics_of(database).pheromone_epoch);
    close_and_destroy(database);
}

void test_pheromone(void) {
    deed_database *database = open_in_memory();
    uint64_t a = add_entity(database, NULL, collection_of(database, "Thing"), DEED_ANY, 0);
    uint64_t relationship = add_relationship(database, NULL, a, a, type_of(database, "TO"));
    CHECK(statistics_of(database).average_pheromone == 1.0);
    levels_rise_and_fall(database, relationship);
    levels_have_a_floor(database, relationship);
    the_strongest_come_first(database);
    traversals_deposit(database);
    bad_arguments(database, relationship);
    close_and_destroy(database);
    levels_survive_reopening();
}
