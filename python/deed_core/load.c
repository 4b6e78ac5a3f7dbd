/* load.c - add_entities and add_edges: bulk loads, all or nothing.
 *
 * 1. The columns are collected (column.c, columns.c); whatever cannot be stored is found here, before anything is written.
 * 2. The engine reads the columns that have an Arrow type as one stream, without the GIL.
 * 3. Columns whose values have no common Arrow type are then set row by row, in the same transaction; outside of one, the
 *    load makes its own. The result is what adding row by row would have given.
 */
#include "columns.h"

/* Other threads and signals get a turn after so many rows of step 3. */
#define ROWS_PER_TURN 4096

/* ---- The ends of relationships ------------------------------------------------------------------------------- */

typedef struct IdArray {
    Column column;       /* holds the memory, unless it was copied */
    const uint64_t *ids;
    size_t count;
    uint64_t *copy;
} IdArray;

static void
id_array_clear(IdArray *array)
{
    column_clear(&array->column);
    free(array->copy);
}

static int
id_array_allocate(IdArray *array, size_t count)
{
    array->copy = malloc(count * sizeof(uint64_t) + 1);
    if (array->copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    array->ids = array->copy;
    array->count = count;
    return 0;
}

static int
ids_from_sequence(ModuleState *state, PyObject *sequence, IdArray *array)
{
    PyObject *values = PySequence_Tuple(sequence);
    if (values == NULL)
        return -1;
    size_t count = (size_t)PyTuple_GET_SIZE(values);
    int result = id_array_allocate(array, count);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = parse_id(state, PyTuple_GET_ITEM(values, (Py_ssize_t)i), &array->copy[i]);
    Py_DECREF(values);
    return result;
}

/* The item of an integer column as an id; false if it is null or negative. */
static bool
read_id(const struct ArrowArray *chunk, char format, int64_t row, uint64_t *out_id)
{
    const uint8_t *validity = chunk->buffers[0];
    const void *items = chunk->buffers[1];
    int64_t value;
    row += chunk->offset;
    if (chunk->null_count != 0 && validity != NULL && !(validity[row / 8] >> (row % 8) & 1))
        return false;
    switch (format) {
    case 'L':
        *out_id = ((const uint64_t *)items)[row];
        return true;
    case 'I':
        *out_id = ((const uint32_t *)items)[row];
        return true;
    case 'S':
        *out_id = ((const uint16_t *)items)[row];
        return true;
    case 'C':
        *out_id = ((const uint8_t *)items)[row];
        return true;
    case 'l':
        value = ((const int64_t *)items)[row];
        break;
    case 'i':
        value = ((const int32_t *)items)[row];
        break;
    case 's':
        value = ((const int16_t *)items)[row];
        break;
    default:
        value = ((const int8_t *)items)[row];
        break;
    }
    *out_id = (uint64_t)value;
    return value >= 0;
}

/* Ids out of the chunks of a column; 64-bit ones in one chunk stay where they are. */
static int
ids_from_column(ModuleState *state, const char *argument, IdArray *array)
{
    const Column *column = &array->column;
    const char *format = column->schema.format;
    bool is_integer = column->values == NULL && format != NULL && format[0] != '\0' && format[1] == '\0' &&
                      strchr("LISClisc", format[0]) != NULL && column->schema.dictionary == NULL;
    if (!is_integer) {
        raise_status(state, DEED_TYPE_MISMATCH, "%s is a sequence of ids", argument);
        return -1;
    }
    const struct ArrowArray *first = column->chunks;
    if (column->chunk_count == 1 && format[0] == 'L' && first->null_count == 0) {
        array->ids = (const uint64_t *)first->buffers[1] + first->offset;
        array->count = column->length;
        return 0;
    }
    if (id_array_allocate(array, column->length) < 0)
        return -1;
    size_t count = 0;
    for (size_t i = 0; i < column->chunk_count; i++) {
        for (int64_t row = 0; row < column->chunks[i].length; row++, count++) {
            if (!read_id(&column->chunks[i], format[0], row, &array->copy[count])) {
                raise_status(state, DEED_INVALID_ARGUMENT, "%s[%zu] is null or negative, which no id is", argument, count);
                return -1;
            }
        }
    }
    return 0;
}

static int
ids_from_object(ModuleState *state, PyObject *object, const char *argument, IdArray *array)
{
    if (PyList_CheckExact(object) || PyTuple_CheckExact(object))
        return ids_from_sequence(state, object, array);
    if (column_from_object(state, object, &array->column) < 0)
        return -1;
    return ids_from_column(state, argument, array);
}

/* ---- The load ------------------------------------------------------------------------------------------------ */

typedef struct Load {
    SessionObject *session;
    deed_kind kind;
    uint32_t table;
    ColumnSet columns;
    IdArray sources;
    IdArray targets;
    Progress progress;
    deed_transaction *transaction; /* the session's, or the load's own */
    bool owns_transaction;
} Load;

/* Step 2: the engine reads the stream. */
static int
run_engine(Load *load, deed_ids **out_ids)
{
    SessionObject *session = load->session;
    deed_database *database = session->graph->database;
    struct ArrowArrayStream own, *stream = &own;
    deed_error *error = NULL;
    deed_status status;
    if (load->columns.has_table)
        stream = &load->columns.table;
    else
        columns_open(&load->columns, &own);
    if (load->kind == DEED_RELATIONSHIP && !load->columns.has_table && load->columns.count == 0)
        stream = NULL;
    Progress *progress = &load->progress;
    progress->thread = call_begin(session, true);
    if (load->kind == DEED_ENTITY)
        status = deed_entities_load(database, load->transaction, load->table, stream, on_progress, progress, out_ids, &error);
    else
        status = deed_relationships_load(database, load->transaction, load->table, load->sources.ids, load->targets.ids,
                                         load->sources.count, stream, on_progress, progress, out_ids, &error);
    call_end(session, progress->thread);
    if (progress_raise(progress)) {
        deed_error_destroy(error);
        return -1;
    }
    if (status == DEED_OK)
        return 0;
    raise_error(session->state, status, error);
    return -1;
}

/* Step 3 for one row: the values that have no column of their own in the stream. */
static int
set_row(Load *load, const uint32_t *keys, uint64_t id, size_t row)
{
    const ColumnSet *set = &load->columns;
    Conversion conversion;
    conversion_begin(&conversion, load->session->state);
    int result = -1;
    size_t count = 0;
    deed_property *properties = conversion_allocate(&conversion, set->count * sizeof *properties);
    if (properties == NULL)
        goto done;
    for (size_t i = 0; i < set->count; i++) {
        if (set->columns[i].values == NULL)
            continue;
        properties[count].key = keys[i];
        properties[count].reserved = 0;
        if (convert_value(&conversion, PyTuple_GET_ITEM(set->columns[i].values, (Py_ssize_t)row), &properties[count].value, 0) < 0)
            goto done;
        count++;
    }
    deed_error *error = NULL;
    deed_status status = deed_record_update(load->session->graph->database, load->transaction, load->kind, id, properties,
                                            count, false, &error);
    if (status == DEED_OK)
        result = 0;
    else
        raise_error(load->session->state, status, error);
done:
    conversion_end(&conversion);
    return result;
}

static int
set_rows(Load *load, const deed_ids *ids)
{
    const ColumnSet *set = &load->columns;
    const uint64_t *data = deed_ids_data(ids);
    uint32_t *keys = PyMem_Malloc(set->count * sizeof *keys);
    int result = keys != NULL ? 0 : -1;
    if (keys == NULL)
        PyErr_NoMemory();
    for (size_t i = 0; result == 0 && i < set->count; i++)
        result = name_intern(load->session, DEED_PROPERTY_KEY, PyList_GET_ITEM(set->names, (Py_ssize_t)i), &keys[i]);
    for (size_t row = 0; result == 0 && row < deed_ids_count(ids); row++) {
        result = set_row(load, keys, data[row], row);
        if (result == 0 && row % ROWS_PER_TURN == ROWS_PER_TURN - 1) {
            Py_BEGIN_ALLOW_THREADS
            Py_END_ALLOW_THREADS
            result = PyErr_CheckSignals() < 0 || session_ready(load->session) < 0 ? -1 : 0;
        }
    }
    PyMem_Free(keys);
    return result;
}

/* After a failure in step 3 within the user's transaction, which goes on: takes back what step 2 has added. */
static void
take_back(Load *load, const deed_ids *ids)
{
    const uint64_t *data = deed_ids_data(ids);
    for (size_t i = 0; i < deed_ids_count(ids); i++) {
        if (load->kind == DEED_ENTITY)
            deed_entity_delete(load->session->graph->database, load->transaction, data[i], true, NULL);
        else
            deed_relationship_delete(load->session->graph->database, load->transaction, data[i], NULL);
    }
}

static int
commit_own(Load *load)
{
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(load->session, true);
    deed_status status = deed_transaction_commit(load->transaction, &error);
    call_end(load->session, thread);
    if (status == DEED_OK)
        return 0;
    raise_error(load->session->state, status, error);
    return -1;
}

static PyObject *
run(Load *load)
{
    SessionObject *session = load->session;
    bool row_by_row = columns_have_values(&load->columns);
    deed_ids *ids = NULL;
    deed_error *error = NULL;
    load->transaction = session->transaction;
    load->owns_transaction = row_by_row && session->transaction == NULL;
    if (load->owns_transaction) {
        deed_status status = deed_transaction_begin(session->graph->database, false, &load->transaction, &error);
        if (status != DEED_OK)
            return raise_error(session->state, status, error);
    }
    int result = run_engine(load, &ids);
    if (result == 0 && row_by_row) {
        result = set_rows(load, ids);
        if (result == 0 && load->owns_transaction)
            result = commit_own(load);
        else if (result < 0 && !load->owns_transaction)
            take_back(load, ids);
    }
    if (load->owns_transaction)
        deed_transaction_destroy(load->transaction);
    if (result == 0)
        return ids_adopt(session->state, ids);
    deed_ids_destroy(ids);
    return NULL;
}

static void
load_clear(Load *load)
{
    columns_clear(&load->columns);
    id_array_clear(&load->sources);
    id_array_clear(&load->targets);
}

METHOD(add_entities)
{
    static const Signature signature = {"add_entities", 3, 2, 2, {"collection", "columns", "progress"}};
    PyObject *values[3];
    Load load = {.session = self, .kind = DEED_ENTITY};
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_progress(self->state, values[2], &load.progress) < 0)
        return NULL;
    if (values[1] == Py_None)
        return raise_status(self->state, DEED_TYPE_MISMATCH, "columns are a mapping of str to column or Arrow data, not None");
    PyObject *result = NULL;
    if (columns_collect(self->state, values[1], &load.columns) == 0 && session_ready(self) == 0 &&
        name_intern(self, DEED_COLLECTION, values[0], &load.table) == 0)
        result = run(&load);
    load_clear(&load);
    return result;
}

/* The ends and the columns have one length. A foreign table tells its length only to the engine, which checks it. */
static int
check_lengths(const Load *load)
{
    size_t count = load->sources.count;
    bool has_columns = load->columns.count > 0;
    if (load->targets.count == count && (!has_columns || load->columns.rows == count))
        return 0;
    if (load->targets.count != count)
        raise_status(load->session->state, DEED_INVALID_ARGUMENT, "src has %zu ids, dst has %zu", count, load->targets.count);
    else
        raise_status(load->session->state, DEED_INVALID_ARGUMENT, "src has %zu ids, the columns have %llu values", count,
                     (unsigned long long)load->columns.rows);
    return -1;
}

METHOD(add_edges)
{
    static const Signature signature = {"add_edges", 5, 3, 4, {"type", "src", "dst", "columns", "progress"}};
    PyObject *values[5];
    Load load = {.session = self, .kind = DEED_RELATIONSHIP};
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_progress(self->state, values[4], &load.progress) < 0)
        return NULL;
    PyObject *result = NULL;
    if (ids_from_object(self->state, values[1], "src", &load.sources) == 0 &&
        ids_from_object(self->state, values[2], "dst", &load.targets) == 0 &&
        columns_collect(self->state, values[3], &load.columns) == 0 && check_lengths(&load) == 0 &&
        session_ready(self) == 0 && name_intern(self, DEED_RELATIONSHIP_TYPE, values[0], &load.table) == 0)
        result = run(&load);
    load_clear(&load);
    return result;
}
