/* reached.c - deed_core.Reached: what a traversal found, as a sequence of (id, depth) in order of depth.
 *
 * The engine's arrays are kept as they are and pairs are made when asked for: a million entities are 12 MB here, and
 * would be 120 MB as a list of tuples. */
#include "deed_core.h"

typedef struct ReachedObject {
    PyObject_HEAD
    ModuleState *state;
    PyObject *ids; /* Ids: owns the arrays */
    const uint64_t *id_data;
    const uint32_t *depths;
    Py_ssize_t count;
} ReachedObject;

PyObject *
reached_adopt(ModuleState *state, deed_ids *ids)
{
    const uint64_t *id_data = deed_ids_data(ids);
    const uint32_t *depths = deed_ids_depths(ids);
    Py_ssize_t count = (Py_ssize_t)deed_ids_count(ids);
    PyObject *owner = ids_adopt(state, ids);
    if (owner == NULL)
        return NULL;
    ReachedObject *self = PyObject_New(ReachedObject, state->reached_type);
    if (self == NULL) {
        Py_DECREF(owner);
        return NULL;
    }
    self->state = state;
    self->ids = owner;
    self->id_data = id_data;
    self->depths = depths;
    self->count = count;
    return (PyObject *)self;
}

static void
reached_dealloc(ReachedObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_DECREF(self->ids);
    PyObject_Free(self);
    Py_DECREF(type);
}

static Py_ssize_t
reached_length(ReachedObject *self)
{
    return self->count;
}

static PyObject *
reached_item(ReachedObject *self, Py_ssize_t index)
{
    if (index < 0 || index >= self->count) {
        PyErr_SetString(PyExc_IndexError, "Reached index out of range");
        return NULL;
    }
    return Py_BuildValue("(KI)", (unsigned long long)self->id_data[index], (unsigned)self->depths[index]);
}

static PyObject *
reached_subscript(ReachedObject *self, PyObject *key)
{
    if (!PySlice_Check(key)) {
        Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (index == -1 && PyErr_Occurred())
            return NULL;
        return reached_item(self, index < 0 ? index + self->count : index);
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t count = PySlice_AdjustIndices(self->count, &start, &stop, step);
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *pair = reached_item(self, start + i * step);
        if (pair == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, pair);
    }
    return list;
}

static PyObject *
reached_iterate(PyObject *self)
{
    return PySeqIter_New(self);
}

static PyObject *
reached_compare(PyObject *self, PyObject *other, int operation)
{
    bool comparable = Py_IS_TYPE(other, Py_TYPE(self)) || PyList_Check(other);
    if (!comparable || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *a = PySequence_List(self);
    PyObject *b = PySequence_List(other);
    PyObject *result = a != NULL && b != NULL ? PyObject_RichCompare(a, b, operation) : NULL;
    Py_XDECREF(a);
    Py_XDECREF(b);
    return result;
}

static PyObject *
reached_repr(ReachedObject *self)
{
    unsigned deepest = self->count > 0 ? self->depths[self->count - 1] : 0;
    return PyUnicode_FromFormat("<deed_core.Reached: %zd entities within %u steps>", self->count, deepest);
}

static PyObject *
reached_ids(ReachedObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->ids);
}

static PyObject *
reached_depths(ReachedObject *self, void *Py_UNUSED(closure))
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)self->depths, self->count * (Py_ssize_t)sizeof(uint32_t));
    PyObject *array = bytes != NULL ? PyObject_CallFunction(self->state->array_type, "sO", "I", bytes) : NULL;
    Py_XDECREF(bytes);
    return array;
}

static PyGetSetDef reached_properties[] = {
    {"ids", (getter)reached_ids, NULL, "The ids alone, as Ids; copies nothing.", NULL},
    {"depths", (getter)reached_depths, NULL, "The depths alone, as a new array.array('I').", NULL},
    {NULL},
};

PyDoc_STRVAR(reached_doc,
"The entities that a traversal reached: an immutable sequence of (id, depth), each once, in order of depth.\n\n"
"It equals another Reached, or a list, with the same pairs.");

static PyType_Slot reached_slots[] = {
    {Py_tp_doc, (void *)reached_doc},
    {Py_tp_dealloc, reached_dealloc},
    {Py_tp_repr, reached_repr},
    {Py_tp_iter, reached_iterate},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, reached_compare},
    {Py_tp_getset, reached_properties},
    {Py_sq_length, reached_length},
    {Py_sq_item, reached_item},
    {Py_mp_length, reached_length},
    {Py_mp_subscript, reached_subscript},
    {0, NULL},
};

PyType_Spec reached_spec = {
    .name = "deed_core.Reached",
    .basicsize = sizeof(ReachedObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_SEQUENCE,
    .slots = reached_slots,
};
