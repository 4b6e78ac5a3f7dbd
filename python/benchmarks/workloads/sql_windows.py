"""Windows and recursive queries in SQL over a million rows."""

from __future__ import annotations

from ._sql_large import WINDOWS, large

WORKLOAD = large("sql_windows", "SQL: windows and recursion, 1 thread", WINDOWS, (1_000_000, 2_000), 94, 0.5)
