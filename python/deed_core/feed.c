/* feed.c - the change feed: deed_core.Changes, an iterator over commits; ChangeRecord, one commit; Change, one row of it;
 * and what a replica does with records. */
#include "deed_core.h"

/* ---- Change ---------------------------------------------------------------------------------------------------- */

static PyStructSequence_Field change_fields[] = {
    {"action", "'insert', 'update', 'delete', 'define' or 'drop' (the last two: of an index or constraint)"},
    {"kind", "'entity' or 'edge'"},
    {"id", "the id of the row; of an index or constraint its number"},
    {"type", "the collection or relationship type; None where an index or constraint is dropped"},
    {"source", "of a relationship: the id of its source, if known (inserts, and with before images); otherwise None"},
    {"target", "likewise"},
    {"properties", "insert: all of the row; update: those that were set, None for one that was removed; delete: none"},
    {"replace", "update: properties that are not named were removed"},
    {"before", "update, delete: the properties before, if the store was opened with before_images=True; otherwise None"},
    {"name", "define: the name of the index or constraint; otherwise None"},
    {NULL},
};

PyStructSequence_Desc change_desc = {
    .name = "deed_core.Change",
    .doc = "One change of a commit.",
    .fields = change_fields,
    .n_in_sequence = 10,
};

static PyObject *
properties_to_python(SessionObject *session, const deed_record *record)
{
    PyObject *properties = PyDict_New();
    for (uint32_t i = 0; properties != NULL && i < record->property_count; i++) {
        const deed_property *property = &record->properties[i];
        PyObject *key = name_text(session, DEED_PROPERTY_KEY, property->key);
        PyObject *value = key != NULL ? value_to_python(session->state, &property->value) : NULL;
        if (value == NULL || PyDict_SetItem(properties, key, value) < 0)
            Py_CLEAR(properties);
        Py_XDECREF(value);
    }
    return properties;
}

/* A new reference to the name of a table, or None where a change has none. */
static PyObject *
table_name(SessionObject *session, const deed_change *change)
{
    if (change->action == DEED_DROP)
        return Py_NewRef(Py_None);
    deed_name_kind kind = change->kind == DEED_ENTITY ? DEED_COLLECTION : DEED_RELATIONSHIP_TYPE;
    return Py_XNewRef(name_text(session, kind, change->record->table));
}

static PyObject *
end_to_python(const deed_change *change, uint64_t id)
{
    bool is_known = change->kind == DEED_RELATIONSHIP && id != 0;
    return is_known ? PyLong_FromUnsignedLongLong(id) : Py_NewRef(Py_None);
}

static PyObject *
change_to_python(SessionObject *session, const deed_change *change)
{
    static const char *const actions[] = {"insert", "update", "delete", "define", "drop"};
    bool is_schema = change->action >= DEED_DEFINE;
    PyObject *tuple = PyStructSequence_New(session->state->change_type);
    if (tuple == NULL)
        return NULL;
    const deed_record *record = change->record;
    PyStructSequence_SetItem(tuple, 0, PyUnicode_InternFromString(actions[change->action]));
    PyStructSequence_SetItem(tuple, 1, PyUnicode_InternFromString(change->kind == DEED_ENTITY ? "entity" : "edge"));
    PyStructSequence_SetItem(tuple, 2, PyLong_FromUnsignedLongLong(is_schema ? change->object : record->id));
    PyStructSequence_SetItem(tuple, 3, table_name(session, change));
    PyStructSequence_SetItem(tuple, 4, end_to_python(change, record->source));
    PyStructSequence_SetItem(tuple, 5, end_to_python(change, record->target));
    PyStructSequence_SetItem(tuple, 6, properties_to_python(session, record));
    PyStructSequence_SetItem(tuple, 7, PyBool_FromLong(change->replace));
    PyStructSequence_SetItem(tuple, 8, change->before != NULL ? properties_to_python(session, change->before)
                                                              : Py_NewRef(Py_None));
    PyStructSequence_SetItem(tuple, 9, change->action == DEED_DEFINE
                                           ? PyUnicode_DecodeUTF8(change->name, (Py_ssize_t)change->name_size, NULL)
                                           : Py_NewRef(Py_None));
    for (Py_ssize_t i = 0; i < 10; i++) {
        if (PyStructSequence_GetItem(tuple, i) == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
    }
    return tuple;
}

static PyObject *
changes_of(GraphObject *graph, const void *data, size_t size)
{
    SessionObject *session = &graph->session;
    if (session_ready(session) < 0)
        return NULL;
    deed_changes *changes;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(session, true);
    deed_status status = deed_changes_open(graph->database, data, size, &changes, &error);
    call_end(session, thread);
    if (status != DEED_OK)
        return raise_error(session->state, status, error);
    PyObject *list = PyList_New(0);
    while (list != NULL) {
        const deed_change *change;
        status = deed_changes_next(changes, &change, &error);
        if (status != DEED_OK) {
            raise_error(session->state, status, error);
            Py_CLEAR(list);
        }
        if (status != DEED_OK || change == NULL)
            break;
        PyObject *item = change_to_python(session, change);
        if (item == NULL || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    deed_changes_destroy(changes);
    return list;
}

/* ---- ChangeRecord ---------------------------------------------------------------------------------------------- */

typedef struct RecordObject {
    PyObject_HEAD
    GraphObject *graph;
    uint64_t sequence;
    int64_t microseconds;
    PyObject *data; /* bytes */
} RecordObject;

static PyObject *
record_new(GraphObject *graph, const deed_feed_record *source)
{
    PyTypeObject *type = graph->session.state->change_record_type;
    RecordObject *self = (RecordObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->graph = (GraphObject *)Py_NewRef(graph);
    self->sequence = source->sequence;
    self->microseconds = source->commit_time;
    self->data = PyBytes_FromStringAndSize(source->data, (Py_ssize_t)source->size);
    if (self->data == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int
record_traverse(RecordObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->graph);
    return 0;
}

static void
record_dealloc(RecordObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->graph);
    Py_XDECREF(self->data);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyObject *
record_sequence(RecordObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(self->sequence);
}

static PyObject *
record_time(RecordObject *self, void *Py_UNUSED(closure))
{
    return utc_from_microseconds(self->microseconds);
}

static PyObject *
record_data(RecordObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->data);
}

static PyObject *
record_changes(RecordObject *self, void *Py_UNUSED(closure))
{
    return changes_of(self->graph, PyBytes_AS_STRING(self->data), (size_t)PyBytes_GET_SIZE(self->data));
}

static PyObject *
record_repr(RecordObject *self)
{
    return PyUnicode_FromFormat("<deed_core.ChangeRecord of commit %llu, %zd bytes>", (unsigned long long)self->sequence,
                                PyBytes_GET_SIZE(self->data));
}

static PyGetSetDef record_properties[] = {
    {"sequence", (getter)record_sequence, NULL, "The number of the commit: 1 and up, without gaps.", NULL},
    {"time", (getter)record_time, NULL, "When it was committed, by the wall clock: a datetime in UTC.", NULL},
    {"data", (getter)record_data, NULL, "The record as bytes, complete in itself: for PyDeedGraph.apply, here or elsewhere.", NULL},
    {"changes", (getter)record_changes, NULL,
     "What was changed, in order, as a list of Change. Taken apart at each access; O(values).", NULL},
    {NULL},
};

static PyType_Slot record_slots[] = {
    {Py_tp_doc, "One commit, as the change feed gives it."},
    {Py_tp_dealloc, record_dealloc},
    {Py_tp_traverse, record_traverse},
    {Py_tp_repr, record_repr},
    {Py_tp_getset, record_properties},
    {0, NULL},
};

PyType_Spec change_record_spec = {
    .name = "deed_core.ChangeRecord",
    .basicsize = sizeof(RecordObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = record_slots,
};

/* ---- Changes --------------------------------------------------------------------------------------------------- */

/* How long one wait lasts before signals are looked at. */
#define WAIT_MILLISECONDS 100

typedef struct FeedObject {
    PyObject_HEAD
    GraphObject *graph;
    deed_feed *feed;
    double wait; /* seconds */
    int64_t left; /* records that may still be given, or -1 */
    bool busy;
} FeedObject;

static int
feed_traverse(FeedObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->graph);
    return 0;
}

static void
feed_dealloc(FeedObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->graph != NULL && graph_is_ours(self->graph))
        deed_feed_destroy(self->feed);
    Py_XDECREF(self->graph);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

/* Waits at most so long for the next record; -1 with an exception, 0 if there is none. */
static int
feed_step(FeedObject *self, uint32_t milliseconds, const deed_feed_record **out_record)
{
    SessionObject *session = &self->graph->session;
    deed_error *error = NULL;
    deed_status status;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    status = deed_feed_next(self->feed, milliseconds, out_record, &error);
    Py_END_ALLOW_THREADS
    self->busy = false;
    if (status != DEED_OK) {
        raise_error(session->state, status, error);
        return -1;
    }
    return *out_record != NULL;
}

static PyObject *
feed_next(FeedObject *self)
{
    double left = self->wait;
    if (self->busy)
        return raise_status(self->graph->session.state, DEED_INVALID_ARGUMENT, "the feed is in use by another thread");
    while (self->left != 0) {
        if (session_ready(&self->graph->session) < 0)
            return NULL;
        const deed_feed_record *record;
        uint32_t milliseconds = left * 1000 < WAIT_MILLISECONDS ? (uint32_t)(left * 1000) : WAIT_MILLISECONDS;
        int found = feed_step(self, milliseconds, &record);
        if (found < 0)
            return NULL;
        if (found > 0) {
            if (self->left > 0)
                self->left--;
            return record_new(self->graph, record);
        }
        left -= milliseconds / 1000.0;
        if (PyErr_CheckSignals() < 0)
            return NULL;
        if (milliseconds < WAIT_MILLISECONDS)
            break;
    }
    return NULL;
}

static PyType_Slot feed_slots[] = {
    {Py_tp_doc, "An iterator over the commits of a store. At its end it may be asked again, once there are more."},
    {Py_tp_dealloc, feed_dealloc},
    {Py_tp_traverse, feed_traverse},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, feed_next},
    {0, NULL},
};

PyType_Spec feed_spec = {
    .name = "deed_core.Changes",
    .basicsize = sizeof(FeedObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = feed_slots,
};

/* ---- Methods of the graph -------------------------------------------------------------------------------------- */

PyObject *
graph_changes(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"changes", 3, 0, 1, {"since", "limit", "wait"}};
    ModuleState *state = self->session.state;
    PyObject *values[3];
    uint64_t since = 0, limit = 0;
    double wait = 0;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    if ((values[0] != NULL && parse_id(state, values[0], &since) < 0) ||
        (values[1] != NULL && values[1] != Py_None && parse_id(state, values[1], &limit) < 0))
        return NULL;
    if (values[2] != NULL) {
        wait = PyFloat_AsDouble(values[2]);
        if (wait == -1.0 && PyErr_Occurred())
            return NULL;
        if (!(wait >= 0))
            return raise_status(state, DEED_INVALID_ARGUMENT, "wait is a number of seconds, not %R", values[2]);
    }
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_feed *feed;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_feed_open(self->database, since, &feed, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(state, status, error);
    FeedObject *result = (FeedObject *)state->feed_type->tp_alloc(state->feed_type, 0);
    if (result == NULL) {
        deed_feed_destroy(feed);
        return NULL;
    }
    result->graph = (GraphObject *)Py_NewRef(self);
    result->feed = feed;
    result->wait = wait;
    result->left = values[1] == NULL || values[1] == Py_None ? -1 : limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
    return (PyObject *)result;
}

PyObject *
graph_apply(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"apply", 1, 1, 1, {"record"}};
    PyObject *values[1];
    Py_buffer data;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    if (PyObject_GetBuffer(values[0], &data, PyBUF_SIMPLE) < 0) {
        PyErr_Clear();
        return raise_status(self->session.state, DEED_TYPE_MISMATCH, "a record is bytes, not %.100s",
                            Py_TYPE(values[0])->tp_name);
    }
    PyObject *result = NULL;
    if (session_ready(&self->session) == 0) {
        bool applied;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(&self->session, true);
        deed_status status = deed_apply(self->database, data.buf, (size_t)data.len, &applied, &error);
        call_end(&self->session, thread);
        result = status == DEED_OK ? PyBool_FromLong(applied) : raise_error(self->session.state, status, error);
    }
    PyBuffer_Release(&data);
    return result;
}

PyObject *
graph_state_digest(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    uint8_t digest[16];
    char text[33];
    uint64_t sequence;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_state_digest(self->database, digest, &sequence, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return Py_BuildValue("Ks", (unsigned long long)sequence, text);
}

PyObject *
graph_retain_log(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"retain_log", 2, 0, 0, {"bytes", "seconds"}};
    PyObject *values[2];
    uint64_t bytes = 0, seconds = 0;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_retention(self->session.state, values[0], values[1], &bytes, &seconds) < 0 ||
        session_ready(&self->session) < 0)
        return NULL;
    deed_error *error = NULL;
    deed_status status = deed_retain_log(self->database, bytes, seconds, &error);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    Py_RETURN_NONE;
}

static int
parse_amount(ModuleState *state, const char *name, PyObject *object, uint64_t *out_amount)
{
    if (object == NULL || object == Py_None)
        return 0;
    if (PyFloat_Check(object) && PyFloat_AS_DOUBLE(object) == Py_HUGE_VAL) {
        *out_amount = UINT64_MAX;
        return 0;
    }
    unsigned long long amount = PyLong_Check(object) ? PyLong_AsUnsignedLongLong(object) : 0;
    if (PyLong_Check(object) && !PyErr_Occurred()) {
        *out_amount = amount;
        return 0;
    }
    PyErr_Clear();
    raise_status(state, DEED_INVALID_ARGUMENT, "%s is a whole number, not negative, or math.inf; not %R", name, object);
    return -1;
}

int
parse_retention(ModuleState *state, PyObject *bytes, PyObject *seconds, uint64_t *out_bytes, uint64_t *out_seconds)
{
    if (parse_amount(state, "the bytes of log to retain", bytes, out_bytes) < 0)
        return -1;
    return parse_amount(state, "the seconds of log to retain", seconds, out_seconds);
}
