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

/* What a call without arguments tells. */
static PyObject *
told_json(GraphObject *self, deed_status (*call)(deed_database *, char **, size_t *, deed_error **))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    char *text;
    size_t size;
    deed_error *error = NULL;
    deed_status status = call(self->database, &text, &size, &error);
    return take_json(&self->session, status, error, text, size);
}

PyObject *
graph_drain_reports(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return told_json(self, deed_reports_drain);
}

PyObject *
graph_execution_plans(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return told_json(self, deed_plans);
}

/* ---- Arguments ----------------------------------------------------------------------------------------------- */

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

/* A text and its bytes, which live as long as it. */
typedef struct HeldText {
    PyObject *owner;
    const char *bytes;
    size_t size;
} HeldText;

/* `owner`: a new reference, or NULL for an exception. */
static bool
hold_text(SessionObject *session, PyObject *owner, HeldText *out)
{
    out->owner = owner;
    out->bytes = owner != NULL ? text_of(session->state, owner, &out->size) : NULL;
    return out->bytes != NULL;
}

/* The arguments of a method: the text of a statement and, where there is one, a plan. */
typedef struct PlanArguments {
    HeldText statement, plan;
} PlanArguments;

static void
release_arguments(PlanArguments *texts)
{
    Py_XDECREF(texts->statement.owner);
    Py_XDECREF(texts->plan.owner);
}

/* False with an exception; then there is nothing to release. */
static bool
parse_plan_arguments(SessionObject *session, const Signature *signature, PyObject *const *arguments, Py_ssize_t count,
                     PyObject *keywords, PlanArguments *out)
{
    PyObject *values[2] = {NULL, NULL};
    *out = (PlanArguments){0};
    if (parse_arguments(signature, arguments, count, keywords, values) < 0 || session_ready(session) < 0)
        return false;
    bool is_asked = signature->required == 2 || (values[1] != NULL && values[1] != Py_None);
    if (hold_text(session, statement_text(session, values[0]), &out->statement) &&
        (!is_asked || hold_text(session, plan_text(session, values[1]), &out->plan)) && session_ready(session) == 0)
        return true;
    release_arguments(out);
    return false;
}

/* ---- Methods ------------------------------------------------------------------------------------------------- */

GRAPH_METHOD(explain_plan)
{
    static const Signature signature = {"explain_plan", 2, 1, 2, {"query", "plan"}};
    SessionObject *session = &self->session;
    PlanArguments texts;
    if (!parse_plan_arguments(session, &signature, arguments, count, keywords, &texts))
        return NULL;
    char *text;
    size_t size;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true);
    deed_status status = deed_plan_explain(self->database, texts.statement.bytes, texts.statement.size, texts.plan.bytes,
                                           texts.plan.size, &text, &size, &error);
    call_end(session, thread);
    release_arguments(&texts);
    return take_text(session, status, error, text, size);
}

GRAPH_METHOD(plan_space)
{
    static const Signature signature = {"plan_space", 1, 1, 1, {"query"}};
    SessionObject *session = &self->session;
    PlanArguments texts;
    if (!parse_plan_arguments(session, &signature, arguments, count, keywords, &texts))
        return NULL;
    char *text;
    size_t size;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true);
    deed_status status = deed_plan_space(self->database, texts.statement.bytes, texts.statement.size, &text, &size, &error);
    call_end(session, thread);
    release_arguments(&texts);
    return take_text(session, status, error, text, size);
}

GRAPH_METHOD(set_execution_plan)
{
    static const Signature signature = {"set_execution_plan", 2, 2, 2, {"shape", "plan"}};
    SessionObject *session = &self->session;
    PlanArguments texts;
    if (!parse_plan_arguments(session, &signature, arguments, count, keywords, &texts))
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true);
    deed_status status = deed_plan_set(self->database, texts.statement.bytes, texts.statement.size, texts.plan.bytes,
                                       texts.plan.size, &error);
    call_end(session, thread);
    release_arguments(&texts);
    return status == DEED_OK ? Py_NewRef(Py_None) : raise_error(session->state, status, error);
}

GRAPH_METHOD(clear_execution_plan)
{
    static const Signature signature = {"clear_execution_plan", 1, 1, 1, {"shape"}};
    SessionObject *session = &self->session;
    PlanArguments texts;
    if (!parse_plan_arguments(session, &signature, arguments, count, keywords, &texts))
        return NULL;
    bool was_set = false;
    deed_error *error = NULL;
    deed_status status = deed_plan_clear(self->database, texts.statement.bytes, texts.statement.size, &was_set, &error);
    release_arguments(&texts);
    return status == DEED_OK ? PyBool_FromLong(was_set) : raise_error(session->state, status, error);
}
