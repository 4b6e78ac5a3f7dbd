"""Scans of ten million rows by two threads."""

from __future__ import annotations

from ._scans import scans

WORKLOAD = scans("query_scans_large_threads", entities=10_000_000, threads=2, order=87)
