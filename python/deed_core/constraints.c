/* constraints.c - create_constraint, drop_constraint and constraints: a constraint is described by keyword arguments, and
 * reported as a dict of just these, so that create_constraint(**description) makes it again. */
#include "deed_core.h"

typedef struct NamedKind {
    const char *name;
    int32_t number;
} NamedKind;

static const NamedKind kinds[] = {
    {"required", DEED_CONSTRAINT_REQUIRED},       {"type", DEED_CONSTRAINT_TYPE},
    {"unique", DEED_CONSTRAINT_UNIQUE},           {"primary_key", DEED_CONSTRAINT_PRIMARY_KEY},
    {"default", DEED_CONSTRAINT_DEFAULT},         {"range", DEED_CONSTRAINT_RANGE},
    {"one_of", DEED_CONSTRAINT_ONE_OF},           {"length", DEED_CONSTRAINT_LENGTH},
    {"endpoints", DEED_CONSTRAINT_ENDPOINTS},     {"cardinality", DEED_CONSTRAINT_CARDINALITY},
};

static const NamedKind types[] = {
    {"bool", DEED_BOOL},             {"int", DEED_INT64},
    {"float", DEED_FLOAT64},         {"str", DEED_STRING},
    {"bytes", DEED_BYTES},           {"date", DEED_DATE},
    {"local_time", DEED_LOCAL_TIME}, {"zoned_time", DEED_ZONED_TIME},
    {"local_datetime", DEED_LOCAL_DATETIME}, {"zoned_datetime", DEED_ZONED_DATETIME},
    {"duration", DEED_DURATION},     {"list", DEED_LIST},
    {"dict", DEED_MAP},              {"vector", DEED_VECTOR},
    {"decimal", DEED_DECIMAL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The number behind a name, or -1. */
static int32_t
find_kind(const NamedKind *named, size_t count, PyObject *name)
{
    for (size_t i = 0; PyUnicode_Check(name) && i < count; i++)
        if (PyUnicode_CompareWithASCIIString(name, named[i].name) == 0)
            return named[i].number;
    return -1;
}

static const char *
kind_name(const NamedKind *named, size_t count, int32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (named[i].number == number)
            return named[i].name;
    return "unknown";
}

/* ---- In ------------------------------------------------------------------------------------------------------ */

/* The arguments of create_constraint, in the order of its signature; what is not given, or None, is NULL. */
enum {
    TABLE, KIND, PROPERTIES, ROW_KIND, NAME, TYPES, VALUE, VALUES, MIN, MAX, ABOVE, BELOW, ENDPOINTS, MAX_OUTGOING, MAX_INCOMING,
    PROGRESS, ARGUMENT_COUNT
};

static char *argument_names[] = {
    "table", "kind", "properties", "row_kind", "name", "types", "value", "values", "min", "max", "above", "below", "endpoints",
    "max_outgoing", "max_incoming", "progress", NULL,
};

/* Which of TYPES to MAX_INCOMING a kind takes, as bits. */
static unsigned
arguments_of(int32_t kind)
{
    switch (kind) {
    case DEED_CONSTRAINT_TYPE:
        return 1u << TYPES;
    case DEED_CONSTRAINT_DEFAULT:
        return 1u << VALUE;
    case DEED_CONSTRAINT_RANGE:
        return 1u << MIN | 1u << MAX | 1u << ABOVE | 1u << BELOW;
    case DEED_CONSTRAINT_ONE_OF:
        return 1u << VALUES;
    case DEED_CONSTRAINT_LENGTH:
        return 1u << MIN | 1u << MAX;
    case DEED_CONSTRAINT_ENDPOINTS:
        return 1u << ENDPOINTS;
    case DEED_CONSTRAINT_CARDINALITY:
        return 1u << MAX_OUTGOING | 1u << MAX_INCOMING;
    default:
        return 0;
    }
}

typedef struct Description {
    GraphObject *graph;
    PyObject **given;
    Conversion conversion;
    deed_constraint constraint;
} Description;

static ModuleState *
state_of(const Description *description)
{
    return description->graph->session.state;
}

static int
parse_kinds(Description *description)
{
    deed_constraint *constraint = &description->constraint;
    PyObject **given = description->given;
    constraint->kind = find_kind(kinds, COUNT(kinds), given[KIND]);
    if (constraint->kind < 0) {
        raise_status(state_of(description), DEED_INVALID_ARGUMENT, "there is no kind of constraint %R", given[KIND]);
        return -1;
    }
    bool is_about_ends = constraint->kind == DEED_CONSTRAINT_ENDPOINTS || constraint->kind == DEED_CONSTRAINT_CARDINALITY;
    constraint->row_kind = is_about_ends ? DEED_RELATIONSHIP : DEED_ENTITY;
    if (given[ROW_KIND] != NULL) {
        static const NamedKind rows[] = {{"entity", DEED_ENTITY}, {"relationship", DEED_RELATIONSHIP}};
        constraint->row_kind = find_kind(rows, COUNT(rows), given[ROW_KIND]);
        if (constraint->row_kind < 0) {
            raise_status(state_of(description), DEED_INVALID_ARGUMENT, "row_kind is 'entity' or 'relationship', not %R", given[ROW_KIND]);
            return -1;
        }
    }
    for (int i = TYPES; i <= MAX_INCOMING; i++) {
        if (given[i] == NULL || arguments_of(constraint->kind) & 1u << i)
            continue;
        raise_status(state_of(description), DEED_INVALID_ARGUMENT, "a constraint of kind %R has no %s", given[KIND],
                     argument_names[i]);
        return -1;
    }
    return 0;
}

/* A sequence as a tuple that lives as long as the conversion; a str stands for itself alone. */
static PyObject *
items_of(Description *description, PyObject *object)
{
    PyObject *items = PyUnicode_Check(object) || PyType_Check(object) ? PyTuple_Pack(1, object) : PySequence_Tuple(object);
    return conversion_keep(&description->conversion, items) == 0 ? items : NULL;
}

static int
parse_properties(Description *description)
{
    SessionObject *session = &description->graph->session;
    if (description->given[PROPERTIES] == NULL)
        return 0;
    PyObject *items = items_of(description, description->given[PROPERTIES]);
    if (items == NULL)
        return -1;
    size_t count = (size_t)PyTuple_GET_SIZE(items);
    uint32_t *keys = conversion_allocate(&description->conversion, count * sizeof *keys + 1);
    if (keys == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (name_intern(session, DEED_PROPERTY_KEY, PyTuple_GET_ITEM(items, (Py_ssize_t)i), &keys[i]) < 0)
            return -1;
    description->constraint.properties = keys;
    description->constraint.property_count = count;
    return 0;
}

/* The type of a name, or of one of Python's own types. */
static int32_t
parse_type(ModuleState *state, PyObject *object)
{
    const struct { PyTypeObject *type; int32_t number; } own[] = {
        {&PyBool_Type, DEED_BOOL}, {&PyLong_Type, DEED_INT64}, {&PyFloat_Type, DEED_FLOAT64}, {&PyUnicode_Type, DEED_STRING},
        {&PyBytes_Type, DEED_BYTES}, {&PyList_Type, DEED_LIST}, {&PyDict_Type, DEED_MAP},
    };
    for (size_t i = 0; i < COUNT(own); i++)
        if (object == (PyObject *)own[i].type)
            return own[i].number;
    if (object == state->decimal_type)
        return DEED_DECIMAL;
    return find_kind(types, COUNT(types), object);
}

static int
parse_types(Description *description)
{
    if (description->given[TYPES] == NULL)
        return 0;
    PyObject *items = items_of(description, description->given[TYPES]);
    for (Py_ssize_t i = 0; items != NULL && i < PyTuple_GET_SIZE(items); i++) {
        int32_t type = parse_type(state_of(description), PyTuple_GET_ITEM(items, i));
        if (type < 0) {
            raise_status(state_of(description), DEED_INVALID_ARGUMENT, "there is no type %R", PyTuple_GET_ITEM(items, i));
            return -1;
        }
        description->constraint.types |= 1u << type;
    }
    return items != NULL ? 0 : -1;
}

static int
parse_values(Description *description)
{
    PyObject **given = description->given;
    deed_constraint *constraint = &description->constraint;
    PyObject *bounds[2] = {given[MIN], given[MAX]}, *items = NULL;
    if (constraint->kind == DEED_CONSTRAINT_ONE_OF && given[VALUES] != NULL)
        items = items_of(description, given[VALUES]);
    else if (constraint->kind == DEED_CONSTRAINT_DEFAULT && given[VALUE] != NULL) {
        items = PyTuple_Pack(1, given[VALUE]);
        if (conversion_keep(&description->conversion, items) < 0)
            return -1;
    } else if (constraint->kind == DEED_CONSTRAINT_RANGE) {
        if ((given[MIN] != NULL && given[ABOVE] != NULL) || (given[MAX] != NULL && given[BELOW] != NULL)) {
            raise_status(state_of(description), DEED_INVALID_ARGUMENT, "a range has min or above, and max or below, not both");
            return -1;
        }
        bounds[0] = given[ABOVE] != NULL ? given[ABOVE] : bounds[0];
        bounds[1] = given[BELOW] != NULL ? given[BELOW] : bounds[1];
        constraint->exclusive = (given[ABOVE] != NULL ? DEED_LOWER_EXCLUSIVE : 0) | (given[BELOW] != NULL ? DEED_UPPER_EXCLUSIVE : 0);
        items = PyTuple_Pack(2, bounds[0] != NULL ? bounds[0] : Py_None, bounds[1] != NULL ? bounds[1] : Py_None);
        if (conversion_keep(&description->conversion, items) < 0)
            return -1;
    } else
        return 0;
    if (items == NULL)
        return -1;
    size_t count = (size_t)PyTuple_GET_SIZE(items);
    deed_value *values = conversion_allocate(&description->conversion, count * sizeof *values + 1);
    if (values == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (convert_value(&description->conversion, PyTuple_GET_ITEM(items, (Py_ssize_t)i), &values[i], 0) < 0)
            return -1;
    constraint->values = values;
    constraint->value_count = count;
    return 0;
}

/* A count that is not negative; not given, *out_count stays. */
static int
parse_count(Description *description, int argument, uint64_t *out_count)
{
    PyObject *object = description->given[argument];
    if (object == NULL)
        return 0;
    unsigned long long count = PyLong_Check(object) ? PyLong_AsUnsignedLongLong(object) : (unsigned long long)-1;
    if (count != (unsigned long long)-1 && (count > 0 || argument == MIN || argument == MAX)) {
        *out_count = count;
        return 0;
    }
    PyErr_Clear();
    raise_status(state_of(description), DEED_INVALID_ARGUMENT, "%s is a positive int, not %R", argument_names[argument], object);
    return -1;
}

static int
parse_endpoints(Description *description)
{
    SessionObject *session = &description->graph->session;
    if (description->given[ENDPOINTS] == NULL)
        return 0;
    PyObject *items = items_of(description, description->given[ENDPOINTS]);
    if (items == NULL)
        return -1;
    size_t count = (size_t)PyTuple_GET_SIZE(items);
    deed_endpoints *pairs = conversion_allocate(&description->conversion, count * sizeof *pairs + 1);
    if (pairs == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        PyObject *pair = items_of(description, PyTuple_GET_ITEM(items, (Py_ssize_t)i));
        if (pair == NULL)
            return -1;
        if (PyTuple_GET_SIZE(pair) != 2) {
            raise_status(state_of(description), DEED_INVALID_ARGUMENT, "endpoints are pairs of collections");
            return -1;
        }
        if (name_intern(session, DEED_COLLECTION, PyTuple_GET_ITEM(pair, 0), &pairs[i].source) < 0 ||
            name_intern(session, DEED_COLLECTION, PyTuple_GET_ITEM(pair, 1), &pairs[i].target) < 0)
            return -1;
    }
    description->constraint.endpoints = pairs;
    description->constraint.endpoint_count = count;
    return 0;
}

static int
parse_names(Description *description)
{
    deed_constraint *constraint = &description->constraint;
    PyObject **given = description->given;
    if (given[NAME] != NULL) {
        if (!PyUnicode_Check(given[NAME])) {
            raise_status(state_of(description), DEED_TYPE_MISMATCH, "a name is a str, not %.100s", Py_TYPE(given[NAME])->tp_name);
            return -1;
        }
        constraint->name = text_of(state_of(description), given[NAME], &constraint->name_size);
        if (constraint->name == NULL)
            return -1;
    }
    deed_name_kind kind = constraint->row_kind == DEED_ENTITY ? DEED_COLLECTION : DEED_RELATIONSHIP_TYPE;
    return name_intern(&description->graph->session, kind, given[TABLE], &constraint->table);
}

static int
describe(Description *description)
{
    deed_constraint *constraint = &description->constraint;
    if (parse_kinds(description) < 0 || parse_names(description) < 0 || parse_properties(description) < 0 ||
        parse_types(description) < 0 || parse_values(description) < 0 || parse_endpoints(description) < 0)
        return -1;
    if (constraint->kind == DEED_CONSTRAINT_LENGTH &&
        (parse_count(description, MIN, &constraint->least) < 0 || parse_count(description, MAX, &constraint->most) < 0))
        return -1;
    return parse_count(description, MAX_OUTGOING, &constraint->max_outgoing) < 0 ||
                   parse_count(description, MAX_INCOMING, &constraint->max_incoming) < 0
               ? -1
               : 0;
}

/* The name of the new constraint. */
static PyObject *
create(Description *description, Progress *progress)
{
    SessionObject *session = &description->graph->session;
    deed_constraints *created = NULL;
    deed_error *error = NULL;
    if (session_ready(session) < 0)
        return NULL;
    progress->thread = call_begin(session, true);
    deed_status status = deed_constraint_create(description->graph->database, &description->constraint, on_progress, progress,
                                                &created, &error);
    call_end(session, progress->thread);
    if (progress->error_type != NULL) {
        deed_error_destroy(error);
        PyErr_Restore(progress->error_type, progress->error_value, progress->error_trace);
        return NULL;
    }
    if (status != DEED_OK)
        return raise_error(session->state, status, error);
    const deed_constraint *constraint = deed_constraints_at(created, 0);
    PyObject *name = PyUnicode_DecodeUTF8(constraint->name, (Py_ssize_t)constraint->name_size, NULL);
    deed_constraints_destroy(created);
    return name;
}

PyObject *
graph_create_constraint(GraphObject *self, PyObject *arguments, PyObject *keywords)
{
    PyObject *given[ARGUMENT_COUNT] = {NULL};
    Progress progress = {0};
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "OO|O$OOOOOOOOOOOOO:create_constraint", argument_names, &given[TABLE], &given[KIND],
            &given[PROPERTIES], &given[ROW_KIND], &given[NAME], &given[TYPES], &given[VALUE], &given[VALUES], &given[MIN], &given[MAX],
            &given[ABOVE], &given[BELOW], &given[ENDPOINTS], &given[MAX_OUTGOING], &given[MAX_INCOMING], &given[PROGRESS]))
        return NULL;
    for (int i = PROPERTIES; i < ARGUMENT_COUNT; i++)
        if (given[i] == Py_None)
            given[i] = NULL;
    if (session_ready(&self->session) < 0 || parse_progress(self->session.state, given[PROGRESS], &progress) < 0)
        return NULL;
    Description description = {.graph = self, .given = given};
    deed_constraint_init(&description.constraint);
    conversion_begin(&description.conversion, self->session.state);
    PyObject *name = describe(&description) == 0 ? create(&description, &progress) : NULL;
    conversion_end(&description.conversion);
    return name;
}

PyObject *
graph_drop_constraint(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"drop_constraint", 1, 1, 1, {"name"}};
    PyObject *values[1];
    size_t size;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(&self->session) < 0)
        return NULL;
    if (!PyUnicode_Check(values[0]))
        return raise_status(self->session.state, DEED_TYPE_MISMATCH, "a name is a str, not %.100s", Py_TYPE(values[0])->tp_name);
    const char *name = text_of(self->session.state, values[0], &size);
    if (name == NULL)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_constraint_drop(self->database, name, size, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    Py_RETURN_NONE;
}

/* ---- Out ----------------------------------------------------------------------------------------------------- */

/* dict[key] = value, giving the reference of the value away; a NULL value is passed on as failure. */
static int
put(PyObject *dict, const char *key, PyObject *value)
{
    int result = value != NULL ? PyDict_SetItemString(dict, key, value) : -1;
    Py_XDECREF(value);
    return result;
}

static int
put_bound(GraphObject *self, PyObject *dict, const deed_constraint *constraint, size_t position)
{
    static const char *const names[2][2] = {{"min", "above"}, {"max", "below"}};
    const deed_value *value = &constraint->values[position];
    if (value->type == DEED_NULL)
        return 0;
    bool is_exclusive = constraint->exclusive & (position == 0 ? DEED_LOWER_EXCLUSIVE : DEED_UPPER_EXCLUSIVE);
    return put(dict, names[position][is_exclusive], value_to_python(self->session.state, value));
}

/* A list of `count` items; `item` gives a new reference. */
static PyObject *
list_of(GraphObject *self, const deed_constraint *constraint, size_t count,
        PyObject *(*item)(GraphObject *, const deed_constraint *, size_t))
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *object = item(self, constraint, i);
        if (object == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, object);
    }
    return list;
}

static PyObject *
property_item(GraphObject *self, const deed_constraint *constraint, size_t position)
{
    return Py_XNewRef(name_text(&self->session, DEED_PROPERTY_KEY, constraint->properties[position]));
}

static PyObject *
value_item(GraphObject *self, const deed_constraint *constraint, size_t position)
{
    return value_to_python(self->session.state, &constraint->values[position]);
}

static PyObject *
endpoint_item(GraphObject *self, const deed_constraint *constraint, size_t position)
{
    PyObject *source = name_text(&self->session, DEED_COLLECTION, constraint->endpoints[position].source);
    PyObject *target = name_text(&self->session, DEED_COLLECTION, constraint->endpoints[position].target);
    return source != NULL && target != NULL ? PyTuple_Pack(2, source, target) : NULL;
}

static PyObject *
type_list(const deed_constraint *constraint)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < COUNT(types); i++) {
        if (!(constraint->types & 1u << types[i].number))
            continue;
        PyObject *name = PyUnicode_FromString(types[i].name);
        if (name == NULL || PyList_Append(list, name) < 0)
            Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

static int
put_details(GraphObject *self, PyObject *dict, const deed_constraint *constraint)
{
    switch (constraint->kind) {
    case DEED_CONSTRAINT_TYPE:
        return put(dict, "types", type_list(constraint));
    case DEED_CONSTRAINT_DEFAULT:
        return put(dict, "value", value_item(self, constraint, 0));
    case DEED_CONSTRAINT_RANGE:
        return put_bound(self, dict, constraint, 0) < 0 || put_bound(self, dict, constraint, 1) < 0 ? -1 : 0;
    case DEED_CONSTRAINT_ONE_OF:
        return put(dict, "values", list_of(self, constraint, constraint->value_count, value_item));
    case DEED_CONSTRAINT_LENGTH:
        if (put(dict, "min", PyLong_FromUnsignedLongLong(constraint->least)) < 0)
            return -1;
        return constraint->most == UINT64_MAX ? 0 : put(dict, "max", PyLong_FromUnsignedLongLong(constraint->most));
    case DEED_CONSTRAINT_ENDPOINTS:
        return put(dict, "endpoints", list_of(self, constraint, constraint->endpoint_count, endpoint_item));
    case DEED_CONSTRAINT_CARDINALITY:
        if (constraint->max_outgoing != 0 && put(dict, "max_outgoing", PyLong_FromUnsignedLongLong(constraint->max_outgoing)) < 0)
            return -1;
        return constraint->max_incoming == 0
                   ? 0
                   : put(dict, "max_incoming", PyLong_FromUnsignedLongLong(constraint->max_incoming));
    default:
        return 0;
    }
}

static PyObject *
constraint_to_python(GraphObject *self, const deed_constraint *constraint)
{
    bool is_edge = constraint->row_kind == DEED_RELATIONSHIP;
    PyObject *dict = PyDict_New();
    if (dict == NULL)
        return NULL;
    PyObject *table = name_text(&self->session, is_edge ? DEED_RELATIONSHIP_TYPE : DEED_COLLECTION, constraint->table);
    if (put(dict, "name", PyUnicode_DecodeUTF8(constraint->name, (Py_ssize_t)constraint->name_size, NULL)) < 0 ||
        put(dict, "table", Py_XNewRef(table)) < 0 || put(dict, "row_kind", PyUnicode_FromString(is_edge ? "relationship" : "entity")) < 0 ||
        put(dict, "kind", PyUnicode_FromString(kind_name(kinds, COUNT(kinds), constraint->kind))) < 0 ||
        put(dict, "properties", list_of(self, constraint, constraint->property_count, property_item)) < 0 ||
        put_details(self, dict, constraint) < 0)
        Py_CLEAR(dict);
    return dict;
}

PyObject *
graph_constraints(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    deed_constraints *constraints;
    deed_error *error = NULL;
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_status status = deed_constraints_get(self->database, &constraints, &error);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < deed_constraints_count(constraints); i++) {
        PyObject *dict = constraint_to_python(self, deed_constraints_at(constraints, i));
        if (dict == NULL || PyList_Append(list, dict) < 0)
            Py_CLEAR(list);
        Py_XDECREF(dict);
    }
    deed_constraints_destroy(constraints);
    return list;
}
