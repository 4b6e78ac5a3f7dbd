"""The workloads: every module in this folder that defines WORKLOAD is one. Adding a file adds a workload."""

from __future__ import annotations

import importlib
import pkgutil

from ..model import Workload


def load_all() -> list[Workload]:
    """All workloads in the order of a full run."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").WORKLOAD
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    names = [workload.name for workload in found]
    if len(set(names)) != len(names):
        raise ValueError(f"two workloads share a name: {sorted(names)}")
    return sorted(found, key=lambda workload: (workload.order, workload.name))


def load(name: str) -> Workload:
    """The workload of that name."""
    return next(workload for workload in load_all() if workload.name == name)
