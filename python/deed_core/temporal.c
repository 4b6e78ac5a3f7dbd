/* temporal.c - deed_core.Temporal: a date, time or datetime that Python's datetime module cannot hold exactly.
 *
 * The engine counts nanoseconds and has no bounds on years, so data written through Arrow or another language may lie
 * outside of what datetime can say. Such a value is read as a Temporal: nothing is rounded, nothing is refused, and the
 * object can be stored again. Its fields are those of deed_value.
 */
#include "deed_core.h"

typedef struct TemporalObject {
    PyObject_HEAD
    PyObject *kind; /* str, one of kinds */
    uint32_t type;  /* deed_type */
    long long days;
    long long seconds;
    int nanoseconds;
    PyObject *offset; /* int or None */
    PyObject *zone;   /* str or None */
} TemporalObject;

static const struct {
    const char *name;
    deed_type type;
} kinds[] = {
    {"date", DEED_DATE},
    {"local_time", DEED_LOCAL_TIME},
    {"zoned_time", DEED_ZONED_TIME},
    {"local_datetime", DEED_LOCAL_DATETIME},
    {"zoned_datetime", DEED_ZONED_DATETIME},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)
#define NANOSECONDS_PER_SECOND 1000000000LL

/* ---- Between the object and deed_value ----------------------------------------------------------------------- */

PyObject *
temporal_new(ModuleState *state, const deed_value *value)
{
    PyTypeObject *type = state->temporal_type;
    TemporalObject *self = (TemporalObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->type = value->type;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].type == value->type)
            self->kind = PyUnicode_InternFromString(kinds[i].name);
    bool zoned = value->type == DEED_ZONED_TIME || value->type == DEED_ZONED_DATETIME;
    self->offset = zoned ? PyLong_FromLong(value->extra) : Py_NewRef(Py_None);
    if (value->type == DEED_ZONED_DATETIME && value->as.datetime.zone_size > 0)
        self->zone = PyUnicode_DecodeUTF8(value->as.datetime.zone, value->as.datetime.zone_size, NULL);
    else
        self->zone = Py_NewRef(Py_None);
    if (value->type == DEED_DATE) {
        self->days = value->as.integer;
    } else if (value->type == DEED_LOCAL_TIME || value->type == DEED_ZONED_TIME) {
        self->seconds = value->as.integer / NANOSECONDS_PER_SECOND;
        self->nanoseconds = (int)(value->as.integer % NANOSECONDS_PER_SECOND);
    } else {
        self->seconds = value->as.datetime.seconds;
        self->nanoseconds = (int)value->as.datetime.nanoseconds;
    }
    if (self->kind == NULL || self->offset == NULL || self->zone == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

int
temporal_value(ModuleState *state, PyObject *temporal, deed_value *out_value)
{
    TemporalObject *self = (TemporalObject *)temporal;
    out_value->type = self->type;
    out_value->extra = self->offset != Py_None ? (int32_t)PyLong_AsLong(self->offset) : 0;
    if (self->type == DEED_DATE) {
        out_value->as.integer = self->days;
        return 0;
    }
    if (self->type == DEED_LOCAL_TIME || self->type == DEED_ZONED_TIME) {
        out_value->as.integer = self->seconds * NANOSECONDS_PER_SECOND + self->nanoseconds;
        return 0;
    }
    size_t zone_size = 0;
    out_value->as.datetime.zone = self->zone != Py_None ? text_of(state, self->zone, &zone_size) : NULL;
    if (out_value->as.datetime.zone == NULL && self->zone != Py_None)
        return -1;
    out_value->as.datetime.zone_size = (uint32_t)zone_size;
    out_value->as.datetime.seconds = self->seconds;
    out_value->as.datetime.nanoseconds = (uint32_t)self->nanoseconds;
    return 0;
}

/* ---- The type ------------------------------------------------------------------------------------------------ */

/* Which kind it is and whether the fields suit it; 0 with an exception otherwise. */
static uint32_t
checked_type(ModuleState *state, const char *kind, long long seconds, int nanoseconds, PyObject *offset, PyObject *zone)
{
    uint32_t type = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].name, kind) == 0)
            type = kinds[i].type;
    bool zoned = type == DEED_ZONED_TIME || type == DEED_ZONED_DATETIME;
    bool is_time = type == DEED_LOCAL_TIME || type == DEED_ZONED_TIME;
    if (type == 0)
        raise_status(state, DEED_INVALID_ARGUMENT, "kind is not '%.50s'", kind);
    else if (nanoseconds < 0 || nanoseconds >= NANOSECONDS_PER_SECOND)
        raise_status(state, DEED_INVALID_ARGUMENT, "nanoseconds is between 0 and 999,999,999");
    else if (is_time && (seconds < 0 || seconds >= 86400))
        raise_status(state, DEED_INVALID_ARGUMENT, "seconds of a time is between 0 and 86,399");
    else if (zoned != (offset != Py_None))
        raise_status(state, DEED_INVALID_ARGUMENT, "offset is given for zoned kinds, and only for them");
    else if (zone != Py_None && (type != DEED_ZONED_DATETIME || !PyUnicode_Check(zone) || PyUnicode_GET_LENGTH(zone) > 1000))
        raise_status(state, DEED_INVALID_ARGUMENT, "zone is a short str, for a zoned_datetime only");
    else
        return type;
    return 0;
}

static PyObject *
temporal_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"kind", "days", "seconds", "nanoseconds", "offset", "zone", NULL};
    const char *kind;
    long long days = 0, seconds = 0;
    int nanoseconds = 0;
    PyObject *offset = Py_None, *zone = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "s|LLiOO:Temporal", names, &kind, &days, &seconds, &nanoseconds,
                                     &offset, &zone))
        return NULL;
    ModuleState *state = module_state_of(type);
    uint32_t checked = checked_type(state, kind, seconds, nanoseconds, offset, zone);
    if (checked == 0)
        return NULL;
    if (offset != Py_None) {
        int overflow = 0;
        long value = PyLong_AsLongAndOverflow(offset, &overflow);
        if (value == -1 && PyErr_Occurred())
            return NULL;
        if (overflow != 0 || value <= -86400 || value >= 86400)
            return raise_status(state, DEED_INVALID_ARGUMENT, "offset is less than a day, in seconds");
    }
    TemporalObject *self = (TemporalObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->type = checked;
    self->kind = PyUnicode_InternFromString(kind);
    self->days = checked == DEED_DATE ? days : 0;
    self->seconds = checked == DEED_DATE ? 0 : seconds;
    self->nanoseconds = checked == DEED_DATE ? 0 : nanoseconds;
    self->offset = offset != Py_None ? PyNumber_Index(offset) : Py_NewRef(Py_None);
    self->zone = Py_NewRef(zone);
    if (self->kind == NULL || self->offset == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void
temporal_dealloc(TemporalObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(self->kind);
    Py_XDECREF(self->offset);
    Py_XDECREF(self->zone);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyObject *
temporal_parts(TemporalObject *self)
{
    return Py_BuildValue("(OLLiOO)", self->kind, self->days, self->seconds, self->nanoseconds, self->offset, self->zone);
}

static PyObject *
temporal_repr(TemporalObject *self)
{
    return PyUnicode_FromFormat("deed_core.Temporal(%R, days=%lld, seconds=%lld, nanoseconds=%d, offset=%R, zone=%R)",
                                self->kind, self->days, self->seconds, self->nanoseconds, self->offset, self->zone);
}

static Py_hash_t
temporal_hash(TemporalObject *self)
{
    PyObject *parts = temporal_parts(self);
    Py_hash_t hash = parts != NULL ? PyObject_Hash(parts) : -1;
    Py_XDECREF(parts);
    return hash;
}

static PyObject *
temporal_compare(PyObject *self, PyObject *other, int operation)
{
    if (!Py_IS_TYPE(other, Py_TYPE(self)) || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *a = temporal_parts((TemporalObject *)self);
    PyObject *b = temporal_parts((TemporalObject *)other);
    PyObject *result = a != NULL && b != NULL ? PyObject_RichCompare(a, b, operation) : NULL;
    Py_XDECREF(a);
    Py_XDECREF(b);
    return result;
}

static PyObject *
temporal_reduce(TemporalObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *parts = temporal_parts(self);
    return parts != NULL ? Py_BuildValue("(ON)", Py_TYPE(self), parts) : NULL;
}

static PyMemberDef temporal_members[] = {
    {"kind", T_OBJECT, offsetof(TemporalObject, kind), READONLY,
     "'date', 'local_time', 'zoned_time', 'local_datetime' or 'zoned_datetime'."},
    {"days", T_LONGLONG, offsetof(TemporalObject, days), READONLY, "Of a date: days since 1970-01-01; otherwise 0."},
    {"seconds", T_LONGLONG, offsetof(TemporalObject, seconds), READONLY,
     "Of a time: seconds since midnight; of a datetime: seconds since 1970-01-01T00:00:00, in UTC if it is zoned."},
    {"nanoseconds", T_INT, offsetof(TemporalObject, nanoseconds), READONLY, "Nanoseconds of the second."},
    {"offset", T_OBJECT, offsetof(TemporalObject, offset), READONLY, "Seconds east of UTC, or None if it has no zone."},
    {"zone", T_OBJECT, offsetof(TemporalObject, zone), READONLY, "The name of the time zone, or None."},
    {NULL},
};

static PyMethodDef temporal_methods[] = {
    {"__reduce__", (PyCFunction)temporal_reduce, METH_NOARGS, "For pickle and copy."},
    {NULL},
};

PyDoc_STRVAR(temporal_doc,
"Temporal(kind, days=0, seconds=0, nanoseconds=0, offset=None, zone=None)\n--\n\n"
"A date, time or datetime that the datetime module cannot hold exactly.\n\n"
"Values with nanoseconds, with years outside 1 to 9999, or in a time zone that this machine does not know are read as\n"
"this type, and can be stored again.");

static PyType_Slot temporal_slots[] = {
    {Py_tp_doc, (void *)temporal_doc},
    {Py_tp_new, temporal_construct},
    {Py_tp_dealloc, temporal_dealloc},
    {Py_tp_repr, temporal_repr},
    {Py_tp_hash, temporal_hash},
    {Py_tp_richcompare, temporal_compare},
    {Py_tp_members, temporal_members},
    {Py_tp_methods, temporal_methods},
    {0, NULL},
};

PyType_Spec temporal_spec = {
    .name = "deed_core.Temporal",
    .basicsize = sizeof(TemporalObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = temporal_slots,
};
