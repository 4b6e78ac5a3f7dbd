/* result.c - deed_core.Result: the rows of a query, computed as they are fetched.
 *
 * Rows that the engine has at hand are converted with the interpreter's lock held; computing more lets it go. What other
 * libraries are made of (pandas, NetworkX, ...) is written in Python, in deed.results. */
#include "deed_core.h"

#define ROWS_SHOWN 20

typedef struct ResultObject {
    PyObject_HEAD
    PyObject *session; /* the graph or transaction; keeps both alive */
    deed_result *result;
    Py_ssize_t width;  /* the number of columns */
    PyObject *columns; /* a tuple of str, made when it is first asked for */
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
    self->width = (Py_ssize_t)deed_result_column_count(handle);
    return (PyObject *)self;
}

/* The names of the columns, a borrowed tuple. */
static PyObject *
result_names(ResultObject *self)
{
    if (self->columns != NULL)
        return self->columns;
    PyObject *columns = PyTuple_New(self->width);
    for (Py_ssize_t i = 0; columns != NULL && i < self->width; i++) {
        size_t size;
        const char *name = deed_result_column_name(self->result, (size_t)i, &size);
        PyObject *text = PyUnicode_DecodeUTF8(name, (Py_ssize_t)size, NULL);
        if (text == NULL)
            Py_CLEAR(columns);
        else
            PyTuple_SET_ITEM(columns, i, text);
    }
    return self->columns = columns;
}

static int
result_traverse(ResultObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->session);
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
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

static SessionObject *
session_of(ResultObject *self)
{
    return (SessionObject *)self->session;
}

/* Whether the engine may be asked for rows; raises otherwise. */
static int
result_ready(ResultObject *self)
{
    if (!self->busy)
        return session_ready(session_of(self));
    raise_status(session_of(self)->state, DEED_INVALID_ARGUMENT, "the result is in use by another thread");
    return -1;
}

/* A tuple of a row of the engine. */
static PyObject *
row_to_python(ResultObject *self, const deed_value *row)
{
    ModuleState *state = session_of(self)->state;
    Py_ssize_t count = self->width;
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

/* The next row as a new tuple, or NULL at the end and on failure. */
static PyObject *
result_next(ResultObject *self)
{
    if (self->exhausted || result_ready(self) < 0)
        return NULL;
    const deed_value *row;
    deed_error *error = NULL;
    self->busy = true;
    PyThreadState *thread = call_begin(session_of(self), deed_result_ready(self->result) == 0);
    deed_status status = deed_result_next(self->result, &row, &error);
    call_end(session_of(self), thread);
    PyObject *tuple = NULL;
    if (status != DEED_OK)
        raise_error(session_of(self)->state, status, error);
    else if (row == NULL)
        self->exhausted = true;
    else
        tuple = row_to_python(self, row); /* may run other Python code, so the row stays ours until then */
    self->busy = false;
    return tuple;
}

/* The next rows of the engine as a list. NULL on failure. */
static PyObject *
rows_to_python(ResultObject *self, const deed_value *values, Py_ssize_t count)
{
    PyObject *rows = PyList_New(count);
    for (Py_ssize_t i = 0; rows != NULL && i < count; i++) {
        PyObject *row = row_to_python(self, values + i * self->width);
        if (row == NULL)
            Py_CLEAR(rows);
        else
            PyList_SET_ITEM(rows, i, row);
    }
    return rows;
}

/* The next rows, at most `most`, in one call of the engine: an empty list at the end, NULL on failure. */
static PyObject *
fetch_some(ResultObject *self, Py_ssize_t most)
{
    if (self->exhausted)
        return PyList_New(0);
    if (result_ready(self) < 0)
        return NULL;
    const deed_value *values;
    size_t count;
    bool is_end;
    deed_error *error = NULL;
    self->busy = true;
    PyThreadState *thread = call_begin(session_of(self), true);
    deed_status status = deed_result_fetch(self->result, (size_t)most, &values, &count, &is_end, &error);
    call_end(session_of(self), thread);
    PyObject *rows = NULL;
    if (status != DEED_OK)
        raise_error(session_of(self)->state, status, error);
    else
        rows = rows_to_python(self, values, (Py_ssize_t)count);
    self->exhausted = status == DEED_OK && is_end;
    self->busy = false;
    return rows;
}

static PyObject *
fetch_list(ResultObject *self, Py_ssize_t most)
{
    PyObject *rows = most > 0 ? fetch_some(self, most) : PyList_New(0);
    while (rows != NULL && !self->exhausted && PyList_GET_SIZE(rows) < most) {
        PyObject *more = fetch_some(self, most - PyList_GET_SIZE(rows));
        Py_ssize_t end = PyList_GET_SIZE(rows);
        if (more == NULL || PyList_SetSlice(rows, end, end, more) < 0)
            Py_CLEAR(rows);
        bool is_end = more != NULL && PyList_GET_SIZE(more) == 0;
        Py_XDECREF(more);
        if (is_end)
            break;
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
            raise_status(session_of(self)->state, DEED_INVALID_ARGUMENT, "size must not be negative");
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
    PyObject *columns = result_names(self);
    PyObject *dict = columns != NULL ? PyDict_New() : NULL;
    for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(row); i++)
        if (PyDict_SetItem(dict, PyTuple_GET_ITEM(columns, i), PyTuple_GET_ITEM(row, i)) < 0)
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

/* What statements have changed, as a dict. */
PyObject *
counters_to_python(const deed_changes_made *made)
{
    return Py_BuildValue(
        "{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K}", "nodes_created", (unsigned long long)made->nodes_created, "nodes_deleted",
        (unsigned long long)made->nodes_deleted, "relationships_created", (unsigned long long)made->relationships_created,
        "relationships_deleted", (unsigned long long)made->relationships_deleted, "properties_set",
        (unsigned long long)made->properties_set, "properties_added", (unsigned long long)made->properties_added,
        "properties_removed", (unsigned long long)made->properties_removed, "labels_added",
        (unsigned long long)made->labels_added, "labels_removed", (unsigned long long)made->labels_removed);
}

static PyObject *
result_counters(ResultObject *self, void *Py_UNUSED(closure))
{
    deed_changes_made made;
    deed_result_changes(self->result, &made);
    return counters_to_python(&made);
}

static PyObject *
result_notices(ResultObject *self, void *Py_UNUSED(closure))
{
    PyObject *list = PyList_New(0);
    size_t size;
    const char *text;
    for (size_t i = 0; list != NULL && (text = deed_result_notice(self->result, i, &size)) != NULL; i++) {
        PyObject *notice = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
        if (notice == NULL || PyList_Append(list, notice) < 0)
            Py_CLEAR(list);
        Py_XDECREF(notice);
    }
    PyObject *notices = list != NULL ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return notices;
}

static PyObject *
result_interrupt(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    if (graph_is_ours(session_of(self)->graph))
        deed_result_interrupt(self->result);
    Py_RETURN_NONE;
}

/* Appends the row after `position` others to a list, without taking it; 1: there is none. */
static int
peek_row(ResultObject *self, Py_ssize_t position, PyObject *rows)
{
    const deed_value *row;
    deed_error *error = NULL;
    self->busy = true;
    PyThreadState *thread = call_begin(session_of(self), true);
    deed_status status = deed_result_peek(self->result, (size_t)position, &row, &error);
    call_end(session_of(self), thread);
    PyObject *tuple = NULL;
    if (status != DEED_OK)
        raise_error(session_of(self)->state, status, error);
    else if (row != NULL)
        tuple = row_to_python(self, row);
    self->busy = false;
    if (status == DEED_OK && row == NULL)
        return 1;
    int result = tuple != NULL ? PyList_Append(rows, tuple) : -1;
    Py_XDECREF(tuple);
    return result;
}

/* As many of the next rows as are shown, and one to know whether there are more. They stay where they are. */
static PyObject *
peek_rows(ResultObject *self)
{
    if (!self->exhausted && result_ready(self) < 0)
        return NULL;
    PyObject *rows = PyList_New(0);
    int more = rows != NULL && !self->exhausted ? 0 : 1;
    for (Py_ssize_t i = 0; more == 0 && i <= ROWS_SHOWN; i++)
        more = peek_row(self, i, rows);
    if (more < 0)
        Py_CLEAR(rows);
    return rows;
}

static PyObject *
result_repr(ResultObject *self)
{
    if (self->width == 0)
        return PyUnicode_FromString("<deed_core.Result without columns>");
    PyObject *columns = result_names(self);
    PyObject *found = columns != NULL ? peek_rows(self) : NULL;
    if (found == NULL)
        return NULL;
    PyObject *tables = PyImport_ImportModule("deed.tables");
    PyObject *rows = PyList_GetSlice(found, 0, ROWS_SHOWN);
    PyObject *text = NULL;
    if (tables != NULL && rows != NULL)
        text = PyObject_CallMethodObjArgs(tables, attributes.render, columns, rows,
                                          PyList_GET_SIZE(found) > ROWS_SHOWN ? Py_True : Py_False, NULL);
    Py_XDECREF(tables);
    Py_XDECREF(rows);
    Py_DECREF(found);
    return text;
}

/* ---- Where it goes ------------------------------------------------------------------------------------------- */

static PyObject *
result_stream(ResultObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"__arrow_c_stream__", 1, 0, 1, {"requested_schema"}};
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || result_ready(self) < 0)
        return NULL;
    struct ArrowArrayStream stream;
    deed_error *error = NULL;
    self->busy = true;
    PyThreadState *thread = call_begin(session_of(self), true);
    deed_status status = deed_result_arrow(self->result, &stream, &error);
    call_end(session_of(self), thread);
    self->busy = false;
    return status == DEED_OK ? capsule_of_stream(&stream) : raise_error(session_of(self)->state, status, error);
}

/* What a function of deed.results makes of the result. */
static PyObject *
convert(ResultObject *self, PyObject *function)
{
    PyObject *module = PyImport_ImportModule("deed.results");
    PyObject *made = module != NULL ? PyObject_CallMethodOneArg(module, function, (PyObject *)self) : NULL;
    Py_XDECREF(module);
    return made;
}

static PyObject *
result_to_arrow(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    return convert(self, attributes.to_arrow);
}

static PyObject *
result_to_pandas(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    return convert(self, attributes.to_pandas);
}

static PyObject *
result_to_polars(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    return convert(self, attributes.to_polars);
}

static PyObject *
result_to_networkx(ResultObject *self, PyObject *Py_UNUSED(ignored))
{
    return convert(self, attributes.to_networkx);
}

static PyObject *
result_columns(ResultObject *self, void *Py_UNUSED(closure))
{
    if (self->columns == NULL && !graph_is_ours(session_of(self)->graph)) {
        session_ready(session_of(self));
        return NULL;
    }
    return Py_XNewRef(result_names(self));
}

static PyGetSetDef result_properties[] = {
    {"columns", (getter)result_columns, NULL, "The names of the columns, a tuple.", NULL},
    {"counters", (getter)result_counters, NULL, "What the statement has changed: a dict of numbers by name.", NULL},
    {"notices", (getter)result_notices, NULL,
     "What is odd about the statement without being wrong, such as a label that nothing has: a tuple of str.", NULL},
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
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))result_stream, METH_FASTCALL | METH_KEYWORDS,
"__arrow_c_stream__($self, requested_schema=None)\n--\n\n"
"Take the rows that are left as an Arrow C stream of record batches; what its columns are is said at to_arrow.\n\n"
"Raises\n------\nTypeMismatch\n    A column holds floats and an integer that is no float, or a date beyond Arrow's range. No row\n"
"    is taken then.\n"},
    {"to_arrow", (PyCFunction)result_to_arrow, METH_NOARGS,
"to_arrow($self, /)\n--\n\n"
"Take the rows that are left as a pyarrow.Table.\n\n"
"The type of a column is decided over all of its rows. Booleans, integers, floats, strings, bytes, dates, local times and\n"
"embeddings have the Arrow types of their names; datetimes are timestamp[us]; integers among floats become floats. A node\n"
"is a struct of id, labels and properties, a relationship one of id, type, source, target and properties, a path one of\n"
"nodes and relationships; their properties are text in JSON. Lists, maps, durations, times with a zone, and columns of mixed\n"
"type are text, lists and maps in JSON.\n\n"
"Returns\n-------\npyarrow.Table\n\n"
"Raises\n------\nImportError\n    pyarrow is not installed.\n"
"TypeMismatch\n    See __arrow_c_stream__.\n\n"
"Examples\n--------\n>>> graph.execute('UNWIND [1, 2] AS x RETURN x').to_arrow().to_pydict()\n{'x': [1, 2]}\n"},
    {"to_pandas", (PyCFunction)result_to_pandas, METH_NOARGS,
"to_pandas($self, /)\n--\n\nTake the rows that are left as a pandas.DataFrame, by way of to_arrow.\n\n"
"Raises\n------\nImportError\n    pandas or pyarrow is not installed.\n\n"
"Examples\n--------\n>>> graph.execute('UNWIND [1, 2] AS x RETURN x').to_pandas()['x'].sum().item()\n3\n"},
    {"to_polars", (PyCFunction)result_to_polars, METH_NOARGS,
"to_polars($self, /)\n--\n\nTake the rows that are left as a polars.DataFrame; the types are those of to_arrow.\n\n"
"Raises\n------\nImportError\n    polars is not installed.\n\n"
"Examples\n--------\n>>> graph.execute('UNWIND [1, 2] AS x RETURN x').to_polars()['x'].sum()\n3\n"},
    {"to_networkx", (PyCFunction)result_to_networkx, METH_NOARGS,
"to_networkx($self, /)\n--\n\n"
"Take the rows that are left as a networkx.MultiDiGraph of the nodes, relationships and paths in them, at any depth.\n\n"
"Nodes have their id as key and the attributes labels and properties; edges have the relationship's id as key and the\n"
"attributes type and properties. An end of a relationship that is not in the result is a node without attributes.\n\n"
"Raises\n------\nImportError\n    networkx is not installed.\n\n"
"Examples\n--------\n"
">>> graph.execute('CREATE (:N)-[r:R]->(:N) RETURN r').to_networkx().number_of_edges()\n1\n"},
    {NULL},
};

PyDoc_STRVAR(result_doc,
"The rows of a query: an iterator of tuples, one value for each of `columns`.\n\n"
"A query that only reads computes rows as they are fetched, on the snapshot it began with; one that changes something has\n"
"all of its rows at once. A row is given out once. repr() shows the next rows as a table and takes none. One thread at a\n"
"time.\n\n"
"Examples\n--------\n"
">>> result = graph.execute('UNWIND [3, 4] AS x RETURN x, x * x AS square')\n"
">>> result.columns\n('x', 'square')\n>>> result.fetchone()\n(3, 9)\n>>> result.dicts()\n[{'x': 4, 'square': 16}]\n");

static PyType_Slot result_slots[] = {
    {Py_tp_doc, (void *)result_doc},
    {Py_tp_dealloc, result_dealloc},
    {Py_tp_traverse, result_traverse},
    {Py_tp_repr, result_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, result_next},
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
