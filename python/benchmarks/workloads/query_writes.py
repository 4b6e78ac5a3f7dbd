"""Writing through queries: rows created one by one in one transaction, and many merged from one list of maps."""

from __future__ import annotations

from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload


class Writing(Side):
    def run(self) -> dict[str, float]:
        size = self.context.size
        names = self.context.data.names(size["created"])
        created = seconds(lambda: self.create(names))
        rows = [{"id": 1_000_000_000_000 + number, "name": f"merged{number}"} for number in range(self.context.rows("merged"))]
        merged = seconds(lambda: self.merge(rows))
        return {"create": len(names) / created, "merge": len(rows) / merged}

    def create(self, names: list[str]) -> None:
        raise NotImplementedError

    def merge(self, rows: list[dict[str, Any]]) -> None:
        raise NotImplementedError

    def count(self, text: str) -> int:
        raise NotImplementedError

    def answer(self) -> Any:
        merged = self.count("MATCH (p:Person) WHERE p.id >= 1000000000000 RETURN count(*)")
        return [self.count("MATCH (p:Person) WHERE p.id < 1000000000000 RETURN count(*)"), merged]


class Deed(Writing):
    name = DEED
    package = "deed"
    does = "execute in one transaction, on disk; an index over id"

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        self.graph.add_entities("Person", {"id": [-1], "name": ["first"], "age": [0]})
        self.graph.create_index("Person", "id")

    def create(self, names: list[str]) -> None:
        with self.graph.transaction() as transaction:
            execute = transaction.execute
            for number, name in enumerate(names):
                execute("CREATE (:Person {id: $id, name: $name, age: $age})", {"id": number, "name": name, "age": 30})

    def merge(self, rows: list[dict[str, Any]]) -> None:
        self.graph.execute("UNWIND $rows AS row MERGE (p:Person {id: row.id}) SET p.name = row.name", {"rows": rows})

    def count(self, text: str) -> int:
        return self.graph.execute(text).scalar()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.graph.close()


class Ladybug(Writing):
    name = "ladybug"
    package = "ladybug"
    does = "execute in one transaction, on disk; its primary key; 1 thread"

    def setup(self) -> None:
        from ..stores import cypher

        self.database = cypher.Connection("ladybug", self.context.scratch / "store", schema=True)
        self.database.execute("CREATE (:Person {id: -1, name: 'first', age: 0})")

    def create(self, names: list[str]) -> None:
        from ..stores import cypher

        query = self.database.query(cypher.ADD_PERSON)
        self.database.execute("BEGIN TRANSACTION")
        for number, name in enumerate(names):
            query({"id": number, "name": name, "age": 30})
        self.database.execute("COMMIT")

    def merge(self, rows: list[dict[str, Any]]) -> None:
        self.database.query("UNWIND $rows AS row MERGE (p:Person {id: row.id}) SET p.name = row.name")({"rows": rows})

    def count(self, text: str) -> int:
        return self.database.scalar(text)  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="query_writes",
    title="query: rows created one by one, rows merged from a list",
    order=85,
    metrics=[Metric("create", "CREATE", "per_second", "higher"), Metric("merge", "UNWIND MERGE", "per_second", "higher")],
    demands=[
        Demand("CREATE >= 10x ladybug", "create", 10, than="ladybug"),
        Demand("MERGE >= 20x ladybug", "merge", 20, than="ladybug"),
    ],
    sides=[Deed, Ladybug],
    full={"created": 20_000, "merged": 10_000},
    quick={"created": 500, "merged": 500},
)
