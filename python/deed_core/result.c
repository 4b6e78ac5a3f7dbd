/* result.c - deed_core.Result: the rows of a query, computed as they are fetched.
 *
 * Rows that the engine has at hand are converted with the interpreter's lock held; computing more lets it go. What repr
 * shows is read ahead and given out later all the same. */
#include "deed_core.h"

#define ROWS_SHOWN 20

typedef struct ResultObject {
    PyObject_HEAD
    PyObject *session; /* the graph or transaction; keeps both alive */
    deed_result *result;
    PyObject *columns; /* a tuple of str */
    PyObject *ahead;   /* rows read by repr, a list; or NULL */
    bool busy;
    bool exhausted;
} ResultObject;

PyObject *
result_adopt(SessionObject *session, deed_result *handle)
{
    PyTypeObject *type = session->state->result_type;
    ResultObject *self = (ResultObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        deed_result_destroy(handle);
        return NULL;
    }
    self->session = Py_NewRef(session);
    self->result = handle;
    size_t count = deed_result_column_count(handle);
    self->columns = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; self->columns != NULL && i < count; i++) {
        size_t size;
        const char *name = deed_result_column_name(handle, i, &size);
        PyObject *text = PyUnicode_DecodeUTF8(name, (Py_ssize_t)size, NULL);
        if (text == NULL)
            Py_CLEAR(self->columns);
        else
            PyTuple_SET_ITEM(self->columns, (Py_ssize_t)i, text);
    }
    if (self->columns == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int
result_traverse(ResultObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->session);
    Py_VISIT(self->ahead);
    return 0;
}

static void
result_dealloc(ResultObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (graph_is_ours(((SessionObject *)self->session)->graph))
        deed_result_destroy(self->result);
    Py_XDECREF(self->session);
    Py_XDECREF(self->columns);
    Py_XDECREF(self->ahead);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

/* The next row of the engine, borrowed; *out_row NULL at the end. */
static int
fetch(ResultObject *self, const deed_value **out_row)
{
    SessionObject *session = (SessionObject *)self->session;
    *out_row = NULL;
    if (self->exhausted)
        return 0;
    if (self->busy) {
        raise_status(session->state, DEED_INVALID_ARGUMENT, "the result is in use by another thread");
        return -1;
    }
    if (session_ready(session) < 0)
        return -1;
    deed_error *error = NULL;
    bool computes = deed_result_ready(self->result) == 0;
    self->busy = true;
    PyThreadState *thread = call_begin(session, computes);
    deed_status status = deed_result_next(self->result, out_row, &error);
    call_end(session, thread);
    self->busy = false;
    if (status != DEED_OK) {
        raise_error(session->state, status, error);
        return -1;
    }
    self->exhausted = *out_row == NULL;
    return 0;
}

/* A new tuple, or NULL at the end and on failure. */
static PyObject *
compute_row(ResultObject *self)
{
    const deed_value *row;
    if (fetch(self, &row) < 0 || row == NULL)
        return NULL;
    ModuleState *state = ((SessionObject *)self->session)->state;
    Py_ssize_t count = PyTuple_GET_SIZE(self->columns);
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *value = value_to_python(state, &row[i]);
        if (value == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, value);
    }
    return tuple;
}

static PyObject *
result_next(ResultObject *self)
{
    if (self->ahead == NULL)
        return compute_row(self);
    PyObject *row = Py_NewRef(PyList_GET_ITEM(self->ahead, 0));
    if (PyList_SetSlice(self->ahead, 0, 1, NULL) < 0) {
        Py_DECREF(row);
        return NULL;
    }
    if (PyList_GET_SIZE(self->ahead) == 0)
        Py_CLEAR(self->ahead);
    return row;
}

static PyObject *
fetch_list(ResultObject *self, Py_ssize_t most)
{
    PyObject *rows = PyList_New(0);
    while (rows != NULL && PyList_GET_SIZE(rows) < most) {
        PyObject *row = result_next(self);
        if (row == NULL) {
            if (PyErr_Occurred())
                Py_CLEAR(rows);
            break;
        }
        if (PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_DECREF(row);
    }
    return rows;
}

static PyObject *
result_fetchone(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *row = result_next(self);
    return row != NULL || PyErr_Occurred() ? row : Py_NewRef(Py_None);
}

static PyObject *
result_fetchmany(ResultObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"fetchmany", 1, 0, 1, {"size"}};
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    Py_ssize_t size = values[0] != NULL ? PyLong_AsSsize_t(values[0]) : 1;
    if (size < 0) {
        if (!PyErr_Occurred())
            raise_status(((SessionObject *)self->session)->state, DEED_INVALID_ARGUMENT, "size must not be negative");
        return NULL;
    }
    return fetch_list(self, size);
}

static PyObject *
result_fetchall(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    return fetch_list(self, PY_SSIZE_T_MAX);
}

static PyObject *
row_to_dict(ResultObject *self, PyObject *row)
{
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(row); i++)
        if (PyDict_SetItem(dict, PyTuple_GET_ITEM(self->columns, i), PyTuple_GET_ITEM(row, i)) < 0)
            Py_CLEAR(dict);
    return dict;
}

static PyObject *
result_dicts(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *rows = result_fetchall(self, NULL);
    for (Py_ssize_t i = 0; rows != NULL && i < PyList_GET_SIZE(rows); i++) {
        PyObject *dict = row_to_dict(self, PyList_GET_ITEM(rows, i));
        if (dict == NULL)
            Py_CLEAR(rows);
        else
            PyList_SetItem(rows, i, dict);
    }
    return rows;
}

static PyObject *
result_scalar(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *row = result_next(self);
    if (row == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    PyObject *value = PyTuple_GET_SIZE(row) > 0 ? Py_NewRef(PyTuple_GET_ITEM(row, 0)) : Py_NewRef(Py_None);
    Py_DECREF(row);
    return value;
}

/* ---- What it shows ------------------------------------------------------------------------------------------- */

static PyObject *
result_counters(ResultObject *self, void *Py_UNUSED(closure))
{
    deed_changes_made made;
    deed_result_changes(self->result, &made);
    return Py_BuildValue(
        "{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K}", "nodes_created", (unsigned long long)made.nodes_created, "nodes_deleted",
        (unsigned long long)made.nodes_deleted, "relationships_created", (unsigned long long)made.relationships_created,
        "relationships_deleted", (unsigned long long)made.relationships_deleted, "properties_set",
        (unsigned long long)made.properties_set, "properties_added", (unsigned long long)made.properties_added,
        "properties_removed", (unsigned long long)made.properties_removed, "labels_added",
        (unsigned long long)made.labels_added, "labels_removed", (unsigned long long)made.labels_removed);
}

static PyObject *
result_interrupt(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    deed_result_interrupt(self->result);
    Py_RETURN_NONE;
}

/* Reads ahead as many rows as are shown, and one to know whether there are more. */
static int
read_ahead(ResultObject *self)
{
    if (self->ahead != NULL || self->exhausted)
        return 0;
    PyObject *rows = PyList_New(0);
    while (rows != NULL && PyList_GET_SIZE(rows) <= ROWS_SHOWN) {
        PyObject *row = compute_row(self);
        if (row == NULL)
            break;
        if (PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_DECREF(row);
    }
    if (rows == NULL || PyErr_Occurred()) {
        Py_XDECREF(rows);
        return -1;
    }
    if (PyList_GET_SIZE(rows) > 0)
        self->ahead = rows;
    else
        Py_DECREF(rows);
    return 0;
}

static PyObject *
result_repr(ResultObject *self)
{
    if (PyTuple_GET_SIZE(self->columns) == 0)
        return PyUnicode_FromString("<deed_core.Result without columns>");
    if (read_ahead(self) < 0)
        return NULL;
    PyObject *tables = PyImport_ImportModule("deed.tables");
    PyObject *rows = self->ahead != NULL ? PyList_GetSlice(self->ahead, 0, ROWS_SHOWN) : PyList_New(0);
    PyObject *has_more = PyBool_FromLong(self->ahead != NULL && PyList_GET_SIZE(self->ahead) > ROWS_SHOWN);
    PyObject *text = NULL;
    if (tables != NULL && rows != NULL)
        text = PyObject_CallMethod(tables, "render", "OOO", self->columns, rows, has_more);
    Py_XDECREF(tables);
    Py_XDECREF(rows);
    Py_XDECREF(has_more);
    return text;
}

static PyGetSetDef result_properties[] = {
    {"counters", (getter)result_counters, NULL, "What the statement has changed: a dict of numbers by name.", NULL},
    {NULL},
};

static PyMemberDef result_members[] = {
    {"columns", T_OBJECT_EX, offsetof(ResultObject, columns), READONLY, "The names of the columns, a tuple."},
    {NULL},
};

static PyMethodDef result_methods[] = {
    {"fetchone", (PyCFunction)result_fetchone, METH_NOARGS, "fetchone($self, /)\n--\n\nThe next row as a tuple, or None."},
    METHOD_ENTRY(result, fetchmany, "fetchmany($self, size=1)\n--\n\nAt most so many rows, as a list of tuples."),
    {"fetchall", (PyCFunction)result_fetchall, METH_NOARGS, "fetchall($self, /)\n--\n\nThe rows that are left, a list of tuples."},
    {"dicts", (PyCFunction)result_dicts, METH_NOARGS, "dicts($self, /)\n--\n\nThe rows that are left, each a dict by column."},
    {"scalar", (PyCFunction)result_scalar, METH_NOARGS,
     "scalar($self, /)\n--\n\nThe first column of the next row, or None if there is no row."},
    {"interrupt", (PyCFunction)result_interrupt, METH_NOARGS,
     "interrupt($self, /)\n--\n\nMake the running or next fetch raise Interrupted. Any thread may call it."},
    {NULL},
};

PyDoc_STRVAR(result_doc,
"The rows of a query: an iterator of tuples, one value for each of `columns`.\n\n"
"A query that only reads computes rows as they are fetched, on the snapshot it began with. One thread at a time.");

static PyType_Slot result_slots[] = {
    {Py_tp_doc, (void *)result_doc},
    {Py_tp_dealloc, result_dealloc},
    {Py_tp_traverse, result_traverse},
    {Py_tp_repr, result_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, result_next},
    {Py_tp_members, result_members},
    {Py_tp_getset, result_properties},
    {Py_tp_methods, result_methods},
    {0, NULL},
};

PyType_Spec result_spec = {
    .name = "deed_core.Result",
    .basicsize = sizeof(ResultObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = result_slots,
};
