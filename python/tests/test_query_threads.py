"""Queries that several threads share: the same answers as of one, the first rows in the same order, and ends by errors, timeouts,
interrupts, and closing. What single queries mean is compared with an interpreter in test_query_oracle.py."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import Closed, DeedError, Interrupted, InvalidArgument, OutOfMemory, PyDeedGraph, QueryError

ROWS = 40_000
THREADS = (1, 2, 3)


def person(rng: random.Random, number: int) -> dict[str, Any]:
    """Keys that agree for many, rise with the number, or are missing or of another type for some."""
    mixed = rng.choice([None, rng.randrange(9), rng.random(), "text", True]) if number > 30_000 else rng.randrange(9)
    return {"number": number, "age": rng.randrange(50), "name": f"name {rng.randrange(1000)}", "mixed": mixed}


def build(graph: PyDeedGraph, rows: list[dict[str, Any]]) -> None:
    graph.execute("UNWIND $rows AS row CREATE (p:Person) SET p = row", {"rows": rows})
    graph.execute("MATCH (p:Person) WHERE p.number % 10 = 0 SET p:Tenth")
    graph.execute("MATCH (p:Person) WHERE p.number % 7 = 3 AND p.number < 20000 DELETE p")
    # Some segments are settled when queries come, others are not yet.
    graph.execute("MATCH (p:Person) WHERE p.number % 1000 = 5 SET p.age = 50 + p.number % 3")


@pytest.fixture(scope="module")
def graphs() -> Iterator[dict[int, PyDeedGraph]]:
    rng = random.Random(5)
    rows = [person(rng, number) for number in range(ROWS)]
    made = {threads: PyDeedGraph(threads=threads, parallel_rows_min=1_000) for threads in THREADS}
    for graph in made.values():
        build(graph, rows)
    yield made
    for graph in made.values():
        graph.close()


CONDITIONS = [
    "true", "p.age < 10", "p.age >= 10 AND p.age <> 30 AND p.number > 500", "p.mixed > 3", "p.mixed = 'text'", "p.name CONTAINS '77'",
    "p.name STARTS WITH 'name 1' AND p.age > 48.5", "p:Tenth", "p.missing = 1", "p.number IN [3, 5, 39999]", "p.age > 1000",
    "30 > p.age OR p.mixed IS NULL", "p.mixed <> 4", "p.age = 51", "EXISTS { MATCH (q:Person {number: p.number + 1}) WHERE q.age > 40 }",
]  # fmt: skip
KEYS = ["p.age", "p.number", "p.mixed", "p.name", "p.age % 7", "p.missing", "p.age, p.number", "p.mixed, p.age"]


def statements(rng: random.Random) -> list[tuple[str, bool]]:
    """Texts, and whether the order of their rows counts. EXISTS runs once for each row, so that it is for few of them."""
    condition = rng.choice(CONDITIONS)
    if "EXISTS" in condition:
        condition = f"p.age = {rng.randrange(50)} AND p.number < 3000 AND {condition}"
    match = f"MATCH (p:Person) WHERE {condition}"
    key = ", ".join(f"{key} {rng.choice(['', 'DESC'])}" for key in rng.choice(KEYS).split(", "))
    limit = rng.choice([1, 7, 100, 3_000])
    return [
        (f"{match} RETURN count(*), count(p.mixed), sum(p.age), min(p.number), max(p.mixed), avg(p.number)", False),
        (f"{match} RETURN p.age AS age, avg(p.number), count(*), max(p.name), sum(p.number)", False),
        (f"{match} RETURN p.mixed AS mixed, p.age % 5 AS rest, count(*), stDev(p.age) > 3", False),
        (f"{match} RETURN DISTINCT p.name", False),
        (f"{match} RETURN count(DISTINCT p.name), count(DISTINCT p.age)", False),
        (f"{match} RETURN p.number, p.mixed ORDER BY {key} LIMIT {limit}", True),
        (f"{match} WITH p.number AS n, p ORDER BY {key} SKIP 5 LIMIT {limit} RETURN n, p.name", True),
        (f"{match} WITH p.number AS n ORDER BY n RETURN collect(n)[..20]", True),
        (f"{match} UNWIND [1, p.age] AS x RETURN x, count(*)", False),
        (f"{match} UNWIND [p.number, p.age] AS x RETURN x, p.number ORDER BY x LIMIT {limit}", True),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_more_threads_give_the_same_rows(graphs: dict[int, PyDeedGraph], seed: int) -> None:
    rng = random.Random(seed)
    for text, is_ordered in statements(rng):
        one, *others = ([repr(row) for row in graphs[threads].execute(text)] for threads in THREADS)
        for other in others:
            if is_ordered:
                assert other == one, text
            else:
                assert sorted(other) == sorted(one), text


@pytest.mark.parametrize("threads", THREADS)
def test_the_first_rows_are_those_of_a_stable_sort(graphs: dict[int, PyDeedGraph], threads: int) -> None:
    graph = graphs[threads]
    rows = graph.execute("MATCH (p:Person) RETURN p.number, p.age").fetchall()
    assert rows == sorted(rows)
    for least in (0, 20):
        for limit in (1, 100, 5_000):
            wanted = sorted((row for row in rows if row[1] >= least), key=lambda row: row[1])
            text = "MATCH (p:Person) WHERE p.age >= $least RETURN p.number, p.age ORDER BY p.age {} LIMIT $limit"
            parameters = {"least": least, "limit": limit}
            assert graph.execute(text.format(""), parameters).fetchall() == wanted[:limit]
            wanted.sort(key=lambda row: -row[1])
            assert graph.execute(text.format("DESC"), parameters).fetchall() == wanted[:limit]
            by_number = graph.execute("MATCH (p:Person) RETURN p.number ORDER BY p.number DESC LIMIT $n", {"n": limit})
            assert [number for (number,) in by_number] == sorted((row[0] for row in rows), reverse=True)[:limit]


def test_a_change_between_two_queries_is_seen(graphs: dict[int, PyDeedGraph]) -> None:
    """The least and greatest of a segment's values are remembered, and must be forgotten."""
    first = "MATCH (p:Person) RETURN p.number ORDER BY p.number DESC LIMIT 2"
    above = "MATCH (p:Person) WHERE p.number > 1000000 RETURN count(*)"
    for graph in graphs.values():
        assert graph.execute(first).fetchall() == [(39_999,), (39_998,)] and graph.execute(above).scalar() == 0
        with graph.transaction() as transaction:
            transaction.execute("MATCH (p:Person {number: 4}) SET p.number = 2000000")
            assert transaction.execute(first).fetchall() == [(2_000_000,), (39_999,)]
            assert transaction.execute(above).scalar() == 1
            assert graph.execute(first).fetchall() == [(39_999,), (39_998,)] and graph.execute(above).scalar() == 0
        assert graph.execute(first).fetchall() == [(2_000_000,), (39_999,)] and graph.execute(above).scalar() == 1
        graph.execute("MATCH (p:Person {number: 2000000}) SET p.number = 4")
        assert graph.execute(first).fetchall() == [(39_999,), (39_998,)] and graph.execute(above).scalar() == 0


SLOW = "MATCH (p:Person) UNWIND range(1, 100000) AS x RETURN sum(x + p.age) AS s"


@pytest.mark.parametrize("threads", THREADS)
def test_errors_timeouts_and_limits_end_all_workers(graphs: dict[int, PyDeedGraph], threads: int) -> None:
    graph = graphs[threads]
    for text in ("RETURN sum(100 / (p.number - 35000))", "RETURN 1 / (p.number - 20) AS x ORDER BY x LIMIT 5"):
        with pytest.raises(QueryError, match="zero"):
            graph.execute("MATCH (p:Person) " + text).fetchall()
    started = time.monotonic()
    with pytest.raises(Interrupted, match="timeout"):
        graph.execute(SLOW, timeout=0.2).fetchall()
    assert time.monotonic() - started < 10
    assert graph.execute("MATCH (p:Person) RETURN count(p)").scalar() > 0


@pytest.mark.parametrize("threads", THREADS)
def test_another_thread_interrupts(graphs: dict[int, PyDeedGraph], threads: int) -> None:
    result = graphs[threads].execute(SLOW)
    timer = threading.Timer(0.2, result.interrupt)
    timer.start()
    with pytest.raises(Interrupted):
        result.fetchall()
    timer.join()


@pytest.mark.parametrize("threads", THREADS)
def test_memory_is_counted_for_every_worker(threads: int) -> None:
    with PyDeedGraph(threads=threads, parallel_rows_min=0, memory_limit=64 << 20) as graph:
        graph.execute("UNWIND range(1, 1000) AS n CREATE (:N {n: n})")
        before = graph.stats()["memory"]["total"]
        with pytest.raises(OutOfMemory):
            graph.execute("MATCH (n:N) UNWIND range(1, 100000) AS x RETURN collect(toString(n.n * 1000000 + x))").fetchall()
        assert graph.stats()["memory"]["total"] <= before + (4 << 20)
        assert graph.execute("MATCH (n:N) RETURN count(*)").scalar() == 1000


def test_many_callers_share_the_workers(graphs: dict[int, PyDeedGraph]) -> None:
    graph = graphs[2]
    text = "MATCH (p:Person) WHERE p.age < 30 RETURN p.age, count(*), sum(p.number) ORDER BY p.age"
    wanted = graph.execute(text).fetchall()
    failures: list[object] = []

    def ask() -> None:
        for _ in range(30):
            if (found := graph.execute(text).fetchall()) != wanted:
                failures.append(found)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not failures


def test_rows_are_counted_beside_a_writer() -> None:
    """Each query sees a whole number of transactions, each of which adds ten rows that sum to nothing."""
    with PyDeedGraph(threads=2, parallel_rows_min=0) as graph:
        graph.execute("UNWIND range(1, 20000) AS n CREATE (:N {value: 0})")
        done = threading.Event()

        def write() -> None:
            number = 0
            while not done.is_set():
                number += 1
                graph.execute("UNWIND range(1, 5) AS x CREATE (:N {value: x * $n}), (:N {value: -x * $n})", {"n": number})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            last = 0
            for _ in range(100):
                text = "MATCH (n:N) RETURN count(*), sum(n.value), max(n.value), min(n.value)"
                count, total, high, low = graph.execute(text).fetchall()[0]
                assert count % 10 == 0 and total == 0 and high == -low and count >= last
                last = count
                (best,) = graph.execute("MATCH (n:N) RETURN n.value ORDER BY n.value DESC LIMIT 1").fetchall()
                assert best[0] >= high
                positive = graph.execute("MATCH (n:N) WHERE n.value > 0 RETURN count(*)").scalar()
                assert positive % 5 == 0 and positive * 2 + 20_000 >= count
        finally:
            done.set()
            writer.join()


def test_closing_ends_queries() -> None:
    graph = PyDeedGraph(threads=2, parallel_rows_min=0)
    graph.execute("UNWIND range(1, 20000) AS n CREATE (:Person {age: n})")
    ended: list[BaseException | None] = []

    def ask() -> None:
        try:
            graph.execute(SLOW, timeout=60).fetchall()
            ended.append(None)
        except DeedError as error:
            ended.append(error)

    caller = threading.Thread(target=ask)
    caller.start()
    time.sleep(0.3)
    graph.close()
    caller.join(30)
    assert not caller.is_alive() and isinstance(ended[0], (Closed, Interrupted)), ended


REFUSED = [{"threads": 0}, {"threads": 65}, {"threads": "2"}, {"threads": 1.5}, {"parallel_rows_min": -1}, {"chunk_rows": 0}]


@pytest.mark.parametrize("options", REFUSED)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(options))):
        PyDeedGraph(**options)


# ---- Counted patterns -------------------------------------------------------------------------------------------------


def linked(threads: int, nodes: int, ends: list[tuple[int, int]], **options: Any) -> PyDeedGraph:
    graph = PyDeedGraph(threads=threads, parallel_rows_min=0, **options)
    graph.execute("UNWIND range(0, $last) AS n CREATE (:N {n: n})", {"last": nodes - 1})
    graph.execute("CREATE INDEX FOR (n:N) ON (n.n)")
    text = "UNWIND $ends AS pair MATCH (a:N {n: pair[0]}), (b:N {n: pair[1]}) CREATE (a)-[:R]->(b)"
    graph.execute(text, {"ends": [list(pair) for pair in ends]})
    return graph


def test_more_threads_count_the_same_patterns() -> None:
    rng = random.Random(11)
    # Hubs, so that some entities are more work than others.
    ends = [(int(9_000 * rng.random() ** 2), rng.randrange(9_000)) for _ in range(30_000)]
    texts = [
        "MATCH (a)-[:R]->(b)-[:R]->(c) RETURN count(*)",
        "MATCH (a)-[:R]->(b)-[:R]->(c)-[:R]->(d) RETURN count(*)",
        "MATCH (a)-[:R]-(b)-[:R]->(c)-[:R]->(a) RETURN count(*)",
        "MATCH (a)-[:R]->(b)-[:R]->(c)-[:R]->(d)-[:R]->(a) RETURN count(*)",
        "MATCH (a)-[:R]->(b)<-[:R]-(a) RETURN count(*)",
        "MATCH (a)-[:R]->(b)-[:R]->(c)-[:R]->(a), (a)-[:R]->(d) WHERE d.n % 3 = 0 AND a.n < 8000 RETURN a.n % 10 AS n, count(*) ORDER BY n",
    ]
    found = []
    for threads in THREADS:
        with linked(threads, 9_000, ends) as graph:
            found.append([graph.execute(text).fetchall() for text in texts])
            assert "CountMatches" in graph.execute("EXPLAIN " + texts[3]).scalar()
    out = [0] * 9_000
    for source, _ in ends:
        out[source] += 1
    loops = sum(source == target for source, target in ends)
    assert found[0][0] == [(sum(out[target] for _, target in ends) - loops,)]
    assert found[1] == found[0] and found[2] == found[0]


@pytest.mark.parametrize("threads", THREADS)
def test_counting_ends_for_all_workers(threads: int) -> None:
    ends = [(a, b) for a in range(400) for b in range(400) if a != b]
    cycle = "MATCH (a)-[:R]->(b)-[:R]->(c) MATCH (c)-[:R]->(d)-[:R]->(e) MATCH (e)-[:R]->(f)-[:R]->(a) RETURN count(*)"
    walks = " ".join(f"MATCH (n{i})-[:R]->(n{i + 1})" for i in range(9)) + " RETURN count(*)"
    with linked(threads, 400, ends) as graph:
        assert "CountMatches" in graph.execute("EXPLAIN " + cycle).scalar()
        with pytest.raises(Interrupted, match="timeout"):
            graph.execute(cycle, timeout=0.02).fetchall()
        with pytest.raises(DeedError, match="a count is larger than"):
            graph.execute(walks).fetchall()
        assert graph.execute("MATCH (a)-[:R]->(b)-[:R]->(a) RETURN count(*)").scalar() == 400 * 399
