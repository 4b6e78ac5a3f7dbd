/* backup.c - backups, restoring them, and checkpoints for replicas to start from. */
#include "deed_core.h"

static PyStructSequence_Field backup_fields[] = {
    {"id", "1 and up in the order of the backups of a directory"},
    {"sequence", "the last commit in it"},
    {"time", "when it was begun: a datetime in UTC"},
    {"size", "bytes of its files, those shared with other backups included"},
    {"has_log", "whether the directory has each commit between the backup before and this one"},
    {NULL},
};

PyStructSequence_Desc backup_desc = {
    .name = "deed_core.Backup",
    .doc = "A backup in a directory.",
    .fields = backup_fields,
    .n_in_sequence = 5,
};

static PyObject *
backup_to_python(ModuleState *state, const deed_backup_info *info)
{
    PyObject *tuple = PyStructSequence_New(state->backup_type);
    if (tuple == NULL)
        return NULL;
    PyStructSequence_SetItem(tuple, 0, PyLong_FromUnsignedLong(info->id));
    PyStructSequence_SetItem(tuple, 1, PyLong_FromUnsignedLongLong(info->sequence));
    PyStructSequence_SetItem(tuple, 2, utc_from_microseconds(info->time));
    PyStructSequence_SetItem(tuple, 3, PyLong_FromUnsignedLongLong(info->size));
    PyStructSequence_SetItem(tuple, 4, PyBool_FromLong(info->has_log));
    for (Py_ssize_t i = 0; i < 5; i++) {
        if (PyStructSequence_GetItem(tuple, i) == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
    }
    return tuple;
}

/* As parse_path, for a path that must be given. */
static int
parse_required_path(ModuleState *state, PyObject *object, PyObject **out_bytes)
{
    if (object != Py_None)
        return parse_path(state, object, out_bytes);
    raise_status(state, DEED_TYPE_MISMATCH, "a path is a str, bytes or os.PathLike, not None");
    return -1;
}

/* ---- Methods of the graph -------------------------------------------------------------------------------------- */

PyObject *
graph_backup(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"backup", 3, 1, 1, {"directory", "keep", "progress"}};
    ModuleState *state = self->session.state;
    PyObject *values[3], *directory;
    uint64_t keep = 0;
    Progress progress = {0};
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_progress(state, values[2], &progress) < 0)
        return NULL;
    if (values[1] != NULL && values[1] != Py_None &&
        (parse_id(state, values[1], &keep) < 0 || keep == 0 || keep > UINT32_MAX))
        return PyErr_Occurred() ? NULL
                                : raise_status(state, DEED_INVALID_ARGUMENT, "keep is at least 1, not %R", values[1]);
    if (parse_required_path(state, values[0], &directory) < 0)
        return NULL;
    PyObject *result = NULL;
    if (session_ready(&self->session) == 0) {
        deed_backup_info info;
        deed_error *error = NULL;
        progress.thread = call_begin(&self->session, true);
        deed_status status = deed_backup(self->database, PyBytes_AS_STRING(directory), (size_t)PyBytes_GET_SIZE(directory),
                                         (uint32_t)keep, on_progress, &progress, &info, &error);
        call_end(&self->session, progress.thread);
        if (progress_raise(&progress))
            deed_error_destroy(error);
        else
            result = status == DEED_OK ? backup_to_python(state, &info) : raise_error(state, status, error);
    }
    Py_DECREF(directory);
    return result;
}

PyObject *
graph_export_checkpoint(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"export_checkpoint", 1, 1, 1, {"directory"}};
    ModuleState *state = self->session.state;
    PyObject *values[1], *directory;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_required_path(state, values[0], &directory) < 0)
        return NULL;
    PyObject *result = NULL;
    if (session_ready(&self->session) == 0) {
        uint64_t sequence;
        deed_error *error = NULL;
        PyThreadState *thread = call_begin(&self->session, true);
        deed_status status = deed_export_checkpoint(self->database, PyBytes_AS_STRING(directory),
                                                    (size_t)PyBytes_GET_SIZE(directory), &sequence, &error);
        call_end(&self->session, thread);
        result = status == DEED_OK ? PyLong_FromUnsignedLongLong(sequence) : raise_error(state, status, error);
    }
    Py_DECREF(directory);
    return result;
}

/* ---- Functions of the module ----------------------------------------------------------------------------------- */

static bool
may_open_stores(ModuleState *state)
{
    if (can_open_stores())
        return true;
    PyErr_SetString(state->forked, "a process forked from one that had a store open cannot open stores: "
                                   "start it afresh, as multiprocessing does with 'spawn'");
    return false;
}

static PyObject *
list_backups(ModuleState *state, const char *directory, size_t size)
{
    deed_backup_info *infos = NULL;
    size_t capacity = 0, count = 0;
    deed_error *error = NULL;
    deed_status status;
    PyObject *list = NULL;
    do {
        capacity = count;
        deed_backup_info *grown = PyMem_Realloc(infos, (capacity + 1) * sizeof *infos);
        if (grown == NULL) {
            PyErr_NoMemory();
            goto done;
        }
        infos = grown;
        Py_BEGIN_ALLOW_THREADS
        status = deed_backups(directory, size, infos, capacity, &count, &error);
        Py_END_ALLOW_THREADS
        if (status != DEED_OK) {
            raise_error(state, status, error);
            goto done;
        }
    } while (count > capacity);
    list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *backup = backup_to_python(state, &infos[i]);
        if (backup == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, backup);
    }
done:
    PyMem_Free(infos);
    return list;
}

static PyObject *
module_backups(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"backups", 1, 1, 1, {"directory"}};
    ModuleState *state = PyModule_GetState(module);
    PyObject *values[1], *directory;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_required_path(state, values[0], &directory) < 0)
        return NULL;
    PyObject *list = list_backups(state, PyBytes_AS_STRING(directory), (size_t)PyBytes_GET_SIZE(directory));
    Py_DECREF(directory);
    return list;
}

/* until: a sequence number or a datetime. */
static int
parse_until(ModuleState *state, PyObject *object, deed_restore_options *options)
{
    if (object == NULL || object == Py_None)
        return 0;
    if (!PyLong_Check(object))
        return microseconds_from_datetime(state, object, &options->until_time);
    if (parse_id(state, object, &options->until_sequence) < 0)
        return -1;
    if (options->until_sequence > 0)
        return 0;
    raise_status(state, DEED_INVALID_ARGUMENT, "until is the number of a commit, 1 and up, or a datetime");
    return -1;
}

/* Runs deed_restore with paths that the caller owns. */
static PyObject *
restore(ModuleState *state, PyObject *directory, PyObject *path, const deed_restore_options *options)
{
    uint64_t sequence;
    deed_error *error = NULL;
    deed_status status;
    Py_BEGIN_ALLOW_THREADS
    status = deed_restore(PyBytes_AS_STRING(directory), (size_t)PyBytes_GET_SIZE(directory), PyBytes_AS_STRING(path),
                          (size_t)PyBytes_GET_SIZE(path), options, &sequence, &error);
    Py_END_ALLOW_THREADS
    store_was_opened();
    return status == DEED_OK ? PyLong_FromUnsignedLongLong(sequence) : raise_error(state, status, error);
}

static PyObject *
module_restore(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"restore", 5, 2, 2, {"directory", "path", "backup", "until", "log"}};
    ModuleState *state = PyModule_GetState(module);
    PyObject *values[5], *directory = NULL, *path = NULL, *log = NULL, *result = NULL;
    uint64_t backup = 0;
    deed_restore_options options;
    deed_restore_options_init(&options);
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || parse_until(state, values[3], &options) < 0 ||
        !may_open_stores(state))
        return NULL;
    if (values[2] != NULL && values[2] != Py_None && parse_id(state, values[2], &backup) < 0)
        return NULL;
    options.backup = backup > UINT32_MAX ? UINT32_MAX : (uint32_t)backup;
    /* A backup that is asked for by its number alone is wanted as it is. */
    options.only_backup = backup != 0 && options.until_sequence == 0 && options.until_time == 0;
    if (parse_required_path(state, values[0], &directory) == 0 && parse_required_path(state, values[1], &path) == 0 &&
        parse_path(state, values[4] != NULL ? values[4] : Py_None, &log) == 0) {
        if (log != NULL) {
            options.log = PyBytes_AS_STRING(log);
            options.log_size = (size_t)PyBytes_GET_SIZE(log);
        }
        result = restore(state, directory, path, &options);
    }
    Py_XDECREF(directory);
    Py_XDECREF(path);
    Py_XDECREF(log);
    return result;
}

static PyObject *
module_import_checkpoint(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"import_checkpoint", 2, 2, 2, {"directory", "path"}};
    ModuleState *state = PyModule_GetState(module);
    PyObject *values[2], *directory = NULL, *path = NULL, *result = NULL;
    deed_restore_options options;
    deed_restore_options_init(&options);
    options.only_backup = true;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 || !may_open_stores(state))
        return NULL;
    if (parse_required_path(state, values[0], &directory) == 0 && parse_required_path(state, values[1], &path) == 0)
        result = restore(state, directory, path, &options);
    Py_XDECREF(directory);
    Py_XDECREF(path);
    return result;
}

PyMethodDef backup_functions[] = {
    METHOD_ENTRY(module, backups,
"backups($module, directory)\n--\n\nThe backups in a directory, oldest first, as a list of Backup."),
    METHOD_ENTRY(module, restore,
"restore($module, directory, path, *, backup=None, until=None, log=None)\n--\n\n"
"Make a store of a backup and the commits after it. Every byte is checked; on failure nothing is left at `path`.\n\n"
"Parameters\n----------\ndirectory : str, bytes or os.PathLike\n    Where the backups are.\n"
"path : str, bytes or os.PathLike\n    Where there is nothing yet.\n"
"backup : int, optional\n    The id of a backup; by default the newest one that is not beyond `until`.\n"
"until : int or datetime, optional\n    The last commit that is wanted, by its number or by the time of commits.\n"
"log : str, bytes or os.PathLike, optional\n"
"    The store itself, if it is still there: commits after the last backup come from its log.\n\n"
"Returns\n-------\nint\n    The sequence number of the last commit in the store.\n\n"
"Raises\n------\nNotFound\n    There is no such backup, or none old enough.\n"
"NotRetained\n    A commit on the way to `until` is neither in the directory nor in the log.\n"
"Corruption\n    A file is damaged.\n"),
    METHOD_ENTRY(module, import_checkpoint,
"import_checkpoint($module, directory, path)\n--\n\n"
"Make a store at `path` of what PyDeedGraph.export_checkpoint wrote; its sequence number."),
    {NULL},
};
