"""Types that SQLAlchemy does not have in general, and what the types of columns are when they are read from a store."""

from __future__ import annotations

import datetime
from typing import Any

from deed_core import Duration
from sqlalchemy import types
from sqlalchemy.sql import sqltypes, type_api


class INTERVAL(type_api.NativeForEmulated, sqltypes._AbstractInterval):
    """A span of time: a ``timedelta``, or a :class:`deed.Duration` if a ``timedelta`` cannot hold it exactly."""

    __visit_name__ = "INTERVAL"
    native = True

    @classmethod
    def adapt_emulated_to_native(cls, impl: Any, **kw: Any) -> INTERVAL:
        return cls()

    @property
    def _type_affinity(self) -> Any:
        return types.Interval

    @property
    def python_type(self) -> type[Any]:
        return datetime.timedelta

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        def process(value: Any) -> Any:
            if not isinstance(value, Duration) or value.months or value.nanoseconds % 1_000:
                return value
            return datetime.timedelta(value.days, value.seconds, value.nanoseconds // 1_000)

        return process

    def literal_processor(self, dialect: Any) -> Any:
        return lambda span: f"INTERVAL '{span.days} days {span.seconds}.{span.microseconds:06} seconds'"


class ARRAY(types.ARRAY[Any]):
    """``sqlalchemy.ARRAY`` as Deed writes it."""

    def literal_processor(self, dialect: Any) -> Any:
        item = self.item_type.dialect_impl(dialect).literal_processor(dialect)
        if item is None:
            return None

        def process(value: Any) -> str:
            return f"ARRAY[{', '.join(process(each) if isinstance(each, (list, tuple)) else item(each) for each in value)}]"

        return process


class MAP(types.TypeEngine[dict[str, Any]]):
    """JSONB of Deed: a ``dict``, stored as it is. ``sqlalchemy.JSON``, which may be anything, is stored as text."""

    __visit_name__ = "MAP"

    @property
    def python_type(self) -> type[Any]:
        return dict


def column_type(names: list[str]) -> types.TypeEngine[Any]:
    """The type of a column whose constraint allows the types of these names; NullType if it may hold several."""
    if len(names) != 1:
        return types.NullType()
    found: dict[str, types.TypeEngine[Any]] = {
        "bool": types.BOOLEAN(),
        "int": types.BIGINT(),
        "float": types.DOUBLE_PRECISION(),
        "str": types.TEXT(),
        "bytes": types.LargeBinary(),
        "date": types.DATE(),
        "local_time": types.TIME(),
        "zoned_time": types.TIME(timezone=True),
        "local_datetime": types.TIMESTAMP(),
        "zoned_datetime": types.TIMESTAMP(timezone=True),
        "duration": INTERVAL(),
        "list": types.ARRAY(types.NullType()),
        "dict": MAP(),
    }
    return found.get(names[0], types.NullType())
