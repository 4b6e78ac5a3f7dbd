"""What tables, columns, keys and indexes a store has, for SQLAlchemy's inspector.

The engine tells all of it by names and by constraints: a column's type and whether it may be null are constraints. What is
asked is the state of the store and not that of a transaction, as definitions commit by themselves.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc
from sqlalchemy.engine import reflection

from .types import column_type

if TYPE_CHECKING:
    from deed_core import PyDeedGraph

TABLES = ("sql table ", "sql edge table ")
VIEW = "sql view "


def graph_of(connection: Any) -> PyDeedGraph:
    graph: PyDeedGraph = connection.connection.dbapi_connection.graph
    return graph


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if isinstance(value, bool) or value is None:
        return str(value).upper() if value is not None else "NULL"
    if isinstance(value, (int, float)):
        return repr(value)
    text = "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP{' WITH TIME ZONE' if value.tzinfo else ''} {text}"
    if isinstance(value, (datetime.date, datetime.time)):
        return f"{type(value).__name__.upper()} {text}"
    return text


def condition(rule: dict[str, Any]) -> str | None:
    """A constraint as CHECK says it; None if it is of another kind."""
    column = quoted(rule["properties"][0]) if rule["properties"] else ""
    bounds = (("min", ">="), ("above", ">"), ("max", "<="), ("below", "<"))
    if rule["kind"] == "one_of":
        return f"{column} IN ({', '.join(literal(value) for value in rule['values'])})"
    if rule["kind"] in ("range", "length"):
        measured = column if rule["kind"] == "range" else f"length({column})"
        return " AND ".join(f"{measured} {sign} {literal(rule[name])}" for name, sign in bounds if rule.get(name) is not None)
    return None


class Reflection:
    """The part of the dialect that the inspector asks."""

    def _definitions(self, connection: Any, *prefixes: str) -> set[str]:
        found = graph_of(connection).execute("CALL db.schema() YIELD name, kind WHERE kind = 'definition' RETURN name")
        return {name[len(prefix) :] for (name,) in found for prefix in prefixes if name.startswith(prefix)}

    def _rules(self, connection: Any, table: str, *kinds: str) -> list[dict[str, Any]]:
        return [
            rule for rule in graph_of(connection).constraints()
            if rule["table"] == table and rule["kind"] in kinds
        ]  # fmt: skip

    def _require(self, connection: Any, table: str, schema: str | None, **kw: Any) -> None:
        if not self.has_table(connection, table, schema, **kw):
            raise exc.NoSuchTableError(table)

    @reflection.cache
    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        names = (self.get_table_names(connection, schema, **kw), self.get_view_names(connection, schema, **kw))
        return any(table_name in each for each in names)

    @reflection.cache
    def has_index(self, connection: Any, table_name: str, index_name: str, schema: str | None = None, **kw: Any) -> bool:
        return any(each["name"] == index_name and each["on"] == table_name for each in graph_of(connection).indexes())

    @reflection.cache
    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Tables that are defined, and collections and relationship types that have rows."""
        if schema is not None:
            return []
        graph = graph_of(connection)
        return sorted(self._definitions(connection, *TABLES) | graph.collections().keys() | graph.edge_types().keys())

    @reflection.cache
    def get_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return sorted(self._definitions(connection, VIEW)) if schema is None else []

    @reflection.cache
    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        """None: a store has one set of names."""
        return []

    @reflection.cache
    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        self._require(connection, table_name, schema, **kw)
        names = graph_of(connection).execute(f"SELECT * FROM {quoted(table_name)} LIMIT 0").columns
        types = {rule["properties"][0]: rule["types"] for rule in self._rules(connection, table_name, "type")}
        defaults = {rule["properties"][0]: rule["value"] for rule in self._rules(connection, table_name, "default")}
        required = {name for rule in self._rules(connection, table_name, "required", "primary_key") for name in rule["properties"]}
        return [
            {
                "name": name,
                "type": column_type(types.get(name, [])),
                "nullable": name not in required,
                "default": literal(defaults[name]) if name in defaults else None,
            }
            for name in names
        ]

    @reflection.cache
    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        self._require(connection, table_name, schema, **kw)
        for rule in self._rules(connection, table_name, "primary_key"):
            return {"name": rule["name"], "constrained_columns": list(rule["properties"])}
        return reflection.ReflectionDefaults.pk_constraint()

    @reflection.cache
    def get_unique_constraints(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        self._require(connection, table_name, schema, **kw)
        return [
            {"name": rule["name"], "column_names": list(rule["properties"])}
            for rule in self._rules(connection, table_name, "unique")
        ]

    @reflection.cache
    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        """Those that were made as indexes: a key has one too."""
        self._require(connection, table_name, schema, **kw)
        keys = {rule["name"] for rule in self._rules(connection, table_name, "primary_key", "unique")}
        return [
            {"name": index["name"], "column_names": list(index["properties"]), "unique": index["unique"]}
            for index in graph_of(connection).indexes()
            if index["on"] == table_name and index["name"] not in keys
        ]

    @reflection.cache
    def get_check_constraints(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        self._require(connection, table_name, schema, **kw)
        rules = self._rules(connection, table_name, "range", "one_of", "length")
        return [{"name": rule["name"], "sqltext": condition(rule)} for rule in rules]

    @reflection.cache
    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        """None yet: the engine has none."""
        self._require(connection, table_name, schema, **kw)
        return []
