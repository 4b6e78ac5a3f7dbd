"""The types say what the extension does: stubtest compares both, mypy checks the package, doctests check the examples."""

from __future__ import annotations

import doctest
import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import deed
import deed._dbapi_exceptions
import deed._dbapi_statements
import deed._dbapi_types
import deed.dbapi
import deed.exceptions
import deed.results
import deed.tables
import deed_core
import pytest

PYTHON = Path(__file__).resolve().parents[1]

# Python has a name for the buffer protocol from 3.12 on; type checkers need it in every version.
ALLOWED = "" if sys.version_info >= (3, 12) else "deed_core.Ids.__buffer__\n"


def run(*arguments: str) -> None:
    environment = {**os.environ, "MYPYPATH": str(PYTHON), "MYPY_CACHE_DIR": os.devnull}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(deed_core.__file__).parent), environment.get("PYTHONPATH", "")])
    result = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, env=environment, cwd="/")
    assert result.returncode == 0, result.stdout + result.stderr


def test_stubs_match_the_extension(tmp_path: Path) -> None:
    allowlist = tmp_path / "allowlist"
    allowlist.write_text(ALLOWED)
    run("mypy.stubtest", "deed_core", "--allowlist", str(allowlist))


def test_the_package_is_typed() -> None:
    run("mypy", "--strict", str(PYTHON / "deed"))


DOCUMENTED = [
    deed, deed.exceptions, deed.tables, deed.dbapi, deed._dbapi_exceptions, deed._dbapi_statements, deed._dbapi_types,
]  # fmt: skip


@pytest.mark.parametrize("module", DOCUMENTED, ids=lambda module: module.__name__)
def test_doctests(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted >= 1 and results.failed == 0


@pytest.mark.parametrize("owner", [deed_core.Session, deed_core.PyDeedGraph, deed_core.Result], ids=lambda owner: owner.__name__)
def test_doctests_of_the_extension(owner: type) -> None:
    """Each docstring is an example of its own, on a new graph."""
    runner, attempted = doctest.DocTestRunner(), 0
    for name, member in [("", owner), *vars(owner).items()]:
        for example in doctest.DocTestFinder(recurse=False).find(member, name or owner.__name__, module=False):
            with deed.open() as graph:
                example.globs = {"graph": graph}
                attempted += runner.run(example).attempted
    assert attempted >= 1 and runner.failures == 0


def test_everything_has_a_docstring_and_a_signature() -> None:
    for name in dir(deed_core):
        member = getattr(deed_core, name)
        if not isinstance(member, type) or issubclass(member, Exception):
            continue
        assert member.__doc__, name
        for attribute, value in vars(member).items():
            if not attribute.startswith("_"):
                assert value.__doc__, f"{name}.{attribute}"
                if callable(value):
                    assert inspect.signature(value).parameters


@pytest.mark.parametrize("name", deed.__all__)
def test_the_package_exports_what_it_says(name: str) -> None:
    assert hasattr(deed, name)
