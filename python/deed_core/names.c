/* names.c - the numbers of collections, relationship types and property keys, remembered per graph.
 *
 * The engine speaks in numbers, Python in strings. A table per kind remembers the strings seen, found by the hash that
 * a str carries anyway and, as names are nearly always the same objects, by comparing addresses; the engine's own table
 * is asked only for what is new. The numbers never change while a store is open, so nothing is ever invalidated.
 */
#include "deed_core.h"

/* So many names are remembered; further ones go to the engine each time. Bounds the memory of a graph whose names come
 * from data, at about 3 MB. */
#define NAMES_MAX 65536

void
names_clear(NameTable *table)
{
    for (size_t i = 0; i < table->capacity; i++)
        Py_XDECREF(table->slots[i].name);
    for (uint32_t i = 0; i < table->text_count; i++)
        Py_XDECREF(table->texts[i]);
    PyMem_Free(table->slots);
    PyMem_Free(table->texts);
    *table = (NameTable){0};
}

/* The slot that holds the name, or the free one where it belongs. The table has a free slot. */
static NameSlot *
find_slot(const NameTable *table, PyObject *name, Py_hash_t hash)
{
    size_t mask = table->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        NameSlot *slot = &table->slots[i];
        if (slot->name == name || slot->name == NULL)
            return slot;
        if (slot->hash == hash && PyUnicode_Compare(slot->name, name) == 0)
            return slot;
    }
}

/* Doubles the table when it is half full. */
static int
grow(NameTable *table)
{
    NameTable larger = *table;
    larger.capacity = table->capacity == 0 ? 64 : table->capacity * 2;
    larger.slots = PyMem_Calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].name != NULL)
            *find_slot(&larger, table->slots[i].name, table->slots[i].hash) = table->slots[i];
    PyMem_Free(table->slots);
    *table = larger;
    return 0;
}

static int
remember(NameTable *table, PyObject *name, Py_hash_t hash, uint32_t number)
{
    if (table->used >= NAMES_MAX)
        return 0;
    if (table->used * 2 >= table->capacity && grow(table) < 0)
        return -1;
    NameSlot *slot = find_slot(table, name, hash);
    if (slot->name == NULL) {
        *slot = (NameSlot){Py_NewRef(name), hash, number};
        table->used++;
    }
    return 0;
}

/* 1: remembered, 0: not, -1: not a str. Subclasses of str may lie about their hash, and are never remembered. */
static inline int
recall(SessionObject *session, NameTable *table, PyObject *name, Py_hash_t *out_hash, uint32_t *out_number)
{
    if (!PyUnicode_CheckExact(name)) {
        *out_hash = -1;
        if (PyUnicode_Check(name))
            return 0;
        raise_status(session->state, DEED_TYPE_MISMATCH, "a name is a str, not %.100s", Py_TYPE(name)->tp_name);
        return -1;
    }
    *out_hash = ((PyASCIIObject *)name)->hash;
    if (*out_hash == -1)
        *out_hash = PyObject_Hash(name);
    if (table->capacity == 0)
        return 0;
    NameSlot *slot = find_slot(table, name, *out_hash);
    *out_number = slot->number;
    return slot->name != NULL;
}

int
name_intern(SessionObject *session, deed_name_kind kind, PyObject *name, uint32_t *out_number)
{
    NameTable *table = &session->graph->names[kind];
    Py_hash_t hash;
    int known = recall(session, table, name, &hash, out_number);
    if (known != 0)
        return known < 0 ? -1 : 0;
    size_t size;
    const char *text = text_of(session->state, name, &size);
    if (text == NULL)
        return -1;
    deed_error *error = NULL;
    deed_status status = deed_intern(session->graph->database, kind, text, size, out_number, &error);
    if (status != DEED_OK) {
        raise_error(session->state, status, error);
        return -1;
    }
    return hash == -1 ? 0 : remember(table, name, hash, *out_number);
}

int
name_find(SessionObject *session, deed_name_kind kind, PyObject *name, uint32_t *out_number)
{
    if (name == NULL || name == Py_None) {
        *out_number = DEED_ANY;
        return 0;
    }
    NameTable *table = &session->graph->names[kind];
    Py_hash_t hash;
    int known = recall(session, table, name, &hash, out_number);
    if (known != 0)
        return known < 0 ? -1 : 0;
    size_t size;
    const char *text = text_of(session->state, name, &size);
    if (text == NULL)
        return -1;
    if (!deed_lookup(session->graph->database, kind, text, size, out_number)) {
        *out_number = NUMBER_NONE;
        return 0;
    }
    return hash == -1 ? 0 : remember(table, name, hash, *out_number);
}

/* Makes room for the text of a number that is beyond the table. */
static int
grow_texts(NameTable *table, uint32_t number)
{
    uint32_t count = table->text_count == 0 ? 32 : table->text_count;
    while (count <= number) {
        if (count > UINT32_MAX / 2) {
            PyErr_NoMemory();
            return -1;
        }
        count *= 2;
    }
    PyObject **texts = PyMem_Realloc(table->texts, count * sizeof *texts);
    if (texts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(texts + table->text_count, 0, (count - table->text_count) * sizeof *texts);
    table->texts = texts;
    table->text_count = count;
    return 0;
}

PyObject *
name_text(SessionObject *session, deed_name_kind kind, uint32_t number)
{
    NameTable *table = &session->graph->names[kind];
    if (number < table->text_count && table->texts[number] != NULL)
        return table->texts[number];
    size_t size = 0;
    const char *text = deed_name(session->graph->database, kind, number, &size);
    if (text == NULL)
        return raise_status(session->state, DEED_INTERNAL, "no name has the number %u", (unsigned)number);
    PyObject *name = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    if (name == NULL)
        return NULL;
    PyUnicode_InternInPlace(&name);
    if (number >= table->text_count && grow_texts(table, number) < 0) {
        Py_DECREF(name);
        return NULL;
    }
    table->texts[number] = name;
    return name;
}
