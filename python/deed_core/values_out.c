/* values_out.c - deed_value -> Python, and records as dictionaries. The types are those of values_in.c, so that what was
 * stored reads back equal: bytes-likes as bytes, tuples as lists, embeddings as array.array('f'). */
#include "deed_core.h"

PyObject *
float_array_new(ModuleState *state, const float *items, size_t count)
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)items, (Py_ssize_t)(count * sizeof *items));
    if (bytes == NULL)
        return NULL;
    PyObject *array = PyObject_CallFunction(state->array_type, "sO", "f", bytes);
    Py_DECREF(bytes);
    return array;
}

/* decimal.Decimal reads texts, and takes its digits and its exponent from them. */
static PyObject *
decimal_to_python(ModuleState *state, const deed_value *value)
{
    char text[64], *end = text + sizeof text, *start = end;
    __int128 coefficient = (__int128)((unsigned __int128)(uint64_t)value->as.decimal.high << 64 | value->as.decimal.low);
    unsigned __int128 rest = coefficient < 0 ? -(unsigned __int128)coefficient : (unsigned __int128)coefficient;
    int32_t scale = value->extra < 0 ? 0 : value->extra > 38 ? 38 : value->extra;
    for (int32_t count = 0; rest > 0 || count <= scale; count++, rest /= 10) {
        if (count == scale && count > 0)
            *--start = '.';
        *--start = (char)('0' + (int)(rest % 10));
    }
    if (coefficient < 0)
        *--start = '-';
    return PyObject_CallFunction(state->decimal_type, "s#", start, (Py_ssize_t)(end - start));
}

static PyObject *
list_to_python(ModuleState *state, const deed_value *value)
{
    size_t count = value->as.list.count;
    PyObject *list = PyList_New((Py_ssize_t)count);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        PyObject *item = value_to_python(state, &value->as.list.items[i]);
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return list;
}

/* Sets dict[key] = value and gives the references of both away; either may be NULL, which is passed on as failure. */
static int
set_item_stealing(PyObject *dict, PyObject *key, PyObject *value)
{
    int result = key != NULL && value != NULL ? PyDict_SetItem(dict, key, value) : -1;
    Py_XDECREF(key);
    Py_XDECREF(value);
    return result;
}

static PyObject *
map_to_python(ModuleState *state, const deed_value *value)
{
    PyObject *dict = PyDict_New();
    if (dict == NULL)
        return NULL;
    for (size_t i = 0; i < value->as.map.count; i++) {
        const deed_map_entry *entry = &value->as.map.entries[i];
        PyObject *key = PyUnicode_DecodeUTF8(entry->key, (Py_ssize_t)entry->key_size, NULL);
        PyObject *item = key != NULL ? value_to_python(state, &entry->value) : NULL;
        if (set_item_stealing(dict, key, item) < 0) {
            Py_DECREF(dict);
            return NULL;
        }
    }
    return dict;
}

/* Texts of results are mostly short and ASCII, which is told here in fewer steps than the decoder takes to begin. */
#define SHORT_TEXT 64

static bool
is_ascii(const char *text, size_t size)
{
    uint64_t seen = 0, word;
    size_t i = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        seen |= word;
    }
    for (; i < size; i++)
        seen |= (unsigned char)text[i];
    return (seen & 0x8080808080808080u) == 0;
}

static PyObject *
text_to_python(const char *text, size_t size)
{
    if (size < 2 || size > SHORT_TEXT || !is_ascii(text, size)) /* the interpreter shares texts of one character */
        return PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    PyObject *object = PyUnicode_New((Py_ssize_t)size, 0x7f);
    if (object != NULL)
        memcpy(PyUnicode_1BYTE_DATA(object), text, size);
    return object;
}

PyObject *
value_to_python(ModuleState *state, const deed_value *value)
{
    switch (value->type) {
    case DEED_STRING:
        return text_to_python(value->as.text.data, value->as.text.size);
    case DEED_INT64:
        return PyLong_FromLongLong(value->as.integer);
    case DEED_FLOAT64:
        return PyFloat_FromDouble(value->as.number);
    case DEED_BOOL:
        return PyBool_FromLong(value->as.boolean);
    case DEED_NULL:
        return Py_NewRef(Py_None);
    case DEED_BYTES:
        return PyBytes_FromStringAndSize(value->as.text.data, (Py_ssize_t)value->as.text.size);
    case DEED_LIST:
        return list_to_python(state, value);
    case DEED_MAP:
        return map_to_python(state, value);
    case DEED_DECIMAL:
        return decimal_to_python(state, value);
    case DEED_VECTOR:
        return float_array_new(state, value->as.vector.items, value->as.vector.count);
    case DEED_ELEMENT_ENTITY:
    case DEED_ELEMENT_RELATIONSHIP:
    case DEED_PATH:
        return graph_value_to_python(state, value);
    default:
        return datetime_value_to_python(state, value);
    }
}

/* The properties of a record; keys are the interned strings of the graph, so that looking them up compares addresses. */
static PyObject *
properties_to_python(SessionObject *session, const deed_record *record)
{
    PyObject *dict = PyDict_New();
    if (dict == NULL)
        return NULL;
    for (uint32_t i = 0; i < record->property_count; i++) {
        const deed_property *property = &record->properties[i];
        PyObject *key = name_text(session, DEED_PROPERTY_KEY, property->key);
        PyObject *value = key != NULL ? value_to_python(session->state, &property->value) : NULL;
        if (value == NULL || PyDict_SetItem(dict, key, value) < 0) {
            Py_XDECREF(value);
            Py_DECREF(dict);
            return NULL;
        }
        Py_DECREF(value);
    }
    return dict;
}

static int
set_id(PyObject *dict, PyObject *key, uint64_t id)
{
    return set_item_stealing(dict, Py_NewRef(key), PyLong_FromUnsignedLongLong(id));
}

PyObject *
record_to_python(SessionObject *session, const deed_record *record, deed_kind kind)
{
    ModuleState *state = session->state;
    bool is_edge = kind == DEED_RELATIONSHIP;
    PyObject *type = name_text(session, is_edge ? DEED_RELATIONSHIP_TYPE : DEED_COLLECTION, record->table);
    if (type == NULL)
        return NULL;
    PyObject *properties = properties_to_python(session, record);
    PyObject *dict = properties != NULL ? PyDict_New() : NULL;
    if (dict == NULL || set_id(dict, state->key_id, record->id) < 0 || PyDict_SetItem(dict, state->key_type, type) < 0)
        goto failed;
    if (is_edge && (set_id(dict, state->key_source, record->source) < 0 || set_id(dict, state->key_target, record->target) < 0))
        goto failed;
    if (PyDict_SetItem(dict, state->key_properties, properties) < 0)
        goto failed;
    Py_DECREF(properties);
    return dict;
failed:
    Py_XDECREF(properties);
    Py_XDECREF(dict);
    return NULL;
}
