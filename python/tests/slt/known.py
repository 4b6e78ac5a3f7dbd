"""Records that are known to fail, with the reason; each is an error, never a wrong answer."""

from __future__ import annotations

from .records import Record

#: By part of the error's text: why.
KNOWN: dict[str, str] = {}


def is_known(file: str, record: Record, problem: str) -> bool:
    return problem.startswith("error") and any(part in problem for part in KNOWN)
