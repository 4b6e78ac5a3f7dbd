/* errors.c - the tree of exceptions, and how a status of the engine becomes one of them.
 *
 * Every class carries its status as `code` and the status's name as `name`, so a handler can work with either the
 * class or the number. Where Python has an exception of the same meaning the class inherits from it too.
 */
#include "deed_core.h"

typedef struct ExceptionSpec {
    const char *name; /* qualified */
    deed_status status;
    PyObject **base; /* a second base, or NULL */
    const char *documentation;
} ExceptionSpec;

static const ExceptionSpec specs[] = {
    {"deed_core.InvalidArgument", DEED_INVALID_ARGUMENT, &PyExc_ValueError,
     "An argument is outside its range, text cannot be stored as UTF-8, or values nest too deep. Also a ValueError."},
    {"deed_core.TypeMismatch", DEED_TYPE_MISMATCH, &PyExc_TypeError,
     "A value has a type that cannot be stored or converted there, or is an integer beyond 64 bits. Also a TypeError."},
    {"deed_core.NotFound", DEED_NOT_FOUND, &PyExc_LookupError,
     "No entity or relationship with that id is visible. Also a LookupError."},
    {"deed_core.LimitExceeded", DEED_LIMIT_EXCEEDED, NULL, "One of the limits of the engine; the message names it."},
    {"deed_core.ReadOnly", DEED_READ_ONLY, NULL, "A write on a graph or transaction opened for reading."},
    {"deed_core.HasRelationships", DEED_HAS_RELATIONSHIPS, NULL,
     "An entity that has relationships was to be deleted without detach=True."},
    {"deed_core.ConstraintViolation", DEED_CONSTRAINT_VIOLATION, &PyExc_ValueError,
     "A unique index or a constraint forbids the write; the message names it. Also a ValueError."},
    {"deed_core.AlreadyExists", DEED_ALREADY_EXISTS, &PyExc_ValueError,
     "There is an index or a constraint of that name. Also a ValueError."},
    {"deed_core.TransactionConflict", DEED_TRANSACTION_CONFLICT, NULL,
     "Another transaction wrote the row first: roll back and try again."},
    {"deed_core.TransactionEnded", DEED_TRANSACTION_ENDED, NULL,
     "The transaction was committed or rolled back already."},
    {"deed_core.StoreLocked", DEED_STORE_LOCKED, NULL, "Another process, or another graph, has the store open for writing."},
    {"deed_core.Corruption", DEED_CORRUPTION, NULL, "What is on disk fails its checks."},
    {"deed_core.StorageError", DEED_IO_ERROR, NULL, "The operating system refused; the message has its words."},
    {"deed_core.DiskFull", DEED_DISK_FULL, NULL, "No space is left on the device."},
    {"deed_core.NewerFormat", DEED_NEWER_FORMAT, NULL, "The store was written by a later version of Deed."},
    {"deed_core.NotRetained", DEED_NOT_RETAINED, &PyExc_LookupError,
     "The record of a commit is no longer in the log; the message names the oldest that is. Also a LookupError."},
    {"deed_core.OutOfSequence", DEED_OUT_OF_SEQUENCE, NULL,
     "A record does not follow the last one that a replica has applied; the message names the one expected."},
    {"deed_core.OutOfMemory", DEED_OUT_OF_MEMORY, &PyExc_MemoryError,
     "The memory limit of the graph, or the system's, is reached. Also a MemoryError."},
    {"deed_core.Closed", DEED_CLOSED, NULL, "The graph was closed."},
    {"deed_core.Interrupted", DEED_INTERRUPTED, NULL, "A progress callback asked to stop; nothing was changed."},
    {"deed_core.InternalError", DEED_INTERNAL, NULL, "A bug in Deed; please report it."},
};

/* Below QueryError, which itself stands for no status. */
static const ExceptionSpec query_specs[] = {
    {"deed_core.QuerySyntaxError", DEED_SYNTAX_ERROR, &PyExc_ValueError,
     "The text is no query, or one that can never work. Also a ValueError."},
    {"deed_core.QuerySemanticError", DEED_SEMANTIC_ERROR, &PyExc_ValueError, "The query has no meaning here. Also a ValueError."},
    {"deed_core.ParameterMissing", DEED_PARAMETER_MISSING, &PyExc_LookupError,
     "A parameter of the query was not given. Also a LookupError."},
    {"deed_core.QueryTypeError", DEED_TYPE_ERROR, &PyExc_TypeError,
     "A value has a type that the operation does not take. Also a TypeError."},
    {"deed_core.QueryArgumentError", DEED_ARGUMENT_ERROR, &PyExc_ValueError,
     "An argument of a function is outside its range. Also a ValueError."},
    {"deed_core.QueryArithmeticError", DEED_ARITHMETIC_ERROR, &PyExc_ArithmeticError,
     "An overflow, or a division by zero. Also an ArithmeticError."},
    {"deed_core.ElementDeleted", DEED_ENTITY_NOT_FOUND, &PyExc_LookupError,
     "A node or relationship that the query has deleted was asked for. Also a LookupError."},
    {"deed_core.ProcedureError", DEED_PROCEDURE_ERROR, &PyExc_LookupError,
     "There is no such procedure, or it failed. Also a LookupError."},
    {"deed_core.StillConnected", DEED_STILL_CONNECTED, NULL,
     "A node was to be deleted that still has relationships; DETACH DELETE takes them along."},
};

/* Below TransactionConflict: to a caller who rolls back and tries again they are all the same. */
static const ExceptionSpec conflict_specs[] = {
    {"deed_core.Deadlock", DEED_DEADLOCK, NULL,
     "Transactions waited for each other in a circle; this one, the youngest of them, was rolled back."},
    {"deed_core.LockTimeout", DEED_LOCK_TIMEOUT, &PyExc_TimeoutError,
     "Another transaction held a row for longer than the statement was to wait. Also a TimeoutError."},
    {"deed_core.SerializationFailure", DEED_SERIALIZATION_FAILURE, NULL,
     "What a serializable transaction has read was changed by others before it committed; it was rolled back."},
    {"deed_core.SnapshotTooOld", DEED_SNAPSHOT_TOO_OLD, NULL,
     "The graph follows another process and has opened the store anew since the transaction began: begin again."},
};

/* What the first of each pair was called while there was one language. */
static const char *const aliases[][2] = {
    {"QuerySyntaxError", "CypherSyntaxError"}, {"QuerySemanticError", "CypherSemanticError"},
    {"QueryTypeError", "CypherTypeError"}, {"QueryArgumentError", "CypherArgumentError"},
    {"QueryArithmeticError", "CypherArithmeticError"},
};

/* It has the status of Closed, below which it stands. */
static const ExceptionSpec forked = {
    "deed_core.Forked", DEED_CLOSED, NULL,
    "The graph was opened before this process was forked and belongs to the parent; or the parent has opened stores on disk,\n"
    "and so this process cannot."};

static int
add_exception(PyObject *module, ModuleState *state, const ExceptionSpec *spec, PyObject *parent, PyObject **out_class)
{
    int result = -1;
    PyObject *class = NULL, *code = NULL;
    PyObject *members = Py_BuildValue("{s:i,s:s}", "code", (int)spec->status, "name", deed_status_name(spec->status));
    PyObject *bases = spec->base != NULL ? PyTuple_Pack(2, parent, *spec->base) : PyTuple_Pack(1, parent);
    if (members == NULL || bases == NULL)
        goto done;
    class = PyErr_NewExceptionWithDoc(spec->name, spec->documentation, bases, members);
    code = PyLong_FromLong(spec->status);
    if (class == NULL || code == NULL)
        goto done;
    /* Forked shares the status of Closed; the first class of a status is the one raised for it. */
    if (PyDict_SetDefault(state->exceptions, code, class) == NULL)
        goto done;
    if (PyModule_AddObjectRef(module, strrchr(spec->name, '.') + 1, class) < 0)
        goto done;
    if (out_class != NULL)
        *out_class = Py_NewRef(class);
    result = 0;
done:
    Py_XDECREF(members);
    Py_XDECREF(bases);
    Py_XDECREF(class);
    Py_XDECREF(code);
    return result;
}

/* Gives the reference of the value away. */
static int
set_attribute(PyObject *object, const char *name, PyObject *value)
{
    int result = value != NULL ? PyObject_SetAttrString(object, name, value) : -1;
    Py_XDECREF(value);
    return result;
}

/* The class of a status, borrowed; NULL with an exception, or if there is none. */
static PyObject *
class_with(ModuleState *state, deed_status status)
{
    PyObject *code = PyLong_FromLong(status);
    PyObject *class = code != NULL ? PyDict_GetItemWithError(state->exceptions, code) : NULL;
    Py_XDECREF(code);
    return class;
}

static int
add_query_errors(PyObject *module, ModuleState *state)
{
    PyObject *class = PyErr_NewExceptionWithDoc(
        "deed_core.QueryError",
        "What is wrong with a query. `detail` says what exactly, in one word as openCypher has it; `position` is the range\n"
        "of the text that it is about, in bytes, or None.", state->deed_error, NULL);
    if (class == NULL)
        return -1;
    int result = set_attribute(class, "detail", PyUnicode_FromString(""));
    if (result == 0)
        result = set_attribute(class, "position", Py_NewRef(Py_None));
    if (result == 0)
        result = PyModule_AddObjectRef(module, "QueryError", class);
    for (size_t i = 0; result == 0 && i < sizeof query_specs / sizeof *query_specs; i++)
        result = add_exception(module, state, &query_specs[i], class, NULL);
    Py_DECREF(class);
    for (size_t i = 0; result == 0 && i < sizeof aliases / sizeof *aliases; i++) {
        PyObject *known = PyObject_GetAttrString(module, aliases[i][0]);
        result = known != NULL ? PyModule_AddObjectRef(module, aliases[i][1], known) : -1;
        Py_XDECREF(known);
    }
    return result;
}

int
errors_init(PyObject *module, ModuleState *state)
{
    state->exceptions = PyDict_New();
    state->deed_error = PyErr_NewExceptionWithDoc(
        "deed_core.DeedError",
        "The root of the exceptions of Deed. `code` is the status of the engine, `name` the name of that status; `sqlstate` is\n"
        "what SQL calls the error, in five characters, or None for what does not come from the engine.", NULL, NULL);
    if (state->exceptions == NULL || state->deed_error == NULL)
        return -1;
    if (set_attribute(state->deed_error, "code", PyLong_FromLong(DEED_INTERNAL)) < 0 ||
        set_attribute(state->deed_error, "name", PyUnicode_FromString(deed_status_name(DEED_INTERNAL))) < 0 ||
        set_attribute(state->deed_error, "sqlstate", Py_NewRef(Py_None)) < 0)
        return -1;
    if (PyModule_AddObjectRef(module, "DeedError", state->deed_error) < 0)
        return -1;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        if (add_exception(module, state, &specs[i], state->deed_error, NULL) < 0)
            return -1;

    if (add_query_errors(module, state) < 0)
        return -1;
    PyObject *conflict = class_with(state, DEED_TRANSACTION_CONFLICT);
    for (size_t i = 0; conflict != NULL && i < sizeof conflict_specs / sizeof *conflict_specs; i++)
        if (add_exception(module, state, &conflict_specs[i], conflict, NULL) < 0)
            return -1;
    PyObject *closed = class_with(state, DEED_CLOSED);
    return conflict == NULL || closed == NULL ? -1 : add_exception(module, state, &forked, closed, &state->forked);
}

/* The class of a status, borrowed; DeedError for a number from a later library; NULL with an exception without memory. */
static PyObject *
class_of(ModuleState *state, deed_status status)
{
    PyErr_Clear(); /* what is raised here takes the place of what led to it */
    PyObject *class = class_with(state, status);
    return class != NULL || PyErr_Occurred() ? class : state->deed_error;
}

/* Raises an error with what it says beside its message. */
static void
raise_with_attributes(PyObject *class, PyObject *text, deed_status status, const deed_error *error)
{
    PyObject *exception = PyObject_CallOneArg(class, text);
    if (exception == NULL)
        return;
    size_t size, start, end;
    int failed = set_attribute(exception, "sqlstate", PyUnicode_FromString(deed_error_sqlstate(error)));
    const char *detail = deed_error_detail(error, &size);
    if (failed == 0 && status >= DEED_SYNTAX_ERROR)
        failed = set_attribute(exception, "detail", PyUnicode_DecodeUTF8(detail, (Py_ssize_t)size, "replace"));
    if (failed == 0 && deed_error_position(error, &start, &end))
        failed = set_attribute(exception, "position", Py_BuildValue("(nn)", (Py_ssize_t)start, (Py_ssize_t)end));
    if (failed == 0)
        PyErr_SetObject(class, exception);
    Py_DECREF(exception);
}

PyObject *
raise_error(ModuleState *state, deed_status status, deed_error *error)
{
    if (status == DEED_INTERRUPTED && PyErr_Occurred()) { /* by what a signal handler raised */
        deed_error_destroy(error);
        return NULL;
    }
    size_t size = 0;
    const char *message = error != NULL ? deed_error_message(error, &size) : NULL;
    PyObject *text = message != NULL ? PyUnicode_DecodeUTF8(message, (Py_ssize_t)size, "replace")
                                     : PyUnicode_FromString(deed_status_name(status));
    PyObject *class = text != NULL ? class_of(state, status) : NULL;
    if (class != NULL && error != NULL)
        raise_with_attributes(class, text, status, error);
    else if (class != NULL)
        PyErr_SetObject(class, text);
    deed_error_destroy(error);
    Py_XDECREF(text);
    return NULL;
}

PyObject *
raise_status(ModuleState *state, deed_status status, const char *format, ...)
{
    va_list arguments;
    PyObject *class = class_of(state, status);
    va_start(arguments, format);
    if (class != NULL)
        PyErr_FormatV(class, format, arguments);
    va_end(arguments);
    return NULL;
}
