/* records.c - adding, reading, updating and deleting entities and relationships. */
#include "deed_core.h"

static PyObject *
id_or_error(SessionObject *self, deed_status status, uint64_t id, deed_error *error)
{
    return status == DEED_OK ? PyLong_FromUnsignedLongLong(id) : raise_error(self->state, status, error);
}

static PyObject *
none_or_error(SessionObject *self, deed_status status, deed_error *error)
{
    return status == DEED_OK ? Py_NewRef(Py_None) : raise_error(self->state, status, error);
}

METHOD(add_entity)
{
    static const Signature signature = {"add_entity", 2, 1, 2, {"collection", "properties"}};
    PyObject *values[2];
    uint32_t collection;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        name_intern(self, DEED_COLLECTION, values[0], &collection) < 0)
        return NULL;
    Conversion conversion;
    conversion_begin(&conversion, self->state);
    PyObject *result = NULL;
    if (convert_properties(&conversion, self, values[1]) == 0 && session_ready(self) == 0) {
        uint64_t id;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(self, write_may_block(self));
        deed_status status = deed_entity_add(self->graph->database, self->transaction, collection, conversion.properties,
                                             conversion.property_count, &id, &error);
        call_end(self, thread);
        result = id_or_error(self, status, id, error);
    }
    conversion_end(&conversion);
    return result;
}

METHOD(add_edge)
{
    static const Signature signature = {"add_edge", 4, 3, 4, {"src", "dst", "type", "properties"}};
    PyObject *values[4];
    uint64_t source, target;
    uint32_t type;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || session_ready(self) < 0 ||
        parse_id(self->state, values[0], &source) < 0 || parse_id(self->state, values[1], &target) < 0 ||
        name_intern(self, DEED_RELATIONSHIP_TYPE, values[2], &type) < 0)
        return NULL;
    Conversion conversion;
    conversion_begin(&conversion, self->state);
    PyObject *result = NULL;
    if (convert_properties(&conversion, self, values[3]) == 0 && session_ready(self) == 0) {
        uint64_t id;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(self, write_may_block(self));
        deed_status status = deed_relationship_add(self->graph->database, self->transaction, source, target, type,
                                                   conversion.properties, conversion.property_count, &id, &error);
        call_end(self, thread);
        result = id_or_error(self, status, id, error);
    }
    conversion_end(&conversion);
    return result;
}

static PyObject *
get_record(SessionObject *self, deed_kind kind, PyObject *object)
{
    uint64_t id;
    if (parse_id(self->state, object, &id) < 0 || session_ready(self) < 0)
        return NULL;
    deed_buffer *buffer = buffer_take(self);
    if (buffer == NULL)
        return NULL;
    const deed_record *record;
    deed_error *error = NULL;
    PyObject *result;
    deed_status status = deed_record_get(self->graph->database, self->transaction, kind, id, buffer, &record, &error);
    if (status != DEED_OK)
        result = raise_error(self->state, status, error);
    else if (record == NULL)
        result = Py_NewRef(Py_None);
    else
        result = record_to_python(self, record, kind);
    buffer_return(self, buffer);
    return result;
}

METHOD(get_entity)
{
    static const Signature signature = {"get_entity", 1, 1, 1, {"id"}};
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    return get_record(self, DEED_ENTITY, values[0]);
}

METHOD(get_edge)
{
    static const Signature signature = {"get_edge", 1, 1, 1, {"id"}};
    PyObject *values[1];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    return get_record(self, DEED_RELATIONSHIP, values[0]);
}

static PyObject *
update_record(SessionObject *self, deed_kind kind, PyObject *const *values)
{
    uint64_t id;
    bool replace;
    if (parse_id(self->state, values[0], &id) < 0 || parse_flag(values[2], &replace) < 0 || session_ready(self) < 0)
        return NULL;
    Conversion conversion;
    conversion_begin(&conversion, self->state);
    PyObject *result = NULL;
    if (convert_properties(&conversion, self, values[1]) == 0 && session_ready(self) == 0) {
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(self, write_may_block(self));
        deed_status status = deed_record_update(self->graph->database, self->transaction, kind, id, conversion.properties,
                                                conversion.property_count, replace, &error);
        call_end(self, thread);
        result = none_or_error(self, status, error);
    }
    conversion_end(&conversion);
    return result;
}

METHOD(update_entity)
{
    static const Signature signature = {"update_entity", 3, 2, 2, {"id", "properties", "replace"}};
    PyObject *values[3];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    return update_record(self, DEED_ENTITY, values);
}

METHOD(update_edge)
{
    static const Signature signature = {"update_edge", 3, 2, 2, {"id", "properties", "replace"}};
    PyObject *values[3];
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    return update_record(self, DEED_RELATIONSHIP, values);
}

METHOD(delete_entity)
{
    static const Signature signature = {"delete_entity", 2, 1, 2, {"id", "detach"}};
    PyObject *values[2];
    uint64_t id;
    bool detach;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_id(self->state, values[0], &id) < 0 ||
        parse_flag(values[1], &detach) < 0 || session_ready(self) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, detach || write_may_block(self)); /* it may have many relationships */
    deed_status status = deed_entity_delete(self->graph->database, self->transaction, id, detach, &error);
    call_end(self, thread);
    return none_or_error(self, status, error);
}

METHOD(delete_edge)
{
    static const Signature signature = {"delete_edge", 1, 1, 1, {"id"}};
    PyObject *values[1];
    uint64_t id;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_id(self->state, values[0], &id) < 0 ||
        session_ready(self) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(self, write_may_block(self));
    deed_status status = deed_relationship_delete(self->graph->database, self->transaction, id, &error);
    call_end(self, thread);
    return none_or_error(self, status, error);
}
