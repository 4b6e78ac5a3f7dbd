"""The wheel stands alone: in a fresh virtual environment, without Swift, with every library it needs but the system's own."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

PROGRAM = """
import deed_core, deed, sys
with deed_core.PyDeedGraph(sys.argv[1]) as graph:
    a = graph.add_entity("Person", {"name": "Ada"})
    b = graph.add_entity("Person", {"name": "Grace"})
    graph.add_edge(a, b, "KNOWS")
with deed_core.PyDeedGraph(sys.argv[1]) as graph:
    assert graph.count_reachable(a, max_depth=1) == 1
print(deed_core.__file__)
"""

SYSTEM_LIBRARIES = ("linux-vdso", "ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt.", "libgcc_s.", "libstdc++.")


def run(*command: str | Path, **options: object) -> str:
    result = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert result.returncode == 0, result.stdout + result.stderr
    return str(result.stdout)


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new virtual environment that has the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PROJECT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    return python


def test_it_runs_in_a_fresh_environment_without_swift(fresh_python: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    where = run(fresh_python, "-I", "-c", PROGRAM, tmp_path / "store", env=environment, cwd=tmp_path)
    assert str(fresh_python.parents[1]) in where


def test_it_brings_every_library_but_the_systems_own(fresh_python: Path) -> None:
    site = next((fresh_python.parents[1] / "lib").glob("python3*/site-packages"))
    files = [*site.glob("deed_core*.so"), *(site / "deed_core.libs").iterdir()]
    assert len(files) > 2
    environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    for file in files:
        for line in run("ldd", file, env=environment).splitlines():
            name = line.split()[0].rsplit("/", 1)[-1]
            assert "swift" not in name.lower() and "not found" not in line, line
            if not name.startswith(SYSTEM_LIBRARIES):
                assert str(site) in line, f"{file.name}: {line}"
