"""The dialect: what SQLAlchemy has to know of Deed, and how an engine connects.

`deed:///people.deed` is a directory below the present one, `deed:////srv/people.deed` one anywhere, `deed://` a store in memory,
which all connections of the engine share and which lives as long as the engine. Options of `deed.open` are given in the URL
(`?durability=async`) or as `connect_args`.
"""

from __future__ import annotations

from typing import Any

from deed_core import PyDeedGraph, __version__
from sqlalchemy import exc, pool, types
from sqlalchemy.engine import default
from sqlalchemy.engine.url import URL

from deed import dbapi
from deed.exceptions import Closed

from .compilers import DeedCompiler, DeedDDLCompiler, DeedIdentifierPreparer, DeedTypeCompiler
from .reflection import Reflection
from .types import ARRAY, INTERVAL

#: SQLAlchemy's names of the levels, and Deed's.
LEVELS = {"REPEATABLE READ": "snapshot", "SERIALIZABLE": "serializable"}
#: What a URL may say, and how it is read.
OPTIONS: dict[str, Any] = {
    "read_only": lambda text: text.lower() in ("1", "true", "yes"),
    "memory_limit": int,
    "durability": str,
    "on_conflict": str,
    "timeout": float,
}


class DeedDialect(Reflection, default.DefaultDialect):
    """Deed for SQLAlchemy."""

    name = "deed"
    driver = "deed"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    statement_compiler = DeedCompiler
    ddl_compiler = DeedDDLCompiler
    type_compiler_cls = DeedTypeCompiler
    preparer = DeedIdentifierPreparer
    colspecs = {types.Interval: INTERVAL, types.ARRAY: ARRAY}

    supports_native_boolean = True
    supports_native_decimal = False
    supports_native_enum = False
    supports_schemas = False
    supports_sequences = False
    supports_comments = False
    supports_alter = False
    supports_default_values = True
    supports_default_metavalue = True
    supports_multivalues_insert = True
    supports_is_distinct_from = True
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = True
    supports_sane_rowcount_returning = True
    insert_returning = True
    update_returning = True
    delete_returning = True
    update_returning_multifrom = True
    delete_returning_multifrom = True
    use_insertmanyvalues = True
    postfetch_lastrowid = False
    div_is_floordiv = True
    requires_name_normalize = False

    # What PostgreSQL's compiler asks its own dialect.
    _backslash_escapes = False
    _supports_jsonb_subscripting = False

    def __init__(self, json_serializer: Any = None, json_deserializer: Any = None, **kw: Any) -> None:
        super().__init__(**kw)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        self._memory: PyDeedGraph | None = None

    @classmethod
    def import_dbapi(cls) -> Any:
        return dbapi

    @classmethod
    def get_pool_class(cls, url: URL) -> Any:
        return pool.QueuePool

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        if url.host or url.username or url.password or url.port:
            raise exc.ArgumentError(f"a URL of Deed is deed:///path or deed://, not {url}")
        unknown = sorted(url.query.keys() - OPTIONS.keys())
        if unknown:
            raise exc.ArgumentError(f"a URL of Deed has no option {unknown[0]!r}; there are {', '.join(OPTIONS)}")
        options = {name: OPTIONS[name](value) for name, value in url.query.items()}
        return [url.database or ":memory:"], options

    def connect(self, *arguments: Any, **options: Any) -> Any:
        if arguments != (":memory:",):
            return super().connect(*arguments, **options)
        if self._memory is None:
            self._memory = PyDeedGraph(**options)
        return super().connect(self._memory)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return tuple(int(part) for part in __version__.split("."))

    def _get_default_schema_name(self, connection: Any) -> Any:
        return None

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """The graph was closed, or belongs to the parent of a fork."""
        return isinstance(e.__cause__, Closed) or isinstance(e, dbapi.InterfaceError)

    # ---- Isolation ----------------------------------------------------------------------------------------------------

    def get_isolation_level_values(self, dbapi_conn: Any) -> list[Any]:
        return [*LEVELS, "AUTOCOMMIT"]

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        return next(name for name, own in LEVELS.items() if own == dbapi_connection.isolation_level)

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"
        dbapi_connection.isolation_level = LEVELS.get(level, "snapshot")
