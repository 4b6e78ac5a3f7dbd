"""The repository's own rules, checked: what no compiler sees and no reviewer should have to look for.

Each `check_...` function takes a `Repository` and yields one line for each thing that is wrong, as `path:line: what`.
`test_tidy.py` runs them all over this repository, and each of them over a small tree that breaks its rule.

The rules:

* layers: a folder of DeedEngine mentions no type that a later folder declares (one module has no imports inside);
* imports: a Swift module imports only what stands below it, and nobody imports Foundation;
* symbols: libdeedcore.so exports exactly the functions that deed.h declares;
* header: every function of deed.h has a comment;
* sources: files have at most 700 lines (but for deed.h) of at most 140 characters, open by saying what they are, and
  hold no reminders;
* documents: links lead somewhere, the tour of Sources names every folder and only files that exist, and each
  promise names tests that exist.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILE_LINES_MAX = 700
# The manual of the C interface, which is one file for those who use it.
FILE_LINES_UNBOUNDED = {Path("Include/deed.h")}
LINE_CHARACTERS_MAX = 140

# The folders of DeedEngine from the bottom up; each may use itself and those before it.
ENGINE_LAYERS = ["Common", "Columns", "Storage", "Segments", "Indexes", "Catalog", "Transactions", "Graph", "Replication", "Integrity"]

# What a module may import. Glibc and Synchronization belong to the language's platform and are open to all.
PLATFORM = {"Glibc", "Synchronization"}
MODULE_IMPORTS = {
    "DeedValues": set(),
    "DeedSyntax": set(),
    "DeedEngine": {"CRocksDB", "CDeedShims", "DeedValues"},
    "DeedExecution": {"DeedEngine", "DeedValues"},
    "DeedPlanner": {"DeedSyntax", "DeedExecution", "DeedEngine", "DeedValues"},
    "DeedDatabase": {"DeedPlanner", "DeedSyntax", "DeedExecution", "DeedEngine", "DeedValues"},
    "DeedCAPI": {"DeedDatabase", "DeedEngine", "DeedValues", "CDeed"},
}

SOURCE_SUFFIXES = {".swift", ".c", ".h", ".cpp", ".py", ".pyi", ".sh"}


@dataclass(frozen=True)
class Repository:
    """A tree of files, with their text at hand."""

    root: Path

    @cached_property
    def files(self) -> list[Path]:
        """The files that git tracks or would track, relative to the root."""
        listing = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=self.root, check=True, capture_output=True,
        ).stdout
        paths = {Path(name.decode()) for name in listing.split(b"\0") if name}
        return sorted(path for path in paths if (self.root / path).is_file())

    def with_suffix(self, *suffixes: str) -> list[Path]:
        return [path for path in self.files if path.suffix in suffixes]

    def text(self, path: Path) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        return enumerate(self.text(path).splitlines(), start=1)


# ---- Layers and imports -------------------------------------------------------------------------------------------

DECLARATION = re.compile(
    r"^(?P<indent>[ \t]*)(?:@\w+(?:\([^)]*\))?\s+)*"
    r"(?:(?:public|package|internal|private|fileprivate|final|indirect)\s+)*"
    r"(?:struct|class|enum|protocol|actor|typealias)\s+(?P<name>[A-Z]\w*)", re.MULTILINE)


def without_comments_and_text(swift: str) -> str:
    """Swift source with comments and string literals blanked out, line breaks kept."""
    pattern = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), swift)


def check_layers(repository: Repository) -> Iterator[str]:
    engine = Path("Sources/DeedEngine")
    layer_of_file: dict[Path, int] = {}
    layers_of_type: dict[str, set[int]] = {}
    sources: dict[Path, str] = {}
    for path in repository.with_suffix(".swift"):
        if not path.is_relative_to(engine):
            continue
        folder = path.relative_to(engine).parts[0]
        if folder not in ENGINE_LAYERS:
            yield f"{path}:1: '{folder}' is not one of the engine's layers: {', '.join(ENGINE_LAYERS)}"
            continue
        layer_of_file[path] = ENGINE_LAYERS.index(folder)
        sources[path] = without_comments_and_text(repository.text(path))
        for declaration in DECLARATION.finditer(sources[path]):
            if not declaration["indent"] and "private" not in declaration.group():
                layers_of_type.setdefault(declaration["name"], set()).add(layer_of_file[path])

    for path, source in sources.items():
        own = {declaration["name"] for declaration in DECLARATION.finditer(source)}
        for word in re.finditer(r"(?<![.\w])[A-Z]\w*", source):
            layers = layers_of_type.get(word.group())
            if layers and word.group() not in own and min(layers) > layer_of_file[path]:
                line = source.count("\n", 0, word.start()) + 1
                yield (f"{path}:{line}: mentions {word.group()}, which belongs to the higher layer "
                       f"{ENGINE_LAYERS[min(layers)]}")


def check_imports(repository: Repository) -> Iterator[str]:
    statement = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?"
                           r"import\s+(?:(?:struct|class|enum|func|protocol|typealias|let|var)\s+)?(\w+)")
    for path in repository.with_suffix(".swift"):
        if path.parts[0] not in ("Sources", "Tests"):
            continue
        allowed = MODULE_IMPORTS.get(path.parts[1])
        if path.parts[0] == "Sources" and allowed is None:
            yield f"{path}:1: nothing says yet what the module {path.parts[1]} may import"
        for number, line in repository.lines(path):
            if not (match := statement.match(line)):
                continue
            if match[1].startswith("Foundation") or match[1] == "Dispatch":
                yield f"{path}:{number}: imports {match[1]}, which stays out of Deed"
            elif allowed is not None and match[1] not in allowed | PLATFORM:
                yield f"{path}:{number}: {path.parts[1]} may not import {match[1]}"


# ---- The C interface ----------------------------------------------------------------------------------------------

HEADER = Path("Include/deed.h")
FUNCTION = re.compile(r"^[a-z][\w \*]*?\b(deed_\w+)\s*\(", re.MULTILINE)


def declared_functions(header: str) -> set[str]:
    """The functions that a header declares (its comments and its typedefs of functions left aside)."""
    code = re.sub(r"/\*[\s\S]*?\*/", "", header)
    return {match[1] for match in FUNCTION.finditer(code) if not match.group().startswith("typedef")}


def exported_symbols(library: Path) -> set[str]:
    command = ["nm", "-D", "--defined-only", "--extern-only", str(library)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in output.splitlines() if line.strip()}


def check_symbols(repository: Repository, library: str = ".build/release/libdeedcore.so") -> Iterator[str]:
    declared = declared_functions(repository.text(HEADER))
    exported = exported_symbols(repository.root / library)
    for name in sorted(declared - exported):
        yield f"{HEADER}:1: declares {name}, which {library} does not export"
    for name in sorted(exported - declared):
        yield f"{HEADER}:1: does not declare {name}, which {library} exports"


def check_header_comments(repository: Repository) -> Iterator[str]:
    """A comment speaks for the functions that follow it up to the next blank line."""
    commented = in_comment = False
    for number, line in repository.lines(HEADER):
        if not line.strip() and not in_comment:
            commented = False
        starts, ends = line.rfind("/*"), line.rfind("*/")
        # A line of dashes is a heading and no comment on what follows it.
        if (starts >= 0 or in_comment) and "/* ----" not in line:
            commented = True
        in_comment = (in_comment or starts >= 0) and ends < max(starts, 0)
        if (match := FUNCTION.match(line)) and not line.startswith("typedef") and not commented:
            yield f"{HEADER}:{number}: {match[1]} has no comment"


# ---- Source files -------------------------------------------------------------------------------------------------


def is_source(path: Path) -> bool:
    return path.suffix in SOURCE_SUFFIXES or path.name in ("Makefile", "module.modulemap")


def check_size(repository: Repository) -> Iterator[str]:
    for path in filter(is_source, repository.files):
        count = 0
        for count, line in repository.lines(path):
            if len(line) > LINE_CHARACTERS_MAX:
                yield f"{path}:{count}: {len(line)} characters, more than {LINE_CHARACTERS_MAX}"
        if count > FILE_LINES_MAX and path not in FILE_LINES_UNBOUNDED:
            yield f"{path}:{count}: {count} lines, more than {FILE_LINES_MAX}"


def check_opening(repository: Repository) -> Iterator[str]:
    """A file opens with what it is; before that only what must come first may stand."""
    first_of_all = re.compile(r"#!|// swift-tools-version")
    comment = {".py": ('"""', 'r"""', "#"), ".pyi": ('"""', 'r"""', "#"), ".sh": ("#",), "": ("#", "//")}
    for path in repository.with_suffix(*SOURCE_SUFFIXES):
        lines = [line for _, line in repository.lines(path) if line.strip() and not first_of_all.match(line)]
        if path.name == "Package.swift":  # its description comes after the import that it needs
            lines = lines[1:]
        if not lines or not lines[0].startswith(comment.get(path.suffix, ("//", "/*"))):
            yield f"{path}:1: does not open by saying what it is"


def check_reminders(repository: Repository) -> Iterator[str]:
    reminder = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for path in filter(is_source, repository.files):
        for number, line in repository.lines(path):
            if match := reminder.search(line):
                yield f"{path}:{number}: {match[0]}: do it, or open an issue"


# ---- Documents ----------------------------------------------------------------------------------------------------


def anchors(markdown: str) -> set[str]:
    """The anchors of a document's headings, made as the usual hosts make them."""
    without_code = re.sub(r"^```[\s\S]*?^```", "", markdown, flags=re.MULTILINE)
    headings = re.findall(r"^#+\s+(.*)$", without_code, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def check_links(repository: Repository) -> Iterator[str]:
    link = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
    for path in repository.with_suffix(".md"):
        for number, line in repository.lines(path):
            for target in link.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                linked = (repository.root / path.parent / name) if name else repository.root / path
                if not linked.exists():
                    yield f"{path}:{number}: the link to {target} leads nowhere"
                elif anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text(encoding="utf-8")):
                    yield f"{path}:{number}: {target}: there is no such heading"


def check_tour(repository: Repository) -> Iterator[str]:
    tour = Path("Sources/README.md")
    text = repository.text(tour)
    sources = [path for path in repository.files if path.parts[0] == "Sources" and path != tour]
    for folder in sorted({path.parent.name for path in sources}):
        if f"{folder}/" not in text:
            yield f"{tour}:1: does not mention the folder {folder}/"
    names = {path.name for path in repository.files}
    for number, line in repository.lines(tour):
        for name in re.findall(r"`(?:[\w+]+/)*([\w+]+\.(?:swift|h|c))`", line):
            if name not in names:
                yield f"{tour}:{number}: there is no file {name}"


def check_promises(repository: Repository) -> Iterator[str]:
    """Every promise names a command, and what the command runs is there."""
    page = Path("docs/promises.md")
    suites = {name for path in repository.with_suffix(".swift") if path.parts[0] == "Tests"
              for name in re.findall(r"\b(?:struct|class|func) (\w+)", repository.text(path))}
    for number, line in repository.lines(page):
        for command in re.findall(r"`((?:swift test|pytest) [^`]+)`", line):
            for word in command.split()[2:] if command.startswith("swift") else command.split()[1:]:
                known = word in suites if command.startswith("swift") else (repository.root / word).is_file()
                if not known and word != "--filter":
                    yield f"{page}:{number}: there is no test {word}"


CHECKS: list[Callable[[Repository], Iterator[str]]] = [
    check_layers, check_imports, check_symbols, check_header_comments, check_size, check_opening, check_reminders,
    check_links, check_tour, check_promises,
]
