"""What the engine has of what is still being built, found out by asking it, so that the dialect uses it as soon as it is there."""

from __future__ import annotations

import functools

from deed_core import DeedError, PyDeedGraph


class Features:
    """Asked once, and only if it matters."""

    @functools.cached_property
    def identity(self) -> bool:
        """Columns that count up by themselves."""
        return self._runs("CREATE TABLE a (x BIGSERIAL PRIMARY KEY)", "INSERT INTO a DEFAULT VALUES")

    @functools.cached_property
    def foreign_keys(self) -> bool:
        """REFERENCES and FOREIGN KEY."""
        return self._runs("CREATE TABLE a (x BIGINT PRIMARY KEY)", "CREATE TABLE b (x BIGINT, FOREIGN KEY (x) REFERENCES a (x))")

    @functools.cached_property
    def numeric(self) -> bool:
        """Exact decimal numbers."""
        return self._runs("CREATE TABLE a (x NUMERIC(10, 2))")

    @functools.cached_property
    def savepoints(self) -> bool:
        """SAVEPOINT, in a transaction."""
        with PyDeedGraph() as graph, graph.transaction() as transaction:
            try:
                transaction.execute("SAVEPOINT a")
            except DeedError:
                return False
            return True

    def _runs(self, *texts: str) -> bool:
        with PyDeedGraph() as graph:
            try:
                for text in texts:
                    graph.execute(text)
            except DeedError:
                return False
            return True


FEATURES = Features()
