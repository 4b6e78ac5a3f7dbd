/* session.c - deed_core.Session: the base of PyDeedGraph and Transaction, with the data methods they share.
 *
 * A method here works on `self->graph` and `self->transaction`; in a graph the latter is NULL, and a write then commits
 * by itself. The methods themselves are in records.c, neighbors.c, scan.c, arrow_scan.c and load.c. */
#include "deed_core.h"

int
session_ready_slow(SessionObject *session)
{
    GraphObject *graph = session->graph;
    if (graph->database == NULL) {
        raise_status(session->state, DEED_CLOSED, "the graph was never opened: __init__ has not run");
        return -1;
    }
    if (!graph_is_ours(graph)) {
        PyErr_SetString(session->state->forked, "the graph was opened by the parent of this process, before the fork");
        return -1;
    }
    if (graph->closed) {
        raise_status(session->state, DEED_CLOSED, "the graph is closed");
        return -1;
    }
    raise_status(session->state, DEED_INVALID_ARGUMENT, "the transaction is in use by another thread");
    return -1;
}

deed_buffer *
buffer_take(SessionObject *session)
{
    GraphObject *graph = session->graph;
    if (graph->buffer_count > 0)
        return graph->buffers[--graph->buffer_count];
    deed_buffer *buffer;
    deed_error *error = NULL;
    deed_status status = deed_buffer_create(graph->database, &buffer, &error);
    if (status != DEED_OK) {
        raise_error(session->state, status, error);
        return NULL;
    }
    return buffer;
}

void
buffer_return(SessionObject *session, deed_buffer *buffer)
{
    GraphObject *graph = session->graph;
    if (graph->buffer_count < BUFFERS_MAX)
        graph->buffers[graph->buffer_count++] = buffer;
    else
        deed_buffer_destroy(buffer);
}

static PyMethodDef session_methods[] = {
    METHOD_ENTRY(session, execute,
"execute($self, text, parameters=None, *, timeout=None, language=None)\n--\n\n"
"Run a statement of Cypher or SQL.\n\n"
"A query that only reads computes its rows as they are fetched. One that changes something has done so when this\n"
"returns, and on a graph (not a transaction) it is committed; if it fails it has changed nothing. A text that was run\n"
"before is neither parsed nor planned again, so use parameters rather than writing values into the text.\n\n"
"Parameters\n----------\ntext : str or bytes\n    The statement.\n"
"parameters : dict of str to value, or sequence, optional\n"
"    What $name (in SQL also :name) stands for; a sequence is for $1, $2 and so on (in SQL also ?).\n"
"timeout : float, optional\n    Seconds after which the query fails with Interrupted.\n"
"language : 'sql', 'cypher' or None\n    By default told by how the text begins.\n\n"
"Returns\n-------\nResult\n    An iterator over the rows.\n\n"
"Raises\n------\nQueryError\n    One of its subclasses, with `detail` and `position`.\n"
"Interrupted\n    The timeout is over.\n\n"
"Examples\n--------\n"
">>> graph.execute('CREATE (:Person {name: $name})', {'name': 'Ada'}).counters['nodes_created']\n1\n"
">>> graph.execute('MATCH (p:Person) RETURN p.name AS name').fetchall()\n[('Ada',)]\n"),
    {"execute_query", (PyCFunction)(void (*)(void))session_execute, METH_FASTCALL | METH_KEYWORDS,
"execute_query($self, text, parameters=None, *, timeout=None, language=None)\n--\n\nThe same as execute, under its older name."},
    METHOD_ENTRY(session, sql,
"sql($self, text, parameters=None, *, timeout=None)\n--\n\nRun a statement of SQL; as execute.\n\n"
"Examples\n--------\n"
">>> graph.sql('SELECT ? + 1', (1,)).scalar()\n2\n"),
    METHOD_ENTRY(session, cypher,
"cypher($self, text, parameters=None, *, timeout=None)\n--\n\nRun a statement of Cypher; as execute.\n\n"
"Examples\n--------\n"
">>> graph.cypher('RETURN $x + 1', {'x': 1}).scalar()\n2\n"),
    {"prepare_statement", (PyCFunction)(void (*)(void))session_prepare, METH_FASTCALL | METH_KEYWORDS,
"prepare_statement($self, text, *, language=None)\n--\n\n"
"As prepare on a graph. On a transaction, prepare(gid) is the first half of two-phase commit."},
    METHOD_ENTRY(session, prepare,
"prepare($self, text, *, language=None)\n--\n\nParse and plan a statement now, to be run later.\n\n"
"Returns\n-------\nStatement\n    Its execute(parameters) runs it.\n\n"
"Examples\n--------\n"
">>> statement = graph.prepare('RETURN $x + 1')\n>>> [statement.execute({'x': x}).scalar() for x in (1, 2)]\n[2, 3]\n"),
    METHOD_ENTRY(session, add_entity,
"add_entity($self, collection, properties=None)\n--\n\n"
"Add an entity.\n\n"
"Parameters\n----------\ncollection : str\n    The collection, created when it is first used.\n"
"properties : mapping of str to value, optional\n    None as a value is the same as leaving the property out.\n\n"
"Returns\n-------\nint\n    The id: never 0, never reused.\n\n"
"Raises\n------\nTypeMismatch\n    A value cannot be stored.\n"),
    METHOD_ENTRY(session, get_entity,
"get_entity($self, id)\n--\n\n"
"The entity as {'id', 'type', 'properties'}, or None if there is none with that id."),
    METHOD_ENTRY(session, update_entity,
"update_entity($self, id, properties, *, replace=False)\n--\n\n"
"Set properties of an entity; the others stay, unless replace is true. None removes a property.\n\n"
"Raises\n------\nNotFound\n    There is no such entity.\n"
"TransactionConflict\n    Another transaction wrote it first.\n"),
    METHOD_ENTRY(session, delete_entity,
"delete_entity($self, id, detach=False)\n--\n\n"
"Delete an entity, and with detach=True its relationships first.\n\n"
"Raises\n------\nNotFound\n    There is no such entity.\n"
"HasRelationships\n    It has relationships, and detach is false.\n"
"TransactionConflict\n    Another transaction wrote it first.\n"),
    METHOD_ENTRY(session, add_edge,
"add_edge($self, src, dst, type, properties=None)\n--\n\n"
"Add a relationship from src to dst. Parallel relationships and self-loops are legal.\n\n"
"Returns\n-------\nint\n    The id of the relationship.\n\n"
"Raises\n------\nNotFound\n    One of the two entities is missing.\n"
"TransactionConflict\n    One of them is being deleted.\n"),
    METHOD_ENTRY(session, get_edge,
"get_edge($self, id)\n--\n\n"
"The relationship as {'id', 'type', 'source', 'target', 'properties'}, or None if there is none with that id."),
    METHOD_ENTRY(session, update_edge,
"update_edge($self, id, properties, *, replace=False)\n--\n\n"
"Set properties of a relationship; as update_entity."),
    METHOD_ENTRY(session, delete_edge,
"delete_edge($self, id)\n--\n\n"
"Delete a relationship.\n\nRaises\n------\nNotFound\n    There is no such relationship.\n"),
    METHOD_ENTRY(session, get_outgoing_neighbors,
"get_outgoing_neighbors($self, id, type=None)\n--\n\n"
"The relationships that leave an entity, as a list of (neighbor id, relationship id).\n\n"
"type restricts them to one relationship type. Reading deposits pheromone on a sample of them. O(degree).\n\n"
"Raises\n------\nNotFound\n    There is no such entity.\n"),
    METHOD_ENTRY(session, get_incoming_neighbors,
"get_incoming_neighbors($self, id, type=None)\n--\n\n"
"The relationships that reach an entity; as get_outgoing_neighbors."),
    METHOD_ENTRY(session, neighbor_ids,
"neighbor_ids($self, id, type=None, direction='out')\n--\n\n"
"The ids of the neighbors, once for each relationship, as Ids.\n\n"
"direction is 'out', 'in' or 'both' (a self-loop then counts twice). Faster and smaller than the lists of pairs."),
    METHOD_ENTRY(session, degree,
"degree($self, id, type=None, direction='out')\n--\n\n"
"The number of relationships of an entity. O(1) where nothing is being changed."),
    METHOD_ENTRY(session, traverse,
"traverse($self, start, *, type=None, direction='out', max_depth=None)\n--\n\n"
"Breadth-first search: every entity that can be reached, once, without the start.\n\n"
"Returns\n-------\nReached\n    A sequence of (id, depth) in order of depth, depth being the least number of steps.\n\n"
"Raises\n------\nNotFound\n    There is no such start.\n"),
    METHOD_ENTRY(session, count_reachable,
"count_reachable($self, start, *, type=None, direction='out', max_depth=None)\n--\n\n"
"len(traverse(...)) without building the result."),
    METHOD_ENTRY(session, strongest_neighbors,
"strongest_neighbors($self, id, k)\n--\n\n"
"The k outgoing relationships with the most pheromone, as a list of (neighbor id, relationship id, level)."),
    METHOD_ENTRY(session, scan_collection,
"scan_collection($self, name)\n--\n\n"
"All entities of a collection in order of id, as a list of dict as from get_entity; empty for an unknown name."),
    METHOD_ENTRY(session, iterate_collection,
"iterate_collection($self, name)\n--\n\n"
"As scan_collection, lazily: an iterator over one snapshot, which holds one record at a time."),
    METHOD_ENTRY(session, scan_edges,
"scan_edges($self, type)\n--\n\n"
"All relationships of a type in order of id, as a list of dict as from get_edge; empty for an unknown name."),
    METHOD_ENTRY(session, iterate_edges,
"iterate_edges($self, type)\n--\n\n"
"As scan_edges, lazily."),
    METHOD_ENTRY(session, scan_arrow,
"scan_arrow($self, name, *, kind=None)\n--\n\n"
"A collection or relationship type as Arrow data, for pyarrow, polars, pandas, DuckDB, ...\n\n"
"The columns are _id (and _src and _dst) and one for each property. kind ('entity' or 'edge') is needed only if the name\n"
"is in use for both.\n\n"
"Returns\n-------\nArrowScan\n    An object with __arrow_c_stream__; each use of it reads the rows visible at that moment.\n\n"
"Raises\n------\nNotFound\n    There is no collection or relationship type of that name.\n"),
    METHOD_ENTRY(session, find,
"find($self, collection, property, value, *, limit=None, kind='entity')\n--\n\n"
"The ids of the rows whose property has a value, as a list in order of id, through an index.\n\n"
"property and value may be sequences: the properties, in any order, with which an index begins, and a value for each.\n"
"kind='relationship' looks up relationships. Integers and floats are compared as numbers, times with a zone as moments.\n\n"
"Raises\n------\nNotFound\n    There is no index on the property; create_index makes one.\n"
"InvalidArgument\n    A value is None: rows without a value are not in an index.\n"),
    METHOD_ENTRY(session, find_range,
"find_range($self, collection, property, low=None, high=None, *, include_low=True, include_high=True, prefix=None,\n"
"           descending=False, limit=None, kind='entity')\n--\n\n"
"The ids of the rows whose property lies in a range, as a list in order of the values, through an index.\n\n"
"Without a bound the range is open on that side, and ends with the values of the type of the other bound; without both\n"
"it is every row that has the property. prefix finds strings by how they begin. property may be a sequence, the first\n"
"properties of an index in its order, and the bounds sequences of at most as many values, compared one after the other;\n"
"of a prefix the last one is how strings begin.\n\n"
"Raises\n------\nNotFound\n    There is no index on the property; create_index makes one.\n"
"TypeMismatch\n    The bounds cannot be compared with each other.\n"),
    METHOD_ENTRY(session, add_entities,
"add_entities($self, collection, columns, *, progress=None)\n--\n\n"
"Add one entity for each row of a table: all or nothing, and much faster than one by one.\n\n"
"Parameters\n----------\ncollection : str\n"
"columns : mapping of str to column, or an object with __arrow_c_stream__\n"
"    A column is a sequence, a NumPy array, or an object with __arrow_c_array__ or __arrow_c_stream__; a float32 array\n"
"    of two dimensions is a column of embeddings. Values of one column may differ in type: such a column is stored\n"
"    row by row, with the same result.\n"
"progress : callable, optional\n    Called as progress(done, total); if it returns False the load stops and nothing is changed.\n\n"
"Returns\n-------\nIds\n    The ids in the order of the rows.\n\n"
"Raises\n------\nInterrupted\n    The progress callback returned False.\n"
"TypeMismatch, InvalidArgument\n    A value cannot be stored; columns differ in length.\n"),
    METHOD_ENTRY(session, add_edges,
"add_edges($self, type, src, dst, columns=None, *, progress=None)\n--\n\n"
"Add one relationship for each pair of src and dst: all or nothing, and much faster than one by one.\n\n"
"src and dst are sequences of ids, NumPy integer arrays, Ids, or Arrow arrays of equal length; columns as in\n"
"add_entities, with as many rows.\n\n"
"Raises\n------\nNotFound\n    An entity is missing; the message names the first.\n"),
    {NULL},
};

static PyMemberDef session_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SessionObject, weak_references), READONLY, NULL},
    {NULL},
};

static int
session_traverse_type(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

PyDoc_STRVAR(session_doc, "What a PyDeedGraph and a Transaction have in common: reading and writing data.");

static PyType_Slot session_slots[] = {
    {Py_tp_doc, (void *)session_doc},
    {Py_tp_traverse, session_traverse_type},
    {Py_tp_methods, session_methods},
    {Py_tp_members, session_members},
    {0, NULL},
};

PyType_Spec session_spec = {
    .name = "deed_core.Session",
    .basicsize = sizeof(SessionObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = session_slots,
};
