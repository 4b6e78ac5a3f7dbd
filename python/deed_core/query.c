/* query.c - running statements: Session.execute, Session.prepare and deed_core.Statement.
 *
 * A text that was executed before finds its deed_statement in a dictionary of the graph, so that it costs no parsing and
 * hardly any look-up. A statement is for one thread at a time: it is marked in the dictionary while it runs. */
#include "deed_core.h"

/* Texts whose statements are kept. Whoever has more does not use parameters, and gains nothing. */
#define STATEMENTS_MAX 512

bool
keep_going(void *Py_UNUSED(user_data))
{
    PyGILState_STATE gil = PyGILState_Ensure();
    bool goes_on = PyErr_CheckSignals() == 0;
    PyGILState_Release(gil);
    return goes_on;
}

static const char statement_capsule[] = "deed_core.deed_statement";

static void
destroy_statement(PyObject *capsule)
{
    deed_statement_destroy(PyCapsule_GetPointer(capsule, statement_capsule));
}

/* The context of a statement's capsule says who has it: nobody (NULL), or somebody who has found it in the dictionary, or
 * who has made it. */
static char is_taken, is_new;

/* What the statement of a text is found by: the text, beside the language where that was said. A new reference. */
static PyObject *
statement_key(PyObject *text, const deed_query_options *options)
{
    if (options->language == DEED_LANGUAGE_OF_TEXT)
        return Py_NewRef(text);
    return Py_BuildValue("(Oi)", text, (int)options->language);
}

/* The prepared statement of a text, in a capsule, for statement_return. */
static PyObject *
statement_take(SessionObject *session, PyObject *key, PyObject *text, const deed_query_options *options)
{
    GraphObject *graph = session->graph;
    if (graph->statements == NULL && (graph->statements = PyDict_New()) == NULL)
        return NULL;
    PyObject *known = PyDict_GetItemWithError(graph->statements, key);
    if (known != NULL && PyCapsule_GetContext(known) == NULL) {
        PyCapsule_SetContext(known, &is_taken);
        return Py_NewRef(known);
    }
    if (known == NULL && PyErr_Occurred())
        return NULL;
    size_t size;
    const char *bytes = text_of(session->state, text, &size);
    if (bytes == NULL)
        return NULL;
    deed_statement *statement;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true); /* planning may read statistics from the disk */
    deed_status status = deed_statement_prepare(graph->database, bytes, size, options, &statement, &error);
    call_end(session, thread);
    if (status != DEED_OK)
        return raise_error(session->state, status, error);
    PyObject *capsule = PyCapsule_New(statement, statement_capsule, destroy_statement);
    if (capsule == NULL)
        deed_statement_destroy(statement);
    else
        PyCapsule_SetContext(capsule, &is_new);
    return capsule;
}

/* Puts a statement that was made into the dictionary. An exception that is set stays as it is. */
static void
statement_keep(GraphObject *graph, PyObject *key, PyObject *capsule)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (PyDict_GET_SIZE(graph->statements) >= STATEMENTS_MAX)
        PyDict_Clear(graph->statements);
    if (PyDict_SetItem(graph->statements, key, capsule) < 0)
        PyErr_Clear();
    PyErr_Restore(type, value, trace);
}

/* Makes a statement available to later calls. */
static void
statement_return(SessionObject *session, PyObject *key, PyObject *capsule)
{
    bool was_made = PyCapsule_GetContext(capsule) == &is_new;
    PyCapsule_SetContext(capsule, NULL);
    if (was_made && session->graph->statements != NULL)
        statement_keep(session->graph, key, capsule);
    Py_DECREF(capsule);
}

/* Whether converting the values runs no Python code, which could change the dict meanwhile. */
static bool
is_plain(PyObject *parameters)
{
    PyObject *key, *item;
    Py_ssize_t position = 0;
    while (PyDict_Next(parameters, &position, &key, &item))
        if (!PyLong_CheckExact(item) && !PyUnicode_CheckExact(item) && !PyFloat_CheckExact(item) && item != Py_None &&
            !PyBool_Check(item))
            return false;
    return true;
}

/* Binds one value to the parameter of a name. */
static int
bind_value(SessionObject *session, deed_statement *statement, Conversion *conversion, const char *name, size_t size, PyObject *item)
{
    deed_value value;
    deed_error *error = NULL;
    if (convert_value(conversion, item, &value, 0) < 0)
        return -1;
    deed_status status = deed_statement_bind(statement, name, size, &value, &error);
    if (status == DEED_OK)
        return 0;
    raise_error(session->state, status, error);
    return -1;
}

/* The digits of a number, which end where the buffer does: snprintf takes as long as all else that binding does. */
static const char *
digits(size_t number, char *end)
{
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return end;
}

/* Binds a sequence to the parameters 1, 2, ... */
static int
bind_positions(SessionObject *session, deed_statement *statement, PyObject *parameters)
{
    PyObject *items = PySequence_Tuple(parameters); /* a list could change meanwhile */
    if (items == NULL)
        return -1;
    int result = 0;
    Conversion conversion;
    conversion_begin(&conversion, session->state);
    for (Py_ssize_t index = 0; result == 0 && index < PyTuple_GET_SIZE(items); index++) {
        char buffer[24], *end = buffer + sizeof(buffer);
        const char *name = digits((size_t)index + 1, end);
        result = bind_value(session, statement, &conversion, name, (size_t)(end - name), PyTuple_GET_ITEM(items, index));
    }
    conversion_end(&conversion);
    Py_DECREF(items);
    return result;
}

/* Binds what a mapping or a sequence says; nothing is bound before. */
static int
bind_parameters(SessionObject *session, deed_statement *statement, PyObject *parameters)
{
    if (parameters == NULL || parameters == Py_None)
        return 0;
    if (PyTuple_Check(parameters) || PyList_Check(parameters))
        return bind_positions(session, statement, parameters);
    if (!PyDict_Check(parameters)) {
        raise_status(session->state, DEED_TYPE_MISMATCH, "parameters are a dict, or a sequence of those that have numbers, not %.100s",
                     Py_TYPE(parameters)->tp_name);
        return -1;
    }
    int result = 0;
    Conversion conversion;
    conversion_begin(&conversion, session->state);
    PyObject *copy = is_plain(parameters) ? Py_NewRef(parameters) : PyDict_Copy(parameters);
    PyObject *key, *item;
    Py_ssize_t position = 0;
    while (copy != NULL && result == 0 && PyDict_Next(copy, &position, &key, &item)) {
        size_t size;
        const char *name = PyUnicode_Check(key) ? text_of(session->state, key, &size) : NULL;
        if (name == NULL) {
            if (!PyErr_Occurred())
                raise_status(session->state, DEED_TYPE_MISMATCH, "the name of a parameter is a str, not %R", key);
            result = -1;
            break;
        }
        result = bind_value(session, statement, &conversion, name, size, item);
    }
    conversion_end(&conversion);
    Py_XDECREF(copy);
    return copy == NULL ? -1 : result;
}

/* What can end a statement, while it is planned as well as while it runs. */
static int
parse_options(SessionObject *session, PyObject *timeout, deed_query_options *options)
{
    deed_query_options_init(options);
    options->keep_going = keep_going;
    if (timeout == NULL || timeout == Py_None)
        return 0;
    options->timeout = PyFloat_AsDouble(timeout);
    if (options->timeout >= 0.0)
        return 0;
    PyErr_Clear();
    raise_status(session->state, DEED_INVALID_ARGUMENT,
                 "timeout is a number of seconds that is not negative, or None, not %R", timeout);
    return -1;
}

/* The result of the engine, or NULL. */
static deed_result *
start_statement(SessionObject *session, PyObject *capsule, PyObject *parameters, const deed_query_options *options)
{
    deed_statement *statement = PyCapsule_GetPointer(capsule, statement_capsule);
    if (bind_parameters(session, statement, parameters) < 0 || session_ready(session) < 0) {
        deed_statement_clear(statement);
        return NULL;
    }
    deed_result *result;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, deed_statement_waits(statement));
    deed_status status = deed_statement_execute(statement, session->transaction, options, &result, &error);
    call_end(session, thread);
    deed_statement_clear(statement); /* what may be large is not kept with the text, nor taken for the next call's */
    if (status == DEED_OK)
        return result;
    raise_error(session->state, status, error);
    return NULL;
}

static PyObject *
run_statement(SessionObject *session, PyObject *capsule, PyObject *parameters, const deed_query_options *options)
{
    deed_result *result = start_statement(session, capsule, parameters, options);
    return result != NULL ? result_adopt(session, result) : NULL;
}

/* The text of a statement: a str, or bytes of UTF-8. A new reference. */
PyObject *
statement_text(SessionObject *session, PyObject *object)
{
    if (PyUnicode_Check(object))
        return Py_NewRef(object);
    if (PyBytes_Check(object)) {
        PyObject *text = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object), NULL);
        if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
            PyErr_Clear();
            raise_status(session->state, DEED_INVALID_ARGUMENT, "the text of a statement is not valid UTF-8");
        }
        return text;
    }
    raise_status(session->state, DEED_TYPE_MISMATCH, "the text of a statement is a str, not %.100s", Py_TYPE(object)->tp_name);
    return NULL;
}

/* The language that a caller names; NULL and None: that of the text. */
static int
parse_language(SessionObject *session, PyObject *language, deed_query_options *options)
{
    if (language == NULL || language == Py_None)
        return 0;
    if (PyUnicode_Check(language) && PyUnicode_CompareWithASCIIString(language, "sql") == 0)
        options->language = DEED_LANGUAGE_SQL;
    else if (PyUnicode_Check(language) && PyUnicode_CompareWithASCIIString(language, "cypher") == 0)
        options->language = DEED_LANGUAGE_CYPHER;
    else {
        raise_status(session->state, DEED_INVALID_ARGUMENT, "language is 'sql', 'cypher' or None, not %R", language);
        return -1;
    }
    return 0;
}

static PyObject *
run_text(SessionObject *session, PyObject *object, PyObject *parameters, const deed_query_options *options)
{
    PyObject *text = statement_text(session, object);
    PyObject *key = text != NULL ? statement_key(text, options) : NULL;
    PyObject *capsule = key != NULL ? statement_take(session, key, text, options) : NULL;
    PyObject *result = NULL;
    if (capsule != NULL) {
        result = run_statement(session, capsule, parameters, options);
        statement_return(session, key, capsule);
    }
    Py_XDECREF(key);
    Py_XDECREF(text);
    return result;
}

METHOD(execute)
{
    static const Signature signature = {"execute", 4, 1, 2, {"text", "parameters", "timeout", "language"}};
    PyObject *values[4];
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_options(self, values[2], &options) < 0 ||
        parse_language(self, values[3], &options) < 0 || session_ready(self) < 0)
        return NULL;
    return run_text(self, values[0], values[1], &options);
}

METHOD(sql)
{
    static const Signature signature = {"sql", 3, 1, 2, {"text", "parameters", "timeout"}};
    PyObject *values[3];
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_options(self, values[2], &options) < 0 ||
        session_ready(self) < 0)
        return NULL;
    options.language = DEED_LANGUAGE_SQL;
    return run_text(self, values[0], values[1], &options);
}

METHOD(cypher)
{
    static const Signature signature = {"cypher", 3, 1, 2, {"text", "parameters", "timeout"}};
    PyObject *values[3];
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_options(self, values[2], &options) < 0 ||
        session_ready(self) < 0)
        return NULL;
    options.language = DEED_LANGUAGE_CYPHER;
    return run_text(self, values[0], values[1], &options);
}

/* ---- Prepared statements ------------------------------------------------------------------------------------- */

typedef struct StatementObject {
    PyObject_HEAD
    PyObject *session;
    PyObject *text;
    PyObject *key; /* what it is found by among the graph's statements */
    int32_t language;
} StatementObject;

METHOD(prepare)
{
    static const Signature signature = {"prepare", 2, 1, 1, {"text", "language"}};
    PyObject *values[2];
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_options(self, NULL, &options) < 0 ||
        parse_language(self, values[1], &options) < 0 || session_ready(self) < 0)
        return NULL;
    PyObject *text = statement_text(self, values[0]);
    PyObject *key = text != NULL ? statement_key(text, &options) : NULL;
    PyObject *capsule = key != NULL ? statement_take(self, key, text, &options) : NULL;
    PyTypeObject *type = self->state->statement_type;
    StatementObject *made = capsule != NULL ? (StatementObject *)type->tp_alloc(type, 0) : NULL;
    if (capsule != NULL)
        statement_return(self, key, capsule);
    if (made == NULL) {
        Py_XDECREF(key);
        Py_XDECREF(text);
        return NULL;
    }
    made->session = Py_NewRef(self);
    made->text = text;
    made->key = key;
    made->language = options.language;
    return (PyObject *)made;
}

static PyObject *
statement_execute(StatementObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"execute", 2, 0, 1, {"parameters", "timeout"}};
    PyObject *values[2];
    SessionObject *session = (SessionObject *)self->session;
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_options(session, values[1], &options) < 0 ||
        session_ready(session) < 0)
        return NULL;
    options.language = self->language;
    PyObject *capsule = statement_take(session, self->key, self->text, &options);
    if (capsule == NULL)
        return NULL;
    PyObject *result = run_statement(session, capsule, values[0], &options);
    statement_return(session, self->key, capsule);
    return result;
}

/* Runs the statement once, and adds what it has changed. */
static int
run_once_more(StatementObject *self, PyObject *parameters, const deed_query_options *options, deed_changes_made *total)
{
    SessionObject *session = (SessionObject *)self->session;
    if (PyErr_CheckSignals() < 0 || session_ready(session) < 0)
        return -1;
    PyObject *capsule = statement_take(session, self->key, self->text, options);
    if (capsule == NULL)
        return -1;
    deed_result *result = start_statement(session, capsule, parameters, options);
    statement_return(session, self->key, capsule);
    if (result == NULL)
        return -1;
    deed_changes_made made;
    deed_result_changes(result, &made);
    deed_result_destroy(result);
    total->nodes_created += made.nodes_created;
    total->nodes_deleted += made.nodes_deleted;
    total->relationships_created += made.relationships_created;
    total->relationships_deleted += made.relationships_deleted;
    total->properties_set += made.properties_set;
    total->properties_added += made.properties_added;
    total->properties_removed += made.properties_removed;
    total->labels_added += made.labels_added;
    total->labels_removed += made.labels_removed;
    return 0;
}

static PyObject *
statement_execute_many(StatementObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"execute_many", 2, 1, 1, {"sets", "timeout"}};
    PyObject *values[2];
    deed_query_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_options((SessionObject *)self->session, values[1], &options) < 0)
        return NULL;
    options.language = self->language;
    PyObject *iterator = PyObject_GetIter(values[0]);
    if (iterator == NULL)
        return NULL;
    deed_changes_made total = {0};
    int failed = 0;
    PyObject *parameters;
    while (failed == 0 && (parameters = PyIter_Next(iterator)) != NULL) {
        failed = run_once_more(self, parameters, &options, &total);
        Py_DECREF(parameters);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? NULL : counters_to_python(&total);
}

static int
statement_traverse(StatementObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->session);
    return 0;
}

static void
statement_dealloc(StatementObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->session);
    Py_XDECREF(self->text);
    Py_XDECREF(self->key);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyObject *
statement_repr(StatementObject *self)
{
    return PyUnicode_FromFormat("<deed_core.Statement %R>", self->text);
}

static PyMemberDef statement_members[] = {
    {"text", T_OBJECT_EX, offsetof(StatementObject, text), READONLY, "The text of the statement."},
    {NULL},
};

static PyMethodDef statement_methods[] = {
    METHOD_ENTRY(statement, execute,
"execute($self, parameters=None, *, timeout=None)\n--\n\nRun the statement; as Session.execute."),
    METHOD_ENTRY(statement, execute_many,
"execute_many($self, sets, *, timeout=None)\n--\n\n"
"Run a statement that changes something once for each of several sets of parameters.\n\n"
"On a graph each run commits by itself; use a transaction for all or nothing. Rows that it gives back are dropped.\n\n"
"Parameters\n----------\nsets : iterable of dict or sequence\n    The parameters of each run, as for execute.\n"
"timeout : float, optional\n    Seconds after which a run fails with Interrupted.\n\n"
"Returns\n-------\ndict\n    What all runs have changed, as Result.counters.\n"),
    {NULL},
};

PyDoc_STRVAR(statement_doc, "A statement that has been parsed, made by prepare(); it runs on the graph or transaction that made it.");

static PyType_Slot statement_slots[] = {
    {Py_tp_doc, (void *)statement_doc},
    {Py_tp_dealloc, statement_dealloc},
    {Py_tp_traverse, statement_traverse},
    {Py_tp_repr, statement_repr},
    {Py_tp_members, statement_members},
    {Py_tp_methods, statement_methods},
    {0, NULL},
};

PyType_Spec statement_spec = {
    .name = "deed_core.Statement",
    .basicsize = sizeof(StatementObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = statement_slots,
};

/* ---- Procedures ---------------------------------------------------------------------------------------------- */

GRAPH_METHOD(register_procedure)
{
    static const Signature signature = {"register_procedure", 2, 2, 2, {"signature", "rows"}};
    PyObject *values[2];
    SessionObject *session = &self->session;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return NULL;
    PyObject *text = statement_text(session, values[0]);
    size_t size;
    const char *bytes = text != NULL ? text_of(session->state, text, &size) : NULL;
    PyObject *result = NULL;
    Conversion conversion;
    conversion_begin(&conversion, session->state);
    deed_value rows;
    if (bytes != NULL && convert_value(&conversion, values[1], &rows, 0) == 0 && session_ready(session) == 0) {
        deed_error *error = NULL;
        deed_status status = deed_procedure_register(self->database, bytes, size, &rows, &error);
        result = status == DEED_OK ? Py_NewRef(Py_None) : raise_error(session->state, status, error);
    }
    conversion_end(&conversion);
    Py_XDECREF(text);
    return result;
}
