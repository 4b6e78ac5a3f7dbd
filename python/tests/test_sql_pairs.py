"""The same question in Cypher and in SQL, over a social network: both give the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from deed_core import PyDeedGraph
from pairs.network import load
from pairs.questions import PAIRS, Pair
from peers import difference, is_ordered


@pytest.fixture(scope="module")
def network(data_directory: Path) -> Iterator[PyDeedGraph]:
    directory = data_directory / "ldbc-snb-mini"
    if not directory.exists():
        pytest.skip("no ldbc-snb-mini")
    with PyDeedGraph() as graph:
        load(graph, directory)
        yield graph


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_both_languages_give_the_same(network: PyDeedGraph, pair: Pair) -> None:
    found = network.sql(pair.sql, timeout=60).fetchall()
    wanted = network.cypher(pair.cypher, timeout=60).fetchall()
    assert (problem := difference(found, wanted, is_ordered=is_ordered(pair.sql))) is None, problem


def test_there_are_enough_pairs_and_most_find_something(network: PyDeedGraph) -> None:
    assert len(PAIRS) >= 200 and len({pair.name for pair in PAIRS}) == len(PAIRS)
    empty = [pair.name for pair in PAIRS if not network.sql(pair.sql, timeout=60).fetchall()]
    assert len(empty) <= 20, empty
