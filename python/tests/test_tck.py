"""The openCypher Technology Compatibility Kit: every case passes but for those that are listed with a reason.

A case that is listed and passes fails the test as well, so that the list stays true. The kit lies in a directory beside the
repository, or in one named by DEED_DATA.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from tck.gherkin import read_features
from tck.known import read_known_failures
from tck.runner import run

REPOSITORY = Path(__file__).resolve().parents[2]
PLACES = [
    Path(base) / "opencypher" for base in (
        os.environ.get("DEED_DATA", "/nonexistent"), os.path.join(os.environ.get("DEED_DATA", "/nonexistent"), "conformance"),
        REPOSITORY.parent / "shared" / "conformance",
    )
]  # fmt: skip
KIT = next((place for place in PLACES if (place / "features").is_dir()), None)


@cache
def outcomes() -> dict[str, str | None]:
    """What is wrong with each case, by name."""
    if KIT is None:
        pytest.skip("the kit is not at hand")
    return {scenario.name: run(scenario, KIT / "graphs") for scenario in read_features(KIT / "features")}


def test_every_case_passes_that_is_not_listed() -> None:
    known = read_known_failures()
    failures = [f"{name}\n    {problem}" for name, problem in outcomes().items() if problem is not None and name not in known]
    assert not failures, f"{len(failures)} of {len(outcomes())} cases\n" + "\n".join(failures[:30])


def test_every_case_that_is_listed_fails() -> None:
    known, found = read_known_failures(), outcomes()
    assert [name for name in known if name not in found] == [], "not in the kit"
    assert [name for name in known if found[name] is None] == [], "these pass: take them off the list"


def test_every_listed_case_has_a_reason() -> None:
    assert all(reason for reason in read_known_failures().values())
