"""The memory limit: what cannot fit is OutOfMemory with nothing left of it, and a store of four times the limit keeps to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deed_core import OutOfMemory, PyDeedGraph, Session

MIB = 1 << 20
LIMIT = 32 * MIB
CHILD = Path(__file__).with_name("memory_child.py")


@pytest.fixture(params=["memory", "disk"])
def limited(request: pytest.FixtureRequest, store: Path) -> Iterator[PyDeedGraph]:
    path = store if request.param == "disk" else None
    with PyDeedGraph(path, memory_limit=LIMIT) as graph:
        for number in range(3):
            graph.add_entity("Row", {"number": number})
        graph.add_edge(*ids(graph)[:2], "TO", {"number": 0})
        yield graph
    if path is not None:
        with PyDeedGraph(path, memory_limit=LIMIT) as graph:
            require_unchanged(graph)
            assert graph.get_entity(ids(graph)[-1])["properties"] == {"number": 2, "after": True}


def ids(graph: PyDeedGraph) -> list[int]:
    return [row["id"] for row in graph.scan_collection("Row")]


def require_unchanged(graph: PyDeedGraph) -> None:
    assert graph.check() == []
    assert [row["properties"]["number"] for row in graph.scan_collection("Row")] == [0, 1, 2]
    assert [edge["properties"] for edge in graph.scan_edges("TO")] == [{"number": 0}]
    assert graph.stats()["memory"]["total"] <= LIMIT


def require_usable(graph: PyDeedGraph) -> None:
    """There is room again, for a transaction that is not small too."""
    require_unchanged(graph)
    with graph.transaction() as tx:
        for number in range(2_000):
            tx.add_entity("Other", {"number": number, "text": "x" * 100})
    assert len(graph.scan_collection("Other")) == 2_000
    graph.update_entity(ids(graph)[-1], {"after": True})


HUGE = bytes(2 * LIMIT)
STATEMENTS: dict[str, Callable[[PyDeedGraph | Session, list[int]], object]] = {
    "add_entity": lambda graph, row: graph.add_entity("Row", {"number": 9, "huge": HUGE}),
    "update_entity": lambda graph, row: graph.update_entity(row[0], {"number": 9, "huge": HUGE}),
    "add_edge": lambda graph, row: graph.add_edge(row[0], row[2], "TO", {"number": 9, "huge": HUGE}),
    "a list": lambda graph, row: graph.update_entity(row[0], {"huge": [HUGE[: LIMIT // 2]] * 3}),
    "add_entities": lambda graph, row: graph.add_entities("Row", {"number": range(9_000), "huge": [HUGE] + [None] * 8_999}),
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_huge_value(limited: PyDeedGraph, statement: str) -> None:
    """Alone, and in a transaction, which can then go on."""
    with pytest.raises(OutOfMemory):
        STATEMENTS[statement](limited, ids(limited))
    require_unchanged(limited)
    with limited.transaction() as tx:
        before = tx.add_entity("Before")
        with pytest.raises(OutOfMemory):
            STATEMENTS[statement](tx, ids(limited))
        tx.add_edge(before, tx.add_entity("Behind"), "LED_TO")
    assert len(limited.scan_collection("Before")) == len(limited.scan_edges("LED_TO")) == 1
    require_usable(limited)


def test_a_bulk_load(limited: PyDeedGraph) -> None:
    texts = [f"{number:0200d}" for number in range(200_000)]
    with pytest.raises(OutOfMemory):
        limited.add_entities("Row", {"number": range(len(texts)), "text": texts})
    require_unchanged(limited)
    with limited.transaction() as tx:
        tx.add_entity("Before")
        with pytest.raises(OutOfMemory):
            tx.add_entities("Row", {"number": range(len(texts)), "text": texts})
        tx.add_entity("Before")
    assert len(limited.scan_collection("Before")) == 2
    require_usable(limited)


def test_a_transaction(limited: PyDeedGraph) -> None:
    """Undone by hand, and by its own error."""
    for _ in range(2):
        tx = limited.transaction()
        with pytest.raises(OutOfMemory):
            fill(tx)
        tx.rollback()
        require_unchanged(limited)
        with pytest.raises(OutOfMemory), limited.transaction() as tx:
            fill(tx)
    require_usable(limited)


def fill(tx: Session) -> None:
    for number in range(1_000_000):
        tx.add_entity("Row", {"number": number, "text": "x" * 200})


def test_resident_memory_of_a_store_of_four_times_its_limit(store: Path) -> None:
    """As the system counts it: limit + 15 % + 64 MiB for all that the process has beside what it had before it opened."""
    limit = 48 * MIB
    for mode in ("work", "recover"):
        peaks, _ = run_child(store, limit, mode, dies=mode == "work")
        before = peaks.pop("start")
        print({phase: f"{(peak - before) / MIB:.0f} MiB" for phase, peak in peaks.items()})
        assert len(peaks) == {"work": 6, "recover": 2}[mode]
        assert max(peaks.values()) <= limit * 1.15 + 64 * MIB + before
    _, size = run_child(store, 4096 * MIB, "measure")
    print(f"{size / limit:.1f} times the limit")
    assert size >= 4 * limit


def run_child(store: Path, limit: int, mode: str, *, dies: bool = False) -> tuple[dict[str, int], int]:
    """The most resident memory up to each phase, and the last number that was reported."""
    peaks, number = {}, 0
    command = [sys.executable, str(CHILD), str(store), str(limit), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        for line in child.stdout:
            phase, text = line.split()
            peaks[phase], number = peak_bytes(child.pid), int(text)
            if dies and phase == "checkpoint":
                child.kill()
                break
            child.stdin.write("\n")
            child.stdin.flush()
    assert child.returncode == (-signal.SIGKILL if dies else 0)
    return peaks, number


def peak_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel does not report VmHWM")
