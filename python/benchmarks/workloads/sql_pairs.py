"""The same question in Cypher and in SQL: neither language should be slower, since both have the same plans.

The pairs are those of the tests (`benchmarks/pairs`), over a small social network that is not part of the repository. Each text is
asked again and again, so that what planning it the first time takes plays no part.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..measure import comparable, seconds
from ..model import DEED, Metric, Side, Unavailable, Workload
from ..pairs.network import load
from ..pairs.questions import PAIRS
from ..stores import deed

ROOT = Path(__file__).resolve().parents[3]


class Asked(Side):
    package = "deed"
    language: str

    def setup(self) -> None:
        directory = Path(os.environ.get("DEED_DATA", ROOT.parent / "shared" / "data")) / "ldbc-snb-mini"
        if not directory.exists():
            raise Unavailable(f"there is no {directory}")
        self.graph = deed.open_graph(None, threads=1)
        load(self.graph, directory)

    def run(self) -> dict[str, float]:
        self.answers: dict[str, Any] = {}
        return {pair.name: self.timed(pair.name, getattr(pair, self.language)) for pair in PAIRS}

    def timed(self, name: str, text: str) -> float:
        ask = self.graph.sql if self.language == "sql" else self.graph.cypher
        self.answers[name] = ask(text).fetchall()
        return min(seconds(lambda: ask(text).fetchall()) for _ in range(self.context.size["times"]))

    def answer(self) -> Any:
        return {name: comparable(rows) for name, rows in self.answers.items()}

    def close(self) -> None:
        self.graph.close()


class Sql(Asked):
    name = DEED
    does = "SQL; in memory, 1 thread"
    language = "sql"


class Cypher(Asked):
    name = "deed, cypher"
    does = "Cypher; in memory, 1 thread"
    language = "cypher"


WORKLOAD = Workload(
    name="sql_pairs",
    title="two hundred questions in SQL and in Cypher; shown are those where one takes 1.3 times as long",
    order=90,
    metrics=[Metric(pair.name, pair.name, "seconds", "lower") for pair in PAIRS],
    demands=[],
    sides=[Sql, Cypher],
    full={"times": 15},
    quick={"times": 1},
    rows_beyond=1.3,
)
