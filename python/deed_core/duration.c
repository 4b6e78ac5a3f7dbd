/* duration.c - deed_core.Duration: months, days, seconds and nanoseconds, each kept apart as in the engine, since a month
 * is no fixed number of days and a day no fixed number of seconds. Immutable, hashable, compared part by part. */
#include "deed_core.h"

typedef struct DurationObject {
    PyObject_HEAD
    long long months;
    long long days;
    long long seconds;
    int nanoseconds;
} DurationObject;

static PyObject *
duration_create(PyTypeObject *type, long long months, long long days, long long seconds, int nanoseconds)
{
    DurationObject *self = (DurationObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->months = months;
    self->days = days;
    self->seconds = seconds;
    self->nanoseconds = nanoseconds;
    return (PyObject *)self;
}

PyObject *
duration_new(ModuleState *state, int64_t months, int64_t days, int64_t seconds, int32_t nanoseconds)
{
    return duration_create(state->duration_type, months, days, seconds, nanoseconds);
}

void
duration_value(PyObject *duration, deed_value *out_value)
{
    DurationObject *self = (DurationObject *)duration;
    out_value->type = DEED_DURATION;
    out_value->as.duration.months = self->months;
    out_value->as.duration.days = self->days;
    out_value->as.duration.seconds = self->seconds;
    out_value->extra = self->nanoseconds;
}

static PyObject *
duration_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"months", "days", "seconds", "nanoseconds", NULL};
    long long months = 0, days = 0, seconds = 0, nanoseconds = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|LLLL:Duration", names, &months, &days, &seconds, &nanoseconds))
        return NULL;
    if (nanoseconds < 0 || nanoseconds > 999999999)
        return raise_status(module_state_of(type), DEED_INVALID_ARGUMENT, "nanoseconds is between 0 and 999,999,999");
    return duration_create(type, months, days, seconds, (int)nanoseconds);
}

static void
duration_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
duration_parts(DurationObject *self)
{
    return Py_BuildValue("(LLLi)", self->months, self->days, self->seconds, self->nanoseconds);
}

static PyObject *
duration_repr(DurationObject *self)
{
    return PyUnicode_FromFormat("deed_core.Duration(months=%lld, days=%lld, seconds=%lld, nanoseconds=%d)", self->months,
                                self->days, self->seconds, self->nanoseconds);
}

static Py_hash_t
duration_hash(DurationObject *self)
{
    PyObject *parts = duration_parts(self);
    Py_hash_t hash = parts != NULL ? PyObject_Hash(parts) : -1;
    Py_XDECREF(parts);
    return hash;
}

static PyObject *
duration_compare(PyObject *self, PyObject *other, int operation)
{
    if (!Py_IS_TYPE(other, Py_TYPE(self)) || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    const DurationObject *a = (DurationObject *)self, *b = (DurationObject *)other;
    bool equal = a->months == b->months && a->days == b->days && a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
    return PyBool_FromLong(equal == (operation == Py_EQ));
}

static PyObject *
duration_reduce(DurationObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *parts = duration_parts(self);
    return parts != NULL ? Py_BuildValue("(ON)", Py_TYPE(self), parts) : NULL;
}

static PyMemberDef duration_members[] = {
    {"months", T_LONGLONG, offsetof(DurationObject, months), READONLY, "Calendar months."},
    {"days", T_LONGLONG, offsetof(DurationObject, days), READONLY, "Calendar days."},
    {"seconds", T_LONGLONG, offsetof(DurationObject, seconds), READONLY, "Seconds."},
    {"nanoseconds", T_INT, offsetof(DurationObject, nanoseconds), READONLY, "Nanoseconds, 0 to 999,999,999."},
    {NULL},
};

static PyMethodDef duration_methods[] = {
    {"__reduce__", (PyCFunction)duration_reduce, METH_NOARGS, "For pickle and copy."},
    {NULL},
};

PyDoc_STRVAR(duration_doc,
"Duration(months=0, days=0, seconds=0, nanoseconds=0)\n--\n\n"
"A length of time whose parts are kept apart.\n\n"
"A datetime.timedelta, whose days are 86,400 seconds, is stored as a duration of seconds and reads back as a timedelta. A\n"
"duration that a timedelta cannot hold exactly (months, calendar days, nanoseconds) reads back as this type.");

static PyType_Slot duration_slots[] = {
    {Py_tp_doc, (void *)duration_doc},
    {Py_tp_new, duration_construct},
    {Py_tp_dealloc, duration_dealloc},
    {Py_tp_repr, duration_repr},
    {Py_tp_hash, duration_hash},
    {Py_tp_richcompare, duration_compare},
    {Py_tp_members, duration_members},
    {Py_tp_methods, duration_methods},
    {0, NULL},
};

PyType_Spec duration_spec = {
    .name = "deed_core.Duration",
    .basicsize = sizeof(DurationObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = duration_slots,
};
