/* module.c - the module deed_core: its state, its types, and the detection of forks.
 *
 * Multi-phase initialisation with all state in the module, so that it can be unloaded and loaded again. Subinterpreters
 * are refused where Python lets us say so (3.12), as the release callbacks of Arrow data need the main one. */
#include "deed_core.h"

#include <pthread.h>
#include <unistd.h>

static struct PyModuleDef module_definition;

/* ---- Forks --------------------------------------------------------------------------------------------------- */

uint64_t fork_count = 0;

static void
after_fork_in_child(void)
{
    fork_count++;
}

static void
watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

/* Ends a child of a process with a store on disk before RocksDB's static destructors run: they would wait for ever for
 * threads that a fork does not copy. Files are flushed as exit() does. */
static void
leave_child(int status, void *fork_count_of_parent)
{
    if ((uintptr_t)fork_count_of_parent == fork_count)
        return;
    fflush(NULL);
    _exit(status);
}

/* The process, by its fork_count, that has RocksDB's threads; guarded by the GIL. */
static uint64_t process_with_stores = UINT64_MAX;

bool
can_open_stores(void)
{
    return process_with_stores == UINT64_MAX || process_with_stores == fork_count;
}

void
store_was_opened(void)
{
    if (process_with_stores == UINT64_MAX)
        on_exit(leave_child, (void *)(uintptr_t)fork_count); /* after RocksDB has registered its own, so before them */
    process_with_stores = fork_count;
}

/* ---- State --------------------------------------------------------------------------------------------------- */

/* Not PyType_GetModuleByDef, which 3.10 lacks: walks the bases to the first type of this module. */
ModuleState *
module_state_of(PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (!(base->tp_flags & Py_TPFLAGS_HEAPTYPE))
            continue;
        PyObject *module = ((PyHeapTypeObject *)base)->ht_module;
        if (module != NULL && PyModule_GetDef(module) == &module_definition)
            return PyModule_GetState(module);
    }
    PyErr_SetString(PyExc_SystemError, "deed_core: a type without its module");
    return NULL;
}

static PyObject *
import_attribute(const char *module_name, const char *attribute)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *value = module != NULL ? PyObject_GetAttrString(module, attribute) : NULL;
    Py_XDECREF(module);
    return value;
}

static int
intern_keys(ModuleState *state)
{
    state->key_id = PyUnicode_InternFromString("id");
    state->key_type = PyUnicode_InternFromString("type");
    state->key_source = PyUnicode_InternFromString("source");
    state->key_target = PyUnicode_InternFromString("target");
    state->key_properties = PyUnicode_InternFromString("properties");
    bool complete = state->key_id != NULL && state->key_type != NULL && state->key_source != NULL &&
                    state->key_target != NULL && state->key_properties != NULL;
    return complete ? 0 : -1;
}

static int
add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base, PyTypeObject **out_type)
{
    *out_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
    return *out_type != NULL ? PyModule_AddType(module, *out_type) : -1;
}

static int
add_tuple_type(PyObject *module, PyStructSequence_Desc *description, PyTypeObject **out_type)
{
    *out_type = PyStructSequence_NewType(description);
    return *out_type != NULL ? PyModule_AddType(module, *out_type) : -1;
}

static int
add_types(PyObject *module, ModuleState *state)
{
    if (add_type(module, &session_spec, NULL, &state->session_type) < 0 ||
        add_type(module, &graph_spec, state->session_type, &state->graph_type) < 0 ||
        add_type(module, &transaction_spec, state->session_type, &state->transaction_type) < 0 ||
        add_type(module, &ids_spec, NULL, &state->ids_type) < 0 ||
        add_type(module, &reached_spec, NULL, &state->reached_type) < 0 ||
        add_type(module, &scan_spec, NULL, &state->scan_type) < 0 ||
        add_type(module, &arrow_scan_spec, NULL, &state->arrow_scan_type) < 0 ||
        add_type(module, &duration_spec, NULL, &state->duration_type) < 0 ||
        add_type(module, &temporal_spec, NULL, &state->temporal_type) < 0 ||
        add_type(module, &change_record_spec, NULL, &state->change_record_type) < 0 ||
        add_type(module, &feed_spec, NULL, &state->feed_type) < 0 ||
        add_type(module, &statement_spec, NULL, &state->statement_type) < 0 ||
        add_type(module, &result_spec, NULL, &state->result_type) < 0 ||
        add_type(module, &node_spec, NULL, &state->node_type) < 0 ||
        add_type(module, &relationship_spec, NULL, &state->relationship_type) < 0 ||
        add_type(module, &path_spec, NULL, &state->path_type) < 0 ||
        add_tuple_type(module, &change_desc, &state->change_type) < 0 ||
        add_tuple_type(module, &backup_desc, &state->backup_type) < 0)
        return -1;
    PyObject *sequence = import_attribute("collections.abc", "Sequence");
    PyObject *ids = sequence != NULL ? PyObject_CallMethod(sequence, "register", "O", state->ids_type) : NULL;
    Py_XDECREF(sequence);
    Py_XDECREF(ids);
    return ids != NULL ? 0 : -1;
}

static int
module_exec(PyObject *module)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ModuleState *state = PyModule_GetState(module);
    if (deed_api_version() != DEED_API_VERSION) {
        PyErr_Format(PyExc_ImportError, "libdeedcore has version %u of its interface, deed_core was built for %u",
                     (unsigned)deed_api_version(), (unsigned)DEED_API_VERSION);
        return -1;
    }
    pthread_once(&once, watch_forks);
    if (attributes_init() < 0 || datetimes_init() < 0 || errors_init(module, state) < 0 || intern_keys(state) < 0 ||
        add_types(module, state) < 0)
        return -1;
    if (integrity_init(module, state) < 0)
        return -1;
    state->array_type = import_attribute("array", "array");
    state->zone_type = import_attribute("zoneinfo", "ZoneInfo");
    state->decimal_type = import_attribute("decimal", "Decimal");
    if (state->array_type == NULL || state->zone_type == NULL || state->decimal_type == NULL)
        return -1;
    /* The same class under the name by which it also goes. */
    if (PyModule_AddObjectRef(module, "DeedEngine", (PyObject *)state->graph_type) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "__version__", deed_version());
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->session_type);
    Py_VISIT(state->graph_type);
    Py_VISIT(state->transaction_type);
    Py_VISIT(state->ids_type);
    Py_VISIT(state->reached_type);
    Py_VISIT(state->scan_type);
    Py_VISIT(state->arrow_scan_type);
    Py_VISIT(state->duration_type);
    Py_VISIT(state->temporal_type);
    Py_VISIT(state->change_type);
    Py_VISIT(state->change_record_type);
    Py_VISIT(state->feed_type);
    Py_VISIT(state->backup_type);
    Py_VISIT(state->finding_type);
    Py_VISIT(state->integrity_report_type);
    Py_VISIT(state->statement_type);
    Py_VISIT(state->result_type);
    Py_VISIT(state->node_type);
    Py_VISIT(state->relationship_type);
    Py_VISIT(state->path_type);
    Py_VISIT(state->deed_error);
    Py_VISIT(state->exceptions);
    Py_VISIT(state->forked);
    Py_VISIT(state->array_type);
    Py_VISIT(state->decimal_type);
    Py_VISIT(state->zone_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->session_type);
    Py_CLEAR(state->graph_type);
    Py_CLEAR(state->transaction_type);
    Py_CLEAR(state->ids_type);
    Py_CLEAR(state->reached_type);
    Py_CLEAR(state->scan_type);
    Py_CLEAR(state->arrow_scan_type);
    Py_CLEAR(state->duration_type);
    Py_CLEAR(state->temporal_type);
    Py_CLEAR(state->change_type);
    Py_CLEAR(state->change_record_type);
    Py_CLEAR(state->feed_type);
    Py_CLEAR(state->backup_type);
    Py_CLEAR(state->finding_type);
    Py_CLEAR(state->integrity_report_type);
    Py_CLEAR(state->statement_type);
    Py_CLEAR(state->result_type);
    Py_CLEAR(state->node_type);
    Py_CLEAR(state->relationship_type);
    Py_CLEAR(state->path_type);
    Py_CLEAR(state->deed_error);
    Py_CLEAR(state->exceptions);
    Py_CLEAR(state->forked);
    Py_CLEAR(state->array_type);
    Py_CLEAR(state->decimal_type);
    Py_CLEAR(state->zone_type);
    Py_CLEAR(state->key_id);
    Py_CLEAR(state->key_type);
    Py_CLEAR(state->key_source);
    Py_CLEAR(state->key_target);
    Py_CLEAR(state->key_properties);
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(module_doc,
"The engine of Deed, an embedded graph database, as a thin layer over its C interface.\n\n"
"PyDeedGraph is a store, PyDeedGraph.transaction() gives a Transaction; both have the data methods of Session.\n\n"
"Values are None, bool, int (64 bits), float, str, bytes, date, time, datetime, timedelta, lists, dicts with str keys,\n"
"and embeddings (array.array('f') or one-dimensional float32 arrays). What is stored reads back equal, tuples as lists,\n"
"bytes-likes as bytes, embeddings as array.array('f'); what datetime cannot hold exactly is a Temporal or a Duration.");

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "deed_core",
    .m_doc = module_doc,
    .m_size = sizeof(ModuleState),
    .m_methods = backup_functions,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit_deed_core(void)
{
    return PyModuleDef_Init(&module_definition);
}
