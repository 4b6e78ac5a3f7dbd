/* arguments.c - from the arguments of a vectorcall to C, with the messages Python itself would give. */
#include "deed_core.h"

/* The position of a keyword among the names of the signature, or -1. */
static Py_ssize_t
position_of(const Signature *signature, PyObject *keyword)
{
    for (Py_ssize_t i = 0; i < signature->count; i++)
        if (PyUnicode_CompareWithASCIIString(keyword, signature->names[i]) == 0)
            return i;
    return -1;
}

int
parse_arguments_slow(const Signature *signature, PyObject *const *arguments, Py_ssize_t positional,
                     PyObject *keywords, PyObject **values)
{
    if (positional > signature->positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments but %zd were given",
                     signature->function, signature->positional, positional);
        return -1;
    }
    for (Py_ssize_t i = 0; i < signature->count; i++)
        values[i] = i < positional ? arguments[i] : NULL;
    Py_ssize_t keyword_count = keywords != NULL ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < keyword_count; i++) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, i);
        Py_ssize_t position = position_of(signature, keyword);
        if (position < 0) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature->function, keyword);
            return -1;
        }
        if (values[position] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", signature->function, keyword);
            return -1;
        }
        values[position] = arguments[positional + i];
    }
    for (Py_ssize_t i = 0; i < signature->required; i++) {
        if (values[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'", signature->function, signature->names[i]);
            return -1;
        }
    }
    return 0;
}

int
parse_id(ModuleState *state, PyObject *object, uint64_t *out_id)
{
    PyObject *integer = NULL;
    if (!PyLong_Check(object)) {
        if (!PyIndex_Check(object)) {
            raise_status(state, DEED_TYPE_MISMATCH, "an id is an int, not %.100s", Py_TYPE(object)->tp_name);
            return -1;
        }
        object = integer = PyNumber_Index(object);
        if (integer == NULL)
            return -1;
    }
    unsigned long long id = PyLong_AsUnsignedLongLong(object);
    Py_XDECREF(integer);
    if (id == (unsigned long long)-1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyErr_Clear();
            raise_status(state, DEED_INVALID_ARGUMENT, "an id is between 0 and 2**64 - 1");
        }
        return -1;
    }
    *out_id = id;
    return 0;
}

int
parse_direction(ModuleState *state, PyObject *object, deed_direction *out_direction)
{
    static const char *const names[] = {"out", "in", "both"}; /* in the order of deed_direction */
    *out_direction = DEED_OUT;
    if (object == NULL)
        return 0;
    if (PyUnicode_Check(object)) {
        for (int i = 0; i < 3; i++) {
            if (PyUnicode_CompareWithASCIIString(object, names[i]) == 0) {
                *out_direction = (deed_direction)i;
                return 0;
            }
        }
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "direction is 'out', 'in' or 'both', not %R", object);
    return -1;
}

int
parse_depth(ModuleState *state, PyObject *object, uint32_t *out_depth)
{
    *out_depth = UINT32_MAX;
    if (object == NULL || object == Py_None)
        return 0;
    PyObject *integer = PyNumber_Index(object);
    if (integer == NULL) {
        PyErr_Clear();
        raise_status(state, DEED_TYPE_MISMATCH, "max_depth is an int or None, not %.100s", Py_TYPE(object)->tp_name);
        return -1;
    }
    int overflow = 0;
    long long depth = PyLong_AsLongLongAndOverflow(integer, &overflow);
    Py_DECREF(integer);
    if (overflow < 0 || (overflow == 0 && depth < 0)) {
        raise_status(state, DEED_INVALID_ARGUMENT, "max_depth is not negative");
        return -1;
    }
    if (overflow == 0 && depth < UINT32_MAX)
        *out_depth = (uint32_t)depth;
    return 0;
}

int
parse_flag(PyObject *object, bool *out_flag)
{
    *out_flag = false;
    if (object == NULL)
        return 0;
    int truth = PyObject_IsTrue(object);
    *out_flag = truth > 0;
    return truth < 0 ? -1 : 0;
}
