"""Runs every example the way its reader would, and looks at what it prints.

The example in C is compiled with every warning as an error and runs under valgrind as well. The two examples in
README.md are taken from its text, so that what a newcomer reads first is known to work.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / ".build" / "release"
EXAMPLES = ROOT / "examples"
DATA = Path(os.environ.get("DEED_DATA", ROOT.parent / "shared" / "data")) / "ldbc-snb-sf0.1-partial"

def run(*command: object, cwd: Path = ROOT, status: int = 0) -> str:
    """The output of a command, which must end with the given status, and without a word of error if that is 0."""
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == status, f"{command}\n{result.stdout}\n{result.stderr}"
    if status == 0:
        assert result.stderr == ""
    return result.stdout + result.stderr


def compile_c(source: Path, target: Path) -> Path:
    run("cc", "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'Include'}", source,
        f"-L{LIBRARY}", "-ldeedcore", f"-Wl,-rpath,{LIBRARY}", "-o", target)
    return target


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(EXAMPLES / "c" / "quickstart.c", tmp_path_factory.mktemp("c") / "quickstart")


def test_quickstart(quickstart: Path, tmp_path: Path) -> None:
    output = run(quickstart, tmp_path / "store")
    for phrase in [
        "1. Written: 3 people, 1 city", "London has 2 inhabitants", "Grace has 2 relationships",
        "KNOWS as Arrow: _id:L _src:L _dst:L since:l, 2 rows", "5. Loaded 1000 years and 999 relationships",
        "6. DEED_HAS_RELATIONSHIPS: ", "After a rollback there are still 3 people",
        "7. Ada knows Grace with pheromone 2.",
        "8. Reopened: 1004 entities, 1003 relationships, all there",
    ]:
        assert phrase in output
    depths = re.search(r"3\. From Ada:(.*); she knows 1", output)
    assert depths is not None and re.findall(r"depth (\d)", depths[1]) == ["1", "1", "2"]


def test_quickstart_says_how_to_call_it(quickstart: Path) -> None:
    assert "usage:" in run(quickstart, status=2)


def test_quickstart_explains_a_path_that_is_a_file(quickstart: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a store")
    assert "DEED_" in run(quickstart, tmp_path / "file", status=1)


def test_quickstart_under_valgrind(quickstart: Path, tmp_path: Path) -> None:
    """Neither a wrong access nor a block that nobody can reach any more. What the Swift runtime and RocksDB keep until
    the process ends is reachable, and no leak."""
    log = tmp_path / "valgrind.log"
    run("valgrind", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite", f"--log-file={log}", quickstart, tmp_path / "store")
    assert "ERROR SUMMARY: 0 errors" in log.read_text()


def test_openflights(tmp_path: Path) -> None:
    store = tmp_path / "openflights.deed"
    output = run(sys.executable, EXAMPLES / "openflights.py", "--store", store)
    for phrase in [
        "7,698 airports", "6,161 airlines", "66,771 routes", "892 routes were left out", "455 are kept without",
        "Busiest hubs", "Zürich Airport", "Most travelled routes", "entity count", "All there",
    ]:
        assert phrase in output
    assert "DIFFERENT" not in output
    busiest = output[output.index("Busiest hubs"):]
    assert busiest.index("(ATL)") < busiest.index("(ORD)")
    assert "exists already" in run(sys.executable, EXAMPLES / "openflights.py", "--store", store, status=1)


def test_openflights_with_a_home_of_ones_own(tmp_path: Path) -> None:
    output = run(sys.executable, EXAMPLES / "openflights.py", "--store", tmp_path / "store", "--home", "nrt")
    assert "Narita" in output and "All there" in output
    output = run(sys.executable, EXAMPLES / "openflights.py", "--store", tmp_path / "x", "--home", "???", status=1)
    assert "no airport has the IATA code" in output


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not in {DATA}")
def test_social_network(tmp_path: Path) -> None:
    output = run(sys.executable, EXAMPLES / "ldbc_snb.py", "--data", DATA, "--store", tmp_path / "store")
    for phrase in [
        "327,588 entities", "1,354,697 relationships", "0 relationships left out", "Who has the most friends",
        "The most used tags", "all there",
    ]:
        assert phrase in output


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not in {DATA}")
def test_social_network_can_be_interrupted(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "ldbc_snb.py", "--data", DATA, "--store", store],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    while not store.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Stopped." in output and "Traceback" not in output


def test_social_network_says_where_it_looked(tmp_path: Path) -> None:
    output = run(sys.executable, EXAMPLES / "ldbc_snb.py", "--data", tmp_path / "nowhere", status=1)
    assert "the data set is not there" in output and "nowhere" in output


# ---- README -------------------------------------------------------------------------------------------------------


def readme_example(language: str) -> str:
    text = (ROOT / "README.md").read_text()
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"README.md holds {len(blocks)} examples in {language}"
    return blocks[0]


def test_readme_example_in_python(tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(readme_example("python"))
    first = run(sys.executable, program, cwd=tmp_path)
    assert "Grace" in first
    assert (tmp_path / "people.deed").is_dir()


def test_readme_example_in_c(tmp_path: Path) -> None:
    source = tmp_path / "example.c"
    source.write_text(readme_example("c"))
    assert "2 people" in run(compile_c(source, tmp_path / "example"), cwd=tmp_path)


@pytest.mark.parametrize("page", ["constraints.md"])
def test_examples_of_the_documentation(page: str, tmp_path: Path) -> None:
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    for number, block in enumerate(blocks):
        program = tmp_path / f"example{number}.py"
        program.write_text(block)
        run(sys.executable, program, cwd=tmp_path)


def test_every_example_is_run_here() -> None:
    """A new example needs a test: this file names each."""
    text = Path(__file__).read_text()
    programs = [path.name for suffix in ("py", "c") for path in EXAMPLES.rglob(f"*.{suffix}")]
    assert programs and [name for name in programs if f'"{name}"' not in text] == []
    assert shutil.which("valgrind"), "valgrind is part of the set-up of make test"
