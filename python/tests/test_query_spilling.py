"""Queries that hold more rows than they may put them aside, in temporary files, and give the same rows as others; what goes wrong
with the files ends the query, and nothing of them is left. Chance adds to this in test_query_oracle.py."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from deed_core import DiskFull, Interrupted, OutOfMemory, PyDeedGraph, StorageError
from test_memory_limit import MIB, peak_bytes

ROWS = 30_000
# Bytes that a query may hold: everything, some tens of runs or parts, and next to nothing.
BUDGETS = (None, 256 << 10, 1)


def mixed(rng: random.Random, number: int) -> Any:
    """Values of many kinds, some of which are equal across kinds."""
    return rng.choice(
        [
            number, number % 10, float(number % 10), number / 7, float("nan"), None, f"text {number % 100}",
            f"a text that is longer than a slot, number {number % 1000}", True, b"bytes", [number % 3, 1.5], [1, 2, None][: number % 3],
            date(2000, 1, 1) + timedelta(number % 50), datetime(2001, 2, 3, 4, tzinfo=timezone.utc) + timedelta(number % 9),
            datetime(2001, 2, 3), timedelta(number % 5),
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def graphs() -> Iterator[dict[int | None, PyDeedGraph]]:
    rng = random.Random(7)
    columns = {
        "number": list(range(ROWS)), "mixed": [mixed(rng, number) for number in range(ROWS)],
        "name": [f"name of some length {rng.randrange(ROWS)}" for _ in range(ROWS)],
        "group": [rng.randrange(50) for _ in range(ROWS)], "weight": [rng.random() for _ in range(ROWS)],
    }  # fmt: skip
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    made = {budget: PyDeedGraph(threads=1, query_memory=budget) for budget in BUDGETS}
    for graph in made.values():
        graph.execute("UNWIND $rows AS row CREATE (r:Row) SET r = row", {"rows": rows})
        graph.execute("MATCH (r:Row) WHERE r.number < 20 MATCH (s:Row) WHERE s.number < 20 CREATE (r)-[:TO {n: s.number}]->(s)")
    yield made
    for graph in made.values():
        graph.close()


def written(graph: PyDeedGraph) -> int:
    return graph.stats()["temporary"]["bytes_written"]


def run_everywhere(graphs: dict[int | None, PyDeedGraph], text: str) -> list[list[str]]:
    """The rows with each budget, once it is clear that files were written, and are gone."""
    results = []
    for budget, graph in graphs.items():
        before = written(graph)
        results.append([repr(row) for row in graph.execute(text)])
        assert (written(graph) > before) == (budget is not None), text
        assert graph.stats()["temporary"]["bytes"] == 0
    return results


ORDERS = [
    "r.number DESC", "r.mixed", "r.mixed DESC, r.group", "r.group", "r.group DESC, r.name", "r.name", "r.weight DESC", "-r.weight",
    "r.mixed IS NULL, r.name DESC", "r.group % 7, r.mixed DESC, r.number", "r.missing", "[r.group, r.mixed]", "toFloat(r.group)",
    "{a: r.group}", "r",
]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_rows_come_in_the_same_order(graphs: dict[int | None, PyDeedGraph], order: str) -> None:
    """Those also that agree in all keys."""
    text = f"MATCH (r:Row) RETURN r.number, r.mixed, r.name, r.group, r.weight ORDER BY {order}"
    wanted, *others = run_everywhere(graphs, text)
    assert len(wanted) == ROWS
    for other in others:
        assert other == wanted


def test_elements_and_paths_are_put_aside(graphs: dict[int | None, PyDeedGraph]) -> None:
    text = """MATCH p = (a:Row)-[t:TO]->(b:Row) UNWIND range(1, 40) AS i
              RETURN p, a, t, [a, t], {b: b, p: p}, i ORDER BY i % 3, t.n, a.number"""
    wanted, *others = run_everywhere(graphs, text)
    assert len(wanted) == 400 * 40
    for other in others:
        assert other == wanted


GROUPS = [
    "RETURN DISTINCT r.name", "RETURN DISTINCT r.mixed", "RETURN DISTINCT r.group, r.mixed, r.name",
    "RETURN r.name, count(*), sum(r.number), min(r.number), max(r.mixed), avg(r.number), count(r.mixed)",
    "RETURN r.number % 5000 AS k, collect(r.number), count(DISTINCT r.group), sum(DISTINCT r.number % 3), collect(DISTINCT r.group)",
    "RETURN r.mixed, count(*), max(r.name), collect(r.group)[..5], min(DISTINCT r.name), round(stDev(r.number), 3)",
    "RETURN r.number % 999 AS k, percentileDisc(r.number, 0.3), percentileCont(r.number, 0.9), round(stDevP(r.weight), 9)",
    "RETURN r.number % 999 AS k, percentileDisc(DISTINCT r.group, 0.5), sum(duration({days: r.group})), avg(duration({hours: r.number}))",
    "RETURN r.group, collect(r.number)",
    "RETURN r AS row, count(*)",
    "WITH r.name AS name, count(*) AS n RETURN n, count(*), collect(name)[..0]",
    "RETURN r.number % 20000 AS k, count(*) ORDER BY k DESC SKIP 10 LIMIT 2000",
    "WITH DISTINCT r.name AS name RETURN count(*), min(name)",
]  # fmt: skip


@pytest.mark.parametrize("clause", GROUPS)
def test_groups_are_the_same(graphs: dict[int | None, PyDeedGraph], clause: str) -> None:
    wanted, *others = ([sorted(rows)] for rows in run_everywhere(graphs, f"MATCH (r:Row) {clause}"))
    for other in others:
        assert other == wanted


JOINS = [
    "MATCH (r:Row), (s:Row) WHERE r.name = s.name RETURN r.number, s.number",
    "MATCH (r:Row), (s:Row) WHERE r.name = s.name AND r.group = s.group RETURN r.number, s.number, r.mixed",
    "MATCH (r:Row), (s:Row) WHERE r.number = s.number * 2 RETURN count(*), sum(r.number), sum(s.number), count(r.mixed)",
    "MATCH (r:Row), (s:Row) WHERE r.mixed = s.number RETURN r.number, s.number, r.mixed",
    "MATCH (r:Row) WHERE r.number < 3000 MATCH (s:Row) WHERE s.name = r.name RETURN r.number, s.number ORDER BY r.number, s.number",
]  # fmt: skip


@pytest.mark.parametrize("text", JOINS)
def test_joins_are_the_same(graphs: dict[int | None, PyDeedGraph], text: str) -> None:
    assert "join" in str(graphs[None].execute("EXPLAIN " + text).scalar()).lower()
    wanted, *others = ([sorted(rows)] for rows in run_everywhere(graphs, text))
    for other in others:
        assert other == wanted


TOPS = ["r.number DESC", "r.mixed", "r.group DESC, r.name", "r.group", "r.weight", "r.missing"]


@pytest.mark.parametrize("order", TOPS)
def test_the_first_rows_are_the_same(graphs: dict[int | None, PyDeedGraph], order: str) -> None:
    text = f"MATCH (r:Row) RETURN r.number, r.mixed, r.name ORDER BY {order}"
    for bounds in ("LIMIT 20000", "SKIP 11000 LIMIT 9000", "LIMIT 1000000"):
        wanted, *others = run_everywhere(graphs, f"{text} {bounds}")
        for other in others:
            assert other == wanted
    # As many rows as these are held.
    assert len(graphs[256 << 10].execute(f"{text} LIMIT 100").fetchall()) == 100


@pytest.mark.parametrize("threads", [2, 3])
def test_the_first_rows_of_several_threads_are_those_of_one(threads: int) -> None:
    columns = {"number": list(range(20_000)), "group": [number * 7919 % 100 for number in range(20_000)]}
    text = "MATCH (r:Row) RETURN r.number ORDER BY r.group DESC LIMIT 15000"
    with PyDeedGraph() as graph:
        graph.add_entities("Row", columns)
        wanted = graph.execute(text).fetchall()
    for budget in (1, 64 << 10):
        with PyDeedGraph(threads=threads, parallel_rows_min=0, query_memory=budget) as graph:
            graph.add_entities("Row", columns)
            assert graph.execute(text).fetchall() == wanted
            assert written(graph) > 0


def test_what_one_group_has_seen_is_put_aside(graphs: dict[int | None, PyDeedGraph]) -> None:
    for clause in (
        "RETURN count(DISTINCT r.name), 1", "RETURN count(DISTINCT r.mixed)", "RETURN r.group % 2 AS k, sum(DISTINCT r.number)",
        "RETURN r.group % 3 AS k, count(DISTINCT r.name) + 1 AS n ORDER BY n DESC", "RETURN round(stDev(DISTINCT r.weight), 9)",
    ):  # fmt: skip
        wanted, *others = (sorted(rows) for rows in run_everywhere(graphs, f"MATCH (r:Row) {clause}"))
        for other in others:
            assert other == wanted


def test_many_rows_of_one_key_are_joined_in_blocks() -> None:
    texts = [
        "MATCH (r:Row), (s:Row) WHERE r.one = s.one RETURN r.n, s.n, s.text",
        "MATCH (r:Row) WHERE EXISTS { MATCH (s:Row) WHERE s.one = r.one } RETURN r.n",
        "MATCH (r:Row) OPTIONAL MATCH (s:Row) WHERE s.one = r.one AND s.n < 3000 RETURN r.n, s.n",
    ]
    rows = [{"n": n, "one": 1 if n % 10 == 0 else 2 + n, "text": f"some text {n}"} for n in range(8_000)]
    with PyDeedGraph() as large, PyDeedGraph(query_memory=1) as small:
        for graph in (large, small):
            graph.execute("UNWIND $rows AS row CREATE (r:Row) SET r = row", {"rows": rows})
        for text in texts:
            assert "Join" in str(small.execute("EXPLAIN " + text).scalar())
            wanted = Counter(large.execute(text))
            before = written(small)
            assert Counter(small.execute(text)) == wanted and written(small) > before, text


def test_keys_that_all_agree_stay_in_memory_while_they_fit() -> None:
    """No division tells them apart: they may take what the memory limit allows, and beyond it are OutOfMemory."""
    with PyDeedGraph(query_memory=1) as graph:
        text = "UNWIND range(1, 3000) AS a WITH 1 AS k, a RETURN k, collect(a)"
        assert graph.execute(text).fetchall() == [(1, list(range(1, 3001)))]
    with PyDeedGraph(memory_limit=32 * MIB) as graph:
        graph.execute("CREATE (:Kept)")
        for text in (
            "UNWIND range(1, 5000000) AS a WITH a % 1 AS k, a RETURN k, collect(a)",
            "UNWIND range(1, 5000000) AS a CREATE (:Lost) RETURN collect('a text of more than twelve bytes, number ' + a)",
        ):
            with pytest.raises(OutOfMemory):
                graph.execute(text).fetchall()
        assert graph.execute("MATCH (n) RETURN count(*)").scalar() == 1
        assert graph.stats()["temporary"]["bytes"] == 0


# ---- Threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("threads", [2, 3])
def test_more_threads_give_the_same_groups(threads: int, budget: int | None) -> None:
    rows = [{"number": number, "name": f"name of some length {number % 7001}"} for number in range(20_000)]
    with PyDeedGraph(threads=threads, parallel_rows_min=0, query_memory=budget) as graph:
        graph.execute("UNWIND $rows AS row CREATE (r:Row) SET r = row", {"rows": rows})
        text = "MATCH (r:Row) RETURN r.name, count(*), sum(r.number), min(r.number), max(r.number), size(collect(r.number))"
        got = {row[0]: row[1:] for row in graph.execute(text)}
        assert len(got) == 7001
        for key in range(7001):
            numbers = range(key, 20_000, 7001)
            assert got[f"name of some length {key}"] == (len(numbers), sum(numbers), min(numbers), max(numbers), len(numbers))
        assert graph.execute("MATCH (r:Row) WITH DISTINCT r.name AS name RETURN count(*)").scalar() == 7001
        assert (written(graph) > 0) == (budget is not None) and graph.stats()["temporary"]["bytes"] == 0


# ---- What goes wrong --------------------------------------------------------------------------------------------------

SORT = "UNWIND range(1, 300000) AS i WITH i, i * 7919 % 100003 AS k RETURN i, 'some text ' + k AS text ORDER BY k"
CHANGE = "UNWIND range(1, 100000) AS i WITH i % 30000 AS k, count(*) AS n CREATE (:Made {k: k}) RETURN k ORDER BY k DESC"


@pytest.mark.parametrize("text", [SORT, CHANGE])
def test_a_limit_of_files_ends_the_query(text: str, tmp_path: Path) -> None:
    with PyDeedGraph(query_memory=1 * MIB, temporary_limit=100 << 10, temporary_directory=tmp_path) as graph:
        graph.execute("CREATE (:Kept)")
        with pytest.raises(DiskFull, match="temporary_limit"):
            graph.execute(text).fetchall()
        assert graph.execute("MATCH (n) RETURN count(*)").scalar() == 1
        assert graph.stats()["temporary"]["bytes"] == 0 and list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with PyDeedGraph(query_memory=1, temporary_directory=tmp_path / "missing") as graph:
        with pytest.raises(StorageError, match="temporary file"):
            graph.execute(SORT).fetchall()
        assert graph.execute("RETURN 1").scalar() == 1


WRITE_FAILS = f"""
import resource, signal
from deed_core import DiskFull, PyDeedGraph
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with PyDeedGraph(query_memory=1 << 20) as graph:
    graph.execute("CREATE (:Kept)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    for text in ({SORT!r}, {CHANGE!r}):
        try:
            graph.execute(text).fetchall()
        except DiskFull as error:
            assert "could not be written" in str(error), error
        else:
            raise AssertionError("no error")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert graph.execute("MATCH (n) RETURN count(*)").scalar() == 1
    assert len(graph.execute({SORT!r}).fetchall()) == 300_000
"""


def test_a_write_that_the_system_refuses_ends_the_query() -> None:
    result = subprocess.run([sys.executable, "-c", WRITE_FAILS], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]


def test_files_have_no_names_and_end_with_their_query(tmp_path: Path) -> None:
    graph = PyDeedGraph(query_memory=1 * MIB, temporary_directory=tmp_path)
    result = graph.execute(SORT)
    assert result.fetchone() is not None
    assert graph.stats()["temporary"]["bytes"] > MIB and list(tmp_path.iterdir()) == []
    del result
    assert graph.stats()["temporary"]["bytes"] == 0
    half = graph.execute(SORT)
    half.fetchone()
    graph.close()
    assert list(tmp_path.iterdir()) == []


def test_timeouts_and_interrupts_are_looked_at() -> None:
    with PyDeedGraph(query_memory=64 << 10) as graph:
        for text in (SORT.replace("300000", "3000000"), CHANGE.replace("100000", "5000000").replace("30000", "3000000")):
            started = time.monotonic()
            with pytest.raises(Interrupted):
                graph.execute(text, timeout=0.3).fetchall()
            assert time.monotonic() - started < 5
            assert graph.stats()["temporary"]["bytes"] == 0
        result = graph.execute(SORT.replace("300000", "3000000"))
        threading.Timer(0.3, result.interrupt).start()
        with pytest.raises(Interrupted):
            result.fetchall()
        del result
        assert graph.stats()["temporary"]["bytes"] == 0


WITHOUT_TMPFILE = '''
import ctypes, os, platform, struct, sys
# A filter of system calls: openat with __O_TMPFILE among its flags is not supported.
number = {"x86_64": 257, "aarch64": 56}[platform.machine()]
load, equal, has, give = 0x20, 0x15, 0x45, 0x06
steps = [(load, 0, 0, 0), (equal, 0, 3, number), (load, 0, 0, 32), (has, 0, 1, 0o20000000), (give, 0, 0, 0x50000 | 95),
         (give, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
    sys.exit(77)
from deed_core import PyDeedGraph
with PyDeedGraph(query_memory=1 << 20, temporary_directory=sys.argv[1]) as graph:
    result = graph.execute(sys.argv[2])
    assert result.fetchone() is not None
    open_files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")]
    assert any("/deed-temporary-" in name and name.endswith("(deleted)") for name in open_files), open_files
    assert os.listdir(sys.argv[1]) == []
    assert len(result.fetchall()) == 299_999
'''


def test_where_no_file_can_be_made_without_a_name_it_loses_its_name_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TMPFILE, str(tmp_path), SORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("the system does not let system calls be filtered")
    assert done.returncode == 0, done.stderr[-2000:]


# ---- Resident memory --------------------------------------------------------------------------------------------------

CHILD = """
import sys, zlib
from deed_core import PyDeedGraph
path, limit = sys.argv[1], int(sys.argv[2])
print("start", 0, flush=True)
sys.stdin.readline()
with PyDeedGraph(path, memory_limit=limit, threads=int(sys.argv[3])) as graph:
    for name, text in {queries!r}.items():
        count = total = 0
        for row in graph.execute(text):
            count += 1
            total = total * (31 if "ORDER" in text else 1) + zlib.crc32(repr(row).encode()) & 0xffffffffffffff
        print(name, f"{{count}}/{{total}}/{{graph.stats()['temporary']['bytes_written']}}", flush=True)
        sys.stdin.readline()
"""
LARGE = 150_000
QUERIES = {
    "sort": "MATCH (r:Row) RETURN r.number, r.text ORDER BY r.text",
    "group": "MATCH (r:Row) RETURN r.text, count(*), max(r.number)",
    "distinct": "MATCH (r:Row) RETURN DISTINCT r.number % 100000, r.text",
    "join": "MATCH (r:Row), (s:Row) WHERE r.text = s.text AND r.number > 0 RETURN r.number, s.number",
    "collect": "MATCH (r:Row) RETURN r.number % 1000 AS k, size(collect(r.text)), collect(r.text)[0] ORDER BY k",
}  # fmt: skip


def run_child(store: Path, limit: int, threads: int = 1) -> tuple[dict[str, int], dict[str, tuple[int, int]], int]:
    """The most resident memory up to each query, the count and sum of its rows, and the bytes written to files."""
    peaks: dict[str, int] = {}
    sums: dict[str, tuple[int, int]] = {}
    bytes_written = 0
    command = [sys.executable, "-c", CHILD.format(queries=QUERIES), str(store), str(limit), str(threads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        for line in child.stdout:
            name, text = line.split()
            peaks[name] = peak_bytes(child.pid)
            if name != "start":
                count, total, bytes_written = (int(number) for number in text.split("/"))
                sums[name] = (count, total)
            child.stdin.write("\n")
            child.stdin.flush()
    assert child.returncode == 0
    return peaks, sums, bytes_written


def test_resident_memory_stays_within_the_limit(tmp_path: Path) -> None:
    """As the system counts it, limit + 15 % + 64 MiB beside what the process had before; the rows are those of a large limit."""
    store, limit, rng = tmp_path / "store", 64 * MIB, random.Random(3)
    with PyDeedGraph(store, durability="async") as graph:
        for first in range(0, LARGE, 50_000):
            numbers = list(range(first, first + 50_000))
            graph.add_entities("Row", {"number": numbers, "text": [f"a text of a row, {rng.randrange(LARGE):060d}" for _ in numbers]})
    _, wanted, nothing = run_child(store, 4096 * MIB)
    assert nothing == 0 and set(wanted) == set(QUERIES)
    for threads in (1, 2):
        peaks, sums, bytes_written = run_child(store, limit, threads)
        print({name: f"{(peak - peaks['start']) / MIB:.0f} MiB" for name, peak in peaks.items()}, f"{bytes_written / MIB:.0f} MiB")
        if threads == 1:
            assert sums == wanted
        else:
            assert {name: count for name, (count, _) in sums.items()} == {name: count for name, (count, _) in wanted.items()}
        assert bytes_written > 40 * MIB
        assert max(peaks.values()) - peaks["start"] <= limit * 1.15 + 64 * MIB
