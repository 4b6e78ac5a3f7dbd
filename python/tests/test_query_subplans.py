"""Queries within queries: their results belong to the rows they were asked for, however many rows are asked at once."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from deed_core import PyDeedGraph, Transaction

SEED = 20261128
COUNT = 3_000


class Links:
    """A graph of numbered entities and what it should answer."""

    def __init__(self) -> None:
        chance = random.Random(SEED)
        pairs = [(chance.randrange(COUNT) ** 2 // COUNT, chance.randrange(COUNT)) for _ in range(3 * COUNT)]
        self.neighbors: dict[int, list[int]] = {number: [] for number in range(COUNT)}
        for source, target in pairs:
            self.neighbors[source].append(target)
        self.graph = PyDeedGraph()
        self.graph.execute("UNWIND range(0, $count - 1) AS i CREATE (:N {i: i, c: i % 50})", {"count": COUNT})
        self.graph.execute("CREATE INDEX FOR (n:N) ON (n.i)")
        self.graph.execute(
            "UNWIND $pairs AS pair MATCH (a:N {i: pair[0]}), (b:N {i: pair[1]}) CREATE (a)-[:TO]->(b)", {"pairs": pairs}
        )

    def by_number(self, text: str) -> dict[int, object]:
        return dict(self.graph.execute(text).fetchall())


@pytest.fixture(scope="module")
def links() -> Iterator[Links]:
    print(f"seed {SEED}")
    links = Links()
    with links.graph:
        yield links


def test_counts_belong_to_their_rows(links: Links) -> None:
    found = links.by_number("MATCH (a:N) RETURN a.i, COUNT { (a)-->(b) WHERE b.c < 25 }")
    assert found == {a: sum(b % 50 < 25 for b in bs) for a, bs in links.neighbors.items()}


def test_existence_belongs_to_its_rows(links: Links) -> None:
    found = links.by_number("MATCH (a:N) RETURN a.i, EXISTS { (a)-->(b) WHERE b.c = 3 } OR a.i = 7")
    assert found == {a: a == 7 or any(b % 50 == 3 for b in bs) for a, bs in links.neighbors.items()}


def test_lists_belong_to_their_rows(links: Links) -> None:
    found = links.by_number("MATCH (a:N) RETURN a.i, COLLECT { MATCH (a)-->(b) RETURN b.i }")
    assert {a: sorted(bs) for a, bs in found.items()} == {a: sorted(bs) for a, bs in links.neighbors.items()}  # type: ignore[call-overload]
    found = links.by_number("MATCH (a:N) RETURN a.i, [(a)-->(b) WHERE b.i > a.i | b.i]")
    assert {a: sorted(bs) for a, bs in found.items()} == {  # type: ignore[call-overload]
        a: sorted(b for b in bs if b > a) for a, bs in links.neighbors.items()
    }


def test_queries_in_queries_in_queries_belong_to_their_rows(links: Links) -> None:
    found = links.by_number(
        "MATCH (a:N) RETURN a.i, COUNT { (a)-->(b) WHERE EXISTS { (b)-->(c) WHERE c.c = a.c } AND COUNT { (b)-->() } > 2 }"
    )
    expected = {
        a: sum(any(c % 50 == a % 50 for c in links.neighbors[b]) and len(links.neighbors[b]) > 2 for b in bs)
        for a, bs in links.neighbors.items()
    }
    assert found == expected


def test_subqueries_that_order_and_limit_do_so_for_each_row(links: Links) -> None:
    found = links.by_number("MATCH (a:N) RETURN a.i, COLLECT { MATCH (a)-->(b) RETURN b.i ORDER BY b.i DESC LIMIT 2 }")
    assert found == {a: sorted(bs, reverse=True)[:2] for a, bs in links.neighbors.items()}


def test_existence_ends_at_the_first_of_very_many_matches() -> None:
    with PyDeedGraph() as graph:
        graph.execute("UNWIND range(1, 12) AS i CREATE (:D {i: i})")
        graph.execute("MATCH (a:D), (b:D) WHERE a <> b CREATE (a)-[:TO {w: 1}]->(b)")
        counted = "MATCH (a:D) WHERE {} RETURN count(*)"
        text = "EXISTS {{ (a)-[rs:TO*]->(b) WHERE all(r IN rs WHERE r.w = 1) AND b.i {} }}"
        assert graph.execute(counted.format(text.format("> 0")), timeout=20).scalar() == 12
        either = "a.i = 0 OR " + text.format("> 0")
        assert graph.execute(counted.format(either), timeout=20).scalar() == 12
        items = "EXISTS { UNWIND range(1, 20000000) AS x WITH x WHERE x > a.i RETURN x }"
        assert graph.execute(counted.format(items), timeout=20).scalar() == 12


OPTIONAL = "MATCH (a:N) OPTIONAL MATCH (m:M) WHERE m.k = a.c RETURN a.i, m.name"


def test_optional_matches_by_a_key_give_each_row_its_own(links: Links) -> None:
    with links.graph.transaction() as transaction:
        transaction.execute("UNWIND range(0, 60, 2) AS k CREATE (:M {k: k, name: toString(k)})")
        found = transaction.execute(OPTIONAL).fetchall()
        transaction.rollback()
    assert sorted(found) == [(i, str(i % 50) if i % 2 == 0 else None) for i in range(COUNT)]


def test_what_is_joined_for_each_row_sees_what_the_statement_changed(links: Links) -> None:
    """The side that is read once for all rows is read for each where the statement changes something."""
    text = """
        UNWIND range(1, 4) AS i
        CALL (i) { CREATE (:Made {k: i}) WITH i MATCH (m:Made), (o:Made) WHERE m.k = o.k RETURN count(*) AS found }
        RETURN i, found ORDER BY i"""
    with links.graph.transaction() as transaction:
        assert "Join" in transaction.execute("EXPLAIN " + text).scalar()
        found = transaction.execute(text).fetchall()
        transaction.rollback()
    assert found == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_products_within_rows_are_complete(links: Links) -> None:
    text = """
        MATCH (a:N) WHERE a.i < 20
        OPTIONAL MATCH (x:N {c: 1}), (y:N {c: 2}) WHERE x.i < y.i AND x.i < a.i * 100
        RETURN a.i, count(y)"""
    xs, ys = range(1, COUNT, 50), range(2, COUNT, 50)
    assert links.by_number(text) == {a: sum(x < y and x < a * 100 for x in xs for y in ys) for a in range(20)}


SIDEWAYS = "MATCH (a:N)-->(b)-->(d), (m:M) WHERE m.k = b.c AND m.w < 3 AND d.i % 7 < m.w RETURN a.i, b.i, d.i, m.k"


def expected_sideways(links: Links) -> list[tuple[int, int, int, int]]:
    return sorted(
        (a, b, d, b % 50)
        for a, bs in links.neighbors.items()
        for b in bs
        if b % 50 < 12 and b % 50 % 4 < 3
        for d in links.neighbors[b]
        if d % 7 < b % 50 % 4
    )


def add_keys(transaction: Transaction) -> None:
    """Twelve keys that occur, one that does not, and one that agrees with nothing."""
    transaction.execute("UNWIND range(0, 11) AS k CREATE (:M {k: k, w: k % 4})")
    transaction.execute("CREATE (:M {k: 1000, w: 0}), (:M {w: 0}), (:M {k: 0.0 / 0.0, w: 0})")


def test_rows_that_a_join_will_drop_are_dropped_before_they_are_expanded(links: Links) -> None:
    with links.graph.transaction() as transaction:
        add_keys(transaction)
        plan = transaction.execute("EXPLAIN " + SIDEWAYS).scalar()
        found = transaction.execute(SIDEWAYS).fetchall()
        profile = transaction.execute("PROFILE " + SIDEWAYS).scalar()
        transaction.rollback()
    assert sorted(found) == expected_sideways(links)
    assert re.search(r"Join.*\n.*(\n.*)*Expand.*\n +Sift #\d+\.c", plan), plan
    kept, all_rows = (int(rows) for rows in re.findall(r"(?:Sift|Expand) .*actual (\d+)", profile)[1:3])
    assert kept < all_rows, profile


def test_joins_that_are_put_aside_drop_nothing_early() -> None:
    with PyDeedGraph(query_memory=64 << 10) as graph:
        graph.execute("UNWIND range(0, 19999) AS i CREATE (:N {c: i})")
        graph.execute("MATCH (a:N), (b:N) WHERE b.c = (a.c * 7 + 1) % 20000 CREATE (a)-[:TO]->(b)")
        graph.execute("UNWIND range(0, 9999) AS k CREATE (:M {k: k * 2, text: 'some text to fill the memory ' + k})")
        text = "MATCH (a:N)-->(b)-->(d), (m:M) WHERE m.k = b.c RETURN count(*), count(DISTINCT m.text), sum(d.c)"
        assert "Sift" in graph.execute("EXPLAIN " + text).scalar()
        before = graph.stats()["temporary"]["bytes_written"]
        found = graph.execute(text).fetchone()
        assert graph.stats()["temporary"]["bytes_written"] > before
    steps = [(a * 7 + 1) % 20000 for a in range(20000)]
    assert found == (10000, 10000, sum(steps[b] for b in steps if b % 2 == 0))
