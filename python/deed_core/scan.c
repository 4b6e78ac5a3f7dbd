/* scan.c - deed_core.Scan, the lazy iterator over a collection or relationship type, and the lists made of it.
 *
 * A step keeps the GIL: it converts one row, and loads at most one chunk, which is shorter than the interval at which the
 * interpreter switches threads anyway. Giving the GIL up per row would cost as much as the row, and with other threads
 * computing it would cost that interval each time. */
#include "deed_core.h"

/* A list gives other threads and signals a turn after so many rows. */
#define ROWS_PER_TURN 4096

typedef struct ScanObject {
    PyObject_HEAD
    SessionObject *session;
    deed_scan *scan; /* NULL once it is exhausted */
    deed_kind kind;
} ScanObject;

static int
scan_traverse(ScanObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->session);
    return 0;
}

static void
scan_dealloc(ScanObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (graph_is_ours(self->session->graph))
        deed_scan_destroy(self->scan);
    Py_DECREF(self->session);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

/* The next row as a dict; NULL without an exception at the end. */
static PyObject *
scan_next(ScanObject *self)
{
    if (self->scan == NULL || session_ready(self->session) < 0)
        return NULL;
    const deed_record *record;
    deed_error *error = NULL;
    deed_status status = deed_scan_next(self->scan, &record, &error);
    if (status != DEED_OK)
        return raise_error(self->session->state, status, error);
    if (record != NULL)
        return record_to_python(self->session, record, self->kind);
    deed_scan_destroy(self->scan);
    self->scan = NULL;
    return NULL;
}

static PyType_Slot scan_slots[] = {
    {Py_tp_doc, "A lazy iterator over the rows of a collection or relationship type, as they were when it began."},
    {Py_tp_dealloc, scan_dealloc},
    {Py_tp_traverse, scan_traverse},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, scan_next},
    {0, NULL},
};

PyType_Spec scan_spec = {
    .name = "deed_core.Scan",
    .basicsize = sizeof(ScanObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = scan_slots,
};

/* ---- The methods --------------------------------------------------------------------------------------------- */

static PyObject *
scan_begin(SessionObject *session, deed_kind kind, PyObject *name)
{
    uint32_t table;
    if (session_ready(session) < 0)
        return NULL;
    if (!PyUnicode_Check(name))
        return raise_status(session->state, DEED_TYPE_MISMATCH, "a name is a str, not %.100s", Py_TYPE(name)->tp_name);
    if (name_find(session, kind == DEED_ENTITY ? DEED_COLLECTION : DEED_RELATIONSHIP_TYPE, name, &table) < 0)
        return NULL;
    deed_scan *scan;
    deed_error *error = NULL;
    deed_status status = deed_scan_begin(session->graph->database, session->transaction, kind, table, &scan, &error);
    if (status != DEED_OK)
        return raise_error(session->state, status, error);
    PyTypeObject *type = session->state->scan_type;
    ScanObject *self = (ScanObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        deed_scan_destroy(scan);
        return NULL;
    }
    self->session = (SessionObject *)Py_NewRef(session);
    self->scan = scan;
    self->kind = kind;
    return (PyObject *)self;
}

static int
give_turn(void)
{
    Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS
    return PyErr_CheckSignals();
}

static PyObject *
scan_all(SessionObject *session, deed_kind kind, PyObject *name)
{
    PyObject *scan = scan_begin(session, kind, name);
    PyObject *list = scan != NULL ? PyList_New(0) : NULL;
    while (list != NULL) {
        PyObject *row = scan_next((ScanObject *)scan);
        if (row == NULL) {
            if (PyErr_Occurred())
                Py_CLEAR(list);
            break;
        }
        if (PyList_Append(list, row) < 0 || (PyList_GET_SIZE(list) % ROWS_PER_TURN == 0 && give_turn() < 0))
            Py_CLEAR(list);
        Py_DECREF(row);
    }
    Py_XDECREF(scan);
    return list;
}

#define SCAN_METHOD(method, function, kind, argument)                                    \
    METHOD(method)                                                                       \
    {                                                                                    \
        static const Signature signature = {#method, 1, 1, 1, {argument}};               \
        PyObject *values[1];                                                             \
        if (parse_arguments(&signature, arguments, count, keywords, values) < 0)         \
            return NULL;                                                                 \
        return function(self, kind, values[0]);                                          \
    }

SCAN_METHOD(scan_collection, scan_all, DEED_ENTITY, "name")
SCAN_METHOD(iterate_collection, scan_begin, DEED_ENTITY, "name")
SCAN_METHOD(scan_edges, scan_all, DEED_RELATIONSHIP, "type")
SCAN_METHOD(iterate_edges, scan_begin, DEED_RELATIONSHIP, "type")
