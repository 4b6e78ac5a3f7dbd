"""Measuring: time, percentiles, memory as the operating system sees it, bytes on disk."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any


def seconds(call: Callable[[], Any]) -> float:
    """The time one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def rate_of_calls(call: Callable[[Any], Any], arguments: Sequence[Any]) -> float:
    """Calls per second, made one after the other. The loop itself is part of it, on every side alike."""
    start = time.perf_counter()
    for argument in arguments:
        call(argument)
    return len(arguments) / (time.perf_counter() - start)


def latencies(call: Callable[[Any], Any], arguments: Iterable[Any]) -> list[int]:
    """The nanoseconds of each call. Reading the clock, some 50 ns, is part of each."""
    clock = time.perf_counter_ns
    taken = []
    for argument in arguments:
        start = clock()
        call(argument)
        taken.append(clock() - start)
    return taken


def comparable(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows of a result in no order and without the last digits of floats and decimals, to compare the answers of two sides by."""
    return sorted(repr([float(f"{value:.9g}") if isinstance(value, (float, Decimal)) else value for value in row]) for row in rows)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"the kernel does not report {field}")


def resident_bytes() -> int:
    """Memory of this process that belongs to no file, after giving back what the allocators only keep.

    Pages of program files are left out: which of them happen to be touched says nothing about the data. Libraries with
    an allocator of their own return pages a little later, so the least of a few readings counts.
    """
    readings = []
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:  # its allocator keeps what the input needed
        pyarrow.default_memory_pool().release_unused()
    for _ in range(3):
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        readings.append(_status("RssAnon") + _status("RssShmem"))
        time.sleep(0.2)
    return min(readings)


def reset_peak() -> None:
    """Makes `peak_bytes` forget what came before."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The most memory the process has had since `reset_peak`, everything included."""
    return _status("VmHWM")


def queued_nanoseconds() -> int:
    """How long this thread has been ready to run without being given a core; 0 where the kernel does not say."""
    try:
        return int(Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text().split()[1])
    except OSError:
        return 0


def disk_bytes(directory: Path) -> int:
    """Blocks in use by everything in a directory. Call it when the store in there is closed."""
    return sum(os.stat(path).st_blocks * 512 for path in directory.rglob("*") if path.is_file())


def warm(path: Path) -> None:
    """Reads every file once, so that it is in the page cache."""
    for file in path.rglob("*"):
        if file.is_file():
            with file.open("rb", buffering=0) as stream:
                while stream.read(1 << 24):
                    pass
