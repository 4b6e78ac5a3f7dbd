"""SQLAlchemy on Deed: expressions, types, mapped classes, reflection, transactions; and pandas by way of it."""

from __future__ import annotations

import datetime
import decimal
import doctest
import subprocess
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deed
import pandas
import pytest
import sqlalchemy as sa
from deed.sqlalchemy import INTERVAL, MAP, insert
from deed.sqlalchemy.features import FEATURES
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload


@pytest.fixture(params=["memory", "disk"])
def engine(request: pytest.FixtureRequest, store: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine("deed://" if request.param == "memory" else f"deed:///{store}?durability=none")
    yield engine
    engine.dispose()


METADATA = sa.MetaData()
CITY = sa.Table(
    "city", METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
    sa.Column("people", sa.BigInteger, server_default=sa.text("0")),
    sa.Column("Capital Of", sa.String),
    sa.CheckConstraint("people >= 0", name="city_people"),
)  # fmt: skip
PLACES = [(1, "Oslo", 700_000, "Norway"), (2, "Rome", 2_800_000, "Italy"), (3, "Köln", 1_000_000, None)]


@pytest.fixture
def cities(engine: sa.Engine) -> sa.Engine:
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(CITY.insert(), [dict(zip(CITY.c.keys(), place, strict=True)) for place in PLACES])
    return engine


# ---- Expressions --------------------------------------------------------------------------------------------------------

C = CITY.c
QUERIES: list[tuple[sa.Select[Any], list[tuple[Any, ...]]]] = [
    (sa.select(C.name).where(C.people > 800_000).order_by(C.name), [("Köln",), ("Rome",)]),
    (sa.select(C.id).order_by(C.id).limit(1).offset(1), [(2,)]),
    (sa.select(C.id).order_by(C.id).offset(2), [(3,)]),
    (sa.select(sa.func.count(), sa.func.sum(C.people)).select_from(CITY), [(3, 4_500_000)]),
    (sa.select(C["Capital Of"]).where(C["Capital Of"].is_not(None)).order_by(sa.text("1")), [("Italy",), ("Norway",)]),
    (sa.select(C.id).where(C.name.in_(["Oslo", "Köln"])).order_by(C.id), [(1,), (3,)]),
    (sa.select(C.id).where(C.name.in_([])), []),
    (sa.select(C.id).where(C.name.ilike("%O%"), ~C.name.startswith("R")), [(1,)]),
    (sa.select(C.id).where(C.name.contains("%", autoescape=True)), []),
    (sa.select(sa.case((C.people > 2_000_000, "big"), else_="small")).order_by(C.id), [("small",), ("big",), ("small",)]),
    (sa.select(sa.cast(C.people / 1_000_000, sa.Float), C.people // 300_000).where(C.id == 1), [(0.7, 2)]),
    (sa.select(sa.cast(C.people, sa.String), sa.cast("12", sa.Integer)).where(C.id == 1), [("700000", 12)]),
    (sa.select(C.name).where(C.people == sa.select(sa.func.max(C.people)).scalar_subquery()), [("Rome",)]),
    (sa.select(C.id, sa.func.rank().over(order_by=C.people.desc())).order_by(C.id), [(1, 3), (2, 1), (3, 2)]),
    (sa.select(sa.true(), sa.false(), sa.null(), sa.literal("a") + "b"), [(True, False, None, "ab")]),  # type: ignore[list-item]
    (sa.select(sa.func.coalesce(C["Capital Of"], "nothing")).where(C.id == 3), [("nothing",)]),
    (sa.select(C.id).where(sa.tuple_(C.id, C.name).in_([(1, "Oslo"), (2, "Oslo")])), [(1,)]),
    (sa.select(C.id).where(C["Capital Of"].is_distinct_from("Italy")).order_by(C.id), [(1,), (3,)]),
    (sa.select(sa.extract("year", sa.literal(datetime.date(2024, 1, 2)))), [(2024,)]),
]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_queries(cities: sa.Engine, number: int) -> None:
    query, expected = QUERIES[number]
    with cities.connect() as connection:
        assert [tuple(row) for row in connection.execute(query)] == expected


def test_unions_and_recursion(cities: sa.Engine) -> None:
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < 4))
    with cities.connect() as connection:
        assert connection.scalars(sa.select(numbers.c.n).order_by(numbers.c.n)).all() == [1, 2, 3, 4]
        both = sa.union(sa.select(C.name), sa.select(sa.literal("Bonn"))).order_by("name")
        assert connection.scalars(both).all() == ["Bonn", "Köln", "Oslo", "Rome"]


def test_changes(cities: sa.Engine) -> None:
    with cities.begin() as connection:
        assert connection.execute(CITY.update().where(C.id < 3).values(people=C.people + 1)).rowcount == 2
        changed = connection.execute(CITY.update().where(C.id == 1).values(people=5).returning(C.id, C.people))
        assert changed.all() == [(1, 5)]
        assert connection.execute(CITY.delete().where(C.id == 2)).rowcount == 1
        assert connection.execute(CITY.delete().where(C.id == 9).returning(C.id)).all() == []
        made = connection.execute(CITY.insert().returning(C.id, C.people), [{"id": 10, "name": "a"}, {"id": 11, "name": "b"}])
        assert sorted(made.all()) == [(10, 0), (11, 0)]
        more = CITY.insert().from_select(["id", "name"], sa.select(C.id + 100, C.name + "!").where(C.id == 10))
        assert connection.execute(more).rowcount == 1
        assert connection.scalar(sa.select(C.name).where(C.id == 110)) == "a!"
        connection.execute(CITY.insert().values([{"id": 20, "name": "c"}, {"id": 21, "name": "d"}]))
        assert connection.scalar(sa.select(sa.func.count()).select_from(CITY)) == 7


def test_on_conflict(cities: sa.Engine) -> None:
    row = {"id": 1, "name": "Oslo", "people": 9}
    with cities.begin() as connection:
        statement = insert(CITY)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]), row)
        assert connection.scalar(sa.select(C.people).where(C.id == 1)) == 700_000
        update = statement.on_conflict_do_update(
            index_elements=[C.id], set_={"people": statement.excluded.people + C.people}
        )
        connection.execute(update, row)
        assert connection.scalar(sa.select(C.people).where(C.id == 1)) == 700_009


@pytest.mark.parametrize("text", ["x'); DELETE FROM city; --", '"', "%s ? :a", "ä"])
def test_values_and_names_are_quoted(cities: sa.Engine, text: str) -> None:
    table = sa.Table(f'a"{text}', sa.MetaData(), sa.Column(f"b {text}", sa.String))
    table.create(cities)
    with cities.begin() as connection:
        connection.execute(table.insert(), {f"b {text}": text})
        assert connection.execute(sa.select(table)).all() == [(text,)]
        assert connection.execute(sa.select(sa.literal(text, literal_execute=True))).scalar() == text
        assert connection.scalar(sa.select(sa.func.count()).select_from(CITY)) == 3
    index = sa.Index("i %s ? :a ä", table.c[0])
    index.create(cities)
    assert [each["name"] for each in sa.inspect(cities).get_indexes(table.name)] == [index.name]
    index.drop(cities)
    assert sa.inspect(cities).get_indexes(table.name) == []
    table.drop(cities)
    assert not sa.inspect(cities).has_table(table.name)


def test_rows_are_not_locked_in_silence(cities: sa.Engine) -> None:
    with cities.connect() as connection, pytest.raises(sa.exc.CompileError, match="locks no rows"):
        connection.execute(sa.select(CITY).with_for_update())


# ---- Types --------------------------------------------------------------------------------------------------------------

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)
VALUES: list[tuple[Any, Any]] = [
    (sa.Boolean(), True), (sa.SmallInteger(), -5), (sa.BigInteger(), 2**62), (sa.Float(), 0.1), (sa.Double(), 1e300),
    (sa.String(3), "abc"), (sa.Text(), "ä🦆"), (sa.Unicode(9), "x"), (sa.LargeBinary(), b"\0\xff"),
    (sa.Date(), MOMENT.date()), (sa.Time(), MOMENT.time()), (sa.DateTime(), MOMENT),
    (sa.DateTime(timezone=True), MOMENT.replace(tzinfo=datetime.timezone.utc)),
    (sa.Interval(), datetime.timedelta(hours=30, microseconds=5)), (INTERVAL(), datetime.timedelta(seconds=1)),
    (sa.Uuid(), uuid.UUID(int=5)), (sa.Enum("red", "green", name="colour"), "red"),
    (sa.JSON(), {"a": [1, None, "x"]}), (sa.JSON(), [1, 2]), (sa.JSON(), "text"), (MAP(), {"a": {"b": 1}}),
    (sa.ARRAY(sa.Integer), [1, 2]), (sa.PickleType(), {1: (2,)}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=lambda each: repr(each)[:40])
def test_types_keep_values(engine: sa.Engine, kind: Any, value: Any) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("x", kind))
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"x": value}, {"x": None}])
        read = connection.scalars(sa.select(table.c.x)).all()
    assert sorted(read, key=lambda each: each is None) == [value, None]
    assert type(read[0] if read[0] is not None else read[1]) is type(value)


LITERALS: list[tuple[Any, Any]] = [
    (sa.Interval(), datetime.timedelta(days=40, microseconds=5)), (sa.ARRAY(sa.String), [["it's"], ["b"]]), (sa.String(), "it's"),
    (sa.Date(), MOMENT.date()), (sa.DateTime(), MOMENT), (sa.Boolean(), False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), LITERALS, ids=lambda each: repr(each)[:40])
def test_literals_that_are_written_into_the_text(engine: sa.Engine, kind: Any, value: Any) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("x", kind))
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert().values(x=sa.literal(value, kind, literal_execute=True)))
        assert connection.scalar(sa.select(table.c.x)) == value


def test_json_is_written_by_who_is_named(store: Path) -> None:
    engine = sa.create_engine("deed://", json_serializer=lambda value: "[1]", json_deserializer=lambda text: text)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.literal({"a": 1}, sa.JSON()))) == "[1]"


def test_exact_numbers(engine: sa.Engine) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("x", sa.Numeric(10, 2)))
    if FEATURES.numeric:
        table.create(engine)
    else:
        with pytest.warns(SAWarning, match="no exact NUMERIC yet"):
            table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), {"x": decimal.Decimal("1.25")})
        assert connection.scalar(sa.select(table.c.x)) == decimal.Decimal("1.25")


# ---- Definitions and reflection -----------------------------------------------------------------------------------------


def test_reflection(cities: sa.Engine) -> None:
    sa.Index("by_people", C.people, C.name).create(cities)
    try:
        with cities.begin() as connection:
            connection.execute(sa.text("CREATE VIEW big AS SELECT name FROM city WHERE people > 800000"))
            connection.exec_driver_sql("CREATE (:Person {name: 'Ada'})")
        inspector = sa.inspect(cities)
        assert inspector.get_table_names() == ["Person", "city"] and inspector.get_view_names() == ["big"]
        assert inspector.has_table("city") and inspector.has_table("big") and not inspector.has_table("nothing")
        assert inspector.get_pk_constraint("city") == {"name": "city_id_primary_key", "constrained_columns": ["id"]}
        assert inspector.get_unique_constraints("city") == [{"name": "city_name_unique", "column_names": ["name"]}]
        assert inspector.get_indexes("city") == [{"name": "by_people", "column_names": ["people", "name"], "unique": False}]
        assert inspector.get_check_constraints("city") == [{"name": "city_people", "sqltext": '"people" >= 0'}]
        assert inspector.get_foreign_keys("city") == []
        columns = {column["name"]: column for column in inspector.get_columns("city")}
        assert list(columns) == ["id", "name", "people", "Capital Of"]
        assert isinstance(columns["id"]["type"], sa.BigInteger) and isinstance(columns["name"]["type"], sa.Text)
        assert [column["nullable"] for column in columns.values()] == [False, False, True, True]
        assert columns["people"]["default"] == "0"
        assert [column["name"] for column in inspector.get_columns("big")] == ["name"]
        with pytest.raises(sa.exc.NoSuchTableError):
            inspector.get_columns("nothing")
    finally:
        CITY.indexes.clear()


def test_what_is_reflected_makes_the_same_table(cities: sa.Engine) -> None:
    reflected = sa.Table("city", sa.MetaData(), autoload_with=cities)
    with cities.connect() as connection:
        assert len(connection.execute(sa.select(reflected)).all()) == 3
    other = sa.create_engine("deed://")
    reflected.create(other)
    assert sa.inspect(other).get_columns("city")[0].keys() == sa.inspect(cities).get_columns("city")[0].keys()
    with other.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(reflected.insert(), {"id": 1, "name": "x", "people": -1})


def test_metadata_are_made_and_dropped(engine: sa.Engine) -> None:
    METADATA.create_all(engine)
    METADATA.create_all(engine)
    METADATA.drop_all(engine)
    METADATA.drop_all(engine)
    assert sa.inspect(engine).get_table_names() == []


def test_there_are_no_schemas(engine: sa.Engine) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("x", sa.Integer), schema="other")
    with pytest.raises(sa.exc.CompileError, match="no schema 'other'"):
        table.create(engine)
    with engine.connect() as connection, pytest.raises(sa.exc.CompileError, match="no schema 'other'"):
        connection.execute(sa.select(table))
    assert not sa.inspect(engine).has_table("t", schema="other") and sa.inspect(engine).get_schema_names() == []


def test_a_graph_that_was_closed_is_a_lost_connection() -> None:
    engine = sa.create_engine("deed://")
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.graph.close()
        with pytest.raises(sa.exc.OperationalError) as caught:
            connection.execute(sa.text("SELECT 1"))
        assert caught.value.connection_invalidated


def test_defaults_as_they_are_written() -> None:
    from deed.sqlalchemy.reflection import condition, literal

    values = [True, None, 1, 1.5, "it's", MOMENT, MOMENT.date(), MOMENT.time()]
    with deed.connect() as connection:
        text = f"SELECT {', '.join(literal(value) for value in values)}"
        assert connection.execute(text).fetchone() == tuple(values)
    assert condition({"kind": "one_of", "properties": ["a b"], "values": [1, "x"]}) == "\"a b\" IN (1, 'x')"
    assert condition({"kind": "length", "properties": ["a"], "min": 1, "max": 2}) == 'length("a") >= 1 AND length("a") <= 2'
    assert condition({"kind": "range", "properties": ["a"], "above": 0, "below": 2.5}) == '"a" > 0 AND "a" < 2.5'
    assert condition({"kind": "required", "properties": ["a"]}) is None


# ---- Mapped classes -----------------------------------------------------------------------------------------------------


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(30), index=True)
    pets: Mapped[list[Pet]] = relationship(back_populates="owner", cascade="all, delete-orphan", order_by="Pet.id")


class Pet(Base):
    __tablename__ = "pet"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    owner: Mapped[Person | None] = relationship(back_populates="pets")


@pytest.fixture
def people(engine: sa.Engine) -> sa.Engine:
    with warnings.catch_warnings():
        if not FEATURES.foreign_keys:
            warnings.simplefilter("ignore", SAWarning)
        Base.metadata.create_all(engine)
    with Session(engine) as session:
        ada = Person(id=1, name="Ada", pets=[Pet(id=1, name="cat"), Pet(id=2, name="dog")])
        session.add_all([ada, Person(id=2, name="Bob", pets=[Pet(id=3, name="owl")]), Pet(id=4, name="fox")])
        session.commit()
    return engine


def test_relationships(people: sa.Engine) -> None:
    with Session(people) as session:
        found = session.scalars(sa.select(Person).options(selectinload(Person.pets)).order_by(Person.id)).all()
        assert [(each.name, [pet.name for pet in each.pets]) for each in found] == [("Ada", ["cat", "dog"]), ("Bob", ["owl"])]
        counts = sa.select(Person.name, sa.func.count(Pet.id)).join(Pet).group_by(Person.name).order_by(Person.name)
        assert session.execute(counts).all() == [("Ada", 2), ("Bob", 1)]
        outer = sa.select(Pet.name, Person.name).outerjoin(Person).order_by(Pet.id)
        assert session.execute(outer).all()[-1] == ("fox", None)
        fox = session.get(Pet, 4)
        assert fox is not None and fox.owner is None
        fox.owner = session.get(Person, 2)
        session.commit()
        assert session.scalars(sa.select(Pet.name).where(Pet.owner.has(name="Bob")).order_by(Pet.id)).all() == ["owl", "fox"]


def test_units_of_work(people: sa.Engine) -> None:
    with Session(people) as session:
        ada = session.get(Person, 1)
        assert ada is not None
        ada.name = "Ada L."
        del ada.pets[0]
        session.delete(session.get(Person, 2))
        session.commit()
        assert session.scalars(sa.select(Pet.id).order_by(Pet.id)).all() == [2, 4]
        assert session.scalar(sa.select(Person.name)) == "Ada L."
        session.execute(sa.update(Pet).values(name=Pet.name + "!"))
        session.rollback()
        assert session.scalar(sa.select(Pet.name).where(Pet.id == 2)) == "dog"


def test_an_object_that_another_transaction_has_deleted_is_missed(people: sa.Engine) -> None:
    with Session(people) as session:
        fox = session.get(Pet, 4)
        assert fox is not None
        session.commit()
        with people.begin() as connection:
            connection.execute(sa.delete(Pet).where(Pet.id == 4))
        sa.orm.attributes.set_committed_value(fox, "name", "old")
        fox.name = "new"
        with pytest.raises((sa.orm.exc.StaleDataError, sa.orm.exc.ObjectDeletedError)):
            session.flush()


def test_keys_that_count_up(engine: sa.Engine) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer))
    if FEATURES.identity:
        table.create(engine)
        with engine.begin() as connection:
            made = [connection.execute(table.insert(), {"x": x}).inserted_primary_key for x in (7, 8)]
        assert made == [(1,), (2,)]
        return
    table.create(engine)
    with engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="'id' has no value"):
        connection.execute(table.insert(), {"x": 7})
    wanted = sa.Table("u", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True, autoincrement=True))
    with pytest.raises(sa.exc.CompileError, match="no sequences yet"):
        wanted.create(engine)


def test_foreign_keys_that_are_not_checked_are_told_of(engine: sa.Engine) -> None:
    if FEATURES.foreign_keys:
        pytest.skip("the engine checks them")
    with pytest.warns(SAWarning, match="does not check foreign keys yet: those of table 'pet'"):
        Base.metadata.create_all(engine)


# ---- Transactions -------------------------------------------------------------------------------------------------------


def test_conflicts_can_be_told(cities: sa.Engine) -> None:
    statement = CITY.update().where(C.id == 1).values(people=C.people + 1)
    with cities.connect() as first, cities.connect() as second:
        first.execute(statement)
        with pytest.raises(sa.exc.OperationalError) as caught:
            second.execute(statement)
        assert isinstance(caught.value.orig, deed.OperationalError) and caught.value.orig.sqlstate == "40001"
        first.commit()
        second.rollback()
        second.execute(statement)
        second.commit()
        assert first.scalar(sa.select(C.people).where(C.id == 1)) == 700_002


def test_isolation_levels(cities: sa.Engine) -> None:
    with cities.connect() as connection:
        assert connection.get_isolation_level() == "REPEATABLE READ" == connection.default_isolation_level
    with cities.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        connection.execute(CITY.delete().where(C.id == 1))
    with cities.connect() as connection:
        assert connection.get_isolation_level() == "REPEATABLE READ"
        assert connection.scalar(sa.select(sa.func.count()).select_from(CITY)) == 2
    engine = sa.create_engine("deed://", isolation_level="SERIALIZABLE")
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        assert connection.get_isolation_level() == "REPEATABLE READ"
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "SERIALIZABLE"
    with cities.connect().execution_options(isolation_level="SERIALIZABLE") as reader, cities.connect() as writer:
        total = reader.scalar(sa.select(sa.func.sum(C.people)))
        reader.execute(CITY.update().where(C.id == 2).values(people=total))
        writer.execute(CITY.update().where(C.id == 3).values(people=1))
        writer.commit()
        with pytest.raises(sa.exc.OperationalError):
            reader.commit()


@pytest.mark.skipif(not FEATURES.savepoints, reason="the engine has no SAVEPOINT yet")
def test_savepoints(people: sa.Engine) -> None:
    with Session(people) as session:
        session.add(Person(id=5, name="Eve"))
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.add(Person(id=1, name="again"))
        with session.begin_nested():
            session.add(Person(id=6, name="Flo"))
        session.commit()
        assert session.scalars(sa.select(Person.id).order_by(Person.id)).all() == [1, 2, 5, 6]


def test_threads_of_one_engine(cities: sa.Engine) -> None:
    def count_up() -> None:
        done = 0
        while done < 20:
            try:
                with cities.begin() as connection:
                    connection.execute(CITY.update().where(C.id == 1).values(people=C.people + 1))
                done += 1
            except sa.exc.OperationalError as error:
                assert error.orig.sqlstate == "40001"  # type: ignore[union-attr]

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cities.connect() as connection:
        assert connection.scalar(sa.select(C.people).where(C.id == 1)) == 700_080


# ---- Engines ------------------------------------------------------------------------------------------------------------


def test_an_engine_that_is_disposed_of_closes_the_store(store: Path) -> None:
    engine = sa.create_engine(f"deed:///{store}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INT)")
    engine.dispose()
    with deed.open(store) as graph:
        assert graph.execute("SELECT count(*) FROM t").scalar() == 0


def test_a_store_in_memory_lives_as_long_as_its_engine() -> None:
    engine, other = sa.create_engine("deed://"), sa.create_engine("deed:///:memory:")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INT)")
    engine.dispose()
    assert sa.inspect(engine).has_table("t") and not sa.inspect(other).has_table("t")


@pytest.mark.parametrize("url", ["deed://host/path", "deed:///path?colour=red", "deed://user@/path"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(sa.exc.ArgumentError, match="URL of Deed"):
        sa.create_engine(url).connect()


def test_options_in_the_url(store: Path) -> None:
    engine = sa.create_engine(f"deed:///{store}?durability=async&timeout=0.5&on_conflict=wait&memory_limit=100000000")
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
    reader = sa.create_engine(f"deed:///{store}?read_only=true")
    with reader.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("CREATE TABLE t (x INT)")
    reader.dispose()


def test_the_dialect_is_registered_by_the_package() -> None:
    text = "import sqlalchemy, sys; e = sqlalchemy.create_engine('deed://'); assert e.connect().scalar(sqlalchemy.text('SELECT 5')) == 5"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", text], cwd="/").returncode == 0


# ---- pandas -------------------------------------------------------------------------------------------------------------


def frame() -> pandas.DataFrame:
    return pandas.DataFrame(
        {"n": [1, 2, 3], "x": [0.5, None, 2.5], "s": ["a", "it's", None], "b": [True, False, True],
         "t": pandas.to_datetime(["2024-01-02 00:00:00", "2024-01-03 04:05:06", None])}
    )  # fmt: skip


def test_pandas_reads_and_writes_by_way_of_sqlalchemy(engine: sa.Engine) -> None:
    assert frame().to_sql("frame", engine, index=False) == 3
    assert frame().to_sql("frame", engine, index=False, if_exists="append", method="multi") == 3
    read = pandas.read_sql("SELECT * FROM frame", engine)
    assert len(read) == 6 and list(read.columns) == ["n", "x", "s", "b", "t"]
    assert frame().to_sql("frame", engine, index=False, if_exists="replace") == 3
    read = pandas.read_sql_table("frame", engine)
    pandas.testing.assert_frame_equal(read.sort_values("n", ignore_index=True), frame(), check_dtype=False)
    few = pandas.read_sql(sa.text("SELECT s FROM frame WHERE n < :n ORDER BY n"), engine, params={"n": 3})
    assert few["s"].tolist() == ["a", "it's"]
    with pytest.raises(ValueError, match="already exists"):
        frame().to_sql("frame", engine)


def test_pandas_reads_from_a_connection_of_pep_249() -> None:
    with deed.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it has been tested with sqlite3 alone, it says
        connection.execute("CREATE TABLE t (n INT, s TEXT)")
        connection.cursor().executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b")])
        read = pandas.read_sql("SELECT * FROM t WHERE n > ? ORDER BY n", connection, params=(0,))
        assert read.to_dict("list") == {"n": [1, 2], "s": ["a", "b"]}
        chunks = list(pandas.read_sql("SELECT n FROM t ORDER BY n", connection, chunksize=1))
        assert [chunk["n"].tolist() for chunk in chunks] == [[1], [2]]
        with pytest.raises((pandas.errors.DatabaseError, deed.ProgrammingError), match="sqlite_master"):
            frame().to_sql("frame", connection)  # pandas takes every connection for one of sqlite3


def test_the_page_says_what_happens() -> None:
    page = Path(__file__).parents[2] / "docs" / "python-dbapi.md"
    results = doctest.testfile(str(page), module_relative=False)
    assert results.attempted >= 30 and results.failed == 0
