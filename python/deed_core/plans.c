/* plans.c - plans of queries and reports of their executions, which are JSON on the other side of deed.h. */
#include "deed_core.h"

/* What json.loads or json.dumps makes of the object. */
static PyObject *
convert_json(PyObject *function, PyObject *object)
{
    PyObject *json = PyImport_ImportModule("json");
    if (json == NULL)
        return NULL;
    PyObject *result = PyObject_CallMethodOneArg(json, function, object);
    Py_DECREF(json);
    return result;
}

/* The str of what a call has lent, which is let go; an exception if it failed. */
static PyObject *
take_text(SessionObject *session, deed_status status, deed_error *error, char *text, size_t size)
{
    if (status != DEED_OK)
        return raise_error(session->state, status, error);
    PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    deed_text_destroy(text);
    return result;
}

/* Likewise, read as JSON. */
static PyObject *
take_json(SessionObject *session, deed_status status, deed_error *error, char *text, size_t size)
{
    PyObject *string = take_text(session, status, error, text, size);
    if (string == NULL)
        return NULL;
    PyObject *result = convert_json(attributes.loads, string);
    Py_DECREF(string);
    return result;
}

PyObject *
graph_drain_reports(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    char *text;
    size_t size;
    deed_error *error = NULL;
    deed_status status = deed_reports_drain(self->database, &text, &size, &error);
    return take_json(&self->session, status, error, text, size);
}

PyObject *
graph_execution_plans(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    char *text;
    size_t size;
    deed_error *error = NULL;
    deed_status status = deed_plans(self->database, &text, &size, &error);
    return take_json(&self->session, status, error, text, size);
}

/* A plan as text: a str, or the JSON of a dict. A new reference. */
static PyObject *
plan_text(SessionObject *session, PyObject *object)
{
    if (PyUnicode_Check(object))
        return Py_NewRef(object);
    if (PyDict_Check(object))
        return convert_json(attributes.dumps, object);
    raise_status(session->state, DEED_TYPE_MISMATCH, "a plan is a str of JSON or a dict, not %.100s", Py_TYPE(object)->tp_name);
    return NULL;
}

GRAPH_METHOD(explain_plan)
{
    static const Signature signature = {"explain_plan", 2, 1, 2, {"query", "plan"}};
    PyObject *values[2];
    SessionObject *session = &self->session;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return NULL;
    bool is_given = values[1] != NULL && values[1] != Py_None;
    PyObject *query = statement_text(session, values[0]);
    PyObject *plan = query != NULL && is_given ? plan_text(session, values[1]) : NULL;
    size_t query_size, plan_size = 0, size;
    const char *query_bytes = query != NULL ? text_of(session->state, query, &query_size) : NULL;
    const char *plan_bytes = plan != NULL ? text_of(session->state, plan, &plan_size) : NULL;
    PyObject *result = NULL;
    if (query_bytes != NULL && (plan_bytes != NULL || !is_given) && session_ready(session) == 0) {
        char *text;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(session, true);
        deed_status status =
            deed_plan_explain(self->database, query_bytes, query_size, plan_bytes, plan_size, &text, &size, &error);
        call_end(session, thread);
        result = take_text(session, status, error, text, size);
    }
    Py_XDECREF(query);
    Py_XDECREF(plan);
    return result;
}

GRAPH_METHOD(plan_space)
{
    static const Signature signature = {"plan_space", 1, 1, 1, {"query"}};
    PyObject *values[1];
    SessionObject *session = &self->session;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return NULL;
    PyObject *query = statement_text(session, values[0]);
    size_t query_size, size;
    const char *bytes = query != NULL ? text_of(session->state, query, &query_size) : NULL;
    PyObject *result = NULL;
    if (bytes != NULL) {
        char *text;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(session, true);
        deed_status status = deed_plan_space(self->database, bytes, query_size, &text, &size, &error);
        call_end(session, thread);
        result = take_text(session, status, error, text, size);
    }
    Py_XDECREF(query);
    return result;
}

GRAPH_METHOD(set_execution_plan)
{
    static const Signature signature = {"set_execution_plan", 2, 2, 2, {"shape", "plan"}};
    PyObject *values[2];
    SessionObject *session = &self->session;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return NULL;
    PyObject *shape = statement_text(session, values[0]);
    PyObject *plan = shape != NULL ? plan_text(session, values[1]) : NULL;
    size_t shape_size, plan_size;
    const char *shape_bytes = plan != NULL ? text_of(session->state, shape, &shape_size) : NULL;
    const char *plan_bytes = shape_bytes != NULL ? text_of(session->state, plan, &plan_size) : NULL;
    PyObject *result = NULL;
    if (plan_bytes != NULL && session_ready(session) == 0) {
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(session, true);
        deed_status status = deed_plan_set(self->database, shape_bytes, shape_size, plan_bytes, plan_size, &error);
        call_end(session, thread);
        result = status == DEED_OK ? Py_NewRef(Py_None) : raise_error(session->state, status, error);
    }
    Py_XDECREF(shape);
    Py_XDECREF(plan);
    return result;
}

GRAPH_METHOD(clear_execution_plan)
{
    static const Signature signature = {"clear_execution_plan", 1, 1, 1, {"shape"}};
    PyObject *values[1];
    SessionObject *session = &self->session;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return NULL;
    PyObject *shape = statement_text(session, values[0]);
    size_t size;
    const char *bytes = shape != NULL ? text_of(session->state, shape, &size) : NULL;
    PyObject *result = NULL;
    if (bytes != NULL) {
        bool was_set = false;
        deed_error *error = NULL;
        deed_status status = deed_plan_clear(self->database, bytes, size, &was_set, &error);
        result = status == DEED_OK ? PyBool_FromLong(was_set) : raise_error(session->state, status, error);
    }
    Py_XDECREF(shape);
    return result;
}
