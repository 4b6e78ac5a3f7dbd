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
    ├── Interrupted                       a progress callback asked to stop
    └── InternalError                     a bug in Deed

Each class has ``code``, the status of the engine as an int, and ``name``, such as ``"DEED_NOT_FOUND"``.
"""

from deed_core import (
    AlreadyExists,
    Closed,
    ConstraintViolation,
    Corruption,
    Deadlock,
    DeedError,
    DiskFull,
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
    ReadOnly,
    SerializationFailure,
    SnapshotTooOld,
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
    "Deadlock",
    "DeedError",
    "DiskFull",
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
    "ReadOnly",
    "SerializationFailure",
    "SnapshotTooOld",
    "StorageError",
    "StoreLocked",
    "TransactionConflict",
    "TransactionEnded",
    "TypeMismatch",
]
