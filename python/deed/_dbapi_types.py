"""Type objects and constructors of PEP 249.

The type code of a column is the Python type of its values, as far as the first row tells; it is equal to the type object
that has the type in it. A column is `NO_ROWS` if there is no row (its values are of every type, having none), and None if the
first row has no value in it: Deed's columns need not have one type.
"""

from __future__ import annotations

import datetime
import decimal
import time
from typing import Any

from deed_core import Duration, Temporal

__all__ = [
    "BINARY", "DATETIME", "NUMBER", "ROWID", "STRING", "Binary", "Date", "DateFromTicks", "Time", "TimeFromTicks", "Timestamp",
    "TimestampFromTicks", "type_code",
]  # fmt: skip

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


class TypeObject:
    """Equal to every type code of its kind.

    >>> STRING == str, NUMBER == float, STRING == bytes
    (True, True, False)
    """

    def __init__(self, name: str, *types: type) -> None:
        self.name = name
        self.types = types

    def __eq__(self, other: object) -> bool:
        return other is NO_ROWS or (self is other if isinstance(other, TypeObject) else other in self.types)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"deed.{self.name}"


class NoRows:
    """The type code of the columns of a result without rows: equal to every type object."""

    def __eq__(self, other: object) -> bool:
        return other is self or isinstance(other, TypeObject)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "NO_ROWS"


NO_ROWS = NoRows()
STRING = TypeObject("STRING", str)
BINARY = TypeObject("BINARY", bytes)
NUMBER = TypeObject("NUMBER", int, float, decimal.Decimal)
DATETIME = TypeObject(
    "DATETIME", datetime.date, datetime.time, datetime.datetime, datetime.timedelta, Duration, Temporal
)  # fmt: skip
ROWID = TypeObject("ROWID", int)


def type_code(first: tuple[Any, ...] | None, column: int) -> Any:
    """Of a column, from the first row, if there is one."""
    if first is None:
        return NO_ROWS
    value = first[column]
    return None if value is None else type(value)


def DateFromTicks(ticks: float) -> datetime.date:
    """The local date of seconds since 1970."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:
    """The local time of day of seconds since 1970."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """The local date and time of seconds since 1970."""
    return Timestamp(*time.localtime(ticks)[:6])
