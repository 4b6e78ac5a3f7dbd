"""Ids: a sequence, a buffer and an Arrow array, from each of the three places its memory can lie in."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from deed_core import Ids, PyDeedGraph

COUNT = 30


def ids_of(graph: PyDeedGraph, where: str) -> tuple[Ids, list[int]]:
    """Ids whose memory is inline, taken over from the engine, or another's, and what they should be."""
    nodes = graph.add_entities("N", {"i": range(COUNT)})
    if where == "adopted":
        return nodes, [graph.scan_collection("N")[i]["id"] for i in range(COUNT)]
    if where == "slice":
        return nodes[5:20], nodes.tolist()[5:20]
    graph.add_edges("R", [nodes[0]] * COUNT, nodes)
    return graph.neighbor_ids(nodes[0]), nodes.tolist()


@pytest.fixture(params=["inline", "adopted", "slice"])
def sample(request: pytest.FixtureRequest, graph: PyDeedGraph) -> tuple[Ids, list[int]]:
    return ids_of(graph, request.param)


def test_sequence(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    assert isinstance(ids, Sequence)
    assert len(ids) == len(expected)
    assert list(ids) == ids.tolist() == [ids[i] for i in range(len(ids))] == expected
    assert ids[-1] == expected[-1] and ids[np.int64(2)] == expected[2]
    assert list(reversed(ids)) == expected[::-1]
    assert ids.index(expected[3]) == 3 and ids.count(expected[3]) == 1
    assert expected[0] in ids and 0 not in ids and -1 not in ids and "x" not in ids and 2**64 not in ids
    for index in (len(expected), -len(expected) - 1):
        with pytest.raises(IndexError):
            ids[index]
    with pytest.raises(TypeError):
        ids["0"]
    with pytest.raises(ValueError):
        ids.index(0)


def test_slices(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    for slice_ in (slice(None), slice(2, 5), slice(None, None, -1), slice(1, None, 3), slice(5, 2), slice(-3, None), slice(99, None)):
        assert ids[slice_] == expected[slice_]
        assert isinstance(ids[slice_], Ids)
        assert ids[slice_][1:] == expected[slice_][1:]
    with pytest.raises(ValueError):
        ids[::0]


def test_equality(sample: tuple[Ids, list[int]], graph: PyDeedGraph) -> None:
    ids, expected = sample
    assert ids == expected and expected == ids and ids == ids[:] and not ids != expected
    assert ids != expected[:-1] and ids != ids[:-1] and ids != [*expected[:-1], 0] and ids != 5 and ids != "x"
    assert graph.neighbor_ids(ids[-1], "NONE") == []
    with pytest.raises(TypeError):
        ids < expected
    with pytest.raises(TypeError):
        hash(ids)


def test_repr(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    assert repr(ids[:3]) == f"deed_core.Ids({expected[:3]})"
    if len(ids) > 16:
        assert repr(ids) == f"<deed_core.Ids of {len(ids)}: {expected[0]}, {expected[1]}, ... {expected[-1]}>"


def test_buffer(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    view = memoryview(ids)
    assert (view.format, view.itemsize, view.ndim, view.shape, view.readonly) == ("Q", 8, 1, (len(expected),), True)
    assert view.tolist() == expected and view[::2].tolist() == expected[::2]
    assert bytes(ids) == np.array(expected, dtype="u8").tobytes()
    with pytest.raises(TypeError):
        view[0] = 1


def test_numpy_copies_nothing(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    array = np.asarray(ids)
    assert array.dtype == np.uint64 and array.tolist() == expected
    assert np.shares_memory(array, np.asarray(ids)) and not array.flags.writeable
    del ids
    gc.collect()
    assert array.tolist() == expected


def test_arrow_copies_nothing(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    array = pa.array(ids)
    assert array.type == pa.uint64() and array.to_pylist() == expected
    assert array.buffers()[1].address == np.asarray(ids).ctypes.data
    del ids
    gc.collect()
    assert array.to_pylist() == expected


def test_arrow_data_may_be_released_by_any_thread(sample: tuple[Ids, list[int]]) -> None:
    ids, expected = sample
    holder = [pa.array(ids) for _ in range(100)]
    del ids
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    assert holder == []


def test_capsules_that_nobody_consumes(sample: tuple[Ids, list[int]]) -> None:
    ids, _ = sample
    for _ in range(1000):
        ids.__arrow_c_array__()
        ids.__arrow_c_array__(requested_schema=None)


def test_no_ids(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    for empty in (graph.neighbor_ids(node), graph.add_entities("N", {}), graph.neighbor_ids(node)[:]):
        assert len(empty) == 0 and not empty and empty == [] and list(empty) == []
        assert np.asarray(empty).shape == (0,) and pa.array(empty).to_pylist() == []
        assert repr(empty) == "deed_core.Ids([])"


def test_memory_is_kept_by_slices_and_arrays(graph: PyDeedGraph) -> None:
    ids = graph.add_entities("N", {"i": range(1000)})
    expected = ids.tolist()
    tail = ids[10:][10:][10:]
    array = np.asarray(tail)
    del ids, tail
    graph.close()
    del graph
    gc.collect()
    assert array.tolist() == expected[30:]


def test_cannot_be_made_or_changed(graph: PyDeedGraph) -> None:
    ids = graph.add_entities("N", {"i": [1]})
    with pytest.raises(TypeError):
        Ids()
    with pytest.raises(TypeError):
        ids[0] = 5
    with pytest.raises(TypeError):
        Ids.extra = 1
