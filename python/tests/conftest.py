"""Fixtures of the tests: graphs in memory and on disk, real data, and seeds that are printed on failure."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deed_core import PyDeedGraph

pytest.register_assert_rewrite("model", "histories")

REPOSITORY = Path(__file__).resolve().parents[2]

# The questions `pairs` and `joins` are those of the benchmarks. At the end: names of the tests come first.
sys.path.append(str(REPOSITORY / "python" / "benchmarks"))


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    """A graph in memory."""
    with PyDeedGraph() as graph:
        yield graph


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The path of a store that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture(params=["memory", "disk"])
def any_graph(request: pytest.FixtureRequest, store: Path) -> Iterator[PyDeedGraph]:
    """A graph in memory, then one on disk."""
    with PyDeedGraph(store if request.param == "disk" else None) as graph:
        yield graph


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers from a seed that is shown when the test fails; DEED_SEED overrides it."""
    seed = int(os.environ.get("DEED_SEED", "20240607"))
    print(f"DEED_SEED={seed} ({request.node.name})")
    return random.Random(seed)


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """Real graphs, in a directory beside the repository or named by DEED_DATA."""
    directory = Path(os.environ.get("DEED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not directory.is_dir():
        pytest.skip(f"no real data in {directory}")
    return directory
