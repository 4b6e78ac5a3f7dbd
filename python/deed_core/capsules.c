/* capsules.c - the PyCapsules of the Arrow PyCapsule interface: handing Arrow structs out, and taking them in.
 *
 * A capsule owns its struct. Whoever consumes it moves the struct out and leaves release NULL, so that the capsule's
 * destructor frees only the shell. */
#include "deed_core.h"

#define DEFINE_CAPSULE(noun, Struct, capsule_name)                                                                      \
    static void noun##_destructor(PyObject *capsule)                                                                    \
    {                                                                                                                   \
        struct Struct *held = PyCapsule_GetPointer(capsule, capsule_name);                                              \
        if (held == NULL)                                                                                               \
            return;                                                                                                     \
        if (held->release != NULL)                                                                                      \
            held->release(held);                                                                                        \
        free(held);                                                                                                     \
    }                                                                                                                   \
                                                                                                                        \
    PyObject *capsule_of_##noun(struct Struct *source)                                                                  \
    {                                                                                                                   \
        struct Struct *held = malloc(sizeof *held);                                                                     \
        PyObject *capsule = held != NULL ? PyCapsule_New(held, capsule_name, noun##_destructor) : PyErr_NoMemory();     \
        if (capsule == NULL) {                                                                                          \
            free(held);                                                                                                 \
            source->release(source);                                                                                    \
            return NULL;                                                                                                \
        }                                                                                                               \
        *held = *source;                                                                                                \
        return capsule;                                                                                                 \
    }

DEFINE_CAPSULE(schema, ArrowSchema, "arrow_schema")
DEFINE_CAPSULE(array, ArrowArray, "arrow_array")
DEFINE_CAPSULE(stream, ArrowArrayStream, "arrow_array_stream")

int
take_stream(PyObject *object, struct ArrowArrayStream *out_stream)
{
    PyObject *capsule = PyObject_CallMethodNoArgs(object, attributes.arrow_c_stream);
    struct ArrowArrayStream *held = capsule != NULL ? PyCapsule_GetPointer(capsule, "arrow_array_stream") : NULL;
    if (held != NULL && held->release != NULL) {
        *out_stream = *held;
        held->release = NULL;
    } else if (held != NULL) {
        PyErr_SetString(PyExc_ValueError, "the Arrow stream was consumed already");
        held = NULL;
    }
    Py_XDECREF(capsule);
    return held != NULL ? 0 : -1;
}

int
take_array(PyObject *object, struct ArrowSchema *out_schema, struct ArrowArray *out_array)
{
    PyObject *pair = PyObject_CallMethodNoArgs(object, attributes.arrow_c_array);
    if (pair == NULL)
        return -1;
    int result = -1;
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "__arrow_c_array__() returns a pair of capsules");
    } else {
        struct ArrowSchema *schema = PyCapsule_GetPointer(PyTuple_GET_ITEM(pair, 0), "arrow_schema");
        struct ArrowArray *array = schema != NULL ? PyCapsule_GetPointer(PyTuple_GET_ITEM(pair, 1), "arrow_array") : NULL;
        if (array != NULL && schema->release != NULL && array->release != NULL) {
            *out_schema = *schema;
            *out_array = *array;
            schema->release = NULL;
            array->release = NULL;
            result = 0;
        } else if (array != NULL) {
            PyErr_SetString(PyExc_ValueError, "the Arrow array was consumed already");
        }
    }
    Py_DECREF(pair);
    return result;
}
