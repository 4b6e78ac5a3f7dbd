/* super_node.c - an entity with very many relationships is deleted while other threads read and write, each of which notes
 * the longest time that one of its calls took. What the machine itself takes away is measured by a thread that only
 * looks at the clock. */
#include "native.h"

#include <sys/resource.h>

enum { OTHERS = 1000, SAMPLES_MAX = 4000000 };

typedef struct scene {
    deed_database *database;
    uint32_t collection, type, key;
    uint64_t hub, *spokes, others[OTHERS];
    long degree;
    atomic_bool done;
} scene;

typedef struct witness {
    scene *scene;
    const char *name;
    void (*act)(struct witness *self);
    deed_buffer *buffer;
    uint64_t random;
    double longest, sum;
    long calls;
} witness;

static void read_row(witness *self) {
    const deed_record *record;
    uint64_t id = self->scene->others[random_below(&self->random, OTHERS)];
    TRY(deed_record_get(self->scene->database, NULL, DEED_ENTITY, id, self->buffer, &record, &error));
}

static void write_row(witness *self) {
    deed_property property = integer(self->scene->key, (int64_t)self->random);
    uint64_t id = self->scene->others[random_below(&self->random, OTHERS)];
    TRY(deed_record_update(self->scene->database, NULL, DEED_ENTITY, id, &property, 1, false, &error));
}

/* Two steps from an entity beside the super-node, which lead over what is being deleted only by their first step. */
static void traverse(witness *self) {
    uint64_t id = self->scene->spokes[random_below(&self->random, (uint64_t)self->scene->degree)];
    const uint64_t *neighbors, *relationships;
    size_t count;
    TRY(deed_neighbors(self->scene->database, NULL, id, DEED_ANY, DEED_BOTH, self->buffer, &neighbors, &relationships, &count,
                       &error));
    uint64_t reached;
    id = self->scene->others[random_below(&self->random, OTHERS)];
    TRY(deed_count_reachable(self->scene->database, NULL, id, DEED_ANY, DEED_BOTH, 2, &reached, &error));
}

static void link_others(witness *self) {
    uint64_t id;
    uint64_t from = self->scene->spokes[random_below(&self->random, (uint64_t)self->scene->degree)];
    uint64_t to = self->scene->others[random_below(&self->random, OTHERS)];
    TRY(deed_relationship_add(self->scene->database, NULL, from, to, self->scene->type, NULL, 0, &id, &error));
}

static void look_at_clock(witness *self) { (void)self; }

static void *watch(void *argument) {
    witness *self = argument;
    struct timespec pause = {0, 200000};
    TRY(deed_buffer_create(self->scene->database, &self->buffer, &error));
    while (!atomic_load(&self->scene->done)) {
        double start = now();
        self->act(self);
        double taken = now() - start;
        if (taken > self->longest) self->longest = taken;
        self->sum += taken;
        self->calls++;
        nanosleep(&pause, NULL);
    }
    deed_buffer_destroy(self->buffer);
    return NULL;
}

/* Each spoke has one relationship with the hub, in one direction or the other, and one with another entity. */
static void build(scene *scene) {
    deed_database *database = scene->database;
    uint64_t id;
    scene->spokes = malloc((size_t)scene->degree * sizeof *scene->spokes);
    deed_transaction *transaction = begin(database);
    TRY(deed_entity_add(database, transaction, scene->collection, NULL, 0, &scene->hub, &error));
    for (int i = 0; i < OTHERS; i++) {
        deed_property property = integer(scene->key, i);
        TRY(deed_entity_add(database, transaction, scene->collection, &property, 1, &scene->others[i], &error));
    }
    for (long i = 0; i < scene->degree; i++) {
        deed_property property = integer(scene->key, i);
        TRY(deed_entity_add(database, transaction, scene->collection, &property, 1, &scene->spokes[i], &error));
        uint64_t from = i % 2 ? scene->hub : scene->spokes[i], to = i % 2 ? scene->spokes[i] : scene->hub;
        TRY(deed_relationship_add(database, transaction, from, to, scene->type, &property, 1, &id, &error));
        if (i % 10 == 0) {
            from = scene->others[i / 10 % OTHERS];
            TRY(deed_relationship_add(database, transaction, from, scene->spokes[i], scene->type, NULL, 0, &id, &error));
        }
    }
    commit(transaction);
}

static long resident_bytes(void) {
    long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static deed_statistics statistics(scene *scene) {
    deed_statistics result = {.struct_size = sizeof result};
    TRY(deed_statistics_get(scene->database, &result, &error));
    return result;
}

int measure_super_node(const char *path, long degree) {
    static scene scene;
    scene.degree = degree;
    scene.database = open_store(path, DEED_ASYNC, 64 << 20);
    scene.collection = intern(scene.database, DEED_COLLECTION, "Entity");
    scene.type = intern(scene.database, DEED_RELATIONSHIP_TYPE, "TO");
    scene.key = intern(scene.database, DEED_PROPERTY_KEY, "value");
    build(&scene);
    TRY(deed_checkpoint(scene.database, &error));
    witness witnesses[] = {
        {.name = "read", .act = read_row},        {.name = "write", .act = write_row}, {.name = "traverse", .act = traverse},
        {.name = "link", .act = link_others}, {.name = "clock", .act = look_at_clock},
    };
    enum { COUNT = sizeof witnesses / sizeof *witnesses };
    pthread_t threads[COUNT];
    long before = resident_bytes();
    for (int i = 0; i < COUNT; i++) {
        witnesses[i].scene = &scene;
        witnesses[i].random = (uint64_t)i + 1;
        pthread_create(&threads[i], NULL, watch, &witnesses[i]);
    }
    sleep(1);
    for (int i = 0; i < COUNT; i++) witnesses[i].longest = 0;
    double start = now();
    deed_transaction *transaction = begin(scene.database);
    TRY(deed_entity_delete(scene.database, transaction, scene.hub, true, &error));
    double deleted = now();
    long peak = resident_bytes();
    commit(transaction);
    double committed = now();
    long log = (long)statistics(&scene).disk_log;
    double checkpoint = now();
    TRY(deed_checkpoint(scene.database, &error));
    double ended = now();
    sleep(1); /* what the background does afterwards counts too */
    atomic_store(&scene.done, true);
    for (int i = 0; i < COUNT; i++) pthread_join(threads[i], NULL);
    printf("{\"delete\": %.3f, \"commit\": %.3f, \"checkpoint\": %.3f, \"memory\": %ld, \"log\": %ld, \"relationships\": %llu",
           deleted - start, committed - deleted, ended - checkpoint, peak - before, log,
           (unsigned long long)statistics(&scene).relationship_count);
    for (int i = 0; i < COUNT; i++) {
        printf(", \"%s\": %.5f, \"%s_mean\": %.6f", witnesses[i].name, witnesses[i].longest, witnesses[i].name,
               witnesses[i].sum / (double)witnesses[i].calls);
    }
    printf("}\n");
    free(scene.spokes);
    deed_database_destroy(scene.database);
    return 0;
}
