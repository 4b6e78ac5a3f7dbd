"""The exceptions of Deed.

::

    DeedError
    ├── InvalidArgument (ValueError)      an argument outside its range; text that is no UTF-8; nesting too deep
    ├── TypeMismatch (TypeError)          a value of a type that cannot be stored; an int beyond 64 bits
    ├── NotFound (LookupError)            no such entity or relationship
    ├── LimitExceeded                     one of the engine's limits
    ├── ReadOnly                          a write on a graph or transaction opened for reading
    ├── HasRelationships                  delete_entity without detach of an entity that has relationships
    ├── ConstraintViolation (ValueError)  a unique index or a constraint forbids the write
    ├── AlreadyExists (ValueError)        there is an index or a constraint of that name
    ├── TransactionConflict               another transaction wrote the row first: roll back and try again
    │   ├── Deadlock                      transactions waited for each other in a circle; this one was rolled back
    │   ├── LockTimeout (TimeoutError)    another transaction held a row for too long
    │   ├── SerializationFailure          what a serializable transaction has read was changed meanwhile
    │   └── SnapshotTooOld                the graph has opened the store anew since: begin again
    ├── TransactionEnded                  the transaction was committed or rolled back already
    ├── StoreLocked                       another process, or another graph, has the store open for writing
    ├── Corruption                        what is on disk fails its checks
    ├── StorageError                      the operating system refused
    ├── DiskFull                          no space left
    ├── NewerFormat                       written by a later version of Deed
    ├── NotRetained (LookupError)         the record of a commit is no longer in the log
    ├── OutOfSequence                     a record does not follow the last one that a replica has applied
    ├── OutOfMemory (MemoryError)         the graph's memory limit, or the system's
    ├── Closed                            the graph was closed
    │   └── Forked                        the graph belongs to the parent of this process, which was forked
    ├── Interrupted                       a progress callback asked to stop; a query that was stopped or took too long
    ├── InternalError                     a bug in Deed
    └── QueryError                        something is wrong with a query; has detail and position
        ├── QuerySyntaxError (ValueError)        no query, or one that can never work
        ├── QuerySemanticError (ValueError)      no meaning on this graph
        ├── QueryTypeError (TypeError)           a value of a type that the operation does not take
        ├── QueryArgumentError (ValueError)      an argument of a function outside its range
        ├── QueryArithmeticError (ArithmeticError)  an overflow, a division by zero
        ├── ParameterMissing (LookupError)        a parameter was not given
        ├── ElementDeleted (LookupError)          a node or relationship that the query has deleted
        ├── ProcedureError (LookupError)          no such procedure, or it failed
        └── StillConnected                        DELETE of a node that has relationships

An error of a query says what is wrong in one word of openCypher, and where in the text, in bytes of UTF-8:

>>> from deed_core import PyDeedGraph
>>> try:
...     PyDeedGraph().execute("RETURN x")
... except QuerySyntaxError as error:
...     error.detail, error.position
('UndefinedVariable', (7, 8))

Each class has ``code``, the status of the engine as an int, and ``name``, such as ``"DEED_NOT_FOUND"``. An error that the engine
raised has ``sqlstate``, the five characters that SQL has for it, as PostgreSQL assigns them:

>>> try:
...     PyDeedGraph().execute("SELECT 1 / 0")
... except QueryArithmeticError as error:
...     error.sqlstate
'22012'

``CypherSyntaxError``, ``CypherSemanticError``, ``CypherTypeError``, ``CypherArgumentError`` and ``CypherArithmeticError`` are other
names of the classes that begin with ``Query``.
"""

from deed_core import (
    AlreadyExists,
    Closed,
    ConstraintViolation,
    Corruption,
    CypherArgumentError,
    CypherArithmeticError,
    CypherSemanticError,
    CypherSyntaxError,
    CypherTypeError,
    Deadlock,
    DeedError,
    DiskFull,
    ElementDeleted,
    Forked,
    HasRelationships,
    InternalError,
    Interrupted,
    InvalidArgument,
    LimitExceeded,
    LockTimeout,
    NewerFormat,
    NotFound,
    NotRetained,
    OutOfMemory,
    OutOfSequence,
    ParameterMissing,
    ProcedureError,
    QueryArgumentError,
    QueryArithmeticError,
    QueryError,
    QuerySemanticError,
    QuerySyntaxError,
    QueryTypeError,
    ReadOnly,
    SerializationFailure,
    SnapshotTooOld,
    StillConnected,
    StorageError,
    StoreLocked,
    TransactionConflict,
    TransactionEnded,
    TypeMismatch,
)

__all__ = [
    "AlreadyExists",
    "Closed",
    "ConstraintViolation",
    "Corruption",
    "CypherArgumentError",
    "CypherArithmeticError",
    "CypherSemanticError",
    "CypherSyntaxError",
    "CypherTypeError",
    "Deadlock",
    "DeedError",
    "DiskFull",
    "ElementDeleted",
    "Forked",
    "HasRelationships",
    "InternalError",
    "Interrupted",
    "InvalidArgument",
    "LimitExceeded",
    "LockTimeout",
    "NewerFormat",
    "NotFound",
    "NotRetained",
    "OutOfMemory",
    "OutOfSequence",
    "ParameterMissing",
    "ProcedureError",
    "QueryArgumentError",
    "QueryArithmeticError",
    "QueryError",
    "QuerySemanticError",
    "QuerySyntaxError",
    "QueryTypeError",
    "ReadOnly",
    "SerializationFailure",
    "SnapshotTooOld",
    "StillConnected",
    "StorageError",
    "StoreLocked",
    "TransactionConflict",
    "TransactionEnded",
    "TypeMismatch",
]
