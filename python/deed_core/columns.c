/* columns.c - the columns of a bulk load together: collected from what the caller gave, and read by the engine as one Arrow
 * C stream, in batches that point into the columns. */
#include "columns.h"

static void
release_child_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
release_child_array(struct ArrowArray *array)
{
    array->release = NULL;
}

/* ---- All columns --------------------------------------------------------------------------------------------- */

/* Adds the column of one name; its text stays where it is as long as set->names has the str. */
static int
collect_column(ColumnSet *set, PyObject *name, PyObject *object)
{
    Column *column = &set->columns[set->count];
    size_t size;
    if (!PyUnicode_Check(name)) {
        raise_status(set->state, DEED_TYPE_MISMATCH, "the name of a column is a str, not %.100s", Py_TYPE(name)->tp_name);
        return -1;
    }
    column->name = text_of(set->state, name, &size);
    if (column->name == NULL)
        return -1;
    if (strlen(column->name) != size) {
        raise_status(set->state, DEED_INVALID_ARGUMENT, "the name of a column has a NUL character: %R", name);
        return -1;
    }
    set->count++;
    if (column_from_object(set->state, object, column) < 0)
        return -1;
    if (set->count > 1 && column->length != set->rows) {
        raise_status(set->state, DEED_INVALID_ARGUMENT, "the column %R has %llu values, the others have %llu", name,
                     (unsigned long long)column->length, (unsigned long long)set->rows);
        return -1;
    }
    set->rows = column->length;
    return 0;
}

static int
collect_mapping(ColumnSet *set, PyObject *object)
{
    PyObject *dict = PyDict_New(); /* a copy, which foreign code does not change meanwhile */
    if (dict == NULL)
        return -1;
    int result = PyDict_Update(dict, object);
    if (result < 0 && (PyErr_ExceptionMatches(PyExc_AttributeError) || PyErr_ExceptionMatches(PyExc_TypeError))) {
        PyErr_Clear();
        raise_status(set->state, DEED_TYPE_MISMATCH, "columns are a mapping of str to column or Arrow data, not %.100s",
                     Py_TYPE(object)->tp_name);
    }
    set->names = result == 0 ? PyDict_Keys(dict) : NULL;
    set->columns = set->names != NULL ? PyMem_Calloc((size_t)PyDict_GET_SIZE(dict) + 1, sizeof(Column)) : NULL;
    if (set->names != NULL && set->columns == NULL)
        PyErr_NoMemory();
    result = set->columns != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(set->names); i++) {
        PyObject *name = PyList_GET_ITEM(set->names, i);
        PyObject *column = PyDict_GetItemWithError(dict, name);
        result = column != NULL ? collect_column(set, name, column) : -1;
    }
    Py_DECREF(dict);
    return result;
}

int
columns_collect(ModuleState *state, PyObject *object, ColumnSet *set)
{
    *set = (ColumnSet){.state = state};
    if (object == NULL || object == Py_None)
        return 0;
    if (!PyDict_Check(object) && PyObject_HasAttr(object, attributes.arrow_c_stream)) {
        set->has_table = take_stream(object, &set->table) == 0;
        return set->has_table ? 0 : -1;
    }
    return collect_mapping(set, object);
}

void
columns_clear(ColumnSet *set)
{
    for (size_t i = 0; i < set->count; i++)
        column_clear(&set->columns[i]);
    PyMem_Free(set->columns);
    Py_XDECREF(set->names);
    if (set->has_table && set->table.release != NULL)
        set->table.release(&set->table);
}

bool
columns_have_values(const ColumnSet *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->columns[i].values != NULL)
            return true;
    return false;
}

/* ---- The stream ---------------------------------------------------------------------------------------------- */

/* A batch: the struct array's children, which point into the columns. */
typedef struct Batch {
    const void *validity[1];
    struct ArrowArray **pointers;
    struct ArrowArray children[];
} Batch;

typedef struct BatchSchema {
    struct ArrowSchema **pointers;
    struct ArrowSchema children[];
} BatchSchema;

static size_t
arrow_column_count(const ColumnSet *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->columns[i].values == NULL;
    return count;
}

static void
release_batch_schema(struct ArrowSchema *schema)
{
    BatchSchema *batch = schema->private_data;
    free(batch->pointers);
    free(batch);
    schema->release = NULL;
}

static int
stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    ColumnSet *set = stream->private_data;
    size_t count = arrow_column_count(set), child = 0;
    BatchSchema *batch = malloc(sizeof *batch + count * sizeof(struct ArrowSchema));
    struct ArrowSchema **pointers = malloc((count + 1) * sizeof *pointers);
    if (batch == NULL || pointers == NULL) {
        free(batch);
        free(pointers);
        return ENOMEM;
    }
    batch->pointers = pointers;
    for (size_t i = 0; i < set->count; i++) {
        if (set->columns[i].values != NULL)
            continue;
        batch->children[child] = set->columns[i].schema;
        batch->children[child].name = set->columns[i].name;
        batch->children[child].release = release_child_schema;
        pointers[child] = &batch->children[child];
        child++;
    }
    *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = (int64_t)count, .children = pointers,
                                .release = release_batch_schema, .private_data = batch};
    return 0;
}

static void
release_batch(struct ArrowArray *array)
{
    Batch *batch = array->private_data;
    free(batch->pointers);
    free(batch);
    array->release = NULL;
}

/* Rows until the end of the current chunk, after skipping chunks that are used up. */
static int64_t
rows_in_chunk(Column *column)
{
    while (column->position >= column->chunks[column->chunk].length) {
        column->chunk++;
        column->position = 0;
    }
    return column->chunks[column->chunk].length - column->position;
}

/* The next `rows` rows of a column's chunk: the same buffers, seen through an offset. */
static struct ArrowArray
slice_of(Column *column, int64_t rows)
{
    struct ArrowArray slice = column->chunks[column->chunk];
    slice.offset += column->position;
    slice.null_count = slice.null_count == 0 ? 0 : -1;
    slice.length = rows;
    slice.release = release_child_array;
    column->position += rows;
    return slice;
}

static int
stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    ColumnSet *set = stream->private_data;
    *out = (struct ArrowArray){0};
    uint64_t left = set->rows - set->position;
    if (left == 0)
        return 0;
    int64_t rows = left < BATCH_ROWS ? (int64_t)left : BATCH_ROWS;
    size_t count = arrow_column_count(set), child = 0;
    Batch *batch = malloc(sizeof *batch + count * sizeof(struct ArrowArray));
    struct ArrowArray **pointers = malloc((count + 1) * sizeof *pointers);
    if (batch == NULL || pointers == NULL) {
        free(batch);
        free(pointers);
        return ENOMEM;
    }
    for (size_t i = 0; i < set->count; i++) {
        int64_t available = set->columns[i].values == NULL ? rows_in_chunk(&set->columns[i]) : rows;
        rows = available < rows ? available : rows;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->columns[i].values != NULL)
            continue;
        batch->children[child] = slice_of(&set->columns[i], rows);
        pointers[child] = &batch->children[child];
        child++;
    }
    batch->validity[0] = NULL;
    batch->pointers = pointers;
    set->position += (uint64_t)rows;
    *out = (struct ArrowArray){.length = rows, .n_buffers = 1, .n_children = (int64_t)count, .buffers = batch->validity,
                               .children = pointers, .release = release_batch, .private_data = batch};
    return 0;
}

static const char *
stream_get_last_error(struct ArrowArrayStream *Py_UNUSED(stream))
{
    return "out of memory";
}

static void
stream_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

void
columns_open(ColumnSet *set, struct ArrowArrayStream *out_stream)
{
    *out_stream = (struct ArrowArrayStream){.get_schema = stream_get_schema, .get_next = stream_get_next,
                                            .get_last_error = stream_get_last_error, .release = stream_release,
                                            .private_data = set};
}
