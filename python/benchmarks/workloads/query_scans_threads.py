"""Scans of a million rows by two threads."""

from __future__ import annotations

from ._scans import scans

WORKLOAD = scans("query_scans_threads", entities=1_000_000, threads=2, order=85)
