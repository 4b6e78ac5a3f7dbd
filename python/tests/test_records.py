"""Adding, reading, updating and deleting single entities and relationships, and scanning them."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from deed_core import HasRelationships, NotFound, PyDeedGraph

UNKNOWN = 123_456_789


def test_add_and_get_entity(any_graph: PyDeedGraph) -> None:
    first = any_graph.add_entity("Person", {"name": "Ada", "age": 36})
    second = any_graph.add_entity("Person")
    assert 0 < first != second > 0
    assert any_graph.get_entity(first) == {"id": first, "type": "Person", "properties": {"name": "Ada", "age": 36}}
    assert any_graph.get_entity(second) == {"id": second, "type": "Person", "properties": {}}


def test_first_id_is_one(graph: PyDeedGraph) -> None:
    assert graph.add_entity("Person") == 1


def test_get_of_unknown_ids_is_none(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Person")
    edge = graph.add_edge(node, node, "KNOWS")
    for unknown in (0, UNKNOWN, 2**63, 2**64 - 1, node + edge + 1000):
        assert graph.get_entity(unknown) is None
        assert graph.get_edge(unknown) is None


def test_keyword_arguments(graph: PyDeedGraph) -> None:
    node = graph.add_entity(collection="Person", properties={"a": 1})
    edge = graph.add_edge(src=node, dst=node, type="KNOWS", properties=None)
    graph.update_entity(id=node, properties={"a": 2}, replace=True)
    assert graph.get_entity(id=node) == {"id": node, "type": "Person", "properties": {"a": 2}}
    assert graph.neighbor_ids(id=node, type="KNOWS", direction="both") == [node, node]
    graph.delete_edge(id=edge)
    graph.delete_entity(id=node, detach=False)


@pytest.mark.parametrize(
    "arguments, keywords, message",
    [
        ((), {}, "missing required argument 'collection'"),
        (("P", {}, 1), {}, "at most 2 positional arguments but 3 were given"),
        (("P",), {"propertys": {}}, "unexpected keyword argument 'propertys'"),
        (("P", {}), {"properties": {}}, "multiple values for argument 'properties'"),
    ],
)
def test_wrong_calls_are_type_errors(graph: PyDeedGraph, arguments: tuple, keywords: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        graph.add_entity(*arguments, **keywords)


def test_properties_may_be_any_mapping(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Person", MappingProxyType({"a": 1, "b": [2]}))
    assert graph.get_entity(node)["properties"] == {"a": 1, "b": [2]}


def test_none_leaves_a_property_out(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Person", {"a": None, "b": 1})
    assert graph.get_entity(node)["properties"] == {"b": 1}


def test_update_keeps_sets_and_removes(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("Person", {"a": 1, "b": 2})
    any_graph.update_entity(node, {"b": None, "c": "new"})
    assert any_graph.get_entity(node)["properties"] == {"a": 1, "c": "new"}
    any_graph.update_entity(node, {"d": 4}, replace=True)
    assert any_graph.get_entity(node)["properties"] == {"d": 4}
    any_graph.update_entity(node, {}, replace=True)
    assert any_graph.get_entity(node)["properties"] == {}


def test_update_may_change_the_type_of_a_value(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Person", {"a": 1})
    for value in ("text", 2.5, [1, "x"], True, b"bytes", 7):
        graph.update_entity(node, {"a": value})
        assert graph.get_entity(node)["properties"] == {"a": value}


def test_many_properties(graph: PyDeedGraph) -> None:
    properties = {f"p{i}": i for i in range(1000)}
    node = graph.add_entity("Wide", properties)
    assert graph.get_entity(node)["properties"] == properties


def test_delete_entity(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("Person")
    any_graph.delete_entity(node)
    assert any_graph.get_entity(node) is None
    assert any_graph.add_entity("Person") != node
    with pytest.raises(NotFound):
        any_graph.delete_entity(node)


def test_delete_with_relationships(any_graph: PyDeedGraph) -> None:
    a, b = any_graph.add_entity("Person"), any_graph.add_entity("Person")
    out, back, loop = any_graph.add_edge(a, b, "K"), any_graph.add_edge(b, a, "K"), any_graph.add_edge(a, a, "K")
    with pytest.raises(HasRelationships):
        any_graph.delete_entity(a)
    assert any_graph.degree(a, direction="both") == 4
    any_graph.delete_entity(a, detach=True)
    assert [any_graph.get_edge(edge) for edge in (out, back, loop)] == [None, None, None]
    assert any_graph.degree(b, direction="both") == 0
    assert any_graph.check() == []


def test_edges(any_graph: PyDeedGraph) -> None:
    a, b = any_graph.add_entity("Person"), any_graph.add_entity("City")
    edge = any_graph.add_edge(a, b, "LIVES_IN", {"since": 1843})
    expected = {"id": edge, "type": "LIVES_IN", "source": a, "target": b, "properties": {"since": 1843}}
    assert any_graph.get_edge(edge) == expected
    any_graph.update_edge(edge, {"until": 1852, "since": None})
    assert any_graph.get_edge(edge)["properties"] == {"until": 1852}
    any_graph.update_edge(edge, {"x": 1}, replace=True)
    assert any_graph.get_edge(edge)["properties"] == {"x": 1}
    any_graph.delete_edge(edge)
    assert any_graph.get_edge(edge) is None
    assert any_graph.get_outgoing_neighbors(a) == []
    with pytest.raises(NotFound):
        any_graph.delete_edge(edge)


def test_edges_need_both_ends(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Person")
    for ends in ((node, UNKNOWN), (UNKNOWN, node), (0, node)):
        with pytest.raises(NotFound):
            graph.add_edge(*ends, "KNOWS")
    assert graph.stats()["edge_count"] == 0


def test_updates_of_unknown_ids(graph: PyDeedGraph) -> None:
    with pytest.raises(NotFound):
        graph.update_entity(UNKNOWN, {"a": 1})
    with pytest.raises(NotFound):
        graph.update_edge(UNKNOWN, {"a": 1})


def test_parallel_edges_and_loops(graph: PyDeedGraph) -> None:
    a, b = graph.add_entity("P"), graph.add_entity("P")
    edges = [graph.add_edge(a, b, "K") for _ in range(3)]
    loop = graph.add_edge(a, a, "K")
    assert graph.get_outgoing_neighbors(a) == [(b, edges[0]), (b, edges[1]), (b, edges[2]), (a, loop)]
    assert graph.get_incoming_neighbors(a) == [(a, loop)]
    assert graph.degree(a, direction="both") == 5


def test_scans(any_graph: PyDeedGraph) -> None:
    people = [any_graph.add_entity("Person", {"n": n}) for n in range(10)]
    any_graph.add_entity("City")
    edges = [any_graph.add_edge(a, b, "KNOWS", {"w": a}) for a, b in zip(people, people[1:])]
    rows = any_graph.scan_collection("Person")
    assert rows == [{"id": id, "type": "Person", "properties": {"n": n}} for n, id in enumerate(people)]
    assert list(any_graph.iterate_collection("Person")) == rows
    rows = any_graph.scan_edges("KNOWS")
    assert [row["id"] for row in rows] == edges
    assert rows[3] == any_graph.get_edge(edges[3])
    assert list(any_graph.iterate_edges("KNOWS")) == rows
    assert any_graph.scan_collection("Nothing") == any_graph.scan_edges("Person") == []


def test_lazy_scan_keeps_its_snapshot(any_graph: PyDeedGraph) -> None:
    nodes = [any_graph.add_entity("Person", {"n": n}) for n in range(5)]
    scan = any_graph.iterate_collection("Person")
    assert iter(scan) is scan
    first = next(scan)
    any_graph.delete_entity(nodes[2])
    any_graph.update_entity(nodes[3], {"n": "changed"})
    any_graph.add_entity("Person", {"n": "late"})
    assert [row["properties"]["n"] for row in [first, *scan]] == [0, 1, 2, 3, 4]
    assert next(scan, None) is None
    assert [row["properties"]["n"] for row in any_graph.scan_collection("Person")] == [0, 1, "changed", 4, "late"]


def test_scan_across_segments(any_graph: PyDeedGraph) -> None:
    count = 40_000
    ids = any_graph.add_entities("Row", {"n": range(count)})
    for id in ids[100:30_000:7]:
        any_graph.delete_entity(id)
    deleted = set(ids[100:30_000:7])
    rows = any_graph.scan_collection("Row")
    assert [row["id"] for row in rows] == [id for id in ids if id not in deleted]
    assert all(row["properties"]["n"] == n for row, n in zip(rows, (n for n, id in enumerate(ids) if id not in deleted)))


def test_collections_edge_types_and_stats(any_graph: PyDeedGraph) -> None:
    assert any_graph.collections() == any_graph.edge_types() == {}
    a, b = any_graph.add_entity("Person"), any_graph.add_entity("Person")
    c = any_graph.add_entity("City")
    any_graph.add_edge(a, c, "LIVES_IN")
    any_graph.add_edge(a, b, "KNOWS")
    any_graph.delete_edge(any_graph.add_edge(a, b, "LEFT"))
    assert any_graph.collections() == {"Person": 2, "City": 1}
    assert any_graph.edge_types() == {"LIVES_IN": 1, "KNOWS": 1}
    stats = any_graph.stats()
    assert (stats["entity_count"], stats["edge_count"]) == (3, 2)
    assert (stats["collection_count"], stats["edge_type_count"]) == (2, 2)
    assert stats["transactions"]["commits"] >= 6
    assert stats["transactions"]["active"] == 0
    assert stats["memory"]["total"] > 0 and stats["memory"]["limit"] > 0
    assert (stats["disk"]["total"] > 0) == (any_graph.path is not None)
    assert any_graph.check() == []


def test_the_empty_name_is_a_collection(graph: PyDeedGraph) -> None:
    node = graph.add_entity("", {"a": 1})
    assert graph.get_entity(node) == {"id": node, "type": "", "properties": {"a": 1}}
    assert len(graph.scan_collection("")) == 1


def test_repr(graph: PyDeedGraph, store: object) -> None:
    assert repr(graph) == "<deed_core.PyDeedGraph in memory, open>"
    disk = PyDeedGraph(store)
    assert repr(disk) == f"<deed_core.PyDeedGraph at {str(store)!r}, open>"
    assert (disk.path, disk.closed, disk.read_only) == (str(store), False, False)
    disk.close()
    assert repr(disk).endswith("closed>") and disk.closed
