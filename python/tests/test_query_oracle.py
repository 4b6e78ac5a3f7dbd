"""Random queries on random graphs, compared with a naive interpreter (oracle/): rows as bags, order by its keys, and what
changes leave behind. DEED_QUERY_SEEDS says how many of each kind."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from deed_core import PyDeedGraph
from oracle.clauses import Query, TooLarge
from oracle.generator import Generator, creation, random_graph
from oracle.values import Graph, plain

SEEDS = int(os.environ.get("DEED_QUERY_SEEDS", "200"))
# Seeds of one test: it shows all the failures of its block at once.
BLOCK = 50


def contents(deed: PyDeedGraph) -> list[Any]:
    """As Graph.contents has it."""
    nodes = [plain(node) for (node,) in deed.execute("MATCH (n) RETURN n")]
    rows = deed.execute("MATCH (a)-[r]->(b) RETURN r, a, b")
    return sorted(nodes + [("edge", plain(one), plain(a), plain(b)) for one, a, b in rows], key=repr)


def difference(deed: PyDeedGraph, query: Query, graph: Graph) -> str | None:
    """What Deed has otherwise than the interpreter, or None."""
    try:
        wanted = [tuple(plain(value, sorts_lists=query.sorts_lists) for value in row.values()) for row in query.run(graph)]
    except TooLarge:
        return None
    result = deed.execute(str(query), timeout=30)
    got = [tuple(plain(value, sorts_lists=query.sorts_lists) for value in row) for row in result]
    if Counter(wanted) != Counter(got):
        return f"expected rows {sorted(wanted, key=repr)}\ngot rows      {sorted(got, key=repr)}"
    if query.order:
        names = [name for _, name in query.parts[0][-1].items]
        keys = [names.index(name) for name, _ in query.order]
        if [[row[key] for key in keys] for row in wanted] != [[row[key] for key in keys] for row in got]:
            return f"expected order {wanted}\ngot order      {got}"
    left, found = graph.contents(), contents(deed)
    return None if left == found else f"expected graph {left}\ngot graph      {found}"


def check(
    seed: int, *, changes: bool, threads: int = 1, query_memory: int | None = None, chunk_rows: int | None = None,
    written: list[int] | None = None,
) -> str | None:
    """`threads`: with more than one even the smallest scan is divided; `query_memory`: with 1 nothing is held in memory of what
    can be put aside, and `written` gets the bytes of files; `chunk_rows`: as many rows go from operator to operator at once."""
    rng = random.Random(seed)
    graph = random_graph(rng)
    generator = Generator(rng)
    query = generator.change() if changes else generator.query()
    made = creation(graph)
    with PyDeedGraph(threads=threads, parallel_rows_min=0, query_memory=query_memory, chunk_rows=chunk_rows) as deed:
        if made:
            deed.execute(made)
        try:
            problem = difference(deed, query, graph)
        except Exception as error:  # Any exception is a finding, and is shown with its query.
            problem = f"{type(error).__name__}: {error}"
        if written is not None:
            written.append(deed.stats()["temporary"]["bytes_written"])
    return problem and f"seed {seed}\n{made};\n{query};\n{problem}"


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_queries_give_what_the_interpreter_gives(first: int) -> None:
    problems = [check(seed, changes=False) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_changes_leave_the_graph_that_the_interpreter_leaves(first: int) -> None:
    problems = [check(seed, changes=True) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_two_threads_give_what_the_interpreter_gives(first: int) -> None:
    problems = [check(seed, changes=False, threads=2) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_rows_that_are_put_aside_give_what_the_interpreter_gives(first: int) -> None:
    seeds = range(first, min(first + BLOCK, SEEDS))
    written: list[int] = []
    problems = [
        check(seed, changes=seed % 4 == 3, threads=1 + seed % 2, query_memory=1, written=written) for seed in seeds
    ]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)
    # A few queries may have nothing that could be put aside.
    assert any(written) or len(seeds) < BLOCK


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_chunks_of_few_rows_give_what_the_interpreter_gives(first: int) -> None:
    problems = []
    for seed in range(first, min(first + BLOCK, SEEDS)):
        rows, threads, memory = (1, 2, 3, 7)[seed % 4], 1 + seed // 4 % 2, 1 if seed // 8 % 3 == 0 else None
        problems.append(check(seed, changes=seed % 5 == 4, threads=threads, query_memory=memory, chunk_rows=rows))
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)
