/* options.c - what a graph can be opened with, from Python values to the fields of deed_options. Each function leaves the default
 * where nothing is given, and sets an exception and returns -1 where something else is. */
#include "deed_core.h"

int
parse_durability(ModuleState *state, PyObject *object, int32_t *out_durability)
{
    static const char *const names[] = {"sync", "async", "none"}; /* in the order of deed_durability */
    if (object == NULL)
        return 0;
    for (int i = 0; PyUnicode_Check(object) && i < 3; i++) {
        if (PyUnicode_CompareWithASCIIString(object, names[i]) == 0) {
            *out_durability = i;
            return 0;
        }
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "durability is 'sync', 'async' or 'none', not %R", object);
    return -1;
}

int
parse_conflict_policy(ModuleState *state, PyObject *on_conflict, PyObject *timeout, int32_t *out_on_conflict,
                      double *out_timeout)
{
    if (on_conflict != NULL) {
        bool is_text = PyUnicode_Check(on_conflict);
        if (is_text && PyUnicode_CompareWithASCIIString(on_conflict, "wait") == 0)
            *out_on_conflict = DEED_WAIT;
        else if (is_text && PyUnicode_CompareWithASCIIString(on_conflict, "fail") == 0)
            *out_on_conflict = DEED_FAIL;
        else {
            raise_status(state, DEED_INVALID_ARGUMENT, "on_conflict is 'fail' or 'wait', not %R", on_conflict);
            return -1;
        }
    }
    if (timeout == NULL)
        return 0;
    *out_timeout = -1;
    if (timeout == Py_None)
        return 0;
    *out_timeout = PyFloat_AsDouble(timeout);
    if (*out_timeout >= 0.0)
        return 0;
    PyErr_Clear();
    raise_status(state, DEED_INVALID_ARGUMENT, "timeout is a number of seconds that is not negative, or None, not %R", timeout);
    return -1;
}

int
parse_memory_limit(ModuleState *state, PyObject *object, uint64_t *out_limit)
{
    if (object == Py_None)
        return 0;
    unsigned long long limit = PyLong_Check(object) ? PyLong_AsUnsignedLongLong(object) : 0;
    if (PyErr_Occurred())
        PyErr_Clear();
    else if (limit > 0) {
        *out_limit = limit;
        return 0;
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "memory_limit is a positive number of bytes or None, not %R", object);
    return -1;
}

/* A whole number from `least` to `most`, or None, which leaves *out_value as it is. */
int
parse_whole(ModuleState *state, const char *name, PyObject *object, unsigned long long least, unsigned long long most,
            unsigned long long *out_value)
{
    if (object == Py_None)
        return 0;
    unsigned long long value = PyLong_Check(object) ? PyLong_AsUnsignedLongLong(object) : 0;
    if (PyErr_Occurred())
        PyErr_Clear();
    else if (PyLong_Check(object) && value >= least && value <= most) {
        *out_value = value;
        return 0;
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "%s is a number from %llu to %llu or None, not %R", name, least, most, object);
    return -1;
}

int
parse_path(ModuleState *state, PyObject *object, PyObject **out_bytes)
{
    *out_bytes = NULL;
    if (object == Py_None)
        return 0;
    if (PyUnicode_FSConverter(object, out_bytes))
        return 0;
    if (PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        raise_status(state, DEED_INVALID_ARGUMENT, "the path %R has a NUL character or cannot be encoded", object);
    } else if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        raise_status(state, DEED_TYPE_MISMATCH, "a path is a str, bytes or os.PathLike, not %.100s", Py_TYPE(object)->tp_name);
    }
    return -1;
}
