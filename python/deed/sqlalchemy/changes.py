"""INSERT with ON CONFLICT, as PostgreSQL has it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql


class Insert(postgresql.Insert):
    """An INSERT with `on_conflict_do_update`, `on_conflict_do_nothing` and `excluded`."""

    stringify_dialect = "deed"
    # Of SQLAlchemy 2.0 the clause cannot be cached, of later ones it can.
    inherit_cache = postgresql.Insert.inherit_cache


def insert(table: Any) -> Insert:
    """An INSERT into a table or a mapped class; as ``sqlalchemy.insert``, with ON CONFLICT."""
    return Insert(table)
