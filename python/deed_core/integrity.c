/* integrity.c - verify() and repair(): functions of the module, for stores that no graph has open. */
#include "deed_core.h"

static PyStructSequence_Field finding_fields[] = {
    {"severity", "'note', 'warning' (something is damaged, but no data) or 'error' (data is lost or wrong)."},
    {"place", "A file, or rows of a table."},
    {"message", "What is wrong there."},
    {"lost", "What is lost, in words; empty if nothing is."},
    {NULL, NULL},
};

static PyStructSequence_Desc finding_desc = {
    "deed_core.Finding", "One line of an IntegrityReport.", finding_fields, 4,
};

static PyStructSequence_Field report_fields[] = {
    {"ok", "True if no finding is more than a note."},
    {"findings", "A list of Finding."},
    {"kept", "The directory that has the store as it was before a repair, or None."},
    {NULL, NULL},
};

static PyStructSequence_Desc integrity_report_desc = {
    "deed_core.IntegrityReport", "What a verification found, or what a repair did.", report_fields, 3,
};

/* ---- From the engine's report to Python's -------------------------------------------------------------------- */

/* Takes the references of the values, of which some may be NULL, and clears up then. */
static PyObject *
make_record(PyTypeObject *type, PyObject *const *values, Py_ssize_t count)
{
    PyObject *record = PyStructSequence_New(type);
    bool is_complete = record != NULL;
    for (Py_ssize_t i = 0; i < count; i++)
        is_complete = is_complete && values[i] != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (is_complete)
            PyStructSequence_SetItem(record, i, values[i]);
        else
            Py_XDECREF(values[i]);
    }
    if (is_complete)
        return record;
    Py_XDECREF(record);
    return NULL;
}

static PyObject *
make_finding(ModuleState *state, const deed_finding *finding)
{
    static const char *const severities[] = {"note", "warning", "error"};
    PyObject *values[] = {
        PyUnicode_FromString(severities[finding->severity]),
        PyUnicode_FromString(finding->place),
        PyUnicode_FromString(finding->message),
        PyUnicode_FromString(finding->lost),
    };
    return make_record(state->finding_type, values, 4);
}

static PyObject *
make_report(ModuleState *state, const deed_report *report)
{
    size_t count = deed_report_count(report);
    PyObject *findings = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; findings != NULL && i < count; i++) {
        PyObject *finding = make_finding(state, deed_report_finding(report, i));
        if (finding == NULL)
            Py_CLEAR(findings);
        else
            PyList_SET_ITEM(findings, (Py_ssize_t)i, finding);
    }
    const char *kept = deed_report_kept(report);
    PyObject *values[] = {
        PyBool_FromLong(deed_report_ok(report)),
        findings,
        kept[0] != '\0' ? PyUnicode_DecodeFSDefault(kept) : Py_NewRef(Py_None),
    };
    return make_record(state->integrity_report_type, values, 3);
}

/* ---- The functions ------------------------------------------------------------------------------------------- */

static PyObject *
run(ModuleState *state, PyObject *path, PyObject *callable, bool is_repair, bool keep)
{
    Progress progress = {0};
    PyObject *bytes = NULL, *result = NULL;
    if (path == Py_None)
        return raise_status(state, DEED_TYPE_MISMATCH, "a path is a str, bytes or os.PathLike, not None");
    if (parse_progress(state, callable, &progress) < 0 || parse_path(state, path, &bytes) < 0)
        return NULL;
    if (!can_open_stores()) {
        Py_DECREF(bytes);
        PyErr_SetString(state->forked, "this process was forked from one that has opened stores on disk");
        return NULL;
    }
    deed_report *report = NULL;
    deed_error *error = NULL;
    deed_status status;
    const char *text = PyBytes_AS_STRING(bytes);
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    progress.thread = PyEval_SaveThread();
    if (is_repair)
        status = deed_repair(text, size, keep, on_progress, &progress, &report, &error);
    else
        status = deed_verify(text, size, on_progress, &progress, &report, &error);
    PyEval_RestoreThread(progress.thread);
    store_was_opened();
    if (progress.error_type != NULL) {
        deed_error_destroy(error);
        PyErr_Restore(progress.error_type, progress.error_value, progress.error_trace);
    } else if (status != DEED_OK) {
        raise_error(state, status, error);
    } else {
        result = make_report(state, report);
    }
    deed_report_destroy(report);
    Py_DECREF(bytes);
    return result;
}

static PyObject *
verify(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"path", "progress", NULL};
    PyObject *path, *progress = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|$O:verify", names, &path, &progress))
        return NULL;
    return run(PyModule_GetState(module), path, progress, false, true);
}

static PyObject *
repair(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"path", "backup", "progress", NULL};
    PyObject *path, *progress = Py_None;
    int backup = 1;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|$pO:repair", names, &path, &backup, &progress))
        return NULL;
    return run(PyModule_GetState(module), path, progress, true, backup != 0);
}

PyDoc_STRVAR(verify_doc,
"verify($module, path, *, progress=None)\n--\n\n"
"Check everything about a store without changing it; returns an IntegrityReport.\n\n"
"Parameters\n----------\n"
"path : str, bytes or os.PathLike\n    The directory of the store. It may be open elsewhere: its state at the beginning is checked.\n"
"progress : callable, optional\n    Called now and then with what is done and the whole, in units of work; False stops.\n\n"
"Raises\n------\nStorageError\n    There is no store to look at. A damaged one is no error.\nInterrupted\n    The callable said so.\n\n"
"Notes\n-----\nThe checksum of every file, the log, every row and its ends, counts, and each adjacency list against the\n"
"relationships. O(everything).");

PyDoc_STRVAR(repair_doc,
"repair($module, path, *, backup=True, progress=None)\n--\n\n"
"Make a good store of what can be read of a damaged one; returns an IntegrityReport of what was done and lost.\n\n"
"Parameters\n----------\n"
"path : str, bytes or os.PathLike\n    The directory of the store, which nobody may have open.\n"
"backup : bool\n    Keep the store as it was, in the directory `kept` of the report. Without, what could not be read is gone for good.\n"
"progress : callable, optional\n    As for verify().\n\n"
"Raises\n------\nStoreLocked\n    The store is open.\nCorruption\n    Nothing can be saved.\nInterrupted\n    The callable said so.\n\n"
"Notes\n-----\nTakes as much disk again as the store has. On an error the store is as it was. O(everything).");

static PyMethodDef integrity_functions[] = {
    {"verify", (PyCFunction)(void (*)(void))verify, METH_VARARGS | METH_KEYWORDS, verify_doc},
    {"repair", (PyCFunction)(void (*)(void))repair, METH_VARARGS | METH_KEYWORDS, repair_doc},
    {NULL, NULL, 0, NULL},
};

int
integrity_init(PyObject *module, ModuleState *state)
{
    state->finding_type = PyStructSequence_NewType(&finding_desc);
    state->integrity_report_type = PyStructSequence_NewType(&integrity_report_desc);
    if (state->finding_type == NULL || state->integrity_report_type == NULL)
        return -1;
    if (PyModule_AddType(module, state->finding_type) < 0 || PyModule_AddType(module, state->integrity_report_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, integrity_functions);
}
