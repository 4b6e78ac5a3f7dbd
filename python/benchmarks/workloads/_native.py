"""The measurements written in C: built from `native/` against deed.h and the engine that the extension uses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "native"
REPOSITORY = HERE.parent.parent.parent


def build(directory: Path) -> Path:
    """Compiles the program into `directory`. DEED_CORE_LIB names the engine when it is not the release build's."""
    library = Path(os.environ.get("DEED_CORE_LIB", REPOSITORY / ".build" / "release" / "libdeedcore.so")).resolve()
    program = directory / "native"
    sources = sorted(str(path) for path in HERE.glob("*.c"))
    command = [
        "cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", f"-I{REPOSITORY / 'Include'}", *sources,
        str(library), f"-Wl,-rpath,{library.parent}", "-pthread", "-o", str(program),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return program


def measure(program: Path, *arguments: object) -> dict[str, Any]:
    """Runs one measurement and returns what it printed."""
    command = [str(program), *map(str, arguments)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(printed) if printed.strip() else {}
