/* following.c - what only a graph needs that follows what another process writes (read_only=True). */
#include "deed_core.h"

#include <math.h>

/* Seconds, as milliseconds. */
static int
parse_timeout(ModuleState *state, PyObject *object, uint64_t *out_milliseconds)
{
    double seconds = 10.0;
    if (object != NULL) {
        seconds = PyFloat_AsDouble(object);
        if (seconds == -1.0 && PyErr_Occurred())
            return -1;
    }
    if (!(seconds >= 0.0)) {
        raise_status(state, DEED_INVALID_ARGUMENT, "timeout is a number of seconds, not %R", object);
        return -1;
    }
    *out_milliseconds = (uint64_t)ceil(fmin(seconds, 86400.0) * 1000.0);
    return 0;
}

PyObject *
graph_catch_up(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"catch_up", 2, 0, 1, {"sequence", "timeout"}};
    PyObject *values[2];
    uint64_t sequence = 0, milliseconds, seen;
    ModuleState *state = self->session.state;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(&self->session) < 0)
        return NULL;
    if (values[0] != NULL && values[0] != Py_None && parse_id(state, values[0], &sequence) < 0)
        return NULL;
    if (parse_timeout(state, values[1], &milliseconds) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_database_catch_up(self->database, sequence, milliseconds, &seen, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(state, status, error);
    if (seen < sequence)
        return PyErr_Format(PyExc_TimeoutError, "commit %llu is not visible yet; the last one that is, is %llu",
                            (unsigned long long)sequence, (unsigned long long)seen);
    return PyLong_FromUnsignedLongLong(seen);
}
