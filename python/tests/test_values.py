"""Every type of value: what is stored reads back equal and of the same type, and what cannot be stored is refused."""

from __future__ import annotations

import array
import collections
import copy
import enum
import math
import pickle
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from deed_core import DeedError, Duration, InvalidArgument, PyDeedGraph, Temporal, TypeMismatch

BERLIN = ZoneInfo("Europe/Berlin")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


SAME = [
    True, False, 0, 1, -1, 2**31, -(2**31), 2**63 - 1, -(2**63),
    0.0, 1.5, -1e308, 5e-324, math.inf, -math.inf,
    "", "a", "twelve chars", "thirteen char", "naïve ☃ 🐜", "a\0b", "\0", "x" * 100_000, "\U0010ffff",
    b"", b"\0\xff", bytes(range(256)), b"y" * 100_000,
    date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(1900, 2, 28),
    time(0), time(23, 59, 59, 999_999), time(12, 30, tzinfo=timezone.utc),
    time(1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-5, minutes=-30))), time(1, tzinfo=timezone(timedelta(seconds=3661))),
    datetime(1970, 1, 1), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(2024, 5, 6, 7, 8, 9, 10),
    datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(2024, 1, 1, tzinfo=timezone.utc),
    datetime(2024, 1, 1, 12, 30, 1, 5, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-23, seconds=1))),
    timedelta(0), timedelta(days=1), timedelta(days=-1, microseconds=1), timedelta.max, timedelta.min,
    timedelta(seconds=86_399, microseconds=999_999),
    Duration(1, 2, 3, 4), Duration(-14, -3, 90_000, 999_999_999), Duration(days=-1), Duration(2**63 - 1, -(2**63), 5),
    Duration(seconds=2**63 - 1), Duration(seconds=-(2**63), nanoseconds=999_999_000),
    [], [1, 2.5, "x", None, [True, []]], [[[[]]]], {}, {"a": 1, "b": {"c": [None, b"x"]}, "": 0, "ü": 1},
    [date(2024, 1, 1), datetime(2024, 1, 1), {"d": timedelta(1)}, array.array("f", [1, 2])],
    array.array("f", []), array.array("f", [1.5, -0.0, math.inf]), array.array("f", range(1536)),
    nested(63), list(range(10_000)), {f"k{i}": i for i in range(1000)},
]  # fmt: skip


def equal(a: Any, b: Any) -> bool:
    """Equal and of equal types, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (datetime, time)):
        return a == b and a.utcoffset() == b.utcoffset()
    return bool(a == b)


def round_trip(graph: PyDeedGraph, value: Any) -> Any:
    node = graph.add_entity("Value", {"value": value})
    return graph.get_entity(node)["properties"]["value"]


@pytest.mark.parametrize("value", SAME, ids=lambda value: f"{type(value).__name__} {str(value)[:30]!a}")
def test_round_trip(graph: PyDeedGraph, value: Any) -> None:
    assert equal(round_trip(graph, value), value)


def test_all_of_it_survives_reopening(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        ids = [graph.add_entity("Value", {"value": value}) for value in SAME]
        edges = [graph.add_edge(id, id, "SELF", {"value": value}) for id, value in zip(ids, SAME)]
    with PyDeedGraph(store) as graph:
        for id, edge, value in zip(ids, edges, SAME):
            assert equal(graph.get_entity(id)["properties"]["value"], value)
            assert equal(graph.get_edge(edge)["properties"]["value"], value)
        assert graph.check() == []


def test_nan_is_a_float(graph: PyDeedGraph) -> None:
    assert math.isnan(round_trip(graph, math.nan))
    assert math.copysign(1, round_trip(graph, -0.0)) == -1


class Text(str):
    """A str with a wrong idea of itself."""

    def __hash__(self) -> int:
        return 7


class Colour(enum.IntEnum):
    RED = 3


class Index:
    def __index__(self) -> int:
        return 42


CONVERTED = [
    ((1, (2, [3])), [1, [2, [3]]]),
    (bytearray(b"ab"), b"ab"),
    (memoryview(b"abcd")[::1], b"abcd"),
    (memoryview(b"abcd")[1:3], b"bc"),
    (Text("text"), "text"),
    (Colour.RED, 3),
    (Index(), 42),
    (collections.OrderedDict(a=1), {"a": 1}),
    (Duration(days=1), Duration(days=1)),
    (Duration(seconds=86_400), timedelta(days=1)),
    (Duration(seconds=-1, nanoseconds=1000), timedelta(seconds=-1, microseconds=1)),
    (Duration(seconds=1, nanoseconds=1), Duration(seconds=1, nanoseconds=1)),
    (np.int8(-3), -3), (np.uint64(2**63 - 1), 2**63 - 1), (np.float64(1.5), 1.5), (np.float32(0.5), 0.5),
    (np.float16(0.25), 0.25), (np.bool_(True), True), (np.str_("ü"), "ü"), (np.bytes_(b"x"), b"x"),
    (np.array([1.5, 2.5], dtype="f4"), array.array("f", [1.5, 2.5])),
    (np.arange(6, dtype="f4")[::2], [0.0, 2.0, 4.0]),
    (np.array([1, 2]), [1, 2]), (np.array([1.5]), [1.5]), (np.array([[1], [2]]), [[1], [2]]), (np.array(5), 5),
    (np.array([1, 255], dtype="u1"), [1, 255]), (array.array("q", [1, -1]), [1, -1]), (array.array("d", [0.5]), [0.5]),
    (memoryview(array.array("i", [7])), [7]),
]  # fmt: skip


@pytest.mark.parametrize("value, expected", CONVERTED, ids=lambda value: f"{type(value).__name__}")
def test_converted(graph: PyDeedGraph, value: Any, expected: Any) -> None:
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        with pytest.raises(TypeMismatch):
            round_trip(graph, value)
    else:
        assert equal(round_trip(graph, value), expected)


def test_embeddings_read_back_without_copying(graph: PyDeedGraph) -> None:
    vector = np.random.default_rng(1).random(384, dtype="f4")
    stored = round_trip(graph, vector)
    assert isinstance(stored, array.array) and stored.typecode == "f"
    assert np.shares_memory(np.asarray(stored), np.frombuffer(stored, dtype="f4"))
    assert (np.asarray(stored) == vector).all()


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, 10**100, Fraction(1, 2), 1j, {1, 2}, frozenset(), object(), print, int, range(3),
     {1: 2}, {"a": {b"b": 1}}, [object()], np.uint64(2**63), np.longdouble(1), np.datetime64("2024-01-01"),
     np.array([1j]), np.array([object()]), iter([]), (x for x in []), Path("x"), ...],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_refused_types(graph: PyDeedGraph, value: Any) -> None:
    with pytest.raises(TypeMismatch) as error:
        graph.add_entity("Value", {"good": 1, "value": value})
    assert isinstance(error.value, TypeError) and error.value.code == 2 and str(error.value)
    assert graph.stats()["entity_count"] == 0


@pytest.mark.parametrize("text", ["\ud800", "ok\udfff", "\udc80" * 10])
def test_lone_surrogates_are_refused(graph: PyDeedGraph, text: str) -> None:
    for call in (
        lambda: graph.add_entity("V", {"v": text}),
        lambda: graph.add_entity("V", {text: 1}),
        lambda: graph.add_entity(text),
        lambda: graph.add_entity("V", {"v": {text: 1}}),
        lambda: graph.add_entity("V", {"v": [text]}),
    ):
        with pytest.raises(InvalidArgument, match="lone surrogate"):
            call()
    assert graph.stats()["entity_count"] == 0


def test_nesting_has_a_limit(graph: PyDeedGraph) -> None:
    assert round_trip(graph, nested(64)) == nested(64)
    for too_deep in (nested(65), nested(100_000), {"a": nested(64)}):
        with pytest.raises(InvalidArgument, match="64 levels"):
            round_trip(graph, too_deep)


def test_values_that_contain_themselves(graph: PyDeedGraph) -> None:
    endless_list: list[Any] = []
    endless_list.append(endless_list)
    endless_dict: dict[str, Any] = {}
    endless_dict["self"] = endless_dict
    endless_tuple = ([],)
    endless_tuple[0].append(endless_tuple)
    for value in (endless_list, endless_dict, endless_tuple):
        with pytest.raises(InvalidArgument, match="contain themselves"):
            round_trip(graph, value)
    endless_list.clear(), endless_dict.clear(), endless_tuple[0].clear()


@pytest.mark.parametrize("key", [1, None, b"k", ("a",), 1.5])
def test_keys_are_strings(graph: PyDeedGraph, key: Any) -> None:
    with pytest.raises(TypeMismatch):
        graph.add_entity("V", {key: 1})
    with pytest.raises(TypeMismatch):
        graph.add_entity("V", {"map": {key: 1}})


def test_keys_that_only_look_different(graph: PyDeedGraph) -> None:
    class Key(str):
        def __hash__(self) -> int:
            return id(self)

        def __eq__(self, other: object) -> bool:
            return self is other

    twice = {"k": 1, Key("k"): 2}
    assert len(twice) == 2
    with pytest.raises(InvalidArgument, match="twice"):
        graph.add_entity("V", twice)
    with pytest.raises(InvalidArgument, match="twice"):
        graph.add_entity("V", {"map": twice})


@pytest.mark.parametrize("properties", [5, "text", b"bytes", [("a", 1)], object(), True])
def test_properties_are_a_mapping(graph: PyDeedGraph, properties: Any) -> None:
    with pytest.raises(TypeMismatch, match="mapping"):
        graph.add_entity("V", properties)


def test_conversion_may_run_hostile_code(graph: PyDeedGraph) -> None:
    """__index__ changes the containers it is in: nothing may be read after it has gone."""

    class Hostile:
        def __init__(self, container: Any) -> None:
            self.container = container

        def __index__(self) -> int:
            self.container.clear()
            if isinstance(self.container, dict):
                self.container.update({f"k{i}": "x" * 50 for i in range(100)})
            return 1

    for _ in range(50):
        values: list[Any] = []
        values.extend([Hostile(values), "a" * 50, ["b" * 50], {"c": "d" * 50}])
        graph.add_entity("V", {"v": values})
        mapping: dict[str, Any] = {}
        mapping.update(a=Hostile(mapping), b="e" * 50, c=["f" * 50])
        try:
            graph.add_entity("V", mapping)
        except InvalidArgument:
            pass  # it then saw a key twice
        inner: dict[str, Any] = {}
        inner.update(a=Hostile(inner), b="g" * 50)
        graph.add_entity("V", {"v": inner})
    assert graph.check() == []


def test_conversion_passes_foreign_exceptions_on(graph: PyDeedGraph) -> None:
    class Broken:
        def __index__(self) -> int:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        graph.add_entity("V", {"v": Broken()})
    with pytest.raises(KeyError, match="mine"):
        graph.get_entity(Broken())


# ---- Dates and times ------------------------------------------------------------------------------------------------


def test_the_name_of_a_zone_is_kept(graph: PyDeedGraph) -> None:
    for moment in (
        datetime(2024, 7, 1, 12, tzinfo=BERLIN),
        datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN),
        datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
        datetime(1850, 1, 1, tzinfo=BERLIN),
        datetime(9999, 12, 31, 23, tzinfo=ZoneInfo("Asia/Tokyo")),
        datetime(1, 1, 1, 1, tzinfo=ZoneInfo("America/New_York")),
    ):
        back = round_trip(graph, moment)
        assert isinstance(back, datetime) and isinstance(back.tzinfo, ZoneInfo)
        assert back.tzinfo.key == moment.tzinfo.key
        assert (back, back.fold, back.utcoffset()) == (moment, moment.fold, moment.utcoffset())


def test_subclasses_of_datetime(graph: PyDeedGraph) -> None:
    assert round_trip(graph, pd.Timestamp("2024-05-06 07:08:09.123456")) == datetime(2024, 5, 6, 7, 8, 9, 123456)
    precise = round_trip(graph, pd.Timestamp("2024-05-06 07:08:09.123456789"))
    assert precise == Temporal("local_datetime", seconds=1714979289, nanoseconds=123456789)
    node = graph.add_entity("V", {"v": pd.NaT, "w": 1})
    assert graph.get_entity(node)["properties"] == {"w": 1}


@pytest.mark.parametrize(
    "value",
    [
        time(12, tzinfo=BERLIN),
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(microseconds=1))),
        time(1, tzinfo=timezone(timedelta(seconds=1, microseconds=1))),
    ],
)
def test_offsets_that_cannot_be_stored(graph: PyDeedGraph, value: Any) -> None:
    with pytest.raises(TypeMismatch):
        round_trip(graph, value)


TEMPORAL = [
    Temporal("date", days=10_000_000),
    Temporal("date", days=-10_000_000),
    Temporal("local_time", seconds=1, nanoseconds=1),
    Temporal("zoned_time", seconds=86_399, nanoseconds=999_999_999, offset=-3600),
    Temporal("local_datetime", seconds=2**40, nanoseconds=5),
    Temporal("local_datetime", seconds=1_000_000_000_000),
    Temporal("zoned_datetime", seconds=0, nanoseconds=1, offset=7200),
    Temporal("zoned_datetime", seconds=0, offset=7200, zone="Atlantis/Capital"),
    Temporal("zoned_datetime", seconds=-(2**40), offset=0, zone="Europe/Berlin"),
]


@pytest.mark.parametrize("value", TEMPORAL, ids=str)
def test_what_datetime_cannot_hold(graph: PyDeedGraph, value: Temporal) -> None:
    assert equal(round_trip(graph, value), value)
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
    assert hash(copy.deepcopy(value)) == hash(value)
    assert eval(repr(value).replace("deed_core.", "")) == value


def test_a_temporal_that_datetime_can_hold_reads_back_as_datetime(graph: PyDeedGraph) -> None:
    assert round_trip(graph, Temporal("date", days=1)) == date(1970, 1, 2)
    assert round_trip(graph, Temporal("local_time", seconds=3661, nanoseconds=5000)) == time(1, 1, 1, 5)
    moment = round_trip(graph, Temporal("zoned_datetime", seconds=0, offset=3600, zone="Europe/Berlin"))
    assert moment == datetime(1970, 1, 1, 1, tzinfo=BERLIN)


@pytest.mark.parametrize(
    "arguments",
    [
        ("century",), ("local_time", 0, 86_400), ("local_time", 0, -1), ("local_datetime", 0, 0, 10**9),
        ("local_datetime", 0, 0, -1), ("zoned_time",), ("date", 0, 0, 0, 5), ("zoned_time", 0, 0, 0, 86_400),
        ("zoned_time", 0, 0, 0, 10**30), ("date", 0, 0, 0, None, "UTC"), ("zoned_datetime", 0, 0, 0, 0, 5),
    ],
)  # fmt: skip
def test_wrong_temporals(arguments: tuple) -> None:
    with pytest.raises(InvalidArgument):
        Temporal(*arguments)


def test_durations() -> None:
    duration = Duration(months=1, days=2, seconds=3, nanoseconds=4)
    assert (duration.months, duration.days, duration.seconds, duration.nanoseconds) == (1, 2, 3, 4)
    assert duration == Duration(1, 2, 3, 4) != Duration(1, 2, 3, 5)
    assert duration != (1, 2, 3, 4) and duration != timedelta(1)
    assert hash(duration) == hash(Duration(1, 2, 3, 4))
    assert pickle.loads(pickle.dumps(duration)) == copy.deepcopy(duration) == duration
    assert repr(duration) == "deed_core.Duration(months=1, days=2, seconds=3, nanoseconds=4)"
    for nanoseconds in (-1, 10**9):
        with pytest.raises(InvalidArgument):
            Duration(nanoseconds=nanoseconds)
    with pytest.raises(OverflowError):
        Duration(months=2**63)
    with pytest.raises(AttributeError):
        duration.months = 5
    with pytest.raises(DeedError):
        Temporal("nothing")
