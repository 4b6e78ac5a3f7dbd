/* stream.c - an Arrow C stream of generated rows, for bulk loads: one batch after the other, so that the input itself takes
 * next to no memory. */
#include "native.h"

enum { BATCH_ROWS = 65536, TEXT_BYTES = 40 };

typedef struct generator {
    long rows, next;
    bool with_text;
} generator;

typedef struct batch {
    struct ArrowArray columns[2], *children[2];
    const void *struct_buffers[1], *number_buffers[2], *text_buffers[3];
    int64_t *numbers, *offsets;
    char *text;
} batch;

static void release_child(struct ArrowArray *array) { array->release = NULL; }

static void release_batch(struct ArrowArray *array) {
    batch *self = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (self->columns[i].release != NULL) self->columns[i].release(&self->columns[i]);
    }
    free(self->numbers);
    free(self->offsets);
    free(self->text);
    free(self);
    array->release = NULL;
}

static void fill(batch *self, generator *from, long rows) {
    self->numbers = malloc((size_t)rows * sizeof *self->numbers);
    for (long row = 0; row < rows; row++) self->numbers[row] = from->next + row;
    self->number_buffers[1] = self->numbers;
    self->columns[0] = (struct ArrowArray){
        .length = rows, .n_buffers = 2, .buffers = self->number_buffers, .release = release_child};
    self->children[0] = &self->columns[0];
    if (!from->with_text) return;
    self->offsets = malloc((size_t)(rows + 1) * sizeof *self->offsets);
    self->text = malloc((size_t)rows * TEXT_BYTES + 1);
    for (long row = 0; row <= rows; row++) self->offsets[row] = row * TEXT_BYTES;
    for (long row = 0; row < rows; row++) {
        uint64_t random = (uint64_t)(from->next + row);
        char *text = self->text + row * TEXT_BYTES;
        for (int i = 0; i < TEXT_BYTES; i++) text[i] = (char)('a' + random_below(&random, 26));
    }
    self->text_buffers[1] = self->offsets;
    self->text_buffers[2] = self->text;
    self->columns[1] = (struct ArrowArray){
        .length = rows, .n_buffers = 3, .buffers = self->text_buffers, .release = release_child};
    self->children[1] = &self->columns[1];
}

static int next_batch(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    generator *from = stream->private_data;
    long rows = from->rows - from->next < BATCH_ROWS ? from->rows - from->next : BATCH_ROWS;
    memset(out, 0, sizeof *out);
    if (rows == 0) return 0;
    batch *self = calloc(1, sizeof *self);
    fill(self, from, rows);
    from->next += rows;
    *out = (struct ArrowArray){.length = rows, .n_buffers = 1, .buffers = self->struct_buffers,
                               .n_children = from->with_text ? 2 : 1, .children = self->children,
                               .release = release_batch, .private_data = self};
    return 0;
}

static void release_schema(struct ArrowSchema *schema) {
    if (schema->private_data != NULL) {
        for (int64_t i = 0; i < schema->n_children; i++) {
            if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
        }
        free(schema->private_data);
    }
    schema->release = NULL;
}

static int describe(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    generator *from = stream->private_data;
    struct { struct ArrowSchema columns[2], *children[2]; } *parts = calloc(1, sizeof *parts);
    parts->columns[0] = (struct ArrowSchema){.format = "l", .name = "value", .release = release_schema};
    parts->columns[1] = (struct ArrowSchema){.format = "U", .name = "text", .release = release_schema};
    for (int i = 0; i < 2; i++) parts->children[i] = &parts->columns[i];
    *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = from->with_text ? 2 : 1,
                                .children = parts->children, .release = release_schema, .private_data = parts};
    return 0;
}

static const char *no_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    free(stream->private_data);
    stream->release = NULL;
}

struct ArrowArrayStream generated_rows(long rows, bool with_text) {
    generator *from = calloc(1, sizeof *from);
    *from = (generator){.rows = rows, .with_text = with_text};
    return (struct ArrowArrayStream){.get_schema = describe, .get_next = next_batch, .get_last_error = no_error,
                                     .release = release_stream, .private_data = from};
}
