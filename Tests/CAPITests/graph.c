/* graph.c - neighbours, degrees and traversals, against a matrix of a small random graph and on shapes with a name. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 20261120;
static uint64_t random_below(uint64_t limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

static size_t neighbor_count(deed_database *database, deed_buffer *buffer, uint64_t id, uint32_t type,
                             deed_direction direction, const uint64_t **out_neighbors) {
    const uint64_t *relationships;
    size_t count = 99;
    EXPECT_OK(deed_neighbors(database, NULL, id, type, direction, buffer, out_neighbors, &relationships, &count, ERR));
    uint64_t degree;
    EXPECT_OK(deed_degree(database, NULL, id, type, direction, &degree, ERR));
    CHECK_EQUAL(degree, count);
    return count;
}

static void parallels_and_loops(deed_database *database, deed_buffer *buffer) {
    uint32_t thing = collection_of(database, "Thing"), red = type_of(database, "RED"), blue = type_of(database, "BLUE");
    uint64_t a = add_entity(database, NULL, thing, DEED_ANY, 0), b = add_entity(database, NULL, thing, DEED_ANY, 0);
    uint64_t first = add_relationship(database, NULL, a, b, red), second = add_relationship(database, NULL, a, b, red);
    uint64_t loop = add_relationship(database, NULL, a, a, blue);
    const uint64_t *neighbors, *relationships;
    size_t count;
    CHECK(first != second);
    EXPECT_OK(deed_neighbors(database, NULL, a, red, DEED_OUT, buffer, &neighbors, &relationships, &count, ERR));
    CHECK(count == 2 && neighbors[0] == b && neighbors[1] == b);
    CHECK(count == 2 && relationships[0] == first && relationships[1] == second); /* in order of relationship id */
    EXPECT_OK(deed_neighbors(database, NULL, a, blue, DEED_IN, buffer, &neighbors, &relationships, &count, ERR));
    CHECK(count == 1 && neighbors[0] == a && relationships[0] == loop);
    CHECK_EQUAL(2, neighbor_count(database, buffer, a, blue, DEED_BOTH, &neighbors)); /* a loop counts twice */
    CHECK_EQUAL(3, neighbor_count(database, buffer, a, DEED_ANY, DEED_OUT, &neighbors));
    CHECK_EQUAL(4, neighbor_count(database, buffer, a, DEED_ANY, DEED_BOTH, &neighbors));
    CHECK_EQUAL(2, neighbor_count(database, buffer, b, DEED_ANY, DEED_BOTH, &neighbors));
    CHECK_EQUAL(0, neighbor_count(database, buffer, b, DEED_ANY, DEED_OUT, &neighbors));
    CHECK_EQUAL(0, neighbor_count(database, buffer, a, 54321, DEED_OUT, &neighbors)); /* no such type: none of it */

    /* The relationships are optional. */
    EXPECT_OK(deed_neighbors(database, NULL, a, red, DEED_OUT, buffer, &neighbors, NULL, &count, ERR));
    CHECK(count == 2 && neighbors[0] == b);
}

static void bad_arguments(deed_database *database, deed_buffer *buffer) {
    uint64_t id = add_entity(database, NULL, collection_of(database, "Thing"), DEED_ANY, 0), number = 5;
    const uint64_t *neighbors = (const uint64_t *)8;
    size_t count = 5;
    deed_ids *ids = (deed_ids *)8;
    const deed_direction sideways = (deed_direction)9;
    EXPECT(DEED_NOT_FOUND,
           deed_neighbors(database, NULL, 0, DEED_ANY, DEED_OUT, buffer, &neighbors, NULL, &count, ERR));
    CHECK(neighbors == NULL && count == 0);
    EXPECT(DEED_NOT_FOUND, deed_degree(database, NULL, UINT64_MAX, DEED_ANY, DEED_OUT, &number, ERR));
    CHECK_EQUAL(0, number);
    EXPECT(DEED_NOT_FOUND, deed_traverse(database, NULL, UINT64_MAX, DEED_ANY, DEED_OUT, 3, &ids, ERR));
    CHECK(ids == NULL);
    EXPECT(DEED_NOT_FOUND, deed_count_reachable(database, NULL, 0, DEED_ANY, DEED_OUT, 3, &number, ERR));
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_neighbors(database, NULL, id, DEED_ANY, sideways, buffer, &neighbors, NULL, &count, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_degree(database, NULL, id, DEED_ANY, sideways, &number, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_traverse(database, NULL, id, DEED_ANY, sideways, 3, &ids, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_count_reachable(database, NULL, id, DEED_ANY, sideways, 3, &number, ERR));
    EXPECT(DEED_INVALID_ARGUMENT,
           deed_neighbors(database, NULL, id, DEED_ANY, DEED_OUT, NULL, &neighbors, NULL, &count, ERR));
    EXPECT(DEED_INVALID_ARGUMENT, deed_traverse(database, NULL, id, DEED_ANY, DEED_OUT, 3, NULL, ERR));
}

static void traversals_of_a_path(deed_database *database) {
    enum { LENGTH = 2000 };
    uint32_t stone = collection_of(database, "Stone"), next = type_of(database, "NEXT");
    uint64_t ids[LENGTH], count;
    deed_transaction *transaction = begin(database);
    for (int i = 0; i < LENGTH; i++) {
        ids[i] = add_entity(database, transaction, stone, DEED_ANY, 0);
        if (i > 0) add_relationship(database, transaction, ids[i - 1], ids[i], next);
    }
    commit_and_destroy(transaction);
    deed_ids *reached;
    const uint32_t depths[] = {0, 1, 3, LENGTH - 1, LENGTH, UINT32_MAX};
    for (size_t i = 0; i < COUNT(depths); i++) {
        size_t expected = depths[i] < LENGTH - 1 ? depths[i] : LENGTH - 1;
        EXPECT_OK(deed_traverse(database, NULL, ids[0], next, DEED_OUT, depths[i], &reached, ERR));
        CHECK_EQUAL(expected, deed_ids_count(reached));
        for (size_t j = 0; j < expected; j++) {
            CHECK_EQUAL(ids[j + 1], deed_ids_data(reached)[j]);
            CHECK_EQUAL(j + 1, deed_ids_depths(reached)[j]);
        }
        deed_ids_destroy(reached);
        EXPECT_OK(deed_count_reachable(database, NULL, ids[0], next, DEED_OUT, depths[i], &count, ERR));
        CHECK_EQUAL(expected, count);
    }
    EXPECT_OK(deed_count_reachable(database, NULL, ids[0], next, DEED_IN, 9, &count, ERR));
    CHECK_EQUAL(0, count);
    EXPECT_OK(deed_count_reachable(database, NULL, ids[100], next, DEED_BOTH, 5, &count, ERR));
    CHECK_EQUAL(10, count);
    EXPECT_OK(deed_count_reachable(database, NULL, ids[0], 54321, DEED_OUT, 5, &count, ERR));
    CHECK_EQUAL(0, count);
}

/* A hundred thousand relationships on one entity. */
static void a_star(deed_database *database, deed_buffer *buffer) {
    enum { RAYS = 100000 };
    uint32_t point = collection_of(database, "Point"), ray = type_of(database, "RAY");
    deed_transaction *transaction = begin(database);
    uint64_t hub = add_entity(database, transaction, point, DEED_ANY, 0), count;
    for (int i = 0; i < RAYS; i++) {
        uint64_t tip = add_entity(database, transaction, point, DEED_ANY, 0);
        add_relationship(database, transaction, hub, tip, ray);
    }
    commit_and_destroy(transaction);
    const uint64_t *neighbors;
    CHECK_EQUAL(RAYS, neighbor_count(database, buffer, hub, ray, DEED_OUT, &neighbors));
    CHECK_EQUAL(1, neighbor_count(database, buffer, hub + RAYS, ray, DEED_IN, &neighbors));
    EXPECT_OK(deed_count_reachable(database, NULL, hub, ray, DEED_BOTH, 2, &count, ERR));
    CHECK_EQUAL(RAYS, count);
    EXPECT_OK(deed_entity_delete(database, NULL, hub, true, ERR));
    CHECK_EQUAL(0, deed_table_count(database, DEED_RELATIONSHIP, ray));
    CHECK_EQUAL(RAYS, deed_table_count(database, DEED_ENTITY, point));
}

/* ---- A random graph and the same as a matrix of counts ---------------------------------------------------------- */

enum { SIZE = 40 };

typedef struct model {
    uint64_t ids[SIZE];
    uint32_t edges[SIZE][SIZE];
    uint64_t relationships[4000], count;
} model;

/* Breadth-first distances over the matrix; 0 for what is not reached, and for the start. */
static void distances(const model *m, int start, deed_direction direction, uint32_t depth_max, uint32_t *depth) {
    bool seen[SIZE] = {false};
    memset(depth, 0, SIZE * sizeof *depth);
    seen[start] = true;
    for (uint32_t level = 1; level <= depth_max; level++) {
        bool reached[SIZE] = {false};
        for (int i = 0; i < SIZE; i++) {
            if (!seen[i]) continue;
            for (int j = 0; j < SIZE; j++) {
                bool out = direction != DEED_IN && m->edges[i][j] > 0;
                bool in = direction != DEED_OUT && m->edges[j][i] > 0;
                if (!seen[j] && (out || in)) reached[j] = true;
            }
        }
        for (int j = 0; j < SIZE; j++) {
            if (!reached[j]) continue;
            seen[j] = true;
            depth[j] = level;
        }
    }
}

static int index_of(const model *m, uint64_t id) {
    for (int i = 0; i < SIZE; i++) if (m->ids[i] == id) return i;
    return -1;
}

static void compare(const model *m, deed_database *database, deed_buffer *buffer, uint32_t type) {
    for (int i = 0; i < SIZE; i++) {
        for (int way = DEED_OUT; way <= DEED_BOTH; way++) {
            uint32_t seen[SIZE] = {0}, expected[SIZE] = {0}, depth[SIZE];
            const uint64_t *neighbors;
            deed_ids *reached;
            size_t count = neighbor_count(database, buffer, m->ids[i], type, (deed_direction)way, &neighbors);
            for (size_t j = 0; j < count; j++) seen[index_of(m, neighbors[j])]++;
            for (int j = 0; j < SIZE; j++) {
                if (way != DEED_IN) expected[j] += m->edges[i][j];
                if (way != DEED_OUT) expected[j] += m->edges[j][i];
            }
            CHECK(memcmp(seen, expected, sizeof seen) == 0);

            uint32_t limit = (uint32_t)random_below(5), found[SIZE] = {0}, last = 0;
            distances(m, i, (deed_direction)way, limit, depth);
            EXPECT_OK(deed_traverse(database, NULL, m->ids[i], type, (deed_direction)way, limit, &reached, ERR));
            for (size_t j = 0; j < deed_ids_count(reached); j++) {
                CHECK(deed_ids_depths(reached)[j] >= last);
                last = found[index_of(m, deed_ids_data(reached)[j])] = deed_ids_depths(reached)[j];
            }
            CHECK(memcmp(found, depth, sizeof found) == 0);
            deed_ids_destroy(reached);
        }
    }
}

/* Adds and deletes at random; reading between the steps meets adjacency in every state of being merged. */
static void random_graph(deed_database *database, deed_buffer *buffer) {
    static model m;
    uint32_t vertex = collection_of(database, "Vertex"), edge = type_of(database, "EDGE");
    for (int i = 0; i < SIZE; i++) m.ids[i] = add_entity(database, NULL, vertex, DEED_ANY, 0);
    for (int step = 0; step < 2000; step++) {
        if (m.count > 0 && random_below(5) == 0) {
            uint64_t pick = random_below(m.count), id = m.relationships[pick];
            const deed_record *record;
            EXPECT_OK(deed_record_get(database, NULL, DEED_RELATIONSHIP, id, buffer, &record, ERR));
            if (!CHECK(record != NULL)) return;
            m.edges[index_of(&m, record->source)][index_of(&m, record->target)]--;
            EXPECT_OK(deed_relationship_delete(database, NULL, id, ERR));
            m.relationships[pick] = m.relationships[--m.count];
        } else {
            uint64_t source = random_below(SIZE), target = random_below(SIZE);
            m.edges[source][target]++;
            m.relationships[m.count++] = add_relationship(database, NULL, m.ids[source], m.ids[target], edge);
        }
        if (step % 400 == 399) compare(&m, database, buffer, edge);
    }
    EXPECT_OK(deed_compact(database, ERR));
    compare(&m, database, buffer, edge);
}

void test_graph(void) {
    deed_database *database = open_in_memory();
    deed_buffer *buffer;
    EXPECT_OK(deed_buffer_create(database, &buffer, ERR));
    parallels_and_loops(database, buffer);
    bad_arguments(database, buffer);
    traversals_of_a_path(database);
    random_graph(database, buffer);
    a_star(database, buffer);
    check_sound(database);
    deed_buffer_destroy(buffer);
    close_and_destroy(database);
}
