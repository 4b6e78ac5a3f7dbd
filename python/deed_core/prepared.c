/* prepared.c - two-phase commit: preparing a transaction, and deciding and listing those that are prepared. */
#include "deed_core.h"

static const char *
gid_text(ModuleState *state, PyObject *gid, size_t *out_size)
{
    if (PyUnicode_Check(gid))
        return text_of(state, gid, out_size);
    raise_status(state, DEED_TYPE_MISMATCH, "a gid is a str, not %.100s", Py_TYPE(gid)->tp_name);
    return NULL;
}

PyObject *
transaction_prepare(SessionObject *self, PyObject *gid)
{
    size_t size;
    const char *text = gid_text(self->state, gid, &size);
    if (text == NULL || session_ready(self) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, true);
    deed_status status = deed_transaction_prepare(self->transaction, text, size, &error);
    call_end(self, thread);
    self->ended = !deed_transaction_active(self->transaction);
    return status == DEED_OK ? Py_NewRef(Py_None) : raise_error(self->state, status, error);
}

static PyObject *
decide(GraphObject *self, PyObject *gid, deed_status (*decision)(deed_database *, const char *, size_t, deed_error **))
{
    size_t size;
    const char *text = gid_text(self->session.state, gid, &size);
    if (text == NULL || session_ready(&self->session) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = decision(self->database, text, size, &error);
    call_end(&self->session, thread);
    return status == DEED_OK ? Py_NewRef(Py_None) : raise_error(self->session.state, status, error);
}

PyObject *
graph_commit_prepared(GraphObject *self, PyObject *gid)
{
    return decide(self, gid, deed_prepared_commit);
}

PyObject *
graph_rollback_prepared(GraphObject *self, PyObject *gid)
{
    return decide(self, gid, deed_prepared_rollback);
}

static PyObject *
prepared_to_python(ModuleState *state, const deed_prepared *prepared)
{
    deed_value time = {.type = DEED_ZONED_DATETIME};
    time.as.datetime.seconds = prepared->prepared_at / 1000000;
    time.as.datetime.nanoseconds = (uint32_t)(prepared->prepared_at % 1000000) * 1000;
    PyObject *prepared_at = datetime_value_to_python(state, &time);
    if (prepared_at == NULL)
        return NULL;
    return Py_BuildValue("{s:s#,s:N,s:K,s:K,s:K}", "gid", prepared->gid, (Py_ssize_t)prepared->gid_size, "prepared_at",
                         prepared_at, "inserted", (unsigned long long)prepared->inserted, "updated",
                         (unsigned long long)prepared->updated, "deleted", (unsigned long long)prepared->deleted);
}

PyObject *
graph_list_prepared(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_prepared_list *list;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_prepared_list_get(self->database, &list, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    size_t count = deed_prepared_list_count(list);
    PyObject *result = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; result != NULL && i < count; i++) {
        PyObject *item = prepared_to_python(self->session.state, deed_prepared_list_data(list) + i);
        if (item == NULL)
            Py_CLEAR(result);
        else
            PyList_SET_ITEM(result, (Py_ssize_t)i, item);
    }
    deed_prepared_list_destroy(list);
    return result;
}
