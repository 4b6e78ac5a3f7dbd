"""The catalogue of SQL: information_schema, the tables of pg_catalog that tools read, and the functions beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deed_core import DeedError, PyDeedGraph


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        graph.execute(
            "CREATE TABLE person (id INT PRIMARY KEY, name TEXT NOT NULL, age INT CHECK (age >= 0), city TEXT DEFAULT 'Oslo', tags TEXT[])"
        )
        graph.execute("CREATE TABLE city (name TEXT UNIQUE, founded DATE)")
        graph.execute("CREATE EDGE TABLE lives_in (since INT) FROM person TO city")
        graph.execute("CREATE INDEX by_name ON person (name, age)")
        graph.execute("CREATE VIEW adults AS SELECT id, name FROM person WHERE age > 17")
        graph.execute("INSERT INTO person (id, name, age) VALUES (1, 'Ada', 36), (2, 'Bob', 7)")
        graph.execute("CREATE (:Robot {model: 'R2'})-[:Likes {much: 3}]->(:Robot)", language="cypher")
        yield graph


RESULTS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1": [
        ("Likes", "BASE TABLE"), ("Robot", "BASE TABLE"), ("adults", "VIEW"), ("city", "BASE TABLE"), ("lives_in", "BASE TABLE"),
        ("person", "BASE TABLE")],
    "SELECT schema_name FROM information_schema.schemata ORDER BY 1": [("information_schema",), ("pg_catalog",), ("public",)],
    "SELECT column_name, ordinal_position, data_type, is_nullable, column_default, udt_name FROM information_schema.columns "
    "WHERE table_name = 'person' ORDER BY ordinal_position": [
        ("id", 1, "bigint", "NO", None, "int8"), ("name", 2, "text", "NO", None, "text"), ("age", 3, "bigint", "YES", None, "int8"),
        ("city", 4, "text", "YES", "'Oslo'", "text"), ("tags", 5, "ARRAY", "YES", None, "_text"),
        ("_id", 6, "bigint", "NO", None, "int8")],
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'lives_in' ORDER BY ordinal_position": [
        ("since", "bigint"), ("_id", "bigint"), ("_src", "bigint"), ("_dst", "bigint")],
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name IN ('Robot', 'Likes') ORDER BY table_name, 1": [
        ("_dst", "bigint"), ("_id", "bigint"), ("_src", "bigint"), ("much", "any"), ("_id", "bigint"), ("model", "any")],
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'adults' ORDER BY ordinal_position": [
        ("id", "bigint"), ("name", "text")],
    "SELECT table_name, constraint_type FROM information_schema.table_constraints ORDER BY 1, 2": [
        ("city", "UNIQUE"), ("person", "CHECK"), ("person", "PRIMARY KEY")],
    "SELECT c.table_name, k.column_name, k.ordinal_position FROM information_schema.table_constraints c "
    "JOIN information_schema.key_column_usage k USING (constraint_name) WHERE c.constraint_type = 'PRIMARY KEY'": [("person", "id", 1)],
    "SELECT check_clause FROM information_schema.check_constraints": [("(age >= 0)",)],
    "SELECT count(*) FROM information_schema.referential_constraints": [(0,)],
    "SELECT count(*) FROM information_schema.sequences": [(0,)],
    "SELECT table_name, view_definition FROM information_schema.views": [("adults", "SELECT id, name FROM person WHERE age > 17")],
    "SELECT n.nspname, c.relname, c.relkind, c.reltuples FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND pg_catalog.pg_table_is_visible(c.oid) "
    "ORDER BY 2": [
        ("public", "Likes", "r", 1.0), ("public", "Robot", "r", 2.0), ("public", "adults", "v", 0.0), ("public", "city", "r", 0.0),
        ("public", "lives_in", "r", 0.0), ("public", "person", "r", 2.0)],
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "(SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) AS value "
    "FROM pg_attribute a WHERE a.attrelid = 'person'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum": [
        ("id", "bigint", True, None), ("name", "text", True, None), ("age", "bigint", False, None), ("city", "text", False, "'Oslo'"),
        ("tags", "text[]", False, None), ("_id", "bigint", True, None)],
    "SELECT r.conname IS NOT NULL, r.contype, r.conkey, pg_get_constraintdef(r.oid, true) FROM pg_constraint r "
    "WHERE r.conrelid = 'public.person'::regclass ORDER BY 2": [(True, "c", [3], "CHECK (age >= 0)"), (True, "p", [1], "PRIMARY KEY (id)")],
    "SELECT c.relname, i.indisunique, i.indisprimary, i.indkey, pg_get_indexdef(i.indexrelid) FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'by_name'": [
        ("by_name", False, False, [2, 3], "CREATE INDEX by_name ON public.person (name, age)")],
    "SELECT indisprimary, indkey FROM pg_index WHERE indrelid = 'person'::regclass AND indisunique": [(True, [1])],
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE indexname = 'by_name'": [
        ("person", "by_name", "CREATE INDEX by_name ON public.person (name, age)")],
    "SELECT tablename, hasindexes FROM pg_tables ORDER BY 1": [
        ("Likes", False), ("Robot", False), ("city", True), ("lives_in", False), ("person", True)],
    "SELECT viewname, definition, pg_get_viewdef('adults'::regclass) FROM pg_views": [
        ("adults", "SELECT id, name FROM person WHERE age > 17", "SELECT id, name FROM person WHERE age > 17")],
    "SELECT typname FROM pg_type WHERE oid = 20": [("int8",)],
    "SELECT count(*) FROM pg_description": [(0,)],
    "SELECT datname = current_database(), encoding FROM pg_database": [(True, 6)],
    "SELECT current_database(), current_catalog, current_schema(), current_schema, current_user, session_user": [
        ("memory", "memory", "public", "public", "deed", "deed")],
    "SELECT version() LIKE 'Deed %', current_schemas(false), to_regclass('nothing') IS NULL": [
        (True, ["pg_catalog", "public"], True)],
    "SELECT format_type(c.atttypid, -1) AS t, count(*) FROM pg_attribute c WHERE attrelid = 'person'::regclass GROUP BY "
    "c.atttypid ORDER BY 1": [
        ("bigint", 3), ("text", 2), ("text[]", 1)],
    "SELECT max(format_type(c.atttypid, -1)) FROM pg_attribute c WHERE attrelid = 'city'::regclass": [("text",)],
    "SELECT name FROM public.person ORDER BY 1": [("Ada",), ("Bob",)],
    "SELECT name FROM memory.public.person ORDER BY 1": [("Ada",), ("Bob",)],
    "SELECT name FROM PUBLIC.Person p JOIN INFORMATION_SCHEMA.TABLES t ON t.TABLE_NAME = lower('PERSON') ORDER BY 1": [("Ada",), ("Bob",)],
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'information_schema' AND table_name = 'tables'": [(1,)],
    "SELECT label FROM db.labels() WHERE label > 'b' ORDER BY label": [("person",)],
    "SELECT l.n, k FROM db.labels() AS l(n), db.propertyKeys() p(k) WHERE l.n = k || 'xx'": [],
}


@pytest.mark.parametrize("text", RESULTS)
def test_results(graph: PyDeedGraph, text: str) -> None:
    assert [tuple(row) for row in graph.sql(text)] == RESULTS[text]


@pytest.mark.parametrize(("text", "part"), [
    ("SELECT * FROM information_schema.nothing", 'table "information_schema.nothing" does not exist'),
    ("SELECT * FROM nowhere.person", 'there is no schema "nowhere"'),
    ("SELECT * FROM other.public.person", 'there is no database "other"; this one is "memory"'),
    ("SELECT * FROM a.memory.public.person", "at most a database and a schema"),
    ("SELECT * FROM information_schema.person", "does not exist"),
    ("DELETE FROM information_schema.tables", "cannot be changed"),
    ("INSERT INTO pg_catalog.pg_class (oid) VALUES (1)", "cannot be changed"),
    ("SELECT pg_get_constraintdef()", "takes 1 to 2 arguments"),
    ("SELECT current_database(1)", ""),
    ("SELECT * FROM deed.evaporate(1)", "there is no table function"),
    ("SELECT * FROM db.labels(1)", "takes 0 arguments, not 1"),
    ("SELECT 'person'::regclazz", 'there is no type "regclazz"'),
])  # fmt: skip
def test_errors(graph: PyDeedGraph, text: str, part: str) -> None:
    with pytest.raises(DeedError) as caught:
        list(graph.sql(text))
    assert part in str(caught.value)


def test_a_table_of_the_user_comes_before_one_of_the_catalogue(graph: PyDeedGraph) -> None:
    graph.execute("CREATE TABLE pg_type (x INT)")
    graph.execute("INSERT INTO pg_type VALUES (7)")
    assert graph.sql("SELECT * FROM pg_type").scalar() == 7
    assert graph.sql("SELECT typname FROM pg_catalog.pg_type WHERE oid = 25").scalar() == "text"


def test_the_catalogue_is_never_stale(graph: PyDeedGraph) -> None:
    text = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
    before = graph.sql(text).scalar()
    graph.execute("CREATE TABLE more (a INT, b INT)")
    assert graph.sql(text).scalar() == before + 3
    graph.execute("MATCH (r:Robot) SET r.colour = 'red'", language="cypher")
    assert graph.sql(text).scalar() == before + 4
    graph.execute("DROP TABLE more")
    assert graph.sql(text).scalar() == before + 1


def test_a_view_of_what_is_gone_has_no_columns(graph: PyDeedGraph) -> None:
    graph.execute("CREATE TABLE gone (a INT)")
    graph.execute("CREATE VIEW seen AS SELECT a FROM gone")
    graph.execute("DROP TABLE gone")
    assert graph.sql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'seen'").scalar() == 0
    assert graph.sql("SELECT count(*) FROM information_schema.views WHERE table_name = 'seen'").scalar() == 1


def test_a_view_of_the_catalogue_tells_its_columns(graph: PyDeedGraph) -> None:
    graph.execute("CREATE VIEW mine AS SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    assert ("mine",) in [tuple(row) for row in graph.sql("SELECT * FROM mine")]
    assert graph.sql("SELECT data_type FROM information_schema.columns WHERE table_name = 'mine'").scalar() == "text"


def test_the_database_is_called_as_its_file_is(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "social.deed") as graph:
        assert graph.sql("SELECT current_database()").scalar() == "social"
        assert graph.sql("SELECT catalog_name FROM information_schema.schemata LIMIT 1").scalar() == "social"


def test_names_in_need_of_quotes_have_them_in_definitions(graph: PyDeedGraph) -> None:
    graph.execute('CREATE TABLE "Odd ""one" ("a b" TEXT PRIMARY KEY, c TEXT CHECK (c IN (\'x\', \'it\'\'s\')))')
    found = graph.sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '\"'::regclass").fetchall()
    assert found == []
    found = graph.sql(
        "SELECT pg_get_constraintdef(o.oid) FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE c.relname LIKE "
        "'Odd%' ORDER BY 1"
    ).fetchall()
    assert [tuple(row) for row in found] == [("CHECK (c IN ('x', 'it''s'))",), ('PRIMARY KEY ("a b")',)]
    definition = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'Odd%'"
    assert str(graph.sql(definition).scalar()).endswith('ON public."Odd ""one" ("a b")')


def test_cypher_reads_the_catalogue_too(graph: PyDeedGraph) -> None:
    text = "CALL information_schema.tables() YIELD table_name, table_schema WHERE table_schema = 'public' RETURN count(*)"
    assert graph.cypher(text).scalar() == 6
    assert not [row for row in graph.cypher("SHOW PROCEDURES").dicts() if "schema.t" in row["name"]]
