/* graph.c - deed_core.PyDeedGraph: opening and closing a store, and what concerns the store as a whole. The data methods
 * are inherited from Session. */
#include "deed_core.h"

/* ---- Opening and closing ------------------------------------------------------------------------------------- */

/* Opens the database without the GIL. `opening` keeps a second __init__ out meanwhile. */
static int
graph_open(GraphObject *self, PyObject *path_bytes, const deed_options *options)
{
    ModuleState *state = self->session.state;
    const char *path = path_bytes != NULL ? PyBytes_AS_STRING(path_bytes) : NULL;
    size_t path_size = path_bytes != NULL ? (size_t)PyBytes_GET_SIZE(path_bytes) : 0;
    deed_database *database;
    deed_error *error = NULL;
    deed_status status;
    if (path != NULL && !can_open_stores()) {
        PyErr_SetString(state->forked, "a process forked from one that had a store open cannot open stores: "
                                       "start it afresh, as multiprocessing does with 'spawn'");
        return -1;
    }
    self->opening = true;
    Py_BEGIN_ALLOW_THREADS
    status = deed_database_open(path, path_size, options, &database, &error);
    Py_END_ALLOW_THREADS
    self->opening = false;
    if (path != NULL)
        store_was_opened();
    if (status != DEED_OK) {
        raise_error(state, status, error);
        return -1;
    }
    self->on_disk = path != NULL;
    self->read_only = options->read_only;
    self->session.waits = options->on_conflict == DEED_WAIT;
    self->fork_count = fork_count;
    self->database = database;
    return 0;
}

static PyObject *
graph_new(PyTypeObject *type, PyObject *Py_UNUSED(arguments), PyObject *Py_UNUSED(keywords))
{
    GraphObject *self = (GraphObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->session.state = module_state_of(type);
    self->session.graph = self;
    self->fork_count = fork_count;
    self->path = Py_NewRef(Py_None);
    if (self->session.state == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int
graph_init(GraphObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"path", "read_only", "memory_limit", "durability", "on_conflict", "timeout",
                            "retain_log_bytes", "retain_log_seconds", "before_images", "replica", "threads",
                            "parallel_rows_min", "query_memory", "temporary_directory", "temporary_limit",
                            "chunk_rows", NULL};
    PyObject *path = Py_None, *memory_limit = Py_None, *durability = NULL, *on_conflict = NULL, *timeout = NULL;
    PyObject *retain_bytes = NULL, *retain_seconds = NULL, *threads = Py_None, *rows_min = Py_None;
    PyObject *query_memory = Py_None, *temporary_directory = Py_None, *temporary_limit = Py_None, *chunk = Py_None;
    int read_only = 0, before_images = 0, replica = 0;
    ModuleState *state = self->session.state;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$pOOOOOOppOOOOOO:PyDeedGraph", names, &path, &read_only,
                                     &memory_limit, &durability, &on_conflict, &timeout, &retain_bytes, &retain_seconds,
                                     &before_images, &replica, &threads, &rows_min, &query_memory,
                                     &temporary_directory, &temporary_limit, &chunk))
        return -1;
    if (self->database != NULL || self->opening) {
        raise_status(state, DEED_INVALID_ARGUMENT, "the graph is open already");
        return -1;
    }
    deed_options options;
    deed_options_init(&options);
    options.read_only = read_only;
    options.create = !read_only;
    options.before_images = before_images;
    options.replica = replica;
    options.keep_waiting = keep_going;
    unsigned long long thread_count = 0, parallel_rows_min = options.parallel_rows_min;
    unsigned long long query_bytes = 0, temporary_bytes = 0, chunk_rows = 0;
    PyObject *bytes, *directory;
    if (parse_durability(state, durability, &options.durability) < 0 ||
        parse_memory_limit(state, memory_limit, &options.memory_limit) < 0 ||
        parse_conflict_policy(state, on_conflict, timeout, &options.on_conflict, &options.conflict_timeout) < 0 ||
        parse_retention(state, retain_bytes, retain_seconds, &options.retain_log_bytes, &options.retain_log_seconds) < 0 ||
        parse_whole(state, "threads", threads, 1, 64, &thread_count) < 0 ||
        parse_whole(state, "parallel_rows_min", rows_min, 0, LLONG_MAX, &parallel_rows_min) < 0 ||
        parse_whole(state, "query_memory", query_memory, 1, LLONG_MAX, &query_bytes) < 0 ||
        parse_whole(state, "temporary_limit", temporary_limit, 1, LLONG_MAX, &temporary_bytes) < 0 ||
        parse_whole(state, "chunk_rows", chunk, 1, 2048, &chunk_rows) < 0 ||
        parse_path(state, temporary_directory, &directory) < 0)
        return -1;
    if (parse_path(state, path, &bytes) < 0) {
        Py_XDECREF(directory);
        return -1;
    }
    options.threads = (uint32_t)thread_count;
    options.parallel_rows_min = parallel_rows_min;
    options.query_memory = query_bytes;
    options.temporary_limit = temporary_bytes;
    options.chunk_rows = (uint32_t)chunk_rows;
    if (directory != NULL) {
        options.temporary_directory = PyBytes_AS_STRING(directory);
        options.temporary_directory_size = (size_t)PyBytes_GET_SIZE(directory);
    }
    PyObject *text = Py_NewRef(Py_None);
    if (bytes != NULL)
        Py_SETREF(text, PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes)));
    int result = text != NULL ? graph_open(self, bytes, &options) : -1;
    if (result == 0)
        Py_SETREF(self->path, Py_NewRef(text));
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    Py_XDECREF(directory);
    return result;
}

static int
graph_traverse(GraphObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void
graph_dealloc(GraphObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->session.weak_references != NULL)
        PyObject_ClearWeakRefs((PyObject *)self);
    if (graph_is_ours(self))
        Py_CLEAR(self->statements);
    if (self->database != NULL && graph_is_ours(self)) {
        for (int i = 0; i < self->buffer_count; i++)
            deed_buffer_destroy(self->buffers[i]);
        Py_BEGIN_ALLOW_THREADS /* it may have to write a checkpoint */
        deed_database_destroy(self->database);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < 3; i++)
        names_clear(&self->names[i]);
    Py_XDECREF(self->path);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyObject *
graph_close(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    deed_error *error = NULL;
    deed_status status = DEED_OK;
    bool to_close = self->database != NULL && !self->closed && graph_is_ours(self);
    self->closed = true;
    if (to_close) {
        Py_BEGIN_ALLOW_THREADS
        status = deed_database_close(self->database, &error);
        Py_END_ALLOW_THREADS
    }
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    Py_RETURN_NONE;
}

static PyObject *
graph_enter(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return session_ready(&self->session) == 0 ? Py_NewRef(self) : NULL;
}

static PyObject *
graph_exit(GraphObject *self, PyObject *const *Py_UNUSED(arguments), Py_ssize_t Py_UNUSED(count))
{
    PyObject *result = graph_close(self, NULL);
    if (result == NULL)
        return NULL;
    Py_DECREF(result);
    Py_RETURN_FALSE;
}

/* ---- The store as a whole ------------------------------------------------------------------------------------ */

static int
parse_isolation(ModuleState *state, PyObject *object, int32_t *out_isolation)
{
    if (object == NULL || (PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, "snapshot") == 0))
        return 0;
    if (PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, "serializable") == 0) {
        *out_isolation = DEED_SERIALIZABLE;
        return 0;
    }
    raise_status(state, DEED_INVALID_ARGUMENT, "isolation is 'snapshot' or 'serializable', not %R", object);
    return -1;
}

static PyObject *
graph_transaction(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"transaction", 4, 0, 0, {"read_only", "isolation", "on_conflict", "timeout"}};
    PyObject *values[4];
    deed_transaction_options options;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    bool read_only;
    if (parse_flag(values[0], &read_only) < 0 || session_ready(&self->session) < 0)
        return NULL;
    deed_transaction_options_init(self->database, &options);
    options.read_only = read_only;
    ModuleState *state = self->session.state;
    if (parse_isolation(state, values[1], &options.isolation) < 0 ||
        parse_conflict_policy(state, values[2], values[3], &options.on_conflict, &options.conflict_timeout) < 0 ||
        session_ready(&self->session) < 0)
        return NULL;
    return transaction_begin(self, &options);
}

/* Runs a call of the engine that takes nothing but the database. */
static PyObject *
graph_run(GraphObject *self, deed_status (*run)(deed_database *, deed_error **))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = run(self->database, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    Py_RETURN_NONE;
}

static PyObject *
graph_checkpoint(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return graph_run(self, deed_checkpoint);
}

static PyObject *
graph_compact(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return graph_run(self, deed_compact);
}

static PyObject *
graph_check(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    char *report;
    size_t size;
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_check(self->database, &report, &size, &error);
    call_end(&self->session, thread);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    PyObject *text = PyUnicode_DecodeUTF8(report, (Py_ssize_t)size, "replace");
    deed_text_destroy(report);
    PyObject *lines = text != NULL ? PyUnicode_Splitlines(text, 0) : NULL;
    Py_XDECREF(text);
    return lines;
}

/* {name: number of rows} of the tables of a kind that have rows. */
static PyObject *
tables_of(GraphObject *self, deed_kind kind, deed_name_kind name_kind)
{
    if (session_ready(&self->session) < 0)
        return NULL;
    PyObject *tables = PyDict_New();
    uint32_t count = deed_name_count(self->database, name_kind);
    for (uint32_t number = 0; tables != NULL && number < count; number++) {
        uint64_t rows = deed_table_count(self->database, kind, number);
        if (rows == 0)
            continue;
        PyObject *name = name_text(&self->session, name_kind, number);
        PyObject *size = name != NULL ? PyLong_FromUnsignedLongLong(rows) : NULL;
        if (size == NULL || PyDict_SetItem(tables, name, size) < 0)
            Py_CLEAR(tables);
        Py_XDECREF(size);
    }
    return tables;
}

static PyObject *
graph_collections(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return tables_of(self, DEED_ENTITY, DEED_COLLECTION);
}

static PyObject *
graph_edge_types(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    return tables_of(self, DEED_RELATIONSHIP, DEED_RELATIONSHIP_TYPE);
}

static PyObject *
statistics_to_python(const deed_statistics *s)
{
    typedef unsigned long long u;
    return Py_BuildValue(
        "{s:K,s:K,s:K,s:K,s:d,s:K,s:{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K},s:{s:K,s:K,s:K,s:K,s:K},s:{s:K,s:K,s:K,s:K,s:K,s:K,s:K},"
        "s:{s:O,s:d,s:K},s:{s:K,s:K}}",
        "entity_count", (u)s->entity_count, "edge_count", (u)s->relationship_count,
        "collection_count", (u)s->collection_count, "edge_type_count", (u)s->relationship_type_count,
        "avg_pheromone", s->average_pheromone, "pheromone_epoch", (u)s->pheromone_epoch,
        "memory", "columns", (u)s->memory_columns, "strings", (u)s->memory_strings, "adjacency", (u)s->memory_adjacency,
        "indexes", (u)s->memory_indexes, "pheromone", (u)s->memory_pheromone, "versions", (u)s->memory_versions,
        "store", (u)s->memory_store,
        "total", (u)s->memory_total, "limit", (u)s->memory_limit,
        "disk", "log", (u)s->disk_log, "segments", (u)s->disk_segments, "adjacency", (u)s->disk_adjacency,
        "indexes", (u)s->disk_indexes, "total", (u)s->disk_total,
        "transactions", "commits", (u)s->commits, "rollbacks", (u)s->rollbacks, "conflicts", (u)s->conflicts,
        "active", (u)s->active_transactions, "last_commit", (u)s->last_commit, "checkpoints", (u)s->checkpoints,
        "checkpoint_mark", (u)s->checkpoint_mark,
        "following", "active", s->is_follower ? Py_True : Py_False, "lag_ms", s->follower_lag_ms,
        "reloads", (u)s->follower_reloads,
        "temporary", "bytes", (u)s->temporary_bytes, "bytes_written", (u)s->temporary_bytes_written);
}

static PyObject *
graph_stats(GraphObject *self, PyObject *Py_UNUSED(ignored))
{
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_statistics statistics = {.struct_size = sizeof statistics};
    deed_error *error = NULL;
    PyThreadState *thread = call_begin(&self->session, true);
    deed_status status = deed_statistics_get(self->database, &statistics, &error);
    call_end(&self->session, thread);
    return status == DEED_OK ? statistics_to_python(&statistics) : raise_error(self->session.state, status, error);
}

/* ---- Pheromone ----------------------------------------------------------------------------------------------- */

static PyObject *
graph_evaporate_pheromones(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"evaporate_pheromones", 1, 0, 1, {"rate"}};
    PyObject *values[1];
    double rate = Py_NAN; /* the engine's default */
    ModuleState *state = self->session.state;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0)
        return NULL;
    if (values[0] != NULL && values[0] != Py_None) {
        rate = PyFloat_AsDouble(values[0]);
        if (rate == -1.0 && PyErr_Occurred())
            return NULL;
        if (!(rate >= 0.0 && rate <= 1.0))
            return raise_status(state, DEED_INVALID_ARGUMENT, "rate is between 0 and 1, not %R", values[0]);
    }
    deed_error *error = NULL;
    if (session_ready(&self->session) < 0)
        return NULL;
    deed_status status = deed_pheromone_evaporate(self->database, rate, &error);
    if (status != DEED_OK)
        return raise_error(state, status, error);
    Py_RETURN_NONE;
}

static PyObject *
graph_pheromone(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"pheromone", 1, 1, 1, {"edge_id"}};
    PyObject *values[1];
    uint64_t id;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_id(self->session.state, values[0], &id) < 0 || session_ready(&self->session) < 0)
        return NULL;
    double level;
    deed_error *error = NULL;
    deed_status status = deed_pheromone_get(self->database, id, &level, &error);
    return status == DEED_OK ? PyFloat_FromDouble(level) : raise_error(self->session.state, status, error);
}

static PyObject *
graph_deposit_pheromone(GraphObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    static const Signature signature = {"deposit_pheromone", 2, 2, 2, {"edge_id", "amount"}};
    PyObject *values[2];
    uint64_t id;
    if (parse_arguments(&signature, arguments, count, keywords, values) < 0 ||
        parse_id(self->session.state, values[0], &id) < 0)
        return NULL;
    double amount = PyFloat_AsDouble(values[1]);
    if ((amount == -1.0 && PyErr_Occurred()) || session_ready(&self->session) < 0)
        return NULL;
    deed_error *error = NULL;
    deed_status status = deed_pheromone_deposit(self->database, id, amount, &error);
    if (status != DEED_OK)
        return raise_error(self->session.state, status, error);
    Py_RETURN_NONE;
}

/* ---- The type ------------------------------------------------------------------------------------------------ */

static PyObject *
graph_closed(GraphObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->closed || self->database == NULL || !graph_is_ours(self));
}

static PyObject *
graph_path(GraphObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->path);
}

static PyObject *
graph_read_only(GraphObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->read_only);
}

static PyObject *
graph_repr(GraphObject *self)
{
    const char *name = Py_TYPE(self)->tp_name;
    const char *state = self->closed || self->database == NULL ? "closed" : self->read_only ? "read-only" : "open";
    if (self->path == Py_None)
        return PyUnicode_FromFormat("<%s in memory, %s>", name, state);
    return PyUnicode_FromFormat("<%s at %R, %s>", name, self->path, state);
}

static PyGetSetDef graph_properties[] = {
    {"closed", (getter)graph_closed, NULL, "Whether the graph is closed.", NULL},
    {"path", (getter)graph_path, NULL, "The directory of the store as a str, or None in memory.", NULL},
    {"read_only", (getter)graph_read_only, NULL, "Whether it was opened for reading only.", NULL},
    {NULL},
};

static PyMethodDef graph_methods[] = {
    METHOD_ENTRY(graph, register_procedure,
"register_procedure($self, signature, rows)\n--\n\n"
"Make a table available to CALL in queries on this graph object.\n\n"
"Parameters\n----------\nsignature : str\n    name(input :: TYPE, ...) :: (output :: TYPE, ...)\n"
"rows : list of list\n    Inputs and then outputs; a call yields the rows whose inputs are its arguments.\n\n"
"Examples\n--------\n"
">>> graph.register_procedure('double(x :: INTEGER) :: (y :: INTEGER)', [[1, 2], [2, 4]])\n"
">>> graph.execute('CALL double(2) YIELD y RETURN y').scalar()\n4\n"),
    {"drain_reports", (PyCFunction)graph_drain_reports, METH_NOARGS,
"drain_reports($self, /)\n--\n\n"
"Take out what is remembered of the queries that ran on this graph object, oldest first; about the last thousand.\n\n"
"Returns\n-------\nlist of dict\n    text; shape, which texts share that differ in their literals only; plan, which tells plans of\n"
"    a shape apart; pin_followed, None if no plan is set for the shape; nanoseconds; rows; estimated_rows; complete, False\n"
"    if the query failed or its result was let go before the last row; and operators, a list in the order in which EXPLAIN\n"
"    shows them: operator, details, depth, estimated_rows (of one run), rows (of all runs) and runs.\n\n"
"Notes\n-----\nQueries are not held up by this."},
    METHOD_ENTRY(graph, explain_plan,
"explain_plan($self, query, plan=None)\n--\n\n"
"The plan of a query as JSON: the one that it has now, or what comes of another one. Nothing is run.\n\n"
"Parameters\n----------\nquery : str\nplan : str or dict or None\n    Such JSON, or what it says.\n\n"
"Returns\n-------\nstr\n    An object of version, shape, plan, patterns, aggregations, pin, cost and operators, as deed.h\n"
"    describes it. Plans\n"
"    of a shape are the same if their plan is.\n\n"
"Raises\n------\nInvalidArgument\n    The query is a command, or cannot have the plan.\n"),
    METHOD_ENTRY(graph, plan_space,
"plan_space($self, query)\n--\n\n"
"What could be chosen for a query and what it would cost, as JSON. Nothing is run.\n\n"
"Returns\n-------\nstr\n    An object of version, shape and patterns; each pattern has entities, relationships, predicates with their\n"
"    selectivities, and candidates with their steps and costs, as deed.h describes them.\n"),
    METHOD_ENTRY(graph, set_execution_plan,
"set_execution_plan($self, shape, plan)\n--\n\n"
"Give queries of a shape a plan, in this process and as long as the graph object is open.\n\n"
"Parameters\n----------\nshape : str\n    As reports have it, or the text of one of the queries.\n"
"plan : str or dict\n    As explain_plan has it, with other steps.\n\n"
"Raises\n------\nInvalidArgument\n    The plan is malformed, of another shape, or the queries cannot have it.\n\n"
"Notes\n-----\nIt changes how fast queries are and in which order rows come that are not sorted, and nothing else. When it can be\n"
"followed no more, queries are planned as if it were not set, and their reports say so."),
    METHOD_ENTRY(graph, clear_execution_plan,
"clear_execution_plan($self, shape)\n--\n\nLet queries of a shape be planned again. False if no plan was set for it."),
    {"execution_plans", (PyCFunction)graph_execution_plans, METH_NOARGS,
"execution_plans($self, /)\n--\n\nThe plans that are set, by shape: a list of dicts of version, shape, plan, patterns and aggregations."},
    METHOD_ENTRY(graph, transaction,
"transaction($self, *, read_only=False, isolation='snapshot', on_conflict=..., timeout=...)\n--\n\n"
"Begin a transaction, which sees the state committed by now.\n\n"
"Parameters\n----------\n"
"read_only : bool\n    Refuse writes.\n"
"isolation : {'snapshot', 'serializable'}\n"
"    With 'serializable' the commit fails (SerializationFailure) if anything that was read has changed since.\n"
"on_conflict : {'fail', 'wait'}\n"
"    What a statement does that meets a row which another running transaction holds; by default as the graph was opened.\n"
"timeout : float or None\n"
"    Seconds that a statement waits at most (then: LockTimeout); None for no limit; by default as the graph was opened.\n\n"
"Notes\n-----\n"
"Transactions that wait for each other in a circle: the youngest is rolled back at once (Deadlock).\n\n"
"As a context manager it commits on success and rolls back on an exception::\n\n"
"    with graph.transaction() as tx:\n        tx.add_entity('Person', {'name': 'Ada'})\n"),
    {"commit_prepared", (PyCFunction)graph_commit_prepared, METH_O,
"commit_prepared($self, gid, /)\n--\n\n"
"Commit a transaction that was prepared under that name. It is on disk when this returns.\n\n"
"Raises\n------\nNotFound\n    There is no such prepared transaction.\n"},
    {"rollback_prepared", (PyCFunction)graph_rollback_prepared, METH_O,
"rollback_prepared($self, gid, /)\n--\n\n"
"Undo a transaction that was prepared under that name, for good.\n\n"
"Raises\n------\nNotFound\n    There is no such prepared transaction.\n"},
    {"list_prepared", (PyCFunction)graph_list_prepared, METH_NOARGS,
"list_prepared($self, /)\n--\n\n"
"The prepared transactions, in order of name: dicts of gid, prepared_at (a datetime) and the numbers of rows inserted,\n"
"updated and deleted."},
    {"checkpoint", (PyCFunction)graph_checkpoint, METH_NOARGS,
"checkpoint($self, /)\n--\n\n"
"Write what has changed since the last checkpoint and drop the log below it. Readers and writers go on meanwhile."},
    {"compact", (PyCFunction)graph_compact, METH_NOARGS,
"compact($self, /)\n--\n\nGive back the space of what was deleted, in memory and on disk."},
    {"check", (PyCFunction)graph_check, METH_NOARGS,
"check($self, /)\n--\n\nCompare the store's parts with each other; a list of the disagreements, empty if all is well."},
    {"collections", (PyCFunction)graph_collections, METH_NOARGS,
"collections($self, /)\n--\n\nThe collections that hold an entity, as {name: number of entities}."},
    {"edge_types", (PyCFunction)graph_edge_types, METH_NOARGS,
"edge_types($self, /)\n--\n\nThe relationship types in use, as {name: number of relationships}."},
    {"stats", (PyCFunction)graph_stats, METH_NOARGS,
"stats($self, /)\n--\n\n"
"Counts, and bytes by part: entity_count, edge_count, collection_count, edge_type_count, avg_pheromone,\n"
"pheromone_epoch, and the dicts memory, disk, transactions, following and temporary."},
    METHOD_ENTRY(graph, catch_up,
"catch_up($self, sequence=None, *, timeout=10.0)\n--\n\n"
"Wait until everything is visible here that had been written, by whichever process, when the call was made.\n\n"
"A graph opened with read_only follows the process that writes within a few milliseconds; this is for whoever must see a\n"
"certain commit now. On a graph that writes it returns at once.\n\n"
"Parameters\n----------\n"
"sequence : int, optional\n    Wait for this commit as well: ``stats()['transactions']['last_commit']`` of the writer.\n"
"timeout : float\n    Seconds to wait at most.\n\n"
"Returns\n-------\nint\n    The last commit that is visible.\n\n"
"Raises\n------\nTimeoutError\n    The commit asked for is not visible yet.\n"),
    METHOD_ENTRY(graph, changes,
"changes($self, since=0, *, limit=None, wait=0)\n--\n\n"
"The commits after commit `since` (0: from the first), as an iterator of ChangeRecord.\n\n"
"Parameters\n----------\nsince : int\n    A sequence number, such as that of the last record that was read.\n"
"limit : int, optional\n    Stop after so many records.\n"
"wait : float\n    Where there is no further commit, wait so many seconds for one before stopping (math.inf: for ever).\n\n"
"Raises\n------\nNotRetained\n    A checkpoint has dropped the records: see retain_log.\n\n"
"Notes\n-----\nReading does not hold up writers. What is given is on disk, whatever the durability.\n"),
    METHOD_ENTRY(graph, apply,
"apply($self, record)\n--\n\n"
"Apply ChangeRecord.data of another store to this one, which was opened with replica=True.\n\n"
"Returns\n-------\nbool\n    False if it had been applied before.\n\n"
"Raises\n------\nOutOfSequence\n    A record before it is missing; the message names the one expected.\n"
"Corruption\n    The record is damaged.\n"),
    {"state_digest", (PyCFunction)graph_state_digest, METH_NOARGS,
"state_digest($self, /)\n--\n\n"
"The sequence number of the last commit, and a digest of the state after it, as (int, str).\n\n"
"Stores with the same rows under the same ids have the same digest, however they came about. O(values)."},
    METHOD_ENTRY(graph, retain_log,
"retain_log($self, *, bytes=0, seconds=0)\n--\n\n"
"Let checkpoints keep at least so many bytes of the newest log (math.inf: all of it), and all that was committed in the\n"
"last `seconds`, for readers of the change feed and backups. Holds until the graph is closed."),
    METHOD_ENTRY(graph, backup,
"backup($self, directory, *, keep=None, progress=None)\n--\n\n"
"Add a backup, as of one commit, to a directory, and copy only what is not there yet. Readers and writers go on.\n\n"
"Parameters\n----------\ndirectory : str, bytes or os.PathLike\n    Made if there is none.\n"
"keep : int, optional\n    Only the newest so many backups stay.\n"
"progress : callable, optional\n    Called as progress(bytes done, bytes at most); if it returns False the backup stops.\n\n"
"Returns\n-------\nBackup\n    Its id, sequence, time, size in bytes, and has_log: whether the directory has each commit since the\n"
"    one before.\n"),
    METHOD_ENTRY(graph, export_checkpoint,
"export_checkpoint($self, directory)\n--\n\n"
"Write the state into an empty or new directory, for import_checkpoint to make a replica of; its sequence number."),
    METHOD_ENTRY(graph, create_index,
"create_index($self, collection, properties, *, unique=False, name=None, kind='entity', progress=None)\n--\n\n"
"Make a secondary index, on the rows that are there as well, while others read and write.\n\n"
"Parameters\n----------\ncollection : str\n    The collection or, with kind='relationship', the relationship type.\n"
"properties : str or sequence of str\n    Rows without a value for the first of them are not in the index.\n"
"unique : bool\n    Refuse writes after which two rows would have the same values, none of them None.\n"
"name : str, optional\n    By default made of the names of the collection and the properties.\n"
"progress : callable, optional\n    Called as progress(done, total); if it returns False there is no index.\n\n"
"Returns\n-------\nstr\n    The name of the index. It is durable, and complete.\n\n"
"Raises\n------\nAlreadyExists\n    There is an index or a constraint of that name.\n"
"ConstraintViolation\n    Two rows have the same values; the message names them.\n"
"TransactionConflict\n    Whether they will have depends on a transaction that is running.\n"
"Interrupted\n    The progress callback returned False.\n"),
    METHOD_ENTRY(graph, drop_index,
"drop_index($self, name)\n--\n\nDrop an index.\n\nRaises\n------\nNotFound\n    There is no index of that name.\n"),
    {"indexes", (PyCFunction)graph_indexes, METH_NOARGS,
"indexes($self, /)\n--\n\n"
"The secondary indexes, as a list of {'name', 'kind', 'on', 'properties', 'unique', 'entries'}; 'on' is the collection or\n"
"relationship type, and 'entries' may count some of rows that were changed or deleted of late."},
    {"create_constraint", (PyCFunction)(void (*)(void))graph_create_constraint, METH_VARARGS | METH_KEYWORDS,
"create_constraint($self, /, table, kind, properties=None, *, row_kind=None, name=None, types=None, value=None, values=None, "
"min=None, max=None, above=None, below=None, endpoints=None, max_outgoing=None, max_incoming=None, progress=None)\n--\n\n"
"Say what the rows of a collection or relationship type must be like. Rows that are there must comply already.\n\n"
"Parameters\n----------\ntable : str\n    The collection or, with row_kind='relationship', the relationship type.\n"
"kind : str\n"
"    'required'     the properties have values\n"
"    'type'         the property has one of types: names such as 'int', or Python's int, float, str, bool, bytes, list, dict\n"
"    'unique'       no two rows have the same values of the properties\n"
"    'primary_key'  required and unique; one for each table\n"
"    'default'      new rows that do not give the property get value\n"
"    'range'        from min (or above, which is not part of it) to max (or below)\n"
"    'one_of'       the property is equal to one of values\n"
"    'length'       characters of a str, bytes, items of a list or embedding: from min to max\n"
"    'endpoints'    a relationship leads between one of the pairs of collections in endpoints\n"
"    'cardinality'  at most max_outgoing relationships leave an entity, at most max_incoming reach it\n"
"properties : str or sequence of str\n    One, or several for 'required', 'unique' and 'primary_key'; none for the last two.\n"
"row_kind : {'entity', 'relationship'}, optional\n    'relationship' for the last two kinds, otherwise 'entity'.\n"
"name : str, optional\n    By default made of the table, the properties and the kind.\n"
"progress : callable, optional\n    Called as progress(done, total); if it returns False there is no constraint.\n\n"
"Returns\n-------\nstr\n    The name of the constraint.\n\n"
"Raises\n------\nConstraintViolation\n    A row does not comply; the message names the first.\n"
"AlreadyExists\n    There is an index or constraint of that name, or another primary key.\n"
"TransactionConflict\n    Whether rows comply depends on a transaction that is running.\n"
"Interrupted\n    The progress callback returned False.\n"},
    METHOD_ENTRY(graph, drop_constraint,
"drop_constraint($self, name)\n--\n\nDrop a constraint.\n\nRaises\n------\nNotFound\n    There is no constraint of that name.\n"),
    {"constraints", (PyCFunction)graph_constraints, METH_NOARGS,
"constraints($self, /)\n--\n\n"
"The constraints, in the order in which they were made, each as a dict of the arguments of create_constraint."},
    METHOD_ENTRY(graph, evaporate_pheromones,
"evaporate_pheromones($self, rate=None)\n--\n\n"
"Let the pheromone of all relationships decay by a rate between 0 and 1 (0.1 if None). O(1): levels are computed when read."),
    METHOD_ENTRY(graph, pheromone,
"pheromone($self, edge_id)\n--\n\nThe present level of a relationship: 1.0 when it is new.\n\n"
"Raises\n------\nNotFound\n    There is no such relationship.\n"),
    METHOD_ENTRY(graph, deposit_pheromone,
"deposit_pheromone($self, edge_id, amount)\n--\n\nAdd to the level of a relationship. Pheromone is outside of transactions."),
    {"close", (PyCFunction)graph_close, METH_NOARGS,
"close($self, /)\n--\n\nRoll back what is open, write a checkpoint and release the files. Closing twice does nothing."},
    {"__enter__", (PyCFunction)graph_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe graph itself."},
    {"__exit__", (PyCFunction)(void (*)(void))graph_exit, METH_FASTCALL, "__exit__($self, /, *exception)\n--\n\nClose the graph."},
    {NULL},
};

PyDoc_STRVAR(graph_doc,
"PyDeedGraph(path=None, *, read_only=False, memory_limit=None, durability='sync', on_conflict='fail', timeout=None,\n"
"            retain_log_bytes=None, retain_log_seconds=None, before_images=False, replica=False, threads=None,\n"
"            parallel_rows_min=None, query_memory=None, temporary_directory=None, temporary_limit=None,\n"
"            chunk_rows=None)\n--\n\n"
"A property graph in a directory, or in memory without a path.\n\n"
"Parameters\n----------\n"
"path : str, bytes or os.PathLike, optional\n    The directory of the store, created if there is none (unless read_only).\n"
"read_only : bool\n    Refuse writes, and follow what another process writes to the store: see catch_up.\n"
"memory_limit : int, optional\n    Bytes; by default 80 % of the machine's memory.\n"
"durability : {'sync', 'async', 'none'}\n"
"    When a commit returns: once it is on disk; once the operating system has it (synced at least every second); at once,\n"
"    what was written since the last checkpoint then being lost in a crash.\n"
"on_conflict : {'fail', 'wait'}\n"
"    What a statement does that meets a row which another running transaction holds: raise TransactionConflict, or wait for it.\n"
"timeout : float, optional\n    Seconds that a statement waits at most (LockTimeout); by default without limit.\n"
"retain_log_bytes, retain_log_seconds : int\n    How much of the log checkpoints keep, by default a megabyte; see retain_log.\n"
"before_images : bool\n    Keep each row as it was before a change in the log, for readers of the change feed.\n"
"replica : bool\n    Take records of another store's change feed (apply), and refuse other writes.\n"
"threads : int, optional\n    Threads that one query may use; by default one for each processor.\n"
"parallel_rows_min : int, optional\n    Scans of fewer rows are done by one thread; by default 65,536.\n"
"query_memory : int, optional\n    Bytes of rows to be sorted, grouped or joined that a query holds before it puts them aside,\n"
"    in temporary files; by default a quarter of the memory limit.\n"
"temporary_directory : str, bytes or os.PathLike, optional\n    Where these files are, which have no names and are gone with\n"
"    the process; by default the directory of the store, and for one in memory or read_only $TMPDIR, /var/tmp or /tmp.\n"
"temporary_limit : int, optional\n    Bytes that these files may take together, beyond which a query fails (DiskFull); by\n"
"    default nine tenths of what the disk has free.\n"
"chunk_rows : int, optional\n    For tests: rows that an operator of a query hands on at once, at most; by default 2,048.\n\n"
"Raises\n------\n"
"StoreLocked\n    Another process has the store open for writing.\n"
"NewerFormat, Corruption, StorageError\n    The store cannot be read.\n\n"
"Notes\n-----\n"
"Any number of threads may use a graph at once; the GIL is released wherever a call can block or take long. A child\n"
"process must not use a graph opened before the fork, nor open stores if its parent had one open (Forked). Close\n"
"it, best by a with statement: a graph that is only\n"
"forgotten is closed when it is deallocated.");

static PyType_Slot graph_slots[] = {
    {Py_tp_doc, (void *)graph_doc},
    {Py_tp_new, graph_new},
    {Py_tp_init, graph_init},
    {Py_tp_dealloc, graph_dealloc},
    {Py_tp_traverse, graph_traverse},
    {Py_tp_repr, graph_repr},
    {Py_tp_methods, graph_methods},
    {Py_tp_getset, graph_properties},
    {0, NULL},
};

PyType_Spec graph_spec = {
    .name = "deed_core.PyDeedGraph",
    .basicsize = sizeof(GraphObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = graph_slots,
};
