"""sqllogictest: of each file the statements and a sample of the queries give what they should, but for what is listed.

The files lie in a directory beside the repository, or in one named by DEED_DATA. `make slt` runs all of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from slt.known import OTHERS, reason
from slt.runner import run_file

REPOSITORY = Path(__file__).resolve().parents[2]
PLACES = [
    Path(base) / "sqllogictest" for base in (
        os.environ.get("DEED_DATA", "/nonexistent"), os.path.join(os.environ.get("DEED_DATA", "/nonexistent"), "conformance"),
        REPOSITORY.parent / "shared" / "conformance",
    )
]  # fmt: skip
FOLDER = next((place for place in PLACES if place.is_dir()), None)
FILES = sorted([*FOLDER.rglob("*.test"), *FOLDER.rglob("*.test.gz")]) if FOLDER else []
#: Of the queries of a file so many are left out for each that is run; files of a few hundred are run in full.
SAMPLE = {"evidence": 1}
SAMPLE_OF_OTHERS = 97


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_sample_of_the_records_of(path: Path) -> None:
    problems = []
    for record, problem in run_file(path, sample=SAMPLE.get(path.parent.name, SAMPLE_OF_OTHERS)):
        if problem is None:
            assert (path.name, record.line) not in OTHERS, f"{path.name}:{record.line} passes: take it off the list"
        elif reason(path.name, record, problem) is None:
            problems.append(f"{path.name}:{record.line}: {problem}\n{record.text}")
    assert not problems, f"{len(problems)} records\n" + "\n".join(problems[:5])
