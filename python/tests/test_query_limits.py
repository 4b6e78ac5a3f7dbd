"""Expressions that take long, or make something large, for a single row: a timeout ends them, and what they make is counted against
the memory limit before it is there."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from deed_core import Interrupted, OutOfMemory, PyDeedGraph

MIB = 1 << 20

LONG: dict[str, tuple[str, dict[str, Any]]] = {
    "regular expression": ("RETURN $text =~ '(a?){4000}b'", {"text": "a" * 1_000_000}),
    "many delimiters": ("RETURN size(split($text, $parts))", {"text": "x" * 5_000_000, "parts": [f"part {n}" for n in range(50_000)]}),
    "rows of lists that are searched": ("WITH range(1, 1000000) AS l UNWIND range(1, 2000) AS x RETURN count(x + 0.5 IN l)", {}),
    "rows of lists that are compared": ("WITH range(1, 1000000) AS l UNWIND range(1, 2000) AS x RETURN count(l = l + 1)", {}),
    "a list that grows": ("RETURN size(reduce(a = [], x IN range(1, 1000000) | a + x))", {}),
    "a text that grows": ("RETURN size(reduce(a = '', x IN range(1, 40000000) | a + 'x'))", {}),
    "a comprehension": ("RETURN size([x IN range(1, 40000000) WHERE x % 7 = 8 | x * 2])", {}),
    "a quantifier": ("RETURN all(x IN range(1, 40000000) WHERE x > 0 AND toString(x) <> 'x')", {}),
    "comprehensions within each other": ("RETURN size([x IN range(1, 20000) | size([y IN range(1, 20000) | x * y])])", {}),
}


@pytest.mark.parametrize("name", LONG)
def test_a_timeout_ends_what_takes_long_for_one_row(name: str) -> None:
    text, parameters = LONG[name]
    with PyDeedGraph() as graph:
        started = time.monotonic()
        with pytest.raises(Interrupted):
            graph.execute(text, parameters, timeout=0.1).fetchall()
        assert time.monotonic() - started < 3


LARGE: dict[str, tuple[str, dict[str, Any]]] = {
    "range": ("RETURN size(range(1, 50000000))", {}),
    "doubled lists": ("RETURN size(reduce(a = [1], x IN range(1, 25) | a + a))", {}),
    "slices": ("WITH range(1, 300000) AS l UNWIND range(1, 2000) AS x RETURN sum(size(l[x..]))", {}),
    "joined texts": ("UNWIND range(1, 2000) AS x RETURN sum(size($text + x))", {"text": "x" * MIB}),
    "a comprehension": ("UNWIND range(1, 100) AS i RETURN sum(size([x IN range(1, 40000) | x + i]))", {}),
    "characters": ("RETURN size(split($text, ''))", {"text": "x" * (4 * MIB)}),
    "parts": ("RETURN size(split($text, 'x'))", {"text": "x" * (4 * MIB)}),
    "replaced": ("RETURN size(replace($text, 'x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'))", {"text": "x" * (2 * MIB)}),
    "padded": ("RETURN size(lpad('x', 200000000, 'ab'))", {}),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_made_for_one_row_is_counted(name: str) -> None:
    text, parameters = LARGE[name]
    with PyDeedGraph(memory_limit=64 * MIB) as graph:
        with pytest.raises(OutOfMemory):
            graph.execute(text, parameters, timeout=60).fetchall()
        assert graph.execute("RETURN size(range(1, 100000))").scalar() == 100_000


def long_to_plan() -> str:
    legs = ", ".join(f"(a)-[:E]->(b{number})" for number in range(150))
    conditions = " AND ".join(f"b{number % 150}.i > b{number % 149}.i" for number in range(20_000))
    return f"EXPLAIN MATCH {legs} WHERE {conditions} RETURN a"


def test_a_timeout_ends_planning() -> None:
    text = long_to_plan()
    with PyDeedGraph() as graph:
        started = time.monotonic()
        graph.execute(text)
        whole = time.monotonic() - started
        started = time.monotonic()
        # The text differs, so that nothing is remembered of it.
        with pytest.raises(Interrupted):
            graph.execute(text + ".i", timeout=0.01)
        assert time.monotonic() - started < max(whole * 0.9, 0.1)


def test_other_threads_run_while_a_statement_is_planned() -> None:
    with PyDeedGraph() as graph:
        done = threading.Event()
        rounds = 0

        def run() -> None:
            nonlocal rounds
            while not done.wait(0.001):
                rounds += 1

        other = threading.Thread(target=run)
        other.start()
        time.sleep(0.05)
        before = rounds
        graph.execute(long_to_plan())
        planned = rounds - before
        done.set()
        other.join()
    assert planned >= 5
