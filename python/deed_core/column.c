/* column.c - one column of a bulk load: NumPy arrays and Arrow data without copying, everything else by builder.c. */
#include "columns.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the formats of arrays are taken for little-endian ones"
#endif

/* ---- Descriptions -------------------------------------------------------------------------------------------- */

static void
release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

void
column_describe(Column *column, const char *format, int64_t length, int64_t null_count, int64_t buffer_count)
{
    snprintf(column->format, sizeof column->format, "%s", format);
    column->schema = (struct ArrowSchema){
        .format = column->format, .name = "", .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    column->own = (struct ArrowArray){.length = length, .null_count = null_count, .n_buffers = buffer_count,
                                      .buffers = column->buffers, .release = release_array};
    column->chunks = &column->own;
    column->chunk_count = 1;
    column->length = (uint64_t)length;
}

/* A fixed-size list of float32 whose items lie in buffers[1]. */
void
column_describe_vectors(Column *column, int64_t dimension, int64_t length, int64_t null_count)
{
    char format[sizeof column->format];
    snprintf(format, sizeof format, "+w:%lld", (long long)dimension);
    column->item_buffers[1] = column->buffers[1];
    column_describe(column, format, length, null_count, 1);
    column->item_schema = (struct ArrowSchema){.format = "f", .name = "item", .release = release_schema};
    column->item_schemas[0] = &column->item_schema;
    column->schema.n_children = 1;
    column->schema.children = column->item_schemas;
    column->item = (struct ArrowArray){
        .length = length * dimension, .n_buffers = 2, .buffers = column->item_buffers, .release = release_array};
    column->items[0] = &column->item;
    column->own.n_children = 1;
    column->own.children = column->items;
}

void
column_clear(Column *column)
{
    if (column->schema.release != NULL)
        column->schema.release(&column->schema);
    if (column->chunks != &column->own) {
        for (size_t i = 0; i < column->chunk_count; i++)
            if (column->chunks[i].release != NULL)
                column->chunks[i].release(&column->chunks[i]);
        free(column->chunks);
    }
    for (int i = 0; i < 3; i++)
        free(column->memory[i]);
    if (column->has_view)
        PyBuffer_Release(&column->view);
    Py_XDECREF(column->values);
}

/* ---- Arrow data ---------------------------------------------------------------------------------------------- */

static int
add_chunk(Column *column, const struct ArrowArray *chunk)
{
    struct ArrowArray *chunks = realloc(column->chunks, (column->chunk_count + 1) * sizeof *chunks);
    if (chunks == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    chunks[column->chunk_count++] = *chunk;
    column->chunks = chunks;
    column->length += (uint64_t)chunk->length;
    return 0;
}

static int
column_from_arrow_array(PyObject *object, Column *column)
{
    struct ArrowArray array;
    if (take_array(object, &column->schema, &array) < 0)
        return -1;
    if (add_chunk(column, &array) == 0)
        return 0;
    array.release(&array);
    return -1;
}

static int
stream_failed(ModuleState *state, struct ArrowArrayStream *stream)
{
    const char *message = stream->get_last_error(stream);
    raise_status(state, DEED_INVALID_ARGUMENT, "the Arrow stream failed: %.400s", message != NULL ? message : "no message");
    return -1;
}

static int
column_from_arrow_stream(ModuleState *state, PyObject *object, Column *column)
{
    struct ArrowArrayStream stream;
    if (take_stream(object, &stream) < 0)
        return -1;
    int result = stream.get_schema(&stream, &column->schema) == 0 ? 0 : stream_failed(state, &stream);
    while (result == 0) {
        struct ArrowArray array = {0};
        if (stream.get_next(&stream, &array) != 0) {
            result = stream_failed(state, &stream);
        } else if (array.release == NULL) {
            break;
        } else if (add_chunk(column, &array) < 0) {
            array.release(&array);
            result = -1;
        }
    }
    stream.release(&stream);
    return result;
}

/* ---- Arrays with the buffer protocol ------------------------------------------------------------------------- */

/* The Arrow format of a native array item, or NULL: then its values are taken one by one. */
static const char *
arrow_format_of(const Py_buffer *view)
{
    const char *format = view->format != NULL ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == '<')
        format++;
    if (format[0] == '\0' || format[1] != '\0')
        return NULL;
    bool is_signed = strchr("bhilqn", *format) != NULL, is_unsigned = strchr("BHILQN", *format) != NULL;
    if (is_signed || is_unsigned) {
        switch (view->itemsize) {
        case 1:
            return is_signed ? "c" : "C";
        case 2:
            return is_signed ? "s" : "S";
        case 4:
            return is_signed ? "i" : "I";
        default:
            return is_signed ? "l" : "L";
        }
    }
    return *format == 'f' ? "f" : *format == 'd' ? "g" : *format == '?' ? "b" : NULL;
}

/* The items of the view, contiguous and aligned: the array's own memory, or a copy in memory[1]. */
static const void *
contiguous_items(Column *column)
{
    Py_buffer *view = &column->view;
    bool aligned = (uintptr_t)view->buf % (size_t)view->itemsize == 0;
    if (aligned && PyBuffer_IsContiguous(view, 'C'))
        return view->buf;
    column->memory[1] = malloc((size_t)view->len + 1);
    if (column->memory[1] == NULL)
        return PyErr_NoMemory();
    return PyBuffer_ToContiguous(column->memory[1], view, view->len, 'C') == 0 ? column->memory[1] : NULL;
}

/* NumPy's booleans are bytes, Arrow's are bits. */
static int
pack_booleans(Column *column, const uint8_t *bytes, size_t count)
{
    uint8_t *bits = calloc(count / 8 + 1, 1);
    if (bits == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        bits[i / 8] |= (uint8_t)((bytes[i] != 0) << (i % 8));
    free(column->memory[1]);
    column->memory[1] = bits;
    column->buffers[1] = bits;
    return 0;
}

/* 1: not an array that Arrow can describe. */
static int
column_from_buffer(PyObject *object, Column *column)
{
    if (PyObject_GetBuffer(object, &column->view, PyBUF_FULL_RO) < 0) {
        PyErr_Clear(); /* such as NumPy's arrays of str */
        return 1;
    }
    column->has_view = true;
    const Py_buffer *view = &column->view;
    const char *format = arrow_format_of(view);
    bool is_vectors = view->ndim == 2 && format != NULL && *format == 'f' && view->shape[1] > 0;
    if (format == NULL || !(view->ndim == 1 || is_vectors)) {
        PyBuffer_Release(&column->view);
        column->has_view = false;
        return 1;
    }
    column->buffers[1] = contiguous_items(column);
    if (column->buffers[1] == NULL)
        return -1;
    int64_t length = view->shape[0];
    if (*format == 'b' && pack_booleans(column, column->buffers[1], (size_t)length) < 0)
        return -1;
    if (is_vectors)
        column_describe_vectors(column, view->shape[1], length, 0);
    else
        column_describe(column, format, length, 0, 2);
    return 0;
}

/* ---- NumPy's dates ------------------------------------------------------------------------------------------- */

/* For an array of datetime64 or timedelta64 the kind ('M' or 'm') and the unit in brackets; otherwise kind 0. */
static int
date_type_of(PyObject *object, char *out_kind, char *out_unit, size_t unit_size)
{
    *out_kind = 0;
    PyObject *dtype = PyObject_GetAttr(object, attributes.dtype);
    PyObject *text = dtype != NULL ? PyObject_GetAttr(dtype, attributes.str) : NULL;
    Py_XDECREF(dtype);
    if (text == NULL) {
        PyErr_Clear();
        return 0;
    }
    const char *name = PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : "";
    if (name == NULL) {
        Py_DECREF(text);
        return -1;
    }
    const char *unit = strchr(name, '[');
    if ((name[0] == '<' || name[0] == '=') && (name[1] == 'M' || name[1] == 'm') && unit != NULL) {
        *out_kind = name[1];
        snprintf(out_unit, unit_size, "%.*s", (int)strcspn(unit + 1, "]"), unit + 1);
    }
    Py_DECREF(text);
    return 0;
}

/* NumPy's "not a time" becomes null: makes the validity bits in memory[0] if there is one. */
static int
mark_not_a_time(Column *column, const int64_t *items, size_t count, int64_t *out_null_count)
{
    *out_null_count = 0;
    for (size_t i = 0; i < count; i++)
        *out_null_count += items[i] == INT64_MIN;
    if (*out_null_count == 0)
        return 0;
    uint8_t *bits = calloc(count / 8 + 1, 1);
    if (bits == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        bits[i / 8] |= (uint8_t)((items[i] != INT64_MIN) << (i % 8));
    column->memory[0] = bits;
    column->buffers[0] = bits;
    return 0;
}

/* Days as Arrow's 32-bit dates; 1 if one does not fit. */
static int
narrow_days(Column *column, const int64_t *items, size_t count)
{
    int32_t *days = malloc(count * sizeof *days + 1);
    if (days == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        days[i] = items[i] == INT64_MIN ? 0 : (int32_t)items[i];
        if (items[i] != INT64_MIN && days[i] != items[i]) {
            free(days);
            return 1;
        }
    }
    free(column->memory[1]);
    column->memory[1] = days;
    column->buffers[1] = days;
    return 0;
}

/* An array of datetime64 or timedelta64, which do not have the buffer protocol: their 64-bit integers do. */
static PyObject *
call_with_text(PyObject *object, PyObject *method, const char *text)
{
    PyObject *argument = PyUnicode_FromString(text);
    PyObject *result = argument != NULL ? PyObject_CallMethodOneArg(object, method, argument) : NULL;
    Py_XDECREF(argument);
    return result;
}

static int
column_from_dates(ModuleState *state, PyObject *object, char kind, const char *unit, Column *column)
{
    static const struct {
        const char *unit, *datetime, *duration;
    } formats[] = {{"s", "tss:", "tDs"}, {"ms", "tsm:", "tDm"}, {"us", "tsu:", "tDu"}, {"ns", "tsn:", "tDn"}};
    bool is_days = kind == 'M' && strcmp(unit, "D") == 0;
    const char *format = is_days ? "tdD" : NULL;
    for (int i = 0; i < 4; i++)
        if (strcmp(unit, formats[i].unit) == 0)
            format = kind == 'M' ? formats[i].datetime : formats[i].duration;
    PyObject *array = format != NULL ? Py_NewRef(object)
                                     : call_with_text(object, attributes.astype, kind == 'M' ? "M8[s]" : "m8[s]");
    if (format == NULL)
        format = kind == 'M' ? "tss:" : "tDs";
    PyObject *integers = array != NULL ? call_with_text(array, attributes.view, "int64") : NULL;
    Py_XDECREF(array);
    int result = integers != NULL ? column_from_buffer(integers, column) : -1;
    Py_XDECREF(integers); /* the buffer keeps it */
    if (result == 0) {
        const int64_t *items = column->buffers[1];
        int64_t null_count, count = (int64_t)column->length;
        result = mark_not_a_time(column, items, (size_t)count, &null_count);
        if (result == 0 && is_days)
            result = narrow_days(column, items, (size_t)count);
        if (result == 0)
            column_describe(column, format, count, null_count, 2);
    }
    if (result > 0) {
        raise_status(state, DEED_TYPE_MISMATCH, "a column of dates has one dimension, and days that fit into 32 bits");
        return -1;
    }
    return result;
}

/* ---- Any column ---------------------------------------------------------------------------------------------- */

static int
column_from_iterable(ModuleState *state, PyObject *object, Column *column)
{
    PyObject *values = PySequence_Tuple(object);
    if (values == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            raise_status(state, DEED_TYPE_MISMATCH, "a column is a sequence, an array or Arrow data, not %.100s",
                         Py_TYPE(object)->tp_name);
        }
        return -1;
    }
    int result = column_from_values(state, values, column);
    Py_DECREF(values);
    return result;
}

/* What has a dtype: an array, or something that makes one (a pandas Series). 1: neither. */
static int
column_from_array(ModuleState *state, PyObject *object, Column *column)
{
    char kind, unit[16];
    if (date_type_of(object, &kind, unit, sizeof unit) < 0)
        return -1;
    if (kind != 0 && PyObject_HasAttr(object, attributes.astype) && PyObject_CheckBuffer(object))
        return column_from_dates(state, object, kind, unit, column);
    if (PyObject_CheckBuffer(object))
        return column_from_buffer(object, column);
    if (!PyObject_HasAttr(object, attributes.array))
        return 1;
    PyObject *array = PyObject_CallMethodNoArgs(object, attributes.array);
    if (array == NULL)
        return -1;
    int result = PyObject_CheckBuffer(array) ? column_from_array(state, array, column) : 1;
    Py_DECREF(array);
    return result;
}

int
column_from_object(ModuleState *state, PyObject *object, Column *column)
{
    if (PyList_CheckExact(object) || PyTuple_CheckExact(object))
        return column_from_iterable(state, object, column);
    if (PyUnicode_Check(object) || PyBytes_Check(object) || PyByteArray_Check(object) || PyDict_Check(object)) {
        raise_status(state, DEED_TYPE_MISMATCH, "a column is a sequence, an array or Arrow data, not %.100s",
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    if (PyObject_HasAttr(object, attributes.arrow_c_stream))
        return column_from_arrow_stream(state, object, column);
    if (PyObject_HasAttr(object, attributes.arrow_c_array))
        return column_from_arrow_array(object, column);
    int result = column_from_array(state, object, column);
    return result <= 0 ? result : column_from_iterable(state, object, column);
}
