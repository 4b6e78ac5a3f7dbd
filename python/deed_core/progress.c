/* progress.c - reports of long work to a callable of the caller's, and Ctrl-C meanwhile. */
#include "deed_core.h"

#include <time.h>

/* False if the callable says so or raises, or if a signal handler raises: Ctrl-C stops a load. */
static bool
report(Progress *progress, uint64_t done, uint64_t total)
{
    if (PyErr_CheckSignals() < 0)
        return false;
    if (progress->callable == NULL)
        return true;
    PyObject *answer = PyObject_CallFunction(progress->callable, "KK", (unsigned long long)done, (unsigned long long)total);
    bool go_on = answer != NULL && answer != Py_False;
    Py_XDECREF(answer);
    return go_on;
}

/* Whether it is time to report: at first, at the end, and now and then. Each report waits for the GIL, which threads that
 * keep Python busy give up only every few milliseconds. */
static bool
is_report_due(Progress *progress, uint64_t done, uint64_t total)
{
    const int64_t interval = 50 * 1000000;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    bool is_end = done == total && progress->last_done != total;
    if (!is_end && nanoseconds < progress->next_report)
        return false;
    progress->next_report = nanoseconds + interval;
    progress->last_done = done;
    return true;
}

bool
on_progress(void *user_data, uint64_t done, uint64_t total)
{
    Progress *progress = user_data;
    if (!is_report_due(progress, done, total))
        return true;
    PyEval_RestoreThread(progress->thread);
    bool go_on = report(progress, done, total);
    if (PyErr_Occurred()) /* kept aside, as releasing the stream may run Python code */
        PyErr_Fetch(&progress->error_type, &progress->error_value, &progress->error_trace);
    progress->thread = PyEval_SaveThread();
    return go_on;
}

int
parse_progress(ModuleState *state, PyObject *object, Progress *progress)
{
    if (object == NULL || object == Py_None)
        return 0;
    if (!PyCallable_Check(object)) {
        raise_status(state, DEED_TYPE_MISMATCH, "progress is a callable or None, not %.100s", Py_TYPE(object)->tp_name);
        return -1;
    }
    progress->callable = object;
    return 0;
}

bool
progress_raise(Progress *progress)
{
    if (progress->error_type == NULL)
        return false;
    PyErr_Restore(progress->error_type, progress->error_value, progress->error_trace);
    progress->error_type = NULL;
    return true;
}
