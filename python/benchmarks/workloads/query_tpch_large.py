"""TPC-H at scale factor 1."""

from __future__ import annotations

from ._tpch import Deed, DuckDB, tpch

WORKLOAD = tpch("query_tpch_large", scale_percent=100, sides=[Deed, DuckDB], order=89)
