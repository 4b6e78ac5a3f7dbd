"""verify() and repair(): what they say of good and of damaged stores, and what is left of the latter."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import deed_core
import pytest
from deed_core import PyDeedGraph, repair, verify

PEOPLE = 20_000


@pytest.fixture
def people(store: Path) -> Path:
    """A closed store with two segments of people, who know each other in a chain."""
    with PyDeedGraph(store) as graph:
        names = [f"person {i} {random.Random(i).random()}" for i in range(PEOPLE)]
        ids = graph.add_entities("Person", {"name": names, "n": range(PEOPLE)})
        graph.add_edges("KNOWS", ids[:-1], ids[1:])
        graph.add_entities("City", {"name": ["Graz", "Linz"]})
    return store


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0x10
    path.write_bytes(content)


def largest_table(store: Path) -> Path:
    return max(store.glob("*.sst"), key=lambda path: path.stat().st_size)


def test_a_good_store(people: Path) -> None:
    before = {path.name: path.read_bytes() for path in people.iterdir() if path.is_file()}
    report = verify(people)
    assert report.ok and [finding for finding in report.findings if finding.severity != "note"] == []
    assert report.kept is None
    assert {path.name: path.read_bytes() for path in people.iterdir() if path.is_file()} == before


def test_an_open_store(people: Path) -> None:
    with PyDeedGraph(people) as graph:
        graph.add_entity("Person", {"n": -1})
        assert verify(str(people)).ok
        with pytest.raises(deed_core.StoreLocked):
            repair(people)


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(deed_core.StorageError):
        verify(tmp_path / "none")
    with pytest.raises(deed_core.StorageError):
        repair(tmp_path / "none")
    with pytest.raises(deed_core.TypeMismatch):
        verify(None)  # type: ignore[arg-type]


def test_progress_and_interruption(people: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert verify(people, progress=lambda done, total: seen.append((done, total))).ok
    assert seen and all(0 <= done <= total for done, total in seen)
    for function in (verify, repair):
        with pytest.raises(deed_core.Interrupted):
            function(people, progress=lambda done, total: False)
        with pytest.raises(ZeroDivisionError):
            function(people, progress=lambda done, total: 1 // 0)
    assert verify(people).ok


def test_a_damaged_block_hides_only_its_rows(people: Path) -> None:
    table = largest_table(people)
    flip(table, table.stat().st_size // 2)
    report = verify(people)
    assert not report.ok
    assert any(table.name in finding.place for finding in report.findings)
    with PyDeedGraph(people, read_only=True) as graph:
        assert [row["properties"]["name"] for row in graph.scan_collection("City")] == ["Graz", "Linz"]
        with pytest.raises(deed_core.Corruption) as raised:
            graph.scan_collection("Person")
            graph.scan_edges("KNOWS")
    assert " to " in str(raised.value) and ("'Person'" in str(raised.value) or "'KNOWS'" in str(raised.value))


@pytest.mark.parametrize("backup", [True, False])
def test_repair_keeps_what_can_be_read(people: Path, backup: bool) -> None:
    table = largest_table(people)
    flip(table, table.stat().st_size // 2)
    report = repair(people, backup=backup)
    assert not report.ok
    lost = [finding for finding in report.findings if finding.severity == "error"]
    assert lost and all(finding.lost for finding in lost)
    assert verify(people).ok
    assert (report.kept is not None) == backup
    if report.kept is not None:
        assert not verify(report.kept).ok
        shutil.rmtree(report.kept)
    assert sorted(path.name for path in people.parent.iterdir()) == [people.name]
    with PyDeedGraph(people) as graph:
        assert graph.check() == []
        assert len(graph.scan_collection("City")) == 2
        rows = graph.scan_collection("Person")
        assert len(rows) == PEOPLE
        assert all(row["properties"].get("n", i) == i for i, row in enumerate(rows))
        graph.add_entity("Person", {"n": PEOPLE})


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*"])
def test_a_damaged_list_of_files(people: Path, name: str) -> None:
    flip(next(people.glob(name)), 5)
    assert not verify(people).ok
    with pytest.raises(deed_core.Corruption):
        PyDeedGraph(people)
    repair(people, backup=False)
    assert verify(people).ok
    with PyDeedGraph(people) as graph:
        rows = graph.scan_collection("Person")
        assert [row["properties"]["n"] for row in rows] == list(range(PEOPLE))
        assert len(graph.scan_edges("KNOWS")) == PEOPLE - 1
        assert graph.check() == []


def test_a_missing_table(people: Path) -> None:
    largest_table(people).unlink()
    assert not verify(people).ok
    repair(people)
    assert verify(people).ok


def test_files_that_nobody_needs_are_noticed(people: Path) -> None:
    flip(next(people.glob("OPTIONS-*")), 100)
    flip(people / "IDENTITY", 3)
    report = verify(people)
    assert not report.ok and {finding.severity for finding in report.findings} == {"warning"}
    with PyDeedGraph(people) as graph:
        assert graph.check() == []


def test_a_good_store_stays_as_it_is(people: Path) -> None:
    with PyDeedGraph(people) as graph:
        rows = graph.scan_collection("Person")
        links = graph.scan_edges("KNOWS")
    report = repair(people, backup=False)
    assert report.ok
    with PyDeedGraph(people) as graph:
        assert graph.scan_collection("Person") == rows
        assert graph.scan_edges("KNOWS") == links


@pytest.mark.parametrize("damaged", [False, True])
def test_repair_makes_indexes_from_the_rows(tmp_path: Path, damaged: bool) -> None:
    store = tmp_path / "store"
    with PyDeedGraph(store) as graph:
        ids = [graph.add_entity("P", {"n": i % 50, "u": i, "text": f"{random.Random(i).random()}" * 9}) for i in range(2000)]
        for source, target in zip(ids, ids[1:]):
            graph.add_edge(source, target, "R", {"w": source})
        graph.create_index("P", "n")
        graph.create_index("R", "w", kind="relationship")
        graph.create_constraint("P", "unique", "u")
    if damaged:
        table = largest_table(store)
        flip(table, table.stat().st_size // 3)
        assert not verify(store).ok
    repair(store)
    assert verify(store).ok
    with PyDeedGraph(store) as graph:
        there = {id: entity["properties"] for id in ids if (entity := graph.get_entity(id)) is not None}
        assert damaged or len(there) == 2000
        for n in range(50):
            assert graph.find("P", "n", n) == [id for id, properties in there.items() if properties.get("n") == n]
        taken = next((p["u"] for p in there.values() if "u" in p), None)
        if taken is not None:
            with pytest.raises(deed_core.ConstraintViolation):
                graph.add_entity("P", {"u": taken})
        assert graph.check() == []
