/* quickstart.c - Deed from C: a small graph of people and cities, written, asked, closed and reopened.
 *
 *     cc -std=c11 -IInclude examples/c/quickstart.c -L.build/release -ldeedcore \
 *        -Wl,-rpath,"$PWD/.build/release" -o quickstart
 *     ./quickstart /tmp/quickstart.deed
 *
 * The steps, one function each:
 *   1. write a graph in one transaction (entities, relationships, values of several types)
 *   2. read records, neighbours and degrees
 *   3. traverse breadth first
 *   4. scan a collection, by record and as an Arrow C stream
 *   5. load many rows at once from an Arrow C stream of our own
 *   6. see a rollback undo, and an error explain itself
 *   7. follow the pheromone
 *   8. close, reopen, and find everything there
 *
 * A program that only shows an idea may stop at the first surprise, and so `check` ends it; one that lives longer would
 * look at the status and go on.
 */
#include <deed.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the error's own words unless the call succeeded. Takes the address of the error, since the
 * error is not there yet when the arguments of `check(deed_...(..., &error), &error)` are put together. */
static void check(deed_status status, deed_error **error) {
    if (status == DEED_OK) return;
    fprintf(stderr, "%s: %s\n", deed_status_name(status), deed_error_message(*error, NULL));
    deed_error_destroy(*error);
    exit(EXIT_FAILURE);
}

/* ---- Small helpers, of the kind every C program on top of Deed grows -------------------------------------------- */

static uint32_t intern(deed_database *database, deed_name_kind kind, const char *name) {
    deed_error *error;
    uint32_t number;
    check(deed_intern(database, kind, name, strlen(name), &number, &error), &error);
    return number;
}

static deed_property text(uint32_t key, const char *value) {
    deed_property property = {.key = key, .value.type = DEED_STRING};
    property.value.as.text.data = value;
    property.value.as.text.size = strlen(value);
    return property;
}

static deed_property integer(uint32_t key, deed_type type, int64_t value) {
    return (deed_property){.key = key, .value = {.type = type, .as.integer = value}};
}

/* The text of a record's property, or "" where it has none. */
static const char *text_of(const deed_record *record, uint32_t key) {
    for (uint32_t i = 0; i < record->property_count; i++) {
        const deed_property *property = &record->properties[i];
        if (property->key == key && property->value.type == DEED_STRING) return property->value.as.text.data;
    }
    return "";
}

static void print_value(deed_database *database, const deed_value *value) {
    switch (value->type) {
    case DEED_BOOL: printf("%s", value->as.boolean ? "true" : "false"); break;
    case DEED_INT64: printf("%" PRId64, value->as.integer); break;
    case DEED_FLOAT64: printf("%g", value->as.number); break;
    case DEED_STRING: printf("\"%.*s\"", (int)value->as.text.size, value->as.text.data); break;
    case DEED_DATE: printf("day %" PRId64, value->as.integer); break;
    case DEED_VECTOR: printf("vector of %zu floats", value->as.vector.count); break;
    case DEED_LIST:
        printf("[");
        for (size_t i = 0; i < value->as.list.count; i++) {
            printf("%s", i == 0 ? "" : ", ");
            print_value(database, &value->as.list.items[i]);
        }
        printf("]");
        break;
    default: printf("(a value of type %u)", value->type);
    }
}

static void print_record(deed_database *database, const deed_record *record) {
    printf("  #%" PRIu64 " %s", record->id, deed_name(database, DEED_COLLECTION, record->table, NULL));
    for (uint32_t i = 0; i < record->property_count; i++) {
        const deed_property *property = &record->properties[i];
        printf("  %s=", deed_name(database, DEED_PROPERTY_KEY, property->key, NULL));
        print_value(database, &property->value);
    }
    printf("\n");
}

/* ---- The graph: numbers of the names, ids of the rows ------------------------------------------------------------ */

typedef struct graph {
    deed_database *database;
    uint32_t person, city;              /* collections */
    uint32_t knows, lives_in;           /* relationship types */
    uint32_t name, born, languages, embedding, since, population;
    uint64_t ada, grace, alan, london;  /* entities */
    uint64_t ada_knows_grace;           /* a relationship */
} graph;

static void open_store(graph *graph, const char *path) {
    deed_error *error;
    deed_options options;
    deed_options_init(&options);
    options.memory_limit = 256u << 20;
    check(deed_database_open(path, strlen(path), &options, &graph->database, &error), &error);
    graph->person = intern(graph->database, DEED_COLLECTION, "Person");
    graph->city = intern(graph->database, DEED_COLLECTION, "City");
    graph->knows = intern(graph->database, DEED_RELATIONSHIP_TYPE, "KNOWS");
    graph->lives_in = intern(graph->database, DEED_RELATIONSHIP_TYPE, "LIVES_IN");
    graph->name = intern(graph->database, DEED_PROPERTY_KEY, "name");
    graph->born = intern(graph->database, DEED_PROPERTY_KEY, "born");
    graph->languages = intern(graph->database, DEED_PROPERTY_KEY, "languages");
    graph->embedding = intern(graph->database, DEED_PROPERTY_KEY, "embedding");
    graph->since = intern(graph->database, DEED_PROPERTY_KEY, "since");
    graph->population = intern(graph->database, DEED_PROPERTY_KEY, "population");
}

static uint64_t add_person(graph *graph, deed_transaction *transaction, const char *name, int64_t born_day) {
    static const float position[3] = {0.25f, -1.0f, 3.5f};
    deed_value languages[2] = {text(0, "English").value, text(0, "Mathematics").value};
    deed_property properties[4] = {
        text(graph->name, name),
        integer(graph->born, DEED_DATE, born_day),
        {.key = graph->languages, .value = {.type = DEED_LIST, .as.list = {languages, 2}}},
        {.key = graph->embedding, .value = {.type = DEED_VECTOR, .as.vector = {position, 3}}},
    };
    deed_error *error;
    uint64_t id;
    check(deed_entity_add(graph->database, transaction, graph->person, properties, 4, &id, &error), &error);
    return id;
}

static uint64_t relate(graph *graph, deed_transaction *transaction, uint64_t source, uint64_t target, uint32_t type,
                       int64_t since) {
    deed_property properties[1] = {integer(graph->since, DEED_INT64, since)};
    deed_error *error;
    uint64_t id;
    check(deed_relationship_add(graph->database, transaction, source, target, type, properties, 1, &id, &error),
          &error);
    return id;
}

/* 1. Everything in one transaction: visible and durable together, or not at all. */
static void write_graph(graph *graph) {
    deed_error *error;
    deed_transaction *transaction;
    check(deed_transaction_begin(graph->database, false, &transaction, &error), &error);

    graph->ada = add_person(graph, transaction, "Ada", -56270);
    graph->grace = add_person(graph, transaction, "Grace", -23034);
    graph->alan = add_person(graph, transaction, "Alan", -21011);
    deed_property city[2] = {text(graph->name, "London"), integer(graph->population, DEED_INT64, 8799800)};
    check(deed_entity_add(graph->database, transaction, graph->city, city, 2, &graph->london, &error), &error);

    graph->ada_knows_grace = relate(graph, transaction, graph->ada, graph->grace, graph->knows, 1840);
    relate(graph, transaction, graph->grace, graph->alan, graph->knows, 1946);
    relate(graph, transaction, graph->ada, graph->london, graph->lives_in, 1835);
    relate(graph, transaction, graph->alan, graph->london, graph->lives_in, 1912);

    check(deed_transaction_commit(transaction, &error), &error);
    deed_transaction_destroy(transaction);
    printf("1. Written: %" PRIu64 " people, %" PRIu64 " city\n",
           deed_table_count(graph->database, DEED_ENTITY, graph->person),
           deed_table_count(graph->database, DEED_ENTITY, graph->city));
}

/* 2. A buffer gives reads their room: what it lends is good until its next use. */
static void read_records(graph *graph) {
    deed_error *error;
    deed_buffer *buffer;
    const deed_record *record;
    check(deed_buffer_create(graph->database, &buffer, &error), &error);

    printf("2. Records\n");
    check(deed_record_get(graph->database, NULL, DEED_ENTITY, graph->ada, buffer, &record, &error), &error);
    print_record(graph->database, record);

    deed_property older[1] = {integer(graph->since, DEED_INT64, 1839)};
    check(deed_record_update(graph->database, NULL, DEED_RELATIONSHIP, graph->ada_knows_grace, older, 1, false, &error),
          &error);
    check(deed_record_get(graph->database, NULL, DEED_RELATIONSHIP, graph->ada_knows_grace, buffer, &record, &error),
          &error);
    printf("  #%" PRIu64 " leads from #%" PRIu64 " to #%" PRIu64 " since %" PRId64 "\n", record->id, record->source,
           record->target, record->properties[0].value.as.integer);

    const uint64_t *neighbors, *relationships;
    size_t count;
    check(deed_neighbors(graph->database, NULL, graph->london, graph->lives_in, DEED_IN, buffer, &neighbors,
                         &relationships, &count, &error), &error);
    printf("  London has %zu inhabitants:", count);
    for (size_t i = 0; i < count; i++) printf(" #%" PRIu64 " (by #%" PRIu64 ")", neighbors[i], relationships[i]);

    uint64_t degree;
    check(deed_degree(graph->database, NULL, graph->grace, DEED_ANY, DEED_BOTH, &degree, &error), &error);
    printf("\n  Grace has %" PRIu64 " relationships\n", degree);
    deed_buffer_destroy(buffer);
}

/* 3. Every entity is met once, at its least depth. */
static void traverse(graph *graph) {
    deed_error *error;
    deed_ids *reached;
    uint64_t count;
    check(deed_traverse(graph->database, NULL, graph->ada, DEED_ANY, DEED_OUT, 3, &reached, &error), &error);
    printf("3. From Ada:");
    for (size_t i = 0; i < deed_ids_count(reached); i++)
        printf(" #%" PRIu64 " at depth %" PRIu32, deed_ids_data(reached)[i], deed_ids_depths(reached)[i]);
    check(deed_count_reachable(graph->database, NULL, graph->ada, graph->knows, DEED_OUT, 1, &count, &error), &error);
    printf("; she knows %" PRIu64 "\n", count);
    deed_ids_destroy(reached);
}

/* 4a. Row by row. */
static void scan(graph *graph) {
    deed_error *error;
    deed_scan *scan;
    const deed_record *record;
    printf("4. Everybody\n");
    check(deed_scan_begin(graph->database, NULL, DEED_ENTITY, graph->person, &scan, &error), &error);
    for (;;) {
        check(deed_scan_next(scan, &record, &error), &error);
        if (record == NULL) break;
        printf("  #%" PRIu64 " %s\n", record->id, text_of(record, graph->name));
    }
    deed_scan_destroy(scan);
}

/* 4b. In columns. The stream is ours to release, and would outlive the database. */
static void scan_as_arrow(graph *graph) {
    deed_error *error;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    check(deed_scan_arrow(graph->database, NULL, DEED_RELATIONSHIP, graph->knows, &stream, &error), &error);
    if (stream.get_schema(&stream, &schema) != 0) {
        fprintf(stderr, "%s\n", stream.get_last_error(&stream));
        exit(EXIT_FAILURE);
    }
    printf("  KNOWS as Arrow:");
    for (int64_t i = 0; i < schema.n_children; i++)
        printf(" %s:%s", schema.children[i]->name, schema.children[i]->format);
    schema.release(&schema);

    int64_t rows = 0;
    for (;;) {
        struct ArrowArray batch;
        if (stream.get_next(&stream, &batch) != 0) exit(EXIT_FAILURE);
        if (batch.release == NULL) break;
        rows += batch.length;
        batch.release(&batch);
    }
    stream.release(&stream);
    printf(", %" PRId64 " rows\n", rows);
}

/* 5. A stream of one batch with one column of integers, the least that the Arrow C interface asks for. A program that
 * has a library for Arrow would let that build the stream. */
#define YEARS 1000
static int64_t years[YEARS];
static const void *column_buffers[2] = {NULL, years};
static const void *batch_buffers[1] = {NULL};
static struct ArrowArray column, *columns[1] = {&column};
static struct ArrowSchema column_schema, *column_schemas[1] = {&column_schema};

static void release_array(struct ArrowArray *array) { array->release = NULL; }
static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }
static const char *no_error(struct ArrowArrayStream *stream) { (void)stream; return NULL; }

static int years_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    (void)stream;
    column_schema = (struct ArrowSchema){.format = "l", .name = "year", .release = release_schema};
    *out = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 1, .children = column_schemas, .release = release_schema};
    return 0;
}

static int years_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    bool *done = stream->private_data;
    *out = (struct ArrowArray){.release = NULL};
    if (*done) return 0;
    *done = true;
    column = (struct ArrowArray){.length = YEARS, .n_buffers = 2, .buffers = column_buffers, .release = release_array};
    *out = (struct ArrowArray){.length = YEARS, .n_buffers = 1, .buffers = batch_buffers, .n_children = 1,
                               .children = columns, .release = release_array};
    return 0;
}

static void bulk_load(graph *graph) {
    deed_error *error;
    deed_ids *ids, *relationships;
    bool done = false;
    for (int64_t i = 0; i < YEARS; i++) years[i] = 1000 + i;
    struct ArrowArrayStream stream = {years_schema, years_next, no_error, release_stream, &done};
    check(deed_entities_load(graph->database, NULL, intern(graph->database, DEED_COLLECTION, "Year"), &stream, NULL,
                             NULL, &ids, &error), &error);

    /* Each year is followed by the next one: row i leads from id i to id i + 1. */
    const uint64_t *id = deed_ids_data(ids);
    check(deed_relationships_load(graph->database, NULL, intern(graph->database, DEED_RELATIONSHIP_TYPE, "NEXT"), id,
                                  id + 1, YEARS - 1, NULL, NULL, NULL, &relationships, &error), &error);
    printf("5. Loaded %zu years and %zu relationships between them\n", deed_ids_count(ids),
           deed_ids_count(relationships));
    deed_ids_destroy(relationships);
    deed_ids_destroy(ids);
}

/* 6. What goes wrong is told in words, changes nothing, and can be undone. */
static void fail_and_roll_back(graph *graph) {
    deed_error *error;
    deed_status status = deed_entity_delete(graph->database, NULL, graph->ada, false, &error);
    printf("6. %s: %s\n", deed_status_name(status), deed_error_message(error, NULL));
    deed_error_destroy(error);

    deed_transaction *transaction;
    check(deed_transaction_begin(graph->database, false, &transaction, &error), &error);
    check(deed_relationship_delete(graph->database, transaction, graph->ada_knows_grace, &error), &error);
    check(deed_entity_delete(graph->database, transaction, graph->ada, true, &error), &error);
    check(deed_transaction_rollback(transaction, &error), &error);
    deed_transaction_destroy(transaction);
    printf("  After a rollback there are still %" PRIu64 " people\n",
           deed_table_count(graph->database, DEED_ENTITY, graph->person));
}

/* 7. Relationships that are used grow stronger; those that are not fade when the levels evaporate. */
static void follow_pheromone(graph *graph) {
    deed_error *error;
    deed_buffer *buffer;
    double level;
    check(deed_pheromone_evaporate(graph->database, 0.5, &error), &error);
    check(deed_pheromone_deposit(graph->database, graph->ada_knows_grace, 2.0, &error), &error);
    check(deed_pheromone_get(graph->database, graph->ada_knows_grace, &level, &error), &error);
    printf("7. Ada knows Grace with pheromone %.2f\n", level);

    const uint64_t *neighbors, *relationships;
    const double *levels;
    size_t count;
    check(deed_buffer_create(graph->database, &buffer, &error), &error);
    check(deed_strongest_neighbors(graph->database, NULL, graph->ada, 1, buffer, &neighbors, &relationships, &levels,
                                   &count, &error), &error);
    for (size_t i = 0; i < count; i++) printf("  Her strongest tie leads to #%" PRIu64 "\n", neighbors[i]);
    deed_buffer_destroy(buffer);
}

static deed_statistics statistics_of(graph *graph) {
    deed_error *error;
    deed_statistics statistics = {.struct_size = sizeof statistics};
    check(deed_statistics_get(graph->database, &statistics, &error), &error);
    return statistics;
}

/* 8. Close writes a checkpoint; compacting before it is for tidiness only. A crash instead would have lost nothing. */
static void reopen(graph *graph, const char *path) {
    deed_error *error;
    deed_statistics before = statistics_of(graph);
    check(deed_compact(graph->database, &error), &error);
    check(deed_database_close(graph->database, &error), &error);
    deed_database_destroy(graph->database);

    open_store(graph, path);
    deed_statistics after = statistics_of(graph);
    char *report;
    check(deed_check(graph->database, &report, NULL, &error), &error);
    bool same = before.entity_count == after.entity_count && before.relationship_count == after.relationship_count
        && report[0] == '\0';
    printf("8. Reopened: %" PRIu64 " entities, %" PRIu64 " relationships, %s\n", after.entity_count,
           after.relationship_count, same ? "all there" : "NOT what was written");
    fputs(report, stdout);
    deed_text_destroy(report);
    deed_database_destroy(graph->database);
    if (!same) exit(EXIT_FAILURE);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 2) {
        fprintf(stderr, "usage: %s DIRECTORY (of a store that does not exist yet)\n", arguments[0]);
        return 2;
    }
    graph graph;
    printf("Deed %s, C interface %" PRIu32 "\n", deed_version(), deed_api_version());
    open_store(&graph, arguments[1]);
    write_graph(&graph);
    read_records(&graph);
    traverse(&graph);
    scan(&graph);
    scan_as_arrow(&graph);
    bulk_load(&graph);
    fail_and_roll_back(&graph);
    follow_pheromone(&graph);
    reopen(&graph, arguments[1]);
    return 0;
}
