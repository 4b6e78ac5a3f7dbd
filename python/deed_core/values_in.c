/* values_in.c - Python values -> deed_value.
 *
 *  None, bool, int, float, str                       themselves; an int beyond 64 bits is TypeMismatch
 *  bytes, bytearray, memoryview of bytes             BYTES
 *  date, time, datetime, timedelta, Duration, Temporal   see datetimes.c
 *  array.array('f'), NumPy float32, one dimension    VECTOR
 *  list, tuple, other arrays of one dimension        LIST
 *  dict with str keys                                MAP
 *  objects with __index__; NumPy scalars             INT64, FLOAT64, BOOL
 *
 * Everything else is TypeMismatch: what would lose something (Decimal, complex) is never converted silently.
 */
#include "deed_core.h"

#include <stddef.h>

typedef struct Block {
    struct Block *next;
    max_align_t memory[];
} Block;

typedef struct HeldBuffer {
    struct HeldBuffer *next;
    Py_buffer view;
} HeldBuffer;

/* ---- What a conversion holds --------------------------------------------------------------------------------- */

void
conversion_begin(Conversion *conversion, ModuleState *state)
{
    conversion->state = state;
    conversion->blocks = NULL;
    conversion->buffers = NULL;
    conversion->kept = conversion->kept_inline;
    conversion->kept_count = 0;
    conversion->kept_capacity = KEPT_INLINE;
    conversion->ran_foreign_code = false;
    conversion->properties = conversion->properties_inline;
    conversion->property_count = 0;
}

void
conversion_end(Conversion *conversion)
{
    for (size_t i = 0; i < conversion->kept_count; i++)
        Py_DECREF(conversion->kept[i]);
    if (conversion->kept != conversion->kept_inline)
        PyMem_Free(conversion->kept);
    while (conversion->buffers != NULL) {
        HeldBuffer *held = conversion->buffers;
        conversion->buffers = held->next;
        PyBuffer_Release(&held->view);
        PyMem_Free(held);
    }
    while (conversion->blocks != NULL) {
        Block *block = conversion->blocks;
        conversion->blocks = block->next;
        PyMem_Free(block);
    }
}

static int
grow_kept(Conversion *conversion)
{
    size_t capacity = conversion->kept_capacity * 2;
    bool is_inline = conversion->kept == conversion->kept_inline;
    PyObject **kept = PyMem_Realloc(is_inline ? NULL : conversion->kept, capacity * sizeof *kept);
    if (kept == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (is_inline)
        memcpy(kept, conversion->kept_inline, sizeof conversion->kept_inline);
    conversion->kept = kept;
    conversion->kept_capacity = capacity;
    return 0;
}

int
conversion_keep(Conversion *conversion, PyObject *object)
{
    if (object == NULL)
        return -1;
    if (conversion->kept_count == conversion->kept_capacity && grow_kept(conversion) < 0) {
        Py_DECREF(object);
        return -1;
    }
    conversion->kept[conversion->kept_count++] = object;
    return 0;
}

void *
conversion_allocate(Conversion *conversion, size_t size)
{
    Block *block = PyMem_Malloc(sizeof(Block) + size);
    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    block->next = conversion->blocks;
    conversion->blocks = block;
    return block->memory;
}

/* ---- Text and numbers ---------------------------------------------------------------------------------------- */

const char *
text_of(ModuleState *state, PyObject *string, size_t *out_size)
{
    if (PyUnicode_IS_COMPACT_ASCII(string)) {
        *out_size = (size_t)PyUnicode_GET_LENGTH(string);
        return (const char *)PyUnicode_1BYTE_DATA(string);
    }
    Py_ssize_t size = 0;
    const char *text = PyUnicode_AsUTF8AndSize(string, &size);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        raise_status(state, DEED_INVALID_ARGUMENT, "a str with a lone surrogate cannot be stored as UTF-8: %A", string);
    }
    *out_size = (size_t)size;
    return text;
}

static int
convert_integer(Conversion *conversion, PyObject *integer, deed_value *out_value)
{
    int overflow = 0;
    out_value->type = DEED_INT64;
    out_value->as.integer = PyLong_AsLongLongAndOverflow(integer, &overflow);
    if (overflow != 0) {
        raise_status(conversion->state, DEED_TYPE_MISMATCH, "an int does not fit into 64 bits");
        return -1;
    }
    return 0;
}

/* ---- Lists and maps ------------------------------------------------------------------------------------------ */

static int
too_deep(Conversion *conversion)
{
    raise_status(conversion->state, DEED_INVALID_ARGUMENT,
                 "values nest more than %d levels deep, or contain themselves", NESTING_MAX);
    return -1;
}

static int
convert_list(Conversion *conversion, PyObject *list, deed_value *out_value, int depth)
{
    if (depth >= NESTING_MAX)
        return too_deep(conversion);
    PyObject *items = PySequence_Tuple(list); /* a copy that foreign code cannot shorten */
    if (conversion_keep(conversion, items) < 0)
        return -1;
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    deed_value *values = conversion_allocate(conversion, (size_t)count * sizeof *values);
    if (values == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (convert_value(conversion, PyTuple_GET_ITEM(items, i), &values[i], depth + 1) < 0)
            return -1;
    out_value->type = DEED_LIST;
    out_value->as.list.items = values;
    out_value->as.list.count = (size_t)count;
    return 0;
}

/* Two keys of a dict can only have the same text if one of them is of a subclass with its own hash or equality. */
static bool
has_key(const deed_map_entry *entries, size_t count, const char *key, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].key_size == size && memcmp(entries[i].key, key, size) == 0)
            return true;
    return false;
}

static int
convert_entry(Conversion *conversion, deed_map_entry *entries, size_t count, PyObject *key, PyObject *value, int depth)
{
    deed_map_entry *entry = &entries[count];
    if (!PyUnicode_Check(key)) {
        raise_status(conversion->state, DEED_TYPE_MISMATCH, "the keys of a map are str, not %.100s", Py_TYPE(key)->tp_name);
        return -1;
    }
    if (conversion_keep(conversion, Py_NewRef(key)) < 0 || conversion_keep(conversion, Py_NewRef(value)) < 0)
        return -1;
    entry->key = text_of(conversion->state, key, &entry->key_size);
    if (entry->key == NULL)
        return -1;
    bool may_repeat = !PyUnicode_CheckExact(key) || conversion->ran_foreign_code;
    if (may_repeat && has_key(entries, count, entry->key, entry->key_size)) {
        raise_status(conversion->state, DEED_INVALID_ARGUMENT, "the key %R occurs twice", key);
        return -1;
    }
    return convert_value(conversion, value, &entry->value, depth + 1);
}

static int
convert_map(Conversion *conversion, PyObject *map, deed_value *out_value, int depth)
{
    if (depth >= NESTING_MAX)
        return too_deep(conversion);
    size_t capacity = (size_t)PyDict_GET_SIZE(map), count = 0;
    deed_map_entry *entries = conversion_allocate(conversion, capacity * sizeof *entries);
    if (entries == NULL)
        return -1;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (count < capacity && PyDict_Next(map, &position, &key, &value)) {
        if (convert_entry(conversion, entries, count, key, value, depth) < 0)
            return -1;
        count++;
    }
    out_value->type = DEED_MAP;
    out_value->as.map.entries = entries;
    out_value->as.map.count = count;
    return 0;
}

/* ---- Buffers: bytes-likes, embeddings, NumPy ----------------------------------------------------------------- */

/* Opens a buffer that is released by conversion_end. */
static Py_buffer *
hold_buffer(Conversion *conversion, PyObject *object)
{
    HeldBuffer *held = PyMem_Malloc(sizeof *held);
    if (held == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (PyObject_GetBuffer(object, &held->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        PyMem_Free(held);
        return NULL;
    }
    held->next = conversion->buffers;
    conversion->buffers = held;
    return &held->view;
}

static int convert_scalar(Conversion *conversion, PyObject *object, deed_value *out_value);

static int
convert_float_array(Conversion *conversion, const Py_buffer *view, deed_value *out_value)
{
    size_t count = (size_t)view->len / sizeof(float);
    float *items = conversion_allocate(conversion, (size_t)view->len); /* aligned, whatever the exporter gave */
    if (items == NULL)
        return -1;
    memcpy(items, view->buf, (size_t)view->len);
    out_value->type = DEED_VECTOR;
    out_value->as.vector.items = items;
    out_value->as.vector.count = count;
    return 0;
}

/* Something with the buffer protocol that is neither bytes nor a plain Python number. */
static int
convert_buffer(Conversion *conversion, PyObject *object, deed_value *out_value, int depth)
{
    Py_buffer *view = hold_buffer(conversion, object);
    if (view == NULL) { /* not contiguous, or without the protocol after all, as NumPy's dates */
        PyErr_Clear();
        return convert_scalar(conversion, object, out_value);
    }
    const char *format = view->format != NULL ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == '<')
        format++;
    if (view->ndim == 0) {
        if (strcmp(format, "?") == 0) {
            out_value->type = DEED_BOOL;
            out_value->as.boolean = *(const unsigned char *)view->buf != 0;
            return 0;
        }
        return convert_scalar(conversion, object, out_value);
    }
    if (view->ndim == 1 && strcmp(format, "f") == 0)
        return convert_float_array(conversion, view, out_value);
    bool is_bytes = PyByteArray_Check(object) || (PyMemoryView_Check(object) && strchr("Bc", *format) != NULL);
    if (view->ndim == 1 && is_bytes) {
        out_value->type = DEED_BYTES;
        out_value->as.text.data = view->buf;
        out_value->as.text.size = (size_t)view->len;
        return 0;
    }
    PyObject *list = PyObject_CallMethodNoArgs(object, attributes.tolist);
    if (conversion_keep(conversion, list) < 0)
        return -1;
    if (!PyList_Check(list))
        return convert_scalar(conversion, object, out_value);
    return convert_list(conversion, list, out_value, depth);
}

/* ---- One value ----------------------------------------------------------------------------------------------- */

/* The least number of 39 digits. */
#define DECIMAL_LIMIT ((unsigned __int128)10000000000000000000u * 10000000000000000000u)

/* Whether the object's __float__ keeps its value: NumPy's small floats do, Decimal and Fraction do not. */
static bool
is_small_float(PyObject *object)
{
    Py_buffer view;
    if (!PyObject_CheckBuffer(object))
        return false;
    if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_ND) < 0) {
        PyErr_Clear();
        return false;
    }
    bool small = view.ndim == 0 && view.format != NULL && strchr("efd", view.format[0]) != NULL;
    PyBuffer_Release(&view);
    return small;
}

/* An integer or float by way of __index__ and __float__, or the end of the road. */
static int
convert_scalar(Conversion *conversion, PyObject *object, deed_value *out_value)
{
    conversion->ran_foreign_code = true;
    if (is_small_float(object)) {
        out_value->type = DEED_FLOAT64;
        out_value->as.number = PyFloat_AsDouble(object);
        return out_value->as.number == -1.0 && PyErr_Occurred() ? -1 : 0;
    }
    if (PyIndex_Check(object)) {
        PyObject *integer = PyNumber_Index(object);
        if (integer != NULL) {
            int result = convert_integer(conversion, integer, out_value);
            Py_DECREF(integer);
            return result;
        }
        if (!PyErr_ExceptionMatches(PyExc_TypeError))
            return -1;
        PyErr_Clear(); /* an array, which has the slot but not the value */
    }
    raise_status(conversion->state, DEED_TYPE_MISMATCH, "a value of type %.100s cannot be stored", Py_TYPE(object)->tp_name);
    return -1;
}

/* A decimal.Decimal, by its text with an exponent of ten: as_tuple would make an object of each digit. */
static int
read_decimal(const char *text, deed_value *out_value)
{
    unsigned __int128 coefficient = 0;
    long scale = 0;
    bool is_negative = *text == '-', is_behind_point = false;
    for (text += is_negative; *text == '.' || (*text >= '0' && *text <= '9'); text++) {
        if (*text == '.') {
            is_behind_point = true;
            continue;
        }
        if (coefficient >= DECIMAL_LIMIT / 10)
            return -1;
        coefficient = coefficient * 10 + (unsigned)(*text - '0');
        scale += is_behind_point;
    }
    if (*text == 'E' || *text == 'e') {
        char *end;
        long exponent = strtol(text + 1, &end, 10);
        if (exponent < -100000 || exponent > 100000)
            return -1;
        scale -= exponent;
        text = end;
    }
    if (*text != '\0') /* NaN and infinities */
        return -1;
    for (; scale < 0 && coefficient > 0; scale++) {
        if (coefficient >= DECIMAL_LIMIT / 10)
            return -1;
        coefficient *= 10;
    }
    if (scale > 38)
        return -1;
    __int128 value = is_negative ? -(__int128)coefficient : (__int128)coefficient;
    out_value->type = DEED_DECIMAL;
    out_value->extra = scale < 0 ? 0 : (int32_t)scale;
    out_value->as.decimal.low = (uint64_t)value;
    out_value->as.decimal.high = (int64_t)(value >> 64);
    return 0;
}

static int
convert_decimal(Conversion *conversion, PyObject *object, deed_value *out_value)
{
    PyObject *text = PyObject_Str(object);
    if (text == NULL)
        return -1;
    const char *digits = PyUnicode_AsUTF8(text);
    int result = digits != NULL ? read_decimal(digits, out_value) : -1;
    Py_DECREF(text);
    if (result < 0 && !PyErr_Occurred())
        raise_status(conversion->state, DEED_INVALID_ARGUMENT,
                     "%R has more than 38 digits, or is no number: a decimal cannot hold it", object);
    return result;
}

/* What convert_value does not see at a glance, in the order of likelihood. */
static int
convert_other(Conversion *conversion, PyObject *object, deed_value *out_value, int depth)
{
    if (PyList_Check(object) || PyTuple_Check(object))
        return convert_list(conversion, object, out_value, depth);
    if (PyDict_Check(object))
        return convert_map(conversion, object, out_value, depth);
    if (PyBytes_Check(object)) {
        out_value->type = DEED_BYTES;
        out_value->as.text.data = PyBytes_AS_STRING(object);
        out_value->as.text.size = (size_t)PyBytes_GET_SIZE(object);
        return 0;
    }
    if (PyLong_Check(object))
        return convert_integer(conversion, object, out_value);
    if (PyFloat_Check(object)) {
        out_value->type = DEED_FLOAT64;
        out_value->as.number = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    if (PyUnicode_Check(object)) {
        out_value->type = DEED_STRING;
        out_value->as.text.data = text_of(conversion->state, object, &out_value->as.text.size);
        return out_value->as.text.data != NULL ? 0 : -1;
    }
    conversion->ran_foreign_code = true;
    int is_decimal = PyObject_IsInstance(object, conversion->state->decimal_type);
    if (is_decimal != 0)
        return is_decimal < 0 ? -1 : convert_decimal(conversion, object, out_value);
    int other = convert_datetime_value(conversion, object, out_value);
    if (other <= 0)
        return other;
    if (PyObject_CheckBuffer(object))
        return convert_buffer(conversion, object, out_value, depth);
    return convert_scalar(conversion, object, out_value);
}

int
convert_value(Conversion *conversion, PyObject *object, deed_value *out_value, int depth)
{
    PyTypeObject *type = Py_TYPE(object);
    out_value->extra = 0;
    if (type == &PyUnicode_Type) {
        out_value->type = DEED_STRING;
        out_value->as.text.data = text_of(conversion->state, object, &out_value->as.text.size);
        return out_value->as.text.data != NULL ? 0 : -1;
    }
    if (type == &PyLong_Type)
        return convert_integer(conversion, object, out_value);
    if (type == &PyFloat_Type) {
        out_value->type = DEED_FLOAT64;
        out_value->as.number = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    if (object == Py_None) {
        out_value->type = DEED_NULL;
        return 0;
    }
    if (type == &PyBool_Type) {
        out_value->type = DEED_BOOL;
        out_value->as.boolean = object == Py_True;
        return 0;
    }
    return convert_other(conversion, object, out_value, depth);
}

/* ---- Properties ---------------------------------------------------------------------------------------------- */

/* A dict as it is; any other mapping as a dict that the conversion keeps. */
static PyObject *
mapping_to_dict(Conversion *conversion, PyObject *mapping)
{
    if (PyDict_Check(mapping))
        return mapping;
    conversion->ran_foreign_code = true;
    PyObject *dict = PyDict_New();
    if (conversion_keep(conversion, dict) < 0)
        return NULL;
    if (PyDict_Update(dict, mapping) < 0) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) /* it has no keys() */
            raise_status(conversion->state, DEED_TYPE_MISMATCH, "properties are a mapping of str to value, not %.100s",
                         Py_TYPE(mapping)->tp_name);
        return NULL;
    }
    return dict;
}

static int
convert_property(Conversion *conversion, SessionObject *session, PyObject *key, PyObject *value)
{
    deed_property *property = &conversion->properties[conversion->property_count];
    if (conversion_keep(conversion, Py_NewRef(value)) < 0)
        return -1;
    if (!PyUnicode_CheckExact(key) && conversion_keep(conversion, Py_NewRef(key)) < 0)
        return -1;
    property->reserved = 0;
    if (name_intern(session, DEED_PROPERTY_KEY, key, &property->key) < 0)
        return -1;
    if (!PyUnicode_CheckExact(key) || conversion->ran_foreign_code) {
        for (size_t i = 0; i < conversion->property_count; i++) {
            if (conversion->properties[i].key == property->key) {
                raise_status(conversion->state, DEED_INVALID_ARGUMENT, "the property %R occurs twice", key);
                return -1;
            }
        }
    }
    return convert_value(conversion, value, &property->value, 0);
}

int
convert_properties(Conversion *conversion, SessionObject *session, PyObject *mapping)
{
    if (mapping == NULL || mapping == Py_None)
        return 0;
    PyObject *dict = mapping_to_dict(conversion, mapping);
    if (dict == NULL)
        return -1;
    size_t capacity = (size_t)PyDict_GET_SIZE(dict);
    if (capacity > PROPERTIES_INLINE) {
        conversion->properties = conversion_allocate(conversion, capacity * sizeof *conversion->properties);
        if (conversion->properties == NULL)
            return -1;
    }
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (conversion->property_count < capacity && PyDict_Next(dict, &position, &key, &value)) {
        if (convert_property(conversion, session, key, value) < 0)
            return -1;
        conversion->property_count++;
    }
    return 0;
}
