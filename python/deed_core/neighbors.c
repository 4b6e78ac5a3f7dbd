/* neighbors.c - neighbours, degrees, traversals, and the strongest relationships. */
#include "deed_core.h"

/* What the methods that start from one entity take. */
typedef struct Start {
    uint64_t id;
    uint32_t type;
    deed_direction direction;
} Start;

static int
parse_start(SessionObject *self, PyObject *id, PyObject *type, PyObject *direction, Start *out_start)
{
    if (parse_id(self->state, id, &out_start->id) < 0 ||
        parse_direction(self->state, direction, &out_start->direction) < 0 || session_ready(self) < 0)
        return -1;
    return name_find(self, DEED_RELATIONSHIP_TYPE, type, &out_start->type);
}

/* ---- Neighbours ---------------------------------------------------------------------------------------------- */

/* An id as an int. PyLong_FromLong has a short way for the small numbers that most ids are. */
static inline PyObject *
id_to_int(uint64_t id)
{
    return id <= LONG_MAX ? PyLong_FromLong((long)id) : PyLong_FromUnsignedLongLong(id);
}

/* A new list of (neighbor, relationship). */
static PyObject *
list_of_pairs(const uint64_t *neighbors, const uint64_t *relationships, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *pair = PyTuple_New(2);
        PyObject *neighbor = id_to_int(neighbors[i]);
        PyObject *relationship = id_to_int(relationships[i]);
        if (pair == NULL || neighbor == NULL || relationship == NULL) {
            Py_XDECREF(pair);
            Py_XDECREF(neighbor);
            Py_XDECREF(relationship);
            Py_CLEAR(list);
        } else {
            PyTuple_SET_ITEM(pair, 0, neighbor);
            PyTuple_SET_ITEM(pair, 1, relationship);
            PyList_SET_ITEM(list, (Py_ssize_t)i, pair);
        }
    }
    return list;
}

/* Neighbours as pairs, or only their ids. The GIL is kept: the call is as long as the list that is made of it. */
static PyObject *
read_neighbors(SessionObject *self, const Start *start, bool as_pairs)
{
    deed_buffer *buffer = buffer_take(self);
    if (buffer == NULL)
        return NULL;
    const uint64_t *neighbors, *relationships = NULL;
    size_t count;
    deed_error *error = NULL;
    PyObject *result;
    deed_status status = deed_neighbors(self->graph->database, self->transaction, start->id, start->type, start->direction,
                                        buffer, &neighbors, as_pairs ? &relationships : NULL, &count, &error);
    if (status != DEED_OK)
        result = raise_error(self->state, status, error);
    else if (as_pairs)
        result = list_of_pairs(neighbors, relationships, count);
    else
        result = ids_copy(self->state, neighbors, count);
    buffer_return(self, buffer);
    return result;
}

METHOD(get_outgoing_neighbors)
{
    static const Signature signature = {"get_outgoing_neighbors", 2, 1, 2, {"id", "type"}};
    PyObject *values[2];
    Start start;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_start(self, values[0], values[1], NULL, &start) < 0)
        return NULL;
    return read_neighbors(self, &start, true);
}

METHOD(get_incoming_neighbors)
{
    static const Signature signature = {"get_incoming_neighbors", 2, 1, 2, {"id", "type"}};
    PyObject *values[2];
    Start start;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_start(self, values[0], values[1], NULL, &start) < 0)
        return NULL;
    start.direction = DEED_IN;
    return read_neighbors(self, &start, true);
}

METHOD(neighbor_ids)
{
    static const Signature signature = {"neighbor_ids", 3, 1, 3, {"id", "type", "direction"}};
    PyObject *values[3];
    Start start;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_start(self, values[0], values[1], values[2], &start) < 0)
        return NULL;
    return read_neighbors(self, &start, false);
}

METHOD(degree)
{
    static const Signature signature = {"degree", 3, 1, 3, {"id", "type", "direction"}};
    PyObject *values[3];
    Start start;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_start(self, values[0], values[1], values[2], &start) < 0)
        return NULL;
    uint64_t degree;
    deed_error *error = NULL;
    deed_status status =
        deed_degree(self->graph->database, self->transaction, start.id, start.type, start.direction, &degree, &error);
    return status == DEED_OK ? PyLong_FromUnsignedLongLong(degree) : raise_error(self->state, status, error);
}

/* ---- Traversals ---------------------------------------------------------------------------------------------- */

METHOD(traverse)
{
    static const Signature signature = {"traverse", 4, 1, 1, {"start", "type", "direction", "max_depth"}};
    PyObject *values[4];
    Start start;
    uint32_t max_depth;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_depth(self->state, values[3], &max_depth) < 0 ||
        parse_start(self, values[0], values[1], values[2], &start) < 0)
        return NULL;
    deed_ids *ids;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, true);
    deed_status status = deed_traverse(self->graph->database, self->transaction, start.id, start.type, start.direction,
                                       max_depth, &ids, &error);
    call_end(self, thread);
    return status == DEED_OK ? reached_adopt(self->state, ids) : raise_error(self->state, status, error);
}

METHOD(count_reachable)
{
    static const Signature signature = {"count_reachable", 4, 1, 1, {"start", "type", "direction", "max_depth"}};
    PyObject *values[4];
    Start start;
    uint32_t max_depth;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_depth(self->state, values[3], &max_depth) < 0 ||
        parse_start(self, values[0], values[1], values[2], &start) < 0)
        return NULL;
    uint64_t reachable;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, true);
    deed_status status = deed_count_reachable(self->graph->database, self->transaction, start.id, start.type,
                                              start.direction, max_depth, &reachable, &error);
    call_end(self, thread);
    return status == DEED_OK ? PyLong_FromUnsignedLongLong(reachable) : raise_error(self->state, status, error);
}

/* ---- Pheromone ----------------------------------------------------------------------------------------------- */

static PyObject *
list_of_strongest(const uint64_t *neighbors, const uint64_t *relationships, const double *levels, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *item = Py_BuildValue("(KKd)", (unsigned long long)neighbors[i], (unsigned long long)relationships[i],
                                       levels[i]);
        if (item == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return list;
}

METHOD(strongest_neighbors)
{
    static const Signature signature = {"strongest_neighbors", 2, 2, 2, {"id", "k"}};
    PyObject *values[2];
    uint64_t id;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_id(self->state, values[0], &id) < 0)
        return NULL;
    Py_ssize_t k = PyNumber_AsSsize_t(values[1], NULL); /* clipped: more than all is all */
    if (k == -1 && PyErr_Occurred())
        return NULL;
    if (k < 0)
        return raise_status(self->state, DEED_INVALID_ARGUMENT, "k is not negative");
    deed_buffer *buffer = session_ready(self) == 0 ? buffer_take(self) : NULL;
    if (buffer == NULL)
        return NULL;
    const uint64_t *neighbors, *relationships;
    const double *levels;
    size_t found;
    deed_error *error = NULL;
    deed_status status = deed_strongest_neighbors(self->graph->database, self->transaction, id, (size_t)k, buffer,
                                                  &neighbors, &relationships, &levels, &found, &error);
    PyObject *result = status == DEED_OK ? list_of_strongest(neighbors, relationships, levels, found)
                                         : raise_error(self->state, status, error);
    buffer_return(self, buffer);
    return result;
}
