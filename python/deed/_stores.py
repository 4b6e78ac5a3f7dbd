"""The graphs that connections of PEP 249 share: one for each path in a process, as a store has one writer.

The first connection to a path opens the graph, the last one closes it. Those between get the same, and have to want the same.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from deed_core import PyDeedGraph

from ._dbapi_exceptions import ProgrammingError


class Store:
    """A graph, with how many connections use it."""

    def __init__(self, key: tuple[str, bool] | None, options: Mapping[str, Any]) -> None:
        self.key = key
        self.options = dict(options)
        self.users = 1
        self.graph = PyDeedGraph(key[0] if key is not None else None, **options)


_stores: dict[tuple[str, bool], Store] = {}
_lock = threading.RLock()


def take(path: str | None, options: Mapping[str, Any]) -> Store:
    """The store of a path, opened if need be; a new one in memory without a path. `give_back` ends the use of it.

    A connection that only reads follows the store by a graph of its own, so it may be that of another process.
    """
    if path is None:
        return Store(None, options)
    key = (os.path.realpath(path), bool(options.get("read_only")))
    with _lock:
        store = _stores.get(key)
        if store is None:
            store = _stores[key] = Store(key, options)
        elif store.options != options:
            raise ProgrammingError(f"{path} is open with other options in this process: {store.options}")
        else:
            store.users += 1
        return store


def give_back(store: Store) -> None:
    """Closes the graph after its last use."""
    with _lock:
        store.users -= 1
        if store.users > 0:
            return
        if store.key is not None:
            del _stores[store.key]
        store.graph.close()


def _forget() -> None:
    """In the child of a fork, which must not use its parent's graphs: the engine says so when they are opened anew."""
    global _lock
    _lock = threading.RLock()
    _stores.clear()


os.register_at_fork(after_in_child=_forget)
