/* ids.c - deed_core.Ids: an immutable sequence of 64-bit ids.
 *
 * The ids lie in one of three places: inside the object (a list of neighbours: one allocation in all), in an array of the
 * engine that the object has taken over (the ids of a bulk load), or in another Ids of which this is a slice. In each
 * case they are contiguous, so that the buffer protocol and Arrow hand them out without copying.
 */
#include "deed_core.h"

typedef struct IdsObject {
    PyObject_VAR_HEAD
    const uint64_t *data;
    Py_ssize_t count;
    deed_ids *owner;     /* destroyed with the object, or NULL */
    PyObject *base;      /* the Ids whose memory this is, or NULL */
    uint64_t fork_count; /* in a child process the owner is not destroyed */
    uint64_t items[];
} IdsObject;

static IdsObject *
ids_allocate(PyTypeObject *type, size_t inline_count)
{
    if (inline_count > (size_t)PY_SSIZE_T_MAX / sizeof(uint64_t) - sizeof(IdsObject)) {
        PyErr_NoMemory();
        return NULL;
    }
    IdsObject *self = PyObject_NewVar(IdsObject, type, (Py_ssize_t)inline_count);
    if (self == NULL)
        return NULL;
    self->data = self->items;
    self->count = (Py_ssize_t)inline_count;
    self->owner = NULL;
    self->base = NULL;
    return self;
}

PyObject *
ids_copy(ModuleState *state, const uint64_t *items, size_t count)
{
    IdsObject *self = ids_allocate(state->ids_type, count);
    if (self != NULL && count > 0)
        memcpy(self->items, items, count * sizeof *items);
    return (PyObject *)self;
}

PyObject *
ids_adopt(ModuleState *state, deed_ids *ids)
{
    IdsObject *self = ids_allocate(state->ids_type, 0);
    if (self == NULL) {
        deed_ids_destroy(ids);
        return NULL;
    }
    self->data = deed_ids_data(ids);
    self->count = (Py_ssize_t)deed_ids_count(ids);
    self->owner = ids;
    self->fork_count = fork_count;
    return (PyObject *)self;
}

static void
ids_dealloc(IdsObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (self->owner != NULL && self->fork_count == fork_count)
        deed_ids_destroy(self->owner);
    Py_XDECREF(self->base);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* ---- Sequence ------------------------------------------------------------------------------------------------ */

static Py_ssize_t
ids_length(IdsObject *self)
{
    return self->count;
}

static PyObject *
ids_item(IdsObject *self, Py_ssize_t index)
{
    if (index < 0 || index >= self->count) {
        PyErr_SetString(PyExc_IndexError, "Ids index out of range");
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(self->data[index]);
}

/* A slice: a view of the same memory if it is contiguous, else a copy. */
static PyObject *
ids_slice(IdsObject *self, PyObject *slice)
{
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t count = PySlice_AdjustIndices(self->count, &start, &stop, step);
    IdsObject *result = ids_allocate(Py_TYPE(self), step == 1 ? 0 : (size_t)count);
    if (result == NULL)
        return NULL;
    if (step == 1) {
        result->data = self->data + start;
        result->count = count;
        result->base = Py_NewRef(self->base != NULL ? self->base : (PyObject *)self);
    } else {
        for (Py_ssize_t i = 0; i < count; i++)
            result->items[i] = self->data[start + i * step];
    }
    return (PyObject *)result;
}

static PyObject *
ids_subscript(IdsObject *self, PyObject *key)
{
    if (PySlice_Check(key))
        return ids_slice(self, key);
    Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred())
        return NULL;
    return ids_item(self, index < 0 ? index + self->count : index);
}

/* 1, 0, or -1 with an exception. Objects that are no 64-bit integers are simply not in it. */
static int
id_of(PyObject *object, uint64_t *out_id)
{
    if (!PyLong_Check(object))
        return 0;
    *out_id = PyLong_AsUnsignedLongLong(object);
    if (*out_id == UINT64_MAX && PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return 1;
}

static Py_ssize_t
ids_find(IdsObject *self, PyObject *object)
{
    uint64_t id;
    if (id_of(object, &id))
        for (Py_ssize_t i = 0; i < self->count; i++)
            if (self->data[i] == id)
                return i;
    return -1;
}

static int
ids_contains(IdsObject *self, PyObject *object)
{
    return ids_find(self, object) >= 0;
}

static PyObject *
ids_index(IdsObject *self, PyObject *object)
{
    Py_ssize_t index = ids_find(self, object);
    if (index >= 0)
        return PyLong_FromSsize_t(index);
    PyErr_Format(PyExc_ValueError, "%R is not among the ids", object);
    return NULL;
}

static PyObject *
ids_count(IdsObject *self, PyObject *object)
{
    uint64_t id;
    Py_ssize_t count = 0;
    if (id_of(object, &id))
        for (Py_ssize_t i = 0; i < self->count; i++)
            count += self->data[i] == id;
    return PyLong_FromSsize_t(count);
}

static PyObject *
ids_to_list(IdsObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *list = PyList_New(self->count);
    for (Py_ssize_t i = 0; list != NULL && i < self->count; i++) {
        PyObject *id = PyLong_FromUnsignedLongLong(self->data[i]);
        if (id == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, id);
    }
    return list;
}

static PyObject *
ids_iterate(PyObject *self)
{
    return PySeqIter_New(self);
}

static PyObject *
ids_compare(IdsObject *self, PyObject *other, int operation)
{
    if (operation != Py_EQ && operation != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    if (Py_IS_TYPE(other, Py_TYPE(self))) {
        const IdsObject *ids = (IdsObject *)other;
        bool equal = self->count == ids->count &&
                     (self->count == 0 || memcmp(self->data, ids->data, (size_t)self->count * sizeof(uint64_t)) == 0);
        return PyBool_FromLong(equal == (operation == Py_EQ));
    }
    if (!PyList_Check(other))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *list = ids_to_list(self, NULL);
    PyObject *result = list != NULL ? PyObject_RichCompare(list, other, operation) : NULL;
    Py_XDECREF(list);
    return result;
}

/* All of a short sequence; of a long one the ends, as it may have millions. */
static PyObject *
ids_repr(IdsObject *self)
{
    if (self->count > 16)
        return PyUnicode_FromFormat("<deed_core.Ids of %zd: %llu, %llu, ... %llu>", self->count,
                                    (unsigned long long)self->data[0], (unsigned long long)self->data[1],
                                    (unsigned long long)self->data[self->count - 1]);
    PyObject *list = ids_to_list(self, NULL);
    PyObject *text = list != NULL ? PyUnicode_FromFormat("deed_core.Ids(%R)", list) : NULL;
    Py_XDECREF(list);
    return text;
}

/* ---- Buffer and Arrow ---------------------------------------------------------------------------------------- */

static int
ids_get_buffer(IdsObject *self, Py_buffer *view, int flags)
{
    static Py_ssize_t stride = sizeof(uint64_t);
    if (PyBuffer_FillInfo(view, (PyObject *)self, (void *)self->data, self->count * stride, 1, flags) < 0)
        return -1;
    view->itemsize = stride;
    view->format = (flags & PyBUF_FORMAT) ? "Q" : NULL;
    view->shape = (flags & PyBUF_ND) ? &self->count : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &stride : NULL;
    return 0;
}

static void
release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

typedef struct ArrayOwner {
    PyObject *ids;
    const void *buffers[2];
} ArrayOwner;

/* May run on a thread that Python does not know, and after the interpreter has gone: then the memory has gone, too. */
static void
release_array(struct ArrowArray *array)
{
    ArrayOwner *owner = array->private_data;
    array->release = NULL;
    if (Py_IsInitialized()) {
        PyGILState_STATE gil = PyGILState_Ensure();
        Py_DECREF(owner->ids);
        PyGILState_Release(gil);
    }
    free(owner);
}

static PyObject *
ids_arrow_array(IdsObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"__arrow_c_array__", 1, 0, 1, {"requested_schema"}};
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    ArrayOwner *owner = malloc(sizeof *owner);
    if (owner == NULL)
        return PyErr_NoMemory();
    *owner = (ArrayOwner){Py_NewRef(self), {NULL, self->data}};
    struct ArrowSchema schema = {.format = "L", .name = "", .release = release_schema};
    struct ArrowArray array = {.length = self->count, .n_buffers = 2, .buffers = owner->buffers,
                               .release = release_array, .private_data = owner};
    PyObject *array_capsule = capsule_of_array(&array);
    PyObject *schema_capsule = array_capsule != NULL ? capsule_of_schema(&schema) : NULL;
    if (schema_capsule == NULL) {
        Py_XDECREF(array_capsule);
        return NULL;
    }
    return Py_BuildValue("(NN)", schema_capsule, array_capsule);
}

static PyObject *
ids_sizeof(IdsObject *self, PyObject *Py_UNUSED(ignored))
{
    size_t owned = self->owner != NULL ? (size_t)self->count : (size_t)Py_SIZE(self);
    return PyLong_FromSize_t(sizeof *self + owned * sizeof(uint64_t));
}

static PyMethodDef ids_methods[] = {
    {"index", (PyCFunction)ids_index, METH_O,
     "index($self, value, /)\n--\n\nThe position of the first such id; ValueError if there is none."},
    {"count", (PyCFunction)ids_count, METH_O, "count($self, value, /)\n--\n\nHow often the id occurs."},
    {"tolist", (PyCFunction)ids_to_list, METH_NOARGS, "tolist($self, /)\n--\n\nThe ids as a list of int."},
    {"__arrow_c_array__", (PyCFunction)(void (*)(void))ids_arrow_array, METH_FASTCALL | METH_KEYWORDS,
     "__arrow_c_array__($self, requested_schema=None)\n--\n\nThe ids as Arrow C data, without copying."},
    {"__sizeof__", (PyCFunction)ids_sizeof, METH_NOARGS, "Bytes in memory."},
    {NULL},
};

PyDoc_STRVAR(ids_doc,
"An immutable sequence of 64-bit ids.\n\n"
"It has the buffer protocol (format 'Q') and __arrow_c_array__, so numpy.asarray(ids) and pyarrow.array(ids) copy\n"
"nothing. A slice with step 1 shares the memory. It equals another Ids, or a list, with the same ids.");

static PyType_Slot ids_slots[] = {
    {Py_tp_doc, (void *)ids_doc},
    {Py_tp_dealloc, ids_dealloc},
    {Py_tp_repr, ids_repr},
    {Py_tp_iter, ids_iterate},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, ids_compare},
    {Py_tp_methods, ids_methods},
    {Py_sq_length, ids_length},
    {Py_sq_item, ids_item},
    {Py_sq_contains, ids_contains},
    {Py_mp_length, ids_length},
    {Py_mp_subscript, ids_subscript},
    {Py_bf_getbuffer, ids_get_buffer},
    {0, NULL},
};

PyType_Spec ids_spec = {
    .name = "deed_core.Ids",
    .basicsize = sizeof(IdsObject),
    .itemsize = sizeof(uint64_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_SEQUENCE,
    .slots = ids_slots,
};
