/* transaction.c - deed_core.Transaction: a session whose calls see one snapshot and take effect together. */
#include "deed_core.h"

PyObject *
transaction_begin(GraphObject *graph, const deed_transaction_options *options)
{
    ModuleState *state = graph->session.state;
    PyTypeObject *type = state->transaction_type;
    deed_transaction *transaction;
    deed_error *error = NULL;
    deed_status status = deed_transaction_begin_with(graph->database, options, &transaction, &error);
    if (status != DEED_OK)
        return raise_error(state, status, error);
    SessionObject *self = (SessionObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        deed_transaction_destroy(transaction);
        return NULL;
    }
    self->state = state;
    self->graph = (GraphObject *)Py_NewRef(graph);
    self->transaction = transaction;
    self->waits = options->on_conflict == DEED_WAIT;
    return (PyObject *)self;
}

static int
transaction_traverse(SessionObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->graph);
    return 0;
}

static void
transaction_dealloc(SessionObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL)
        PyObject_ClearWeakRefs((PyObject *)self);
    if (graph_is_ours(self->graph))
        deed_transaction_destroy(self->transaction);
    Py_DECREF(self->graph);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

/* Ends the transaction with `end`, which is the commit or the rollback of the engine. */
static PyObject *
transaction_end(SessionObject *self, deed_status (*end)(deed_transaction *, deed_error **))
{
    if (session_ready(self) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, true);
    deed_status status = end(self->transaction, &error);
    call_end(self, thread);
    self->ended = true;
    if (status != DEED_OK)
        return raise_error(self->state, status, error);
    Py_RETURN_NONE;
}

static PyObject *
transaction_commit(SessionObject *self, PyObject *Py_UNUSED(ignored))
{
    return transaction_end(self, deed_transaction_commit);
}

static PyObject *
transaction_rollback(SessionObject *self, PyObject *Py_UNUSED(ignored))
{
    return transaction_end(self, deed_transaction_rollback);
}

static PyObject *
transaction_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(self);
}

/* Commits, or rolls back if the block raised; does nothing if the block has ended the transaction, or, on its way out
 * with an exception, has closed the graph. */
static PyObject *
transaction_exit(SessionObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    bool raised = count > 0 && arguments[0] != Py_None;
    bool is_over = self->ended || (raised && self->graph->closed);
    if (!is_over) {
        PyObject *result = raised ? transaction_rollback(self, NULL) : transaction_commit(self, NULL);
        if (result == NULL)
            return NULL;
        Py_DECREF(result);
    }
    Py_RETURN_FALSE;
}

static PyObject *
transaction_active(SessionObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(!self->ended && !self->graph->closed && graph_is_ours(self->graph) &&
                           deed_transaction_active(self->transaction));
}

static PyObject *
transaction_number(SessionObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(graph_is_ours(self->graph) ? deed_transaction_number(self->transaction) : 0);
}

static PyObject *
transaction_graph(SessionObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->graph);
}

static PyObject *
transaction_repr(SessionObject *self)
{
    return PyUnicode_FromFormat("<deed_core.Transaction, %s, of %R>", self->ended ? "ended" : "active", self->graph);
}

static PyGetSetDef transaction_properties[] = {
    {"active", (getter)transaction_active, NULL,
     "Whether it can still be used: neither committed nor rolled back nor prepared.", NULL},
    {"number", (getter)transaction_number, NULL,
     "The number by which messages call it; later transactions have higher numbers.", NULL},
    {"graph", (getter)transaction_graph, NULL, "The graph it belongs to.", NULL},
    {NULL},
};

static PyMethodDef transaction_methods[] = {
    {"commit", (PyCFunction)transaction_commit, METH_NOARGS,
     "commit($self, /)\n--\n\nMake the writes durable and visible to others, all or none. The transaction is ended afterwards.\n\n"
     "Raises\n------\nTransactionEnded\n    It was committed, rolled back or prepared already.\n"
     "SerializationFailure\n    It is serializable, and something it has read was changed meanwhile.\n"},
    {"prepare", (PyCFunction)transaction_prepare, METH_O,
     "prepare($self, gid, /)\n--\n\nMake the writes durable, but not yet visible, under a name: the first half of two-phase "
     "commit.\n\n"
     "The transaction is ended afterwards, and holds its rows, through crashes and restarts, until\n"
     "PyDeedGraph.commit_prepared(gid) or rollback_prepared(gid).\n\n"
     "Parameters\n----------\ngid : str\n    1 to 200 bytes of UTF-8.\n\n"
     "Raises\n------\nAlreadyExists\n    There is a prepared transaction of that name. This one goes on.\n"
     "InvalidArgument\n    It is serializable, has loaded in bulk, or the store has no log. It goes on.\n"},
    {"rollback", (PyCFunction)transaction_rollback, METH_NOARGS,
     "rollback($self, /)\n--\n\nUndo the writes. Does nothing if the transaction has ended already."},
    {"__enter__", transaction_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe transaction itself."},
    {"__exit__", (PyCFunction)(void (*)(void))transaction_exit, METH_FASTCALL,
     "__exit__($self, /, *exception)\n--\n\nCommit; roll back if the block raised an exception."},
    {NULL},
};

PyDoc_STRVAR(transaction_doc,
"One unit of atomicity and one snapshot of a graph, made by PyDeedGraph.transaction().\n\n"
"It sees the graph as it was committed when it began, and its own writes. Its writes are seen by others after commit().\n"
"As a context manager it commits on success and rolls back on an exception. One thread at a time may use it.");

static PyType_Slot transaction_slots[] = {
    {Py_tp_doc, (void *)transaction_doc},
    {Py_tp_dealloc, transaction_dealloc},
    {Py_tp_traverse, transaction_traverse},
    {Py_tp_repr, transaction_repr},
    {Py_tp_methods, transaction_methods},
    {Py_tp_getset, transaction_properties},
    {0, NULL},
};

PyType_Spec transaction_spec = {
    .name = "deed_core.Transaction",
    .basicsize = sizeof(SessionObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = transaction_slots,
};
