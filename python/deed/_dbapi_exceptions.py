"""The exceptions that PEP 249 asks for, and which of them stands for which of Deed's own.

::

    Exception
    ├── Warning
    └── Error                     sqlstate, detail, position; __cause__ is the exception of the engine
        ├── InterfaceError        a cursor or connection that is closed, a call that makes no sense
        └── DatabaseError
            ├── DataError         a value that does not fit: overflow, division by zero, text that is no number
            ├── OperationalError  conflicts, locks, limits, disks; trying again may help
            ├── IntegrityError    a constraint forbids it
            ├── InternalError     a bug, or a damaged store
            ├── ProgrammingError  the statement is wrong, or asks for what is not there
            └── NotSupportedError what Deed does not have (yet)
"""

from __future__ import annotations

import builtins

from . import exceptions as own

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "translated",
]


class Warning(builtins.Exception):
    """What PEP 249 asks for; nothing raises it."""


class Error(builtins.Exception):
    """The base of all errors of the interface."""

    #: Five characters, as SQL has them for what went wrong; None if no statement was run.
    sqlstate: str | None = None
    #: One word for what is wrong with a statement, and the range of its text in bytes.
    detail: str | None = None
    position: tuple[int, int] | None = None


class InterfaceError(Error):
    """The interface was used wrongly: what is closed, or a call out of turn."""


class DatabaseError(Error):
    """The base of what the database has to say."""


class DataError(DatabaseError):
    """A value does not fit where it should go."""


class OperationalError(DatabaseError):
    """Something beyond the statement: a conflict, a lock, a limit, a disk."""


class IntegrityError(DatabaseError):
    """A constraint forbids the change."""


class InternalError(DatabaseError):
    """A bug in Deed, or a damaged store."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or its parameters are."""


class NotSupportedError(DatabaseError):
    """What Deed does not have."""


# Where users find them, for tracebacks.
for each in (Warning, Error, InterfaceError, DatabaseError, *DatabaseError.__subclasses__()):
    each.__module__ = "deed"

#: The class and SQLSTATE of each exception of the engine; a subclass that is not here is what its base is.
MEANINGS: dict[type[own.DeedError], tuple[type[DatabaseError], str]] = {
    own.DeedError: (DatabaseError, "58000"),
    own.InvalidArgument: (ProgrammingError, "22023"),
    own.TypeMismatch: (DataError, "22000"),
    own.NotFound: (ProgrammingError, "42704"),
    own.LimitExceeded: (OperationalError, "54000"),
    own.ReadOnly: (OperationalError, "25006"),
    own.HasRelationships: (IntegrityError, "23503"),
    own.StillConnected: (IntegrityError, "23503"),
    own.ConstraintViolation: (IntegrityError, "23000"),
    own.AlreadyExists: (ProgrammingError, "42710"),
    own.TransactionConflict: (OperationalError, "40001"),
    own.Deadlock: (OperationalError, "40P01"),
    own.LockTimeout: (OperationalError, "55P03"),
    own.TransactionEnded: (ProgrammingError, "25P01"),
    own.StoreLocked: (OperationalError, "55006"),
    own.Corruption: (InternalError, "XX001"),
    own.StorageError: (OperationalError, "58030"),
    own.DiskFull: (OperationalError, "53100"),
    own.NewerFormat: (NotSupportedError, "0A000"),
    own.NotRetained: (OperationalError, "55000"),
    own.OutOfSequence: (OperationalError, "55000"),
    own.OutOfMemory: (OperationalError, "53200"),
    own.Closed: (OperationalError, "08003"),
    own.Interrupted: (OperationalError, "57014"),
    own.InternalError: (InternalError, "XX000"),
    own.QueryError: (ProgrammingError, "42000"),
    own.CypherSyntaxError: (ProgrammingError, "42601"),
    own.CypherTypeError: (ProgrammingError, "42804"),
    own.CypherArgumentError: (DataError, "22023"),
    own.CypherArithmeticError: (DataError, "22003"),
    own.ParameterMissing: (ProgrammingError, "42P02"),
}
#: What is said more exactly by the word that an error of a statement has.
DETAILS: dict[str, tuple[type[DatabaseError], str]] = {
    "DivisionByZero": (DataError, "22012"),
    "FeatureNotSupported": (NotSupportedError, "0A000"),
    "InvalidTransactionState": (ProgrammingError, "25000"),
    "DuplicateTable": (ProgrammingError, "42P07"),
    "UndefinedTable": (ProgrammingError, "42P01"),
    "UndefinedColumn": (ProgrammingError, "42703"),
    "UndefinedFunction": (ProgrammingError, "42883"),
}


def translated(error: own.DeedError) -> DatabaseError:
    """What PEP 249 has for an exception of the engine, to be raised ``from`` it.

    >>> translated(own.TransactionConflict("entity 1 was changed")).sqlstate
    '40001'
    """
    detail: str | None = getattr(error, "detail", None)
    found = DETAILS.get(detail or "")
    if found is None:
        found = next(MEANINGS[base] for base in type(error).__mro__ if base in MEANINGS)
    result = found[0](str(error))
    # The engine's own state, where it has one, is the more exact.
    result.sqlstate = getattr(error, "sqlstate", None) or found[1]
    result.detail = detail
    result.position = getattr(error, "position", None)
    return result
