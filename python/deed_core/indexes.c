/* indexes.c - secondary indexes: making, dropping and listing them, and looking rows up. */
#include "deed_core.h"

#define PROPERTIES_MAX 16

/* "entity", "relationship" or "edge"; NULL: entities. */
static int
parse_kind(ModuleState *state, PyObject *object, deed_kind *out_kind)
{
    static const char *const names[] = {"entity", "relationship", "edge"};
    *out_kind = DEED_ENTITY;
    if (object == NULL)
        return 0;
    for (int i = 0; i < 3 && PyUnicode_Check(object); i++) {
        if (PyUnicode_CompareWithASCIIString(object, names[i]) == 0) {
            *out_kind = i == 0 ? DEED_ENTITY : DEED_RELATIONSHIP;
            return 0;
        }
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "kind is 'entity' or 'relationship', not %R", object);
    return -1;
}

static deed_name_kind
name_kind_of(deed_kind kind)
{
    return kind == DEED_ENTITY ? DEED_COLLECTION : DEED_RELATIONSHIP_TYPE;
}

/* None: no limit, which the engine says with a 0. */
static int
parse_limit(ModuleState *state, PyObject *object, uint64_t *out_limit)
{
    *out_limit = 0;
    if (object == NULL || object == Py_None)
        return 0;
    Py_ssize_t limit = PyNumber_AsSsize_t(object, NULL); /* clipped: more than all is all */
    if (limit == -1 && PyErr_Occurred())
        return -1;
    if (limit < 1) {
        raise_status(state, DEED_INVALID_ARGUMENT, "limit is positive, or None");
        return -1;
    }
    *out_limit = (uint64_t)limit;
    return 0;
}

/* What find, find_range and create_index have in common: a table and some of its properties. */
typedef struct Target {
    deed_kind kind;
    uint32_t table;
    uint32_t keys[PROPERTIES_MAX];
    size_t count;
    bool is_single; /* the properties were given as one str */
} Target;

static int
raise_not_text(ModuleState *state, const char *what, PyObject *object)
{
    raise_status(state, DEED_TYPE_MISMATCH, "%s, not %.100s", what, Py_TYPE(object)->tp_name);
    return -1;
}

static int
find_number(SessionObject *self, deed_name_kind kind, PyObject *name, bool intern, uint32_t *out_number)
{
    if (!PyUnicode_Check(name))
        return raise_not_text(self->state, "a name is a str", name);
    return intern ? name_intern(self, kind, name, out_number) : name_find(self, kind, name, out_number);
}

/* `intern` gives names that the store does not know their numbers; otherwise *out_known says whether it knows all. */
static int
parse_target(SessionObject *self, PyObject *name, PyObject *properties, PyObject *kind, bool intern, Target *target,
             bool *out_known)
{
    if (parse_kind(self->state, kind, &target->kind) < 0 ||
        find_number(self, name_kind_of(target->kind), name, intern, &target->table) < 0)
        return -1;
    *out_known = target->table != NUMBER_NONE;
    target->is_single = PyUnicode_Check(properties);
    if (target->is_single) {
        target->count = 1;
        if (find_number(self, DEED_PROPERTY_KEY, properties, intern, &target->keys[0]) < 0)
            return -1;
        *out_known = *out_known && target->keys[0] != NUMBER_NONE;
        return 0;
    }
    PyObject *items = PySequence_Tuple(properties);
    if (items == NULL) {
        PyErr_Clear();
        return raise_not_text(self->state, "properties are a str or a sequence of them", properties);
    }
    target->count = (size_t)PyTuple_GET_SIZE(items);
    int result = 0;
    if (target->count == 0 || target->count > PROPERTIES_MAX) {
        raise_status(self->state, DEED_INVALID_ARGUMENT, "an index is on 1 to %d properties", PROPERTIES_MAX);
        result = -1;
    }
    for (size_t i = 0; result == 0 && i < target->count; i++) {
        result = find_number(self, DEED_PROPERTY_KEY, PyTuple_GET_ITEM(items, (Py_ssize_t)i), intern, &target->keys[i]);
        *out_known = *out_known && target->keys[i] != NUMBER_NONE;
    }
    Py_DECREF(items);
    return result;
}

/* One value for one property, a sequence of values for several. *out_count is how many there are. */
static int
convert_values(Conversion *conversion, const Target *target, PyObject *object, deed_value *out_values, size_t *out_count)
{
    if (target->is_single) {
        *out_count = 1;
        return convert_value(conversion, object, &out_values[0], 1);
    }
    PyObject *items = PySequence_Tuple(object);
    if (items == NULL) {
        PyErr_Clear();
        return raise_not_text(conversion->state, "values for several properties are a sequence", object);
    }
    if (conversion_keep(conversion, items) < 0)
        return -1;
    *out_count = (size_t)PyTuple_GET_SIZE(items);
    if (*out_count == 0 || *out_count > target->count) {
        raise_status(conversion->state, DEED_INVALID_ARGUMENT, "%zu values for %zu properties", *out_count, target->count);
        return -1;
    }
    for (size_t i = 0; i < *out_count; i++)
        if (convert_value(conversion, PyTuple_GET_ITEM(items, (Py_ssize_t)i), &out_values[i], 1) < 0)
            return -1;
    return 0;
}

static PyObject *
raise_no_index(SessionObject *self, PyObject *name, PyObject *properties)
{
    return raise_status(self->state, DEED_NOT_FOUND, "there is no index on %S %R; create one with create_index, or scan",
                        name, properties);
}

static PyObject *
list_of_ids(const uint64_t *ids, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *id = PyLong_FromUnsignedLongLong(ids[i]);
        if (id == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, id);
    }
    return list;
}

METHOD(find)
{
    static const Signature signature = {"find", 5, 3, 3, {"collection", "property", "value", "limit", "kind"}};
    PyObject *values[5];
    Target target;
    bool is_known;
    uint64_t limit;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_target(self, values[0], values[1], values[4], false, &target, &is_known) < 0 ||
        parse_limit(self->state, values[3], &limit) < 0)
        return NULL;
    if (!is_known)
        return raise_no_index(self, values[0], values[1]);
    Conversion conversion;
    conversion_begin(&conversion, self->state);
    PyObject *result = NULL;
    deed_value wanted[PROPERTIES_MAX];
    deed_property properties[PROPERTIES_MAX];
    size_t given = 0;
    deed_buffer *buffer = NULL;
    if (convert_values(&conversion, &target, values[2], wanted, &given) < 0)
        goto done;
    if (given != target.count) {
        raise_status(self->state, DEED_INVALID_ARGUMENT, "%zu values for %zu properties", given, target.count);
        goto done;
    }
    for (size_t i = 0; i < given; i++)
        properties[i] = (deed_property){.key = target.keys[i], .value = wanted[i]};
    if (session_ready(self) < 0 || (buffer = buffer_take(self)) == NULL)
        goto done;
    const uint64_t *ids;
    size_t found;
    deed_error *error = NULL;
    deed_status status = deed_find(self->graph->database, self->transaction, target.kind, target.table, properties, given,
                                   limit, buffer, &ids, &found, &error);
    result = status == DEED_OK ? list_of_ids(ids, found) : raise_error(self->state, status, error);
    buffer_return(self, buffer);
done:
    conversion_end(&conversion);
    return result;
}

/* The bounds of find_range: `prefix` takes the place of the others. */
static int
convert_bounds(Conversion *conversion, const Target *target, PyObject *low, PyObject *high, PyObject *prefix,
               deed_value *out_low, deed_value *out_high, deed_range *range)
{
    bool has_low = low != NULL && low != Py_None;
    bool has_high = high != NULL && high != Py_None;
    range->low = out_low;
    range->high = out_high;
    range->prefix = prefix != NULL && prefix != Py_None;
    if (range->prefix) {
        if (has_low || has_high) {
            raise_status(conversion->state, DEED_INVALID_ARGUMENT, "a prefix takes the place of low and high");
            return -1;
        }
        return convert_values(conversion, target, prefix, out_low, &range->low_count);
    }
    if (has_low && convert_values(conversion, target, low, out_low, &range->low_count) < 0)
        return -1;
    return has_high ? convert_values(conversion, target, high, out_high, &range->high_count) : 0;
}

/* True if not given. */
static int
parse_inclusion(PyObject *object, bool *out_exclude)
{
    bool includes = true;
    if (object != NULL && parse_flag(object, &includes) < 0)
        return -1;
    *out_exclude = !includes;
    return 0;
}

METHOD(find_range)
{
    static const Signature signature = {"find_range", 10, 2, 4,
        {"collection", "property", "low", "high", "include_low", "include_high", "prefix", "descending", "limit", "kind"}};
    PyObject *values[10];
    Target target;
    bool is_known;
    deed_value low[PROPERTIES_MAX], high[PROPERTIES_MAX];
    deed_range range = {.struct_size = sizeof range};
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_target(self, values[0], values[1], values[9], false, &target, &is_known) < 0 ||
        parse_inclusion(values[4], &range.exclude_low) < 0 || parse_inclusion(values[5], &range.exclude_high) < 0 ||
        parse_flag(values[7], &range.descending) < 0 || parse_limit(self->state, values[8], &range.limit) < 0)
        return NULL;
    if (!is_known)
        return raise_no_index(self, values[0], values[1]);
    range.properties = target.keys;
    range.property_count = target.count;
    Conversion conversion;
    conversion_begin(&conversion, self->state);
    PyObject *result = NULL;
    deed_buffer *buffer = NULL;
    if (convert_bounds(&conversion, &target, values[2], values[3], values[6], low, high, &range) == 0 &&
        session_ready(self) == 0 && (buffer = buffer_take(self)) != NULL) {
        const uint64_t *ids;
        size_t found;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(self, true);
        deed_status status = deed_find_range(self->graph->database, self->transaction, target.kind, target.table, &range,
                                             buffer, &ids, &found, &error);
        call_end(self, thread);
        result = status == DEED_OK ? list_of_ids(ids, found) : raise_error(self->state, status, error);
        buffer_return(self, buffer);
    }
    conversion_end(&conversion);
    return result;
}

/* ---- Making, dropping, listing ------------------------------------------------------------------------------- */

PyObject *
graph_create_index(GraphObject *graph, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"create_index", 6, 2, 2,
                                        {"collection", "properties", "unique", "name", "kind", "progress"}};
    SessionObject *self = &graph->session;
    PyObject *values[6];
    Target target;
    bool is_known, unique;
    Progress progress = {0};
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_flag(values[2], &unique) < 0 || parse_progress(self->state, values[5], &progress) < 0)
        return NULL;
    const char *name = NULL;
    size_t name_size = 0;
    if (values[3] != NULL && values[3] != Py_None) {
        if (!PyUnicode_Check(values[3])) {
            raise_not_text(self->state, "the name of an index is a str", values[3]);
            return NULL;
        }
        if ((name = text_of(self->state, values[3], &name_size)) == NULL)
            return NULL;
    }
    if (parse_target(self, values[0], values[1], values[4], true, &target, &is_known) < 0 || session_ready(self) < 0)
        return NULL;
    char *made = NULL;
    deed_error *error = NULL;
    progress.thread = call_begin(self, true);
    deed_status status = deed_index_create(graph->database, name, name_size, target.kind, target.table, target.keys,
                                           target.count, unique, on_progress, &progress, &made, &error);
    call_end(self, progress.thread);
    if (progress.error_type != NULL) {
        deed_error_destroy(error);
        deed_text_destroy(made);
        PyErr_Restore(progress.error_type, progress.error_value, progress.error_trace);
        return NULL;
    }
    if (status != DEED_OK)
        return raise_error(self->state, status, error);
    PyObject *result = PyUnicode_FromString(made);
    deed_text_destroy(made);
    return result;
}

PyObject *
graph_drop_index(GraphObject *graph, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"drop_index", 1, 1, 1, {"name"}};
    SessionObject *self = &graph->session;
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0)
        return NULL;
    if (!PyUnicode_Check(values[0])) {
        raise_not_text(self->state, "the name of an index is a str", values[0]);
        return NULL;
    }
    size_t size;
    const char *name = text_of(self->state, values[0], &size);
    if (name == NULL)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, true);
    deed_status status = deed_index_drop(graph->database, name, size, &error);
    call_end(self, thread);
    return status == DEED_OK ? Py_NewRef(Py_None) : raise_error(self->state, status, error);
}

static PyObject *
index_to_python(SessionObject *self, const deed_index *index)
{
    PyObject *properties = PyTuple_New((Py_ssize_t)index->property_count);
    for (size_t i = 0; properties != NULL && i < index->property_count; i++) {
        PyObject *text = name_text(self, DEED_PROPERTY_KEY, index->properties[i]);
        if (text == NULL)
            Py_CLEAR(properties);
        else
            PyTuple_SET_ITEM(properties, (Py_ssize_t)i, Py_NewRef(text));
    }
    PyObject *table = properties != NULL ? name_text(self, name_kind_of(index->kind), index->table) : NULL;
    if (table == NULL) {
        Py_XDECREF(properties);
        return NULL;
    }
    return Py_BuildValue("{s:s#,s:s,s:O,s:N,s:O,s:K}", "name", index->name, (Py_ssize_t)index->name_size, "kind",
                         index->kind == DEED_ENTITY ? "entity" : "relationship", "on", table, "properties", properties,
                         "unique", index->unique ? Py_True : Py_False, "entries", (unsigned long long)index->entry_count);
}

PyObject *
graph_indexes(GraphObject *graph, PyObject *Py_UNUSED(ignored))
{
    SessionObject *self = &graph->session;
    if (session_ready(self) < 0)
        return NULL;
    deed_indexes *indexes;
    deed_error *error = NULL;
    deed_status status = deed_indexes_get(graph->database, &indexes, &error);
    if (status != DEED_OK)
        return raise_error(self->state, status, error);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < deed_indexes_count(indexes); i++) {
        PyObject *index = index_to_python(self, deed_indexes_item(indexes, i));
        if (index == NULL || PyList_Append(list, index) < 0)
            Py_CLEAR(list);
        Py_XDECREF(index);
    }
    deed_indexes_destroy(indexes);
    return list;
}
