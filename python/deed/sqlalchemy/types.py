"""Types that SQLAlchemy does not have in general, and what the types of columns are when they are read from a store."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import types
from sqlalchemy.sql import sqltypes, type_api


class INTERVAL(type_api.NativeForEmulated, sqltypes._AbstractInterval):
    """A span of time: a ``timedelta``, or a :class:`deed.Duration` if there are months or days in it."""

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

    def literal_processor(self, dialect: Any) -> Any:
        return lambda span: f"INTERVAL '{span.days} days {span.seconds}.{span.microseconds:06} seconds'"


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
