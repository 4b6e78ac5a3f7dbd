"""One side of one workload, once, in a process of its own: what the runner starts.

The job comes as JSON on the command line; the outcome goes as JSON to the file the job names. A library that is not
installed, or data that are not there, make the side "unavailable"; any other exception is its "error".
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import Any

from .data import Data
from .model import DEED, Context, Side, Unavailable
from .workloads import load


def version_of(side: type[Side]) -> str | None:
    """The version of the library behind a side."""
    if side.package == "sqlite3":
        return sqlite3.sqlite_version
    if side.package is None:
        return None
    try:
        return importlib.metadata.version(side.package)
    except importlib.metadata.PackageNotFoundError:
        if side.name == DEED:
            module = sys.modules.get("deed_core")
            return getattr(module, "__version__", None)
        return None


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """Does what the job says and returns its outcome."""
    kind = load(job["workload"]).side(job["side"])
    context = Context(
        size=job["size"],
        scratch=Path(job["scratch"]),
        store=Path(job["store"]),
        data=Data(Path(job["data"])),
        core=job["core"],
        scale=job["scale"],
    )
    side = kind(context)
    if job["task"] == "prepare":
        side.prepare()
        return {}
    side.setup()
    metrics = side.run()
    outcome = {"metrics": metrics, "answer": side.answer(), "version": version_of(kind)}
    side.close()
    return outcome


def prefer_installed() -> None:
    """Looks for libraries where they are installed first: an extension half-built in the source tree is not to be used."""
    source_tree = str(Path(__file__).resolve().parent.parent)
    sys.path[:] = [path for path in sys.path if path not in ("", source_tree)] + [source_tree]


def main() -> None:
    prefer_installed()
    job = json.loads(sys.argv[1])
    if job["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job["core"]})
    try:
        outcome = perform(job)
    except (ImportError, Unavailable) as error:
        outcome = {"unavailable": str(error)}
    except Exception:
        outcome = {"error": traceback.format_exc()}
    Path(job["outcome"]).write_text(json.dumps(outcome))


if __name__ == "__main__":
    main()
