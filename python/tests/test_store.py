"""The store as a whole: opening, closing, reopening, locking, limits, and every exception that the outside can cause."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import deed_core
import pytest
from deed_core import (
    Closed,
    Corruption,
    DeedError,
    InvalidArgument,
    NewerFormat,
    OutOfMemory,
    PyDeedGraph,
    ReadOnly,
    StorageError,
    StoreLocked,
    TypeMismatch,
)

# ---- The tree of exceptions -----------------------------------------------------------------------------------------

TREE = {
    "InvalidArgument": (1, "DEED_INVALID_ARGUMENT", ValueError),
    "TypeMismatch": (2, "DEED_TYPE_MISMATCH", TypeError),
    "NotFound": (3, "DEED_NOT_FOUND", LookupError),
    "LimitExceeded": (4, "DEED_LIMIT_EXCEEDED", None),
    "ReadOnly": (5, "DEED_READ_ONLY", None),
    "HasRelationships": (6, "DEED_HAS_RELATIONSHIPS", None),
    "ConstraintViolation": (7, "DEED_CONSTRAINT_VIOLATION", ValueError),
    "AlreadyExists": (8, "DEED_ALREADY_EXISTS", ValueError),
    "TransactionConflict": (100, "DEED_TRANSACTION_CONFLICT", None),
    "TransactionEnded": (101, "DEED_TRANSACTION_ENDED", None),
    "Deadlock": (102, "DEED_DEADLOCK", deed_core.TransactionConflict),
    "LockTimeout": (103, "DEED_LOCK_TIMEOUT", TimeoutError),
    "SerializationFailure": (104, "DEED_SERIALIZATION_FAILURE", deed_core.TransactionConflict),
    "SnapshotTooOld": (105, "DEED_SNAPSHOT_TOO_OLD", deed_core.TransactionConflict),
    "StoreLocked": (200, "DEED_STORE_LOCKED", None),
    "Corruption": (201, "DEED_CORRUPTION", None),
    "StorageError": (202, "DEED_IO_ERROR", None),
    "DiskFull": (203, "DEED_DISK_FULL", None),
    "NewerFormat": (204, "DEED_NEWER_FORMAT", None),
    "NotRetained": (205, "DEED_NOT_RETAINED", LookupError),
    "OutOfSequence": (206, "DEED_OUT_OF_SEQUENCE", None),
    "OutOfMemory": (300, "DEED_OUT_OF_MEMORY", MemoryError),
    "Closed": (301, "DEED_CLOSED", None),
    "Interrupted": (302, "DEED_INTERRUPTED", None),
    "InternalError": (399, "DEED_INTERNAL", None),
    "Forked": (301, "DEED_CLOSED", Closed),
    "QuerySyntaxError": (400, "DEED_SYNTAX_ERROR", deed_core.QueryError),
    "QuerySemanticError": (401, "DEED_SEMANTIC_ERROR", deed_core.QueryError),
    "ParameterMissing": (402, "DEED_PARAMETER_MISSING", deed_core.QueryError),
    "QueryTypeError": (403, "DEED_TYPE_ERROR", deed_core.QueryError),
    "QueryArgumentError": (404, "DEED_ARGUMENT_ERROR", deed_core.QueryError),
    "QueryArithmeticError": (405, "DEED_ARITHMETIC_ERROR", deed_core.QueryError),
    "ElementDeleted": (406, "DEED_ENTITY_NOT_FOUND", deed_core.QueryError),
    "ProcedureError": (407, "DEED_PROCEDURE_ERROR", deed_core.QueryError),
    "StillConnected": (408, "DEED_STILL_CONNECTED", deed_core.QueryError),
}


@pytest.mark.parametrize("name", TREE)
def test_exceptions(name: str) -> None:
    code, status, base = TREE[name]
    exception = getattr(deed_core, name)
    assert issubclass(exception, DeedError) and issubclass(exception, Exception)
    assert base is None or issubclass(exception, base)
    assert (exception.code, exception.name) == (code, status)
    assert exception("text").code == code and str(exception("text")) == "text"
    assert exception.__module__ == "deed_core" and exception.__doc__


def test_the_package_names_the_same_exceptions() -> None:
    from deed import exceptions

    older = {name.replace("Query", "Cypher") for name in TREE if name.startswith("Query")}
    assert set(exceptions.__all__) == {*TREE, *older, "DeedError", "QueryError"}
    assert all(getattr(deed_core, name) is getattr(deed_core, name.replace("Cypher", "Query")) for name in older)
    assert all(getattr(exceptions, name) is getattr(deed_core, name) for name in exceptions.__all__)


# ---- Opening and closing --------------------------------------------------------------------------------------------


def test_every_form_of_path(tmp_path: Path) -> None:
    for path in (str(tmp_path / "a"), tmp_path / "b", os.fsencode(tmp_path / "c"), str(tmp_path / "ünïcode ☃")):
        with PyDeedGraph(path) as graph:
            graph.add_entity("N")
            assert graph.path == os.fsdecode(path)
        with PyDeedGraph(path) as graph:
            assert graph.collections() == {"N": 1}


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with PyDeedGraph("here") as graph:
        graph.add_entity("N")
    assert (tmp_path / "here").is_dir()


@pytest.mark.parametrize(
    "keywords, error",
    [
        ({"path": 5}, TypeMismatch),
        ({"path": ["a"]}, TypeMismatch),
        ({"path": "nul\0"}, InvalidArgument),
        ({"path": ""}, (InvalidArgument, StorageError)),
        ({"durability": "maybe"}, InvalidArgument),
        ({"durability": None}, InvalidArgument),
        ({"memory_limit": 0}, InvalidArgument),
        ({"memory_limit": -1}, InvalidArgument),
        ({"memory_limit": 2**64}, InvalidArgument),
        ({"memory_limit": "1 GB"}, InvalidArgument),
        ({"nonsense": 1}, TypeError),
    ],
)
def test_wrong_options(keywords: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        PyDeedGraph(**keywords)


@pytest.mark.parametrize("durability", ["sync", "async", "none"])
def test_durabilities(store: Path, durability: Any) -> None:
    with PyDeedGraph(store, durability=durability) as graph:
        graph.add_entity("N", {"x": 1})
        with graph.transaction() as tx:
            tx.add_entity("N", {"x": 2})
    with PyDeedGraph(store) as graph:
        assert [row["properties"]["x"] for row in graph.scan_collection("N")] == [1, 2]


def test_reopening_many_times(store: Path) -> None:
    for i in range(10):
        with PyDeedGraph(store) as graph:
            assert graph.collections().get("N", 0) == i
            node = graph.add_entity("N", {"i": i, f"only {i}": True})
            graph.add_edge(node, node, f"T{i}")
            if i % 3 == 0:
                graph.checkpoint()
            if i % 4 == 0:
                graph.compact()
    with PyDeedGraph(store) as graph:
        assert graph.edge_types() == {f"T{i}": 1 for i in range(10)}
        rows = graph.scan_collection("N")
        assert [row["properties"] for row in rows] == [{"i": i, f"only {i}": True} for i in range(10)]
        assert len({row["id"] for row in rows}) == 10
        assert graph.check() == []


def test_close_is_idempotent_and_final(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N")
    edge = any_graph.add_edge(node, node, "R")
    tx = any_graph.transaction()
    scan = any_graph.iterate_collection("N")
    any_graph.close()
    any_graph.close()
    assert any_graph.closed and not tx.active
    uses = [
        lambda: any_graph.add_entity("N"), lambda: any_graph.get_entity(node), lambda: any_graph.get_edge(edge),
        lambda: any_graph.update_entity(node, {}), lambda: any_graph.delete_entity(node),
        lambda: any_graph.add_edge(node, node, "R"), lambda: any_graph.neighbor_ids(node), lambda: any_graph.degree(node),
        lambda: any_graph.traverse(node), lambda: any_graph.count_reachable(node), any_graph.stats, any_graph.check,
        any_graph.checkpoint, any_graph.compact, any_graph.collections, any_graph.edge_types, any_graph.transaction,
        lambda: any_graph.scan_collection("N"), lambda: any_graph.iterate_edges("R"), lambda: any_graph.scan_arrow("N"),
        lambda: any_graph.add_entities("N", {"a": [1]}), lambda: any_graph.add_edges("R", [node], [node]),
        lambda: any_graph.pheromone(edge), lambda: any_graph.evaporate_pheromones(),
        lambda: any_graph.deposit_pheromone(edge, 1), lambda: any_graph.strongest_neighbors(node, 1),
        lambda: any_graph.__enter__(), lambda: tx.add_entity("N"), tx.commit, lambda: next(scan),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(Closed):
            use()


def test_a_graph_that_was_never_opened() -> None:
    graph = PyDeedGraph.__new__(PyDeedGraph)
    assert graph.closed
    for use in (graph.stats, graph.__enter__, lambda: graph.add_entity("N")):
        with pytest.raises(Closed, match="never opened"):
            use()
    graph.close()


def test_opening_twice_with_one_object(graph: PyDeedGraph) -> None:
    graph.add_entity("N")
    with pytest.raises(InvalidArgument, match="open already"):
        graph.__init__()
    assert graph.collections() == {"N": 1}


def test_subclasses(store: Path) -> None:
    class Tagged(PyDeedGraph):
        def __init__(self, path: Path, tag: str) -> None:
            super().__init__(path)
            self.tag = tag
            self.me = self

    with Tagged(store, "x") as graph:
        node = graph.add_entity("N")
        assert (graph.tag, graph.get_entity(node)["id"]) == ("x", node)
        with graph.transaction() as tx:
            assert tx.graph is graph


def test_deed_open(store: Path) -> None:
    import deed

    with deed.open(store, durability="async") as graph:
        graph.add_entity("N")
    with deed.open(store, read_only=True) as graph:
        assert graph.collections() == {"N": 1}
    assert deed.__version__ == deed_core.__version__


# ---- Locks and readers ----------------------------------------------------------------------------------------------


def test_one_writer(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        with pytest.raises(StoreLocked):
            PyDeedGraph(store)
        code = f"import deed_core\ntry: deed_core.PyDeedGraph({str(store)!r})\nexcept deed_core.StoreLocked as e: print(e)"
        output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert str(store) in output or "lock" in output.lower()
        graph.add_entity("N")
    with PyDeedGraph(store) as graph:
        assert graph.collections() == {"N": 1}


def test_read_only(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        node = graph.add_entity("N", {"x": 1})
        edge = graph.add_edge(node, node, "R")
    with PyDeedGraph(store, read_only=True) as graph:
        assert graph.read_only and repr(graph).endswith("read-only>")
        for write in (
            lambda: graph.add_entity("N"),
            lambda: graph.add_entity("New"),
            lambda: graph.update_entity(node, {"x": 2}),
            lambda: graph.delete_edge(edge),
            lambda: graph.add_entities("N", {"x": [1]}),
        ):
            with pytest.raises(ReadOnly):
                write()
        assert graph.get_entity(node)["properties"] == {"x": 1}
        assert graph.get_outgoing_neighbors(node) == [(node, edge)]
        assert graph.count_reachable(node) == 0 and graph.check() == []


def test_reading_while_a_writer_lives(store: Path) -> None:
    """A reader follows the writer; its transactions and scans stay with what was committed when they began."""
    with PyDeedGraph(store) as writer:
        nodes = writer.add_entities("N", {"x": range(1000)})
        writer.add_entity("Last", {"x": -1})
        with PyDeedGraph(store, read_only=True) as reader, reader.transaction(read_only=True) as transaction:
            writer.delete_entity(nodes[0])
            writer.checkpoint()
            writer.compact()
            reader.catch_up()
            assert reader.collections() == {"N": 999, "Last": 1}
            assert [row["properties"]["x"] for row in reader.scan_collection("N")] == list(range(1, 1000))
            assert [row["properties"]["x"] for row in transaction.scan_collection("N")] == list(range(1000))


def test_read_only_needs_a_store(store: Path) -> None:
    with pytest.raises(DeedError):
        PyDeedGraph(store, read_only=True)
    assert not store.exists()


# ---- What is wrong outside ------------------------------------------------------------------------------------------


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a store")
    with pytest.raises((StorageError, InvalidArgument)):
        PyDeedGraph(file)
    with pytest.raises((StorageError, InvalidArgument)):
        PyDeedGraph(file / "below")
    assert file.read_text() == "not a store"


def run_as_nobody(code: str) -> str:
    """Runs Python as a user without rights; skips the test if that is not possible."""
    if os.geteuid() != 0:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    prelude = "import os, deed_core; os.setgid(65534); os.setuid(65534)\n"
    return subprocess.run([sys.executable, "-c", prelude + code], capture_output=True, text=True).stdout


def test_a_directory_without_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    code = (
        "import deed_core\n"
        f"try: deed_core.PyDeedGraph({str(closed / 'store')!r})\n"
        "except deed_core.StorageError as e: print('refused', e.code)"
    )
    assert run_as_nobody(code).strip() == "refused 202"


FILL_THE_DISK = """
import os, sys, deed_core
graph = deed_core.PyDeedGraph(sys.argv[1])
try:
    for i in range(1000):
        print(graph.add_entity("N", {"i": i, "blob": os.urandom(100_000)}), flush=True)
except deed_core.DiskFull:
    print("full")
assert graph.get_entity(1)["properties"]["i"] == 0
try:
    graph.add_entity("N")
except deed_core.DeedError:
    pass
try:
    graph.close()
except deed_core.DeedError:
    pass
print("alive")
"""


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs the right to mount")
def test_a_full_disk(tmp_path: Path) -> None:
    """DiskFull, the process alive, and after making room everything that was acknowledged."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("mounting is not permitted")
    try:
        command = [sys.executable, "-c", FILL_THE_DISK, str(disk / "store")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        *acknowledged, full, alive = result.stdout.split()
        assert (full, alive, result.returncode) == ("full", "alive", 0), result.stderr
        subprocess.run(["mount", "-o", "remount,size=256m", str(disk)], check=True)
        with PyDeedGraph(disk / "store") as graph:
            rows = graph.scan_collection("N")
            assert [row["id"] for row in rows][: len(acknowledged)] == [int(id) for id in acknowledged]
            assert len(rows) <= len(acknowledged) + 1
            assert graph.check() == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_damaged_store(store: Path) -> None:
    """Damage in the data files is noticed when opening or when what is damaged is read; it never crashes or goes unseen."""
    with PyDeedGraph(store) as graph:
        graph.add_entities("N", {"i": range(20_000), "s": [f"text {i}" for i in range(20_000)]})
        graph.checkpoint()
        expected = graph.scan_collection("N")
    files = sorted(store.rglob("*.sst"), key=lambda file: file.stat().st_size)
    assert files
    data = bytearray(files[-1].read_bytes())
    for position in range(len(data) // 4, len(data) // 2, 997):
        data[position] ^= 0xFF
    files[-1].write_bytes(data)
    with pytest.raises(Corruption):
        with PyDeedGraph(store) as graph:
            assert graph.scan_collection("N") != expected
            assert graph.check() == []


def test_memory_limit() -> None:
    graph = PyDeedGraph(memory_limit=32 << 20)
    with pytest.raises(OutOfMemory) as error:
        for _ in range(1000):
            graph.add_entity("N", {"blob": bytes(1_000_000)})
    assert isinstance(error.value, MemoryError)
    assert graph.stats()["memory"]["limit"] == 32 << 20
    first = graph.scan_collection("N")[0]["id"]
    graph.delete_entity(first)
    assert graph.get_entity(first) is None
    graph.close()


def test_big_values(any_graph: PyDeedGraph) -> None:
    text, blob = "é" * (8 << 20), os.urandom(16 << 20)
    node = any_graph.add_entity("N", {"text": text, "blob": blob})
    properties = any_graph.get_entity(node)["properties"]
    assert properties["text"] == text and properties["blob"] == blob


def test_names(any_graph: PyDeedGraph) -> None:
    strange = ["", " ", "a\0b", "naïve ☃", "x" * 65_535, "`quoted`", "_id", "_src"]
    for name in strange:
        node = any_graph.add_entity(name, {name: 1})
        edge = any_graph.add_edge(node, node, name, {name: 2})
        assert any_graph.get_entity(node) == {"id": node, "type": name, "properties": {name: 1}}
        assert any_graph.get_edge(edge)["type"] == name
    assert set(any_graph.collections()) == set(any_graph.edge_types()) == set(strange)
    with pytest.raises(InvalidArgument):
        any_graph.add_entity("x" * 65_536)
    for name in (None, 5, b"N", ["N"]):
        with pytest.raises(TypeMismatch):
            any_graph.add_entity(name)


def test_ten_thousand_collections(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        with graph.transaction() as tx:
            nodes = [tx.add_entity(f"collection {i}", {"i": i}) for i in range(10_000)]
        assert len(graph.collections()) == graph.stats()["collection_count"] == 10_000
        assert graph.stats()["memory"]["total"] < 200 << 20
    with PyDeedGraph(store) as graph:
        assert len(graph.collections()) == 10_000
        for i in (0, 5000, 9999):
            assert graph.get_entity(nodes[i]) == {"id": nodes[i], "type": f"collection {i}", "properties": {"i": i}}


def test_more_names_than_are_remembered(graph: PyDeedGraph) -> None:
    """The table of names has a bound; names beyond it take the slower way and work the same."""
    with graph.transaction() as tx:
        nodes = [tx.add_entity(f"C{i // 50}", {f"key {i}": i, f"key {i + 1}": i}) for i in range(66_000)]
    for i in (0, 65_535, 65_536, 65_999):
        assert graph.get_entity(nodes[i])["properties"] == {f"key {i}": i, f"key {i + 1}": i}


def test_checkpoint_and_compact_in_memory(graph: PyDeedGraph) -> None:
    ids = graph.add_entities("N", {"s": ["x" * 50] * 50_000})
    with graph.transaction() as tx:
        for id in ids[:40_000]:
            tx.delete_entity(id)
    before = graph.stats()["memory"]["total"]
    graph.checkpoint()
    graph.compact()
    assert graph.stats()["memory"]["total"] < before
    assert [row["id"] for row in graph.scan_collection("N")] == ids[40_000:]


RAISE_THE_FORMAT = """
import ctypes as c, sys, deed_core
maps = {line.split()[-1] for line in open("/proc/self/maps")}
rocksdb = c.CDLL(next(path for path in maps if "librocksdb" in path))
for name in ("options_create", "list_column_families", "open_column_families", "writeoptions_create"):
    getattr(rocksdb, "rocksdb_" + name).restype = c.c_void_p
path, error, count = sys.argv[1].encode(), c.c_char_p(), c.c_size_t()
options = c.c_void_p(rocksdb.rocksdb_options_create())
names = c.cast(rocksdb.rocksdb_list_column_families(options, path, c.byref(count), c.byref(error)), c.POINTER(c.c_char_p))
handles = (c.c_void_p * count.value)()
every_option = (c.c_void_p * count.value)(*[options.value] * count.value)
database = c.c_void_p(rocksdb.rocksdb_open_column_families(
    options, path, c.c_int(count.value), names, every_option, handles, c.byref(error)))
assert not error.value, error.value
meta = c.c_void_p(handles[[names[i] for i in range(count.value)].index(b"default")])
write = c.c_void_p(rocksdb.rocksdb_writeoptions_create())
version = bytes([int(sys.argv[2])])
rocksdb.rocksdb_put_cf(database, write, meta, b"format", c.c_size_t(6), version, c.c_size_t(1), c.byref(error))
assert not error.value, error.value
for handle in handles:
    rocksdb.rocksdb_column_family_handle_destroy(c.c_void_p(handle))
rocksdb.rocksdb_close(database)
"""


def test_newer_format(store: Path) -> None:
    """A store of a later version is refused, and left alone."""
    with PyDeedGraph(store) as graph:
        node = graph.add_entity("N", {"x": 1})
    subprocess.run([sys.executable, "-c", RAISE_THE_FORMAT, str(store), "99"], check=True)
    for read_only in (False, True):
        with pytest.raises(NewerFormat, match="99"):
            PyDeedGraph(store, read_only=read_only)
    subprocess.run([sys.executable, "-c", RAISE_THE_FORMAT, str(store), "1"], check=True)
    with PyDeedGraph(store) as graph:
        assert graph.get_entity(node)["properties"] == {"x": 1}
