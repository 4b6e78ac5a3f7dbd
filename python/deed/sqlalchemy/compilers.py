"""From SQLAlchemy's expressions to Deed's SQL, which follows PostgreSQL: only what differs is here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc, util
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer
from sqlalchemy.sql import compiler, sqltypes

from .features import FEATURES


class DeedCompiler(PGCompiler):
    """Queries and changes."""

    # The engine's ILIKE takes no parameter for the pattern, so both sides are brought to lower case, as for other databases.
    visit_ilike_case_insensitive_operand = compiler.SQLCompiler.visit_ilike_case_insensitive_operand
    visit_ilike_op_binary = compiler.SQLCompiler.visit_ilike_op_binary
    visit_not_ilike_op_binary = compiler.SQLCompiler.visit_not_ilike_op_binary

    def visit_truediv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)} / CAST({self.process(binary.right, **kw)} AS DOUBLE PRECISION)"

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        raise exc.CompileError(
            "Deed locks no rows for FOR UPDATE: of two transactions that write a row, the second fails (SQLSTATE 40001)"
        )


class DeedDDLCompiler(compiler.DDLCompiler):
    """Definitions."""

    def get_column_specification(self, column: Any, **kw: Any) -> str:
        text = f"{self.preparer.format_column(column)} "
        if column is column.table._autoincrement_column and column.server_default is None and FEATURES.identity:
            text += "BIGSERIAL"
        else:
            if column.autoincrement is True:
                raise exc.CompileError(
                    f"{column}: Deed has no sequences yet, so a column does not count up by itself; give it values, or a default"
                )
            text += self.dialect.type_compiler_instance.process(column.type, type_expression=column)
        default = self.get_column_default_string(column)
        if default is not None:
            text += f" DEFAULT {default}"
        if column.computed is not None:
            text += f" {self.process(column.computed)}"
        if not column.nullable:
            text += " NOT NULL"
        return text

    def create_table_constraints(self, table: Any, _include_foreign_key_constraints: Any = None, **kw: Any) -> Any:
        if not FEATURES.foreign_keys and table.foreign_key_constraints:
            util.warn(f"Deed does not check foreign keys yet: those of table {table.name!r} are left out")
        made: Any = super().create_table_constraints
        return made(table, _include_foreign_key_constraints=_include_foreign_key_constraints, **kw)

    def visit_foreign_key_constraint(self, constraint: Any, **kw: Any) -> Any:
        # None is left out.
        return super().visit_foreign_key_constraint(constraint, **kw) if FEATURES.foreign_keys else None

    def visit_drop_index(self, drop: Any, **kw: Any) -> str:
        # The word behind the name is what tells the language: DROP INDEX is Cypher too, whose names are quoted otherwise.
        made: Any = super().visit_drop_index
        return f"{made(drop, **kw)} RESTRICT"


class DeedTypeCompiler(compiler.GenericTypeCompiler):
    """Types. Where PostgreSQL knows lengths and digits, Deed does not."""

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE PRECISION"

    visit_REAL = visit_DOUBLE = visit_DOUBLE_PRECISION = visit_FLOAT

    def visit_NUMERIC(self, type_: Any, **kw: Any) -> str:
        if FEATURES.numeric:
            made: Any = super().visit_NUMERIC
            return str(made(type_, **kw))
        util.warn("Deed has no exact NUMERIC yet: what is stored are binary floats")
        return "DOUBLE PRECISION"

    visit_DECIMAL = visit_NUMERIC

    def visit_large_binary(self, type_: Any, **kw: Any) -> str:
        return "BYTEA"

    visit_BLOB = visit_BINARY = visit_VARBINARY = visit_large_binary

    def visit_unicode_text(self, type_: Any, **kw: Any) -> str:
        return "TEXT"

    # A value of JSON may be a text or a list, and MAP only a map.
    visit_CLOB = visit_NCLOB = visit_JSON = visit_unicode_text

    def visit_NVARCHAR(self, type_: Any, **kw: Any) -> str:
        return self.visit_VARCHAR(type_, **kw)

    visit_NCHAR = visit_NVARCHAR

    def visit_datetime(self, type_: Any, **kw: Any) -> str:
        return self.visit_TIMESTAMP(type_, **kw)

    visit_DATETIME = visit_datetime

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        return f"TIMESTAMP WITH{'' if type_.timezone else 'OUT'} TIME ZONE"

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return f"TIME WITH{'' if type_.timezone else 'OUT'} TIME ZONE"

    def visit_INTERVAL(self, type_: Any, **kw: Any) -> str:
        return "INTERVAL"

    def visit_MAP(self, type_: Any, **kw: Any) -> str:
        return "JSONB"

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        if isinstance(type_.item_type, sqltypes.NullType):
            raise exc.CompileError("the items of an ARRAY need a type")
        return self.process(type_.item_type, **kw) + "[]" * (type_.dimensions or 1)


class DeedIdentifierPreparer(PGIdentifierPreparer):
    """Names: those that PostgreSQL reserves are reserved here."""

    def quote_schema(self, schema: str, force: Any = None) -> str:
        raise exc.CompileError(f"a store of Deed has one set of names, and no schema {schema!r}")
