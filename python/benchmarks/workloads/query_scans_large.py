"""Scans of ten million rows by one thread."""

from __future__ import annotations

from ._scans import scans

WORKLOAD = scans("query_scans_large", entities=10_000_000, threads=1, order=86)
