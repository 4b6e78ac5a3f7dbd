"""The machine a run was made on, as far as it explains the figures."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def describe(scratch: Path) -> dict[str, object]:
    """Processor, memory, kernel, file system of the scratch directory, load, and the commit measured."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "huge_pages": _text("/sys/kernel/mm/transparent_hugepage/enabled"),
        "scratch_file_system": file_system(scratch),
        "load_average": os.getloadavg()[0],
        "commit": _commit(),
    }


def file_system(path: Path) -> str:
    """The type of the file system a path is on, such as ext4, or "unknown"."""
    best, kind = "", "unknown"
    for line in _text("/proc/mounts").splitlines():
        mount, found = line.split()[1:3]
        if path.resolve().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def last_core() -> int | None:
    """The core single-thread work is pinned to: the last this process may use, as interrupts favour the first."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _first(path: str, field: str) -> str:
    for line in _text(path).splitlines():
        if line.startswith(field):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
