/* arrow_scan.c - deed_core.ArrowScan: a collection or relationship type as an Arrow C stream.
 *
 * The object is only the description of a scan. Every __arrow_c_stream__ begins a new one, so that consumers which look
 * at the schema first and read later (DuckDB) or read twice work. The stream itself belongs to the engine: it needs
 * neither this object nor the GIL. */
#include "deed_core.h"

typedef struct ArrowScanObject {
    PyObject_HEAD
    SessionObject *session;
    deed_kind kind;
    uint32_t table;
} ArrowScanObject;

static int
arrow_scan_traverse(ArrowScanObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->session);
    return 0;
}

static void
arrow_scan_dealloc(ArrowScanObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_DECREF(self->session);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static int
open_stream(ArrowScanObject *self, struct ArrowArrayStream *out_stream)
{
    SessionObject *session = self->session;
    if (session_ready(session) < 0)
        return -1;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true);
    deed_status status = deed_scan_arrow(session->graph->database, session->transaction, self->kind, self->table,
                                         out_stream, &error);
    call_end(session, thread);
    if (status == DEED_OK)
        return 0;
    raise_error(session->state, status, error);
    return -1;
}

static PyObject *
arrow_scan_stream(ArrowScanObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"__arrow_c_stream__", 1, 0, 1, {"requested_schema"}};
    PyObject *values[1];
    struct ArrowArrayStream stream;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || open_stream(self, &stream) < 0)
        return NULL;
    return capsule_of_stream(&stream);
}

static PyObject *
arrow_scan_schema(ArrowScanObject *self, PyObject *Py_UNUSED(ignored))
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    if (open_stream(self, &stream) < 0)
        return NULL;
    if (stream.get_schema(&stream, &schema) != 0) {
        const char *message = stream.get_last_error(&stream);
        raise_status(self->session->state, DEED_INTERNAL, "%s", message != NULL ? message : "the schema cannot be read");
        stream.release(&stream);
        return NULL;
    }
    stream.release(&stream);
    return capsule_of_schema(&schema);
}

static PyObject *
arrow_scan_repr(ArrowScanObject *self)
{
    bool is_entity = self->kind == DEED_ENTITY;
    PyObject *name = NULL;
    if (session_ready(self->session) == 0)
        name = name_text(self->session, is_entity ? DEED_COLLECTION : DEED_RELATIONSHIP_TYPE, self->table);
    PyErr_Clear();
    if (name == NULL)
        return PyUnicode_FromString("<deed_core.ArrowScan of a closed graph>");
    return PyUnicode_FromFormat("<deed_core.ArrowScan of the %s %R>", is_entity ? "collection" : "relationship type", name);
}

static PyMethodDef arrow_scan_methods[] = {
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))arrow_scan_stream, METH_FASTCALL | METH_KEYWORDS,
     "__arrow_c_stream__($self, requested_schema=None)\n--\n\nA new scan as an Arrow C stream of record batches."},
    {"__arrow_c_schema__", (PyCFunction)arrow_scan_schema, METH_NOARGS,
     "__arrow_c_schema__($self, /)\n--\n\nThe Arrow schema that a scan begun now would have."},
    {NULL},
};

static PyType_Slot arrow_scan_slots[] = {
    {Py_tp_doc, "A collection or relationship type as Arrow data: pyarrow.table(scan), polars.from_arrow(scan), ..."},
    {Py_tp_dealloc, arrow_scan_dealloc},
    {Py_tp_traverse, arrow_scan_traverse},
    {Py_tp_repr, arrow_scan_repr},
    {Py_tp_methods, arrow_scan_methods},
    {0, NULL},
};

PyType_Spec arrow_scan_spec = {
    .name = "deed_core.ArrowScan",
    .basicsize = sizeof(ArrowScanObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = arrow_scan_slots,
};

/* ---- scan_arrow ---------------------------------------------------------------------------------------------- */

/* 'entity', 'edge', or neither given: sets which of the two names may be meant. */
static int
parse_kind(ModuleState *state, PyObject *object, bool *out_entity, bool *out_edge)
{
    *out_entity = *out_edge = true;
    if (object == NULL || object == Py_None)
        return 0;
    if (PyUnicode_Check(object)) {
        *out_entity = PyUnicode_CompareWithASCIIString(object, "entity") == 0;
        *out_edge = PyUnicode_CompareWithASCIIString(object, "edge") == 0;
        if (*out_entity || *out_edge)
            return 0;
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "kind is 'entity', 'edge' or None, not %R", object);
    return -1;
}

METHOD(scan_arrow)
{
    static const Signature signature = {"scan_arrow", 2, 1, 1, {"name", "kind"}};
    PyObject *values[2];
    bool may_be_entity, may_be_edge;
    uint32_t collection = NUMBER_NONE, type = NUMBER_NONE;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_kind(self->state, values[1], &may_be_entity, &may_be_edge) < 0 || session_ready(self) < 0)
        return NULL;
    if (!PyUnicode_Check(values[0]))
        return raise_status(self->state, DEED_TYPE_MISMATCH, "a name is a str, not %.100s", Py_TYPE(values[0])->tp_name);
    if ((may_be_entity && name_find(self, DEED_COLLECTION, values[0], &collection) < 0) ||
        (may_be_edge && name_find(self, DEED_RELATIONSHIP_TYPE, values[0], &type) < 0))
        return NULL;
    if (collection == NUMBER_NONE && type == NUMBER_NONE)
        return raise_status(self->state, DEED_NOT_FOUND, "there is no collection or relationship type %R", values[0]);
    if (collection != NUMBER_NONE && type != NUMBER_NONE)
        return raise_status(self->state, DEED_INVALID_ARGUMENT,
                            "%R is a collection and a relationship type: say kind='entity' or kind='edge'", values[0]);
    PyTypeObject *scan_type = self->state->arrow_scan_type;
    ArrowScanObject *scan = (ArrowScanObject *)scan_type->tp_alloc(scan_type, 0);
    if (scan == NULL)
        return NULL;
    scan->session = (SessionObject *)Py_NewRef(self);
    scan->kind = collection != NUMBER_NONE ? DEED_ENTITY : DEED_RELATIONSHIP;
    scan->table = collection != NUMBER_NONE ? collection : type;
    return (PyObject *)scan;
}
