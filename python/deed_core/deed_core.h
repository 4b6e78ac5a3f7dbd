/* deed_core.h - what the files of the extension share.
 *
 * The extension is thin: a method converts its arguments, calls one function of deed.h, and converts the answer.
 * Its rules:
 *
 *  1. Arguments are converted before the engine is called, and everything handed to the engine is kept alive by the
 *     Conversion until the call has returned. Converting may run foreign Python code (`__index__`, `__array__`), so
 *     nothing about the state of a graph or transaction is assumed across it.
 *  2. The GIL is kept for point reads and for writes inside a transaction, which wait for short latches only, and
 *     released (call_begin, call_end) for everything that can wait for the disk or take long.
 *  3. A transaction is for one thread at a time. While one of its calls runs without the GIL it is `busy`, and a call
 *     from another thread is refused.
 *  4. After a fork the child must not touch the engine: session_ready refuses, and deallocators leave handles alone.
 *  5. Objects that hold a session are visited by the garbage collector but not cleared by it: a cycle always goes through
 *     the __dict__ of a subclass of PyDeedGraph and is broken there, and so a deallocator finds its session alive.
 *  6. A function that fails has set a Python exception and returns NULL or -1.
 */
#ifndef DEED_CORE_H
#define DEED_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "deed.h"

/* Values nest at most so deep: a list in a list in a list. The same limit stops lists that contain themselves. */
#define NESTING_MAX 64

/* Stands for a name that the store has never seen: no table has this number. */
#define NUMBER_NONE (UINT32_MAX - 1)

/* ---- Names of attributes (attributes.c) ---------------------------------------------------------------------- */

/* Interned: Python's cache of attributes keeps every new string that it is asked with. */
#define FOR_EACH_ATTRIBUTE(NAME) \
    NAME(arrow_c_array, "__arrow_c_array__") \
    NAME(arrow_c_stream, "__arrow_c_stream__") \
    NAME(array, "__array__") \
    NAME(astimezone, "astimezone") \
    NAME(astype, "astype") \
    NAME(dtype, "dtype") \
    NAME(dumps, "dumps") \
    NAME(key, "key") \
    NAME(loads, "loads") \
    NAME(nanosecond, "nanosecond") \
    NAME(render, "render") \
    NAME(str, "str") \
    NAME(to_arrow, "to_arrow") \
    NAME(to_networkx, "to_networkx") \
    NAME(to_pandas, "to_pandas") \
    NAME(to_polars, "to_polars") \
    NAME(tolist, "tolist") \
    NAME(utcoffset, "utcoffset") \
    NAME(view, "view")

#define DECLARE_NAME(name, text) PyObject *name;
typedef struct Attributes {
    FOR_EACH_ATTRIBUTE(DECLARE_NAME)
} Attributes;
#undef DECLARE_NAME

extern Attributes attributes;

int attributes_init(void); /* once is enough; more do no harm */

/* ---- The module (module.c) ----------------------------------------------------------------------------------- */

typedef struct ModuleState {
    PyTypeObject *session_type;
    PyTypeObject *graph_type;
    PyTypeObject *transaction_type;
    PyTypeObject *ids_type;
    PyTypeObject *reached_type;
    PyTypeObject *scan_type;
    PyTypeObject *arrow_scan_type;
    PyTypeObject *duration_type;
    PyTypeObject *temporal_type;
    PyTypeObject *change_type;
    PyTypeObject *change_record_type;
    PyTypeObject *feed_type;
    PyTypeObject *backup_type;
    PyTypeObject *finding_type;
    PyTypeObject *integrity_report_type;
    PyTypeObject *statement_type;
    PyTypeObject *result_type;
    PyTypeObject *node_type;
    PyTypeObject *relationship_type;
    PyTypeObject *path_type;
    PyObject *deed_error;  /* the root of the exceptions */
    PyObject *exceptions;  /* dict: status -> class */
    PyObject *forked;      /* the class Forked, which no status stands for */
    PyObject *array_type;  /* array.array */
    PyObject *zone_type;   /* zoneinfo.ZoneInfo */
    PyObject *decimal_type; /* decimal.Decimal */
    PyObject *key_id;      /* the keys of a record's dict, interned */
    PyObject *key_type;
    PyObject *key_source;
    PyObject *key_target;
    PyObject *key_properties;
} ModuleState;

/* Any type of this module -> its state. */
ModuleState *module_state_of(PyTypeObject *type);

/* How often this process is a fork of one that had loaded the module: differs between a parent and its child. */
extern uint64_t fork_count;

/* False in a child of a process that has opened a store on disk: RocksDB's threads have not come along. */
bool can_open_stores(void);

/* To be called after a store on disk was opened, or was tried to: lets children of this process exit. */
void store_was_opened(void);

/* The path as the bytes of the file system (owned), or NULL for None, which is a store in memory. (graph.c) */
int parse_path(ModuleState *state, PyObject *object, PyObject **out_bytes);

/* Adds verify, repair and what they return. (integrity.c) */
int integrity_init(PyObject *module, ModuleState *state);

/* ---- Errors (errors.c) --------------------------------------------------------------------------------------- */

int errors_init(PyObject *module, ModuleState *state);

/* Raises the exception of a status with the engine's message, and destroys the error. Returns NULL. */
PyObject *raise_error(ModuleState *state, deed_status status, deed_error *error);

/* Raises the exception of a status with a message of our own. Returns NULL. */
PyObject *raise_status(ModuleState *state, deed_status status, const char *format, ...);

/* ---- Arguments (arguments.c) --------------------------------------------------------------------------------- */

#define ARGUMENTS_MAX 12

/* How a method may be called. `names` has `count` entries; the first `required` must be given, the first `positional`
 * may be given by position, the rest by keyword only. */
typedef struct Signature {
    const char *function;
    Py_ssize_t count;
    Py_ssize_t required;
    Py_ssize_t positional;
    const char *names[ARGUMENTS_MAX];
} Signature;

int parse_arguments_slow(const Signature *signature, PyObject *const *arguments, Py_ssize_t positional,
                         PyObject *keywords, PyObject **values);

/* Sorts the arguments of a vectorcall into `values`, borrowed; what is not given is NULL. */
static inline int
parse_arguments(const Signature *signature, PyObject *const *arguments, Py_ssize_t positional, PyObject *keywords,
                PyObject **values)
{
    if (keywords != NULL || positional < signature->required || positional > signature->positional)
        return parse_arguments_slow(signature, arguments, positional, keywords, values);
    for (Py_ssize_t i = 0; i < signature->count; i++)
        values[i] = i < positional ? arguments[i] : NULL;
    return 0;
}

int parse_id(ModuleState *state, PyObject *object, uint64_t *out_id);
int parse_direction(ModuleState *state, PyObject *object, deed_direction *out_direction); /* NULL: DEED_OUT */
int parse_depth(ModuleState *state, PyObject *object, uint32_t *out_depth);               /* NULL, None: no limit */
int parse_flag(PyObject *object, bool *out_flag);                                         /* NULL: false */

/* ---- Progress (progress.c) ----------------------------------------------------------------------------------- */

/* What the engine's progress callback works with; it runs on the calling thread, which has released the GIL. */
typedef struct Progress {
    PyObject *callable; /* or NULL */
    PyThreadState *thread; /* of call_begin, to be given to call_end */
    int64_t next_report; /* monotonic clock, nanoseconds */
    uint64_t last_done;
    PyObject *error_type; /* what the callback raised, until the engine has returned */
    PyObject *error_value;
    PyObject *error_trace;
} Progress;

int parse_progress(ModuleState *state, PyObject *object, Progress *progress); /* NULL, None: none */

/* A deed_progress; its user_data is the Progress. */
bool on_progress(void *user_data, uint64_t done, uint64_t total);

/* Raises again what the callable or a signal has raised; false if nothing. */
bool progress_raise(Progress *progress);

/* ---- Change feed and backups (feed.c, backup.c) ---------------------------------------------------------------- */

struct GraphObject;

extern PyStructSequence_Desc change_desc;
extern PyStructSequence_Desc backup_desc;
extern PyType_Spec change_record_spec;
extern PyType_Spec feed_spec;
extern PyMethodDef backup_functions[];

#define GRAPH_METHOD(name) \
    PyObject *graph_##name(struct GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)

GRAPH_METHOD(changes);
GRAPH_METHOD(apply);
GRAPH_METHOD(retain_log);
GRAPH_METHOD(backup);
GRAPH_METHOD(export_checkpoint);
PyObject *graph_state_digest(struct GraphObject *self, PyObject *ignored);

/* None and NULL leave the amounts alone; math.inf is all. */
int parse_retention(ModuleState *state, PyObject *bytes, PyObject *seconds, uint64_t *out_bytes, uint64_t *out_seconds);

/* ---- Names (names.c) ----------------------------------------------------------------------------------------- */

typedef struct NameSlot {
    PyObject *name; /* owned; NULL: free */
    Py_hash_t hash;
    uint32_t number;
} NameSlot;

/* The names of one kind that this graph has used: text -> number by open addressing, number -> text by index. */
typedef struct NameTable {
    NameSlot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t used;
    PyObject **texts; /* owned; NULL: not asked for yet */
    uint32_t text_count;
} NameTable;

void names_clear(NameTable *table);

/* ---- Sessions (session.c, graph.c, transaction.c) ------------------------------------------------------------ */

struct GraphObject;

/* What a graph and a transaction have in common, and what the data methods work on. */
typedef struct SessionObject {
    PyObject_HEAD
    ModuleState *state;            /* lives as long as the type */
    struct GraphObject *graph;     /* a graph's own address, not owned; a transaction's graph, owned */
    deed_transaction *transaction; /* NULL in a graph: every call commits by itself */
    bool busy;                     /* a call on this transaction runs without the GIL */
    bool ended;                    /* the transaction was committed, rolled back or prepared */
    bool waits;                    /* its statements may wait for other transactions */
    PyObject *weak_references;
} SessionObject;

#define BUFFERS_MAX 8

typedef struct GraphObject {
    SessionObject session;
    deed_database *database; /* NULL until __init__ has opened it */
    bool on_disk;
    bool read_only;
    bool opening;
    bool closed;
    uint64_t fork_count; /* of the process that opened it */
    PyObject *path;      /* str, or None in memory */
    NameTable names[3];  /* by deed_name_kind */
    deed_buffer *buffers[BUFFERS_MAX]; /* not in use */
    int buffer_count;
    PyObject *statements; /* dict: text -> capsule of a deed_statement that is not in use; NULL before the first */
} GraphObject;

/* The number of a name, which it gets now if it has none. */
int name_intern(SessionObject *session, deed_name_kind kind, PyObject *name, uint32_t *out_number);

/* The number of a name, or NUMBER_NONE if the store does not know it; DEED_ANY for NULL and None. */
int name_find(SessionObject *session, deed_name_kind kind, PyObject *name, uint32_t *out_number);

/* The name behind a number, borrowed. */
PyObject *name_text(SessionObject *session, deed_name_kind kind, uint32_t number);

/* Whether the engine may be called: raises Closed, Forked, or InvalidArgument (in use by another thread) otherwise. */
int session_ready_slow(SessionObject *session);

static inline int
session_ready(SessionObject *session)
{
    GraphObject *graph = session->graph;
    if (graph->database == NULL || graph->closed || session->busy || graph->fork_count != fork_count)
        return session_ready_slow(session);
    return 0;
}

/* Whether a handle that this process may destroy is behind the graph. */
static inline bool
graph_is_ours(const GraphObject *graph)
{
    return graph->fork_count == fork_count;
}

/* Whether a write through this session can wait for the disk or for other transactions. */
static inline bool
write_may_block(const SessionObject *session)
{
    return session->waits || (session->transaction == NULL && session->graph->on_disk);
}

/* Releases the GIL if `may_block`, and takes it again. Between the two no Python object may be touched. */
static inline PyThreadState *
call_begin(SessionObject *session, bool may_block)
{
    if (!may_block)
        return NULL;
    session->busy = session->transaction != NULL;
    return PyEval_SaveThread();
}

static inline void
call_end(SessionObject *session, PyThreadState *thread)
{
    if (thread == NULL)
        return;
    PyEval_RestoreThread(thread);
    session->busy = false;
}

/* A buffer of the graph for one call; buffer_return makes it available again. */
deed_buffer *buffer_take(SessionObject *session);
void buffer_return(SessionObject *session, deed_buffer *buffer);

/* Records as dictionaries: {"id", "type", "properties"}, and "source" and "target" for relationships. */
PyObject *record_to_python(SessionObject *session, const deed_record *record, deed_kind kind);

extern PyType_Spec session_spec;
extern PyType_Spec graph_spec;
extern PyType_Spec transaction_spec;

PyObject *transaction_begin(GraphObject *graph, const deed_transaction_options *options);

/* What a graph can be opened with (options.c). parse_whole: a whole number within bounds, or None. */
int parse_durability(ModuleState *state, PyObject *object, int32_t *out_durability);
int parse_memory_limit(ModuleState *state, PyObject *object, uint64_t *out_limit);
int parse_whole(ModuleState *state, const char *name, PyObject *object, unsigned long long least, unsigned long long most,
                unsigned long long *out_value);
/* 'fail' or 'wait' as a deed_on_conflict, and seconds, None being no limit; NULL leaves a value as it is. */
int parse_conflict_policy(ModuleState *state, PyObject *on_conflict, PyObject *timeout, int32_t *out_on_conflict,
                          double *out_timeout);

/* Two-phase commit (prepared.c). */
PyObject *transaction_prepare(SessionObject *self, PyObject *gid);
PyObject *graph_commit_prepared(GraphObject *self, PyObject *gid);
PyObject *graph_rollback_prepared(GraphObject *self, PyObject *gid);
PyObject *graph_list_prepared(GraphObject *self, PyObject *ignored);
PyObject *graph_catch_up(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);

/* ---- Values (values_in.c, values_out.c, datetimes.c) --------------------------------------------------------- */

#define KEPT_INLINE 24
#define PROPERTIES_INLINE 12

/* What the values of one call need until the engine has read them: references, buffers, and memory for lists and maps.
 * It lies on the C stack and allocates nothing for a record of a few plain values. */
typedef struct Conversion {
    ModuleState *state;
    struct Block *blocks;      /* memory of lists, maps and long property lists */
    struct HeldBuffer *buffers;
    PyObject **kept;
    size_t kept_count;
    size_t kept_capacity;
    bool ran_foreign_code;     /* so that a dictionary may have changed under the loop over it */
    deed_property *properties;
    size_t property_count;
    PyObject *kept_inline[KEPT_INLINE];
    deed_property properties_inline[PROPERTIES_INLINE];
} Conversion;

void conversion_begin(Conversion *conversion, ModuleState *state);
void conversion_end(Conversion *conversion);

/* Takes over a new reference (NULL is passed on as failure) until conversion_end. */
int conversion_keep(Conversion *conversion, PyObject *object);
void *conversion_allocate(Conversion *conversion, size_t size);

/* One value; the caller keeps `object` alive until conversion_end. */
int convert_value(Conversion *conversion, PyObject *object, deed_value *out_value, int depth);
int convert_datetime_value(Conversion *conversion, PyObject *object, deed_value *out_value); /* 1: not one of them */

/* A mapping of str to value (NULL and None: none) into conversion->properties. */
int convert_properties(Conversion *conversion, SessionObject *session, PyObject *mapping);

/* UTF-8 of a str, borrowed from it. Raises InvalidArgument on lone surrogates. */
const char *text_of(ModuleState *state, PyObject *string, size_t *out_size);

PyObject *value_to_python(ModuleState *state, const deed_value *value);
PyObject *utc_from_microseconds(int64_t microseconds); /* a datetime in UTC */
int microseconds_from_datetime(ModuleState *state, PyObject *datetime, int64_t *out_microseconds); /* with a zone */
PyObject *datetime_value_to_python(ModuleState *state, const deed_value *value);
PyObject *float_array_new(ModuleState *state, const float *items, size_t count);
int datetimes_init(void);

/* ---- Small types (duration.c, temporal.c, ids.c, reached.c) -------------------------------------------------- */

extern PyType_Spec duration_spec;
extern PyType_Spec temporal_spec;
extern PyType_Spec ids_spec;
extern PyType_Spec reached_spec;

PyObject *duration_new(ModuleState *state, int64_t months, int64_t days, int64_t seconds, int32_t nanoseconds);
void duration_value(PyObject *duration, deed_value *out_value);
PyObject *temporal_new(ModuleState *state, const deed_value *value);
int temporal_value(ModuleState *state, PyObject *temporal, deed_value *out_value);

PyObject *ids_copy(ModuleState *state, const uint64_t *items, size_t count);
PyObject *ids_adopt(ModuleState *state, deed_ids *ids); /* destroys it with the object, or now on failure */
PyObject *reached_adopt(ModuleState *state, deed_ids *ids);

/* ---- Arrow (capsules.c; bulk loads: columns.h) -------------------------------------------------------- */

/* Capsules that own an Arrow struct, taken out of *source. */
PyObject *capsule_of_schema(struct ArrowSchema *source);
PyObject *capsule_of_array(struct ArrowArray *source);
PyObject *capsule_of_stream(struct ArrowArrayStream *source);

/* Moves the struct out of what `object.__arrow_c_...__()` returns. */
int take_stream(PyObject *object, struct ArrowArrayStream *out_stream);
int take_array(PyObject *object, struct ArrowSchema *out_schema, struct ArrowArray *out_array);

/* ---- Scans (scan.c, arrow_scan.c) ---------------------------------------------------------------------------- */

extern PyType_Spec scan_spec;
extern PyType_Spec arrow_scan_spec;

/* ---- The data methods, one table in session.c ---------------------------------------------------------------- */

#define METHOD(name) \
    PyObject *session_##name(SessionObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)

METHOD(add_entity);
METHOD(get_entity);
METHOD(update_entity);
METHOD(delete_entity);
METHOD(add_edge);
METHOD(get_edge);
METHOD(update_edge);
METHOD(delete_edge);
METHOD(get_outgoing_neighbors);
METHOD(get_incoming_neighbors);
METHOD(neighbor_ids);
METHOD(degree);
METHOD(traverse);
METHOD(count_reachable);
METHOD(strongest_neighbors);
METHOD(scan_collection);
METHOD(iterate_collection);
METHOD(scan_edges);
METHOD(iterate_edges);
METHOD(scan_arrow);
METHOD(add_entities);
METHOD(add_edges);
METHOD(find);
METHOD(find_range);
METHOD(execute);
METHOD(sql);
METHOD(cypher);
METHOD(prepare);

/* ---- Queries (query.c, result.c, elements.c) ------------------------------------------------------------------- */

extern PyType_Spec statement_spec;
extern PyType_Spec result_spec;
extern PyType_Spec node_spec;
extern PyType_Spec relationship_spec;
extern PyType_Spec path_spec;

PyObject *counters_to_python(const deed_changes_made *made);
PyObject *result_adopt(SessionObject *session, deed_result *handle); /* destroys it with the object, or now on failure */
PyObject *graph_value_to_python(ModuleState *state, const deed_value *value); /* a node, a relationship or a path */
GRAPH_METHOD(register_procedure);

PyObject *statement_text(SessionObject *session, PyObject *object); /* a str, of a str or bytes */

/* The methods of a graph about plans and reports (plans.c). */
PyObject *graph_drain_reports(struct GraphObject *self, PyObject *ignored);
PyObject *graph_execution_plans(struct GraphObject *self, PyObject *ignored);
GRAPH_METHOD(explain_plan);
GRAPH_METHOD(plan_space);
GRAPH_METHOD(set_execution_plan);
GRAPH_METHOD(clear_execution_plan);

/* A deed_keep_going: lets handlers of signals run, called without the GIL, and stops if one raised. */
bool keep_going(void *user_data);

/* The methods of a graph about its indexes (indexes.c). */
PyObject *graph_create_index(struct GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
PyObject *graph_drop_index(struct GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
PyObject *graph_indexes(struct GraphObject *self, PyObject *ignored);

/* The methods of a graph about its constraints (constraints.c). */
PyObject *graph_create_constraint(struct GraphObject *self, PyObject *arguments, PyObject *keywords);
PyObject *graph_drop_constraint(struct GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
PyObject *graph_constraints(struct GraphObject *self, PyObject *ignored);

#define METHOD_ENTRY(prefix, name, documentation) \
    {#name, (PyCFunction)(void (*)(void))prefix##_##name, METH_FASTCALL | METH_KEYWORDS, documentation}

#endif
