"""What the rows of a query become in other libraries. :class:`deed.Result` has these functions as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deed_core import Node, Path, Relationship

from ._libraries import need

if TYPE_CHECKING:
    from deed_core import Result


def to_arrow(result: Result) -> Any:
    """The rows that are left as a ``pyarrow.Table``."""
    return need("pyarrow", "to_arrow()").table(result)


def to_pandas(result: Result) -> Any:
    """The rows that are left as a ``pandas.DataFrame``."""
    need("pandas", "to_pandas()")
    return need("pyarrow", "to_pandas()").table(result).to_pandas()


def to_polars(result: Result) -> Any:
    """The rows that are left as a ``polars.DataFrame``."""
    polars = need("polars", "to_polars()")
    rows = polars.from_arrow(result)
    # A stream is read as one series of structs.
    return rows.struct.unnest() if isinstance(rows, polars.Series) else rows


def to_networkx(result: Result) -> Any:
    """The nodes, relationships and paths in the rows that are left, as a ``networkx.MultiDiGraph``.

    Parameters
    ----------
    result
        Elements may be in it at any depth: within lists, maps and paths.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are ids, with ``labels`` and ``properties``; edges have the relationship's id as key, with ``type`` and
        ``properties``. An end of a relationship that is not in the result has no attributes.
    """
    graph = need("networkx", "to_networkx()").MultiDiGraph()
    waiting: list[Any] = []
    for row in result:
        waiting.extend(row)
        while waiting:
            value = waiting.pop()
            if isinstance(value, Node):
                graph.add_node(value.id, labels=value.labels, properties=value.properties)
            elif isinstance(value, Relationship):
                graph.add_edge(value.source, value.target, key=value.id, type=value.type, properties=value.properties)
            elif isinstance(value, Path):
                waiting.extend(value.nodes)
                waiting.extend(value.relationships)
            elif isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                waiting.extend(value.values())
    return graph
