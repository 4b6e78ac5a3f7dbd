"""The change feed, replicas and backups, as Python sees them."""

from __future__ import annotations

import datetime
import math
import re
import threading
import time
from pathlib import Path

import deed_core
import pytest
from deed_core import PyDeedGraph
from deed.exceptions import (
    Corruption,
    Interrupted,
    InvalidArgument,
    NotFound,
    NotRetained,
    OutOfSequence,
    ReadOnly,
    TypeMismatch,
)


def test_records_and_their_changes(tmp_path: Path) -> None:
    before = datetime.datetime.now(datetime.timezone.utc)
    with PyDeedGraph(tmp_path / "store", before_images=True, retain_log_bytes=math.inf) as graph:
        ada = graph.add_entity("Person", {"name": "Ada", "born": 1815})
        with graph.transaction() as transaction:
            bob = transaction.add_entity("Person", {"name": "Bob"})
            edge = transaction.add_edge(ada, bob, "KNOWS", {"since": 1833})
        graph.update_entity(ada, {"born": None, "died": 1852})
        graph.update_edge(edge, {"weight": 0.5}, replace=True)
        graph.delete_entity(bob, detach=True)
        graph.checkpoint()
        records = list(graph.changes())
        assert [record.sequence for record in records] == [1, 2, 3, 4, 5]
        times = [record.time for record in records]
        assert times == sorted(times) and before - datetime.timedelta(seconds=1) <= times[0] and times[0].tzinfo is not None
        changes = [record.changes for record in records]
        (insert,) = changes[0]
        assert insert == ("insert", "entity", ada, "Person", None, None, {"name": "Ada", "born": 1815}, False, None, None)
        assert insert.action == "insert" and insert.properties["name"] == "Ada"
        assert [(change.action, change.kind, change.source, change.target) for change in changes[1]] == [
            ("insert", "entity", None, None),
            ("insert", "edge", ada, bob),
        ]
        (update,) = changes[2]
        assert update.properties == {"born": None, "died": 1852} and not update.replace
        assert update.before == {"name": "Ada", "born": 1815}
        (update,) = changes[3]
        assert update.replace and update.before == {"since": 1833} and (update.source, update.target) == (ada, bob)
        assert [(change.action, change.id, change.type, change.before) for change in changes[4]] == [
            ("delete", edge, "KNOWS", {"weight": 0.5}),
            ("delete", bob, "Person", {"name": "Bob"}),
        ]
        assert [record.sequence for record in graph.changes(since=3)] == [4, 5]
        assert [record.sequence for record in graph.changes(since=1, limit=2)] == [2, 3]
        assert list(graph.changes(since=5)) == []
        assert "commit 1" in repr(records[0])


def test_without_before_images_only_the_change_is_known(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        ids = graph.add_entities("T", {"x": range(10_000)})
        graph.add_edges("E", ids[:-1], ids[1:], {"w": [0.5] * 9_999})
        graph.update_entity(ids[0], {"x": -1})
        entities, edges, update = (record.changes for record in graph.changes())
        assert [change.id for change in entities] == list(ids)
        assert [change.properties["x"] for change in entities] == list(range(10_000))
        assert [(change.source, change.target) for change in edges] == list(zip(ids[:-1], ids[1:]))
        assert update[0].before is None and update[0].source is None and update[0].type == "T"


def test_waiting_for_commits(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        feed = graph.changes(wait=20)
        started = threading.Event()

        def write() -> None:
            started.wait()
            time.sleep(0.05)
            for number in range(5):
                graph.add_entity("T", {"n": number})

        writer = threading.Thread(target=write)
        writer.start()
        started.set()
        assert [next(feed).changes[0].properties["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
        writer.join()
        quick = graph.changes(since=5)
        assert next(quick, None) is None
        graph.add_entity("T")
        assert next(quick).sequence == 6


def test_what_is_not_retained(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store", retain_log_bytes=0) as graph:
        for _ in range(3):
            graph.add_entity("T")
            graph.checkpoint()
        with pytest.raises(NotRetained, match="the oldest is 3"):
            graph.changes()
        graph.retain_log(bytes=math.inf)
        for _ in range(3):
            graph.add_entity("T")
            graph.checkpoint()
        assert [record.sequence for record in graph.changes(2)] == [3, 4, 5, 6]
        with pytest.raises(InvalidArgument):
            graph.changes(7)
        with pytest.raises(InvalidArgument):
            graph.retain_log(seconds=-1)
        with pytest.raises(InvalidArgument):
            graph.changes(wait=-1)
    with PyDeedGraph() as graph:
        graph.add_entity("T")
        with pytest.raises(InvalidArgument, match="in memory"):
            graph.changes()


def test_replicas(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "source", retain_log_bytes=math.inf) as source:
        first = source.add_entity("T", {"x": 1})
        ids = source.add_entities("T", {"x": range(9_000), "text": [f"row {i}" for i in range(9_000)]})
        source.add_edges("E", ids[:-1], ids[1:])
        sequence = source.export_checkpoint(tmp_path / "exported")
        source.delete_entity(first)
        records = list(source.changes())
        with PyDeedGraph(tmp_path / "replica", replica=True) as replica:
            with pytest.raises(OutOfSequence, match="the next one here is 1"):
                replica.apply(records[1].data)
            assert [replica.apply(record.data) for record in records] == [True] * 4
            assert replica.apply(memoryview(records[0].data)) is False
            assert replica.state_digest() == source.state_digest()
            assert replica.check() == []
            assert replica.get_entity(ids[7]) == source.get_entity(ids[7])
            with pytest.raises(ReadOnly, match="replica"):
                replica.add_entity("T")
            with pytest.raises(Corruption):
                replica.apply(records[0].data[:-1])
            with pytest.raises(TypeMismatch):
                replica.apply("record")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument):
            source.apply(records[0].data)
        assert deed_core.import_checkpoint(tmp_path / "exported", tmp_path / "second") == sequence == 3
        with PyDeedGraph(tmp_path / "second", replica=True) as second:
            assert second.apply(records[3].data)
            assert second.state_digest() == source.state_digest()
    with pytest.raises(InvalidArgument):
        PyDeedGraph(replica=True)


def test_backups_and_points_in_time(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    digests = {}
    calls = []
    with PyDeedGraph(tmp_path / "store", retain_log_bytes=math.inf) as graph:
        for round_ in range(3):
            for number in range(4):
                graph.add_entity("T", {"round": round_, "n": number})
                sequence, digests[sequence] = graph.state_digest()
            backup = graph.backup(backups, progress=lambda done, total: calls.append((done, total)))
            assert backup.sequence == sequence and backup.size > 0 and backup.has_log == (round_ > 0)
        assert calls and all(done <= total for done, total in calls)
        assert deed_core.backups(backups)[-1] == backup
        middle = [record.time for record in graph.changes()][6]
        graph.add_entity("T")
        sequence, digests[sequence] = graph.state_digest()
        with pytest.raises(Interrupted):
            graph.backup(backups, progress=lambda done, total: False)
        with pytest.raises(ZeroDivisionError):
            graph.backup(backups, progress=lambda done, total: done / 0)
    assert [backup.id for backup in deed_core.backups(backups)] == [1, 2, 3]

    def state(name: str, **options: object) -> tuple[int, str]:
        restored = deed_core.restore(backups, tmp_path / name, **options)  # type: ignore[arg-type]
        with PyDeedGraph(tmp_path / name) as graph:
            assert graph.check() == []
            assert graph.state_digest()[0] == restored
            return graph.state_digest()

    assert state("newest") == (12, digests[12])
    assert state("second", backup=2) == (8, digests[8])
    assert state("middle", until=6) == (6, digests[6])
    assert state("time", until=middle)[0] >= 7
    assert state("log", log=tmp_path / "store") == (13, digests[13])
    with pytest.raises(NotFound):
        deed_core.restore(backups, tmp_path / "none", backup=9)
    with pytest.raises(NotFound):
        deed_core.restore(backups, tmp_path / "none", until=2)
    with pytest.raises(NotRetained):
        deed_core.restore(backups, tmp_path / "none", until=13)
    with pytest.raises(InvalidArgument):
        deed_core.restore(backups, tmp_path / "newest")
    with pytest.raises(InvalidArgument, match="time zone"):
        deed_core.restore(backups, tmp_path / "none", until=datetime.datetime(2020, 1, 1))
    for file in (backups / "shared_checksum").iterdir():
        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
    with pytest.raises(Corruption):
        deed_core.restore(backups, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("page", ["replication.md", "backup.md"])
def test_the_examples_of_the_documentation_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert examples
    monkeypatch.chdir(tmp_path)
    for example in examples:
        exec(compile(example, page, "exec"), {})


def test_compacting_returns_space(tmp_path: Path) -> None:
    rows = 60_000
    # The record of a bulk load keeps its chunks as long as it stays in the log.
    with PyDeedGraph(tmp_path / "store", retain_log_bytes=0) as graph:
        ids = graph.add_entities("T", {"x": range(rows), "text": [f"{i * 7919 % rows:08d}" * 6 for i in range(rows)]})
        graph.compact()
        full = graph.stats()
        with graph.transaction() as transaction:
            for id in ids[: rows // 2]:
                transaction.delete_entity(id)
        graph.compact()
        graph.add_entity("Other")
        graph.compact()
        half = graph.stats()
        assert half["disk"]["segments"] < 0.65 * full["disk"]["segments"]
        assert half["memory"]["columns"] + half["memory"]["strings"] < 0.8 * (
            full["memory"]["columns"] + full["memory"]["strings"]
        )
        assert graph.collections() == {"T": rows // 2, "Other": 1}


def test_indexes_and_constraints_reach_replicas_and_followers(tmp_path: Path) -> None:
    """Made on rows that are there, changed, checkpointed and compacted: look-ups agree everywhere."""

    def look_ups(graph: PyDeedGraph) -> list[list[int]]:
        return [graph.find("P", "n", n) for n in [*range(60), *range(1000, 1100, 7), *range(2200, 2300, 9)]]

    with (
        PyDeedGraph(tmp_path / "primary", retain_log_bytes=math.inf) as primary,
        PyDeedGraph(tmp_path / "replica", replica=True) as replica,
    ):
        ids = [primary.add_entity("P", {"n": i % 50}) for i in range(500)]
        with PyDeedGraph(tmp_path / "primary", read_only=True) as early:
            primary.create_index("P", "n")
            primary.create_constraint("P", "required", "n")
            for i in range(100):
                primary.update_entity(ids[i], {"n": 1000 + i})
            for i in range(100, 150):
                primary.delete_entity(ids[i])
            early.catch_up()
            assert look_ups(early) == look_ups(primary)
            primary.checkpoint()
            for i in range(200, 300):
                primary.update_entity(ids[i], {"n": 2000 + i})
            with PyDeedGraph(tmp_path / "primary", read_only=True) as late:
                primary.compact()
                for record in primary.changes():
                    replica.apply(record.data)
                early.catch_up()
                late.catch_up()
                assert look_ups(early) == look_ups(late) == look_ups(replica) == look_ups(primary)
        assert replica.constraints() == primary.constraints()
        assert replica.state_digest() == primary.state_digest()
        assert replica.check() == []
