"""Scans of a million rows by one thread."""

from __future__ import annotations

from ._scans import scans

WORKLOAD = scans("query_scans", entities=1_000_000, threads=1, order=84)
