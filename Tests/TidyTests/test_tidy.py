"""Runs the checks of tidy.py over this repository, and each over a small tree that breaks its rule."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tidy

ROOT = Path(__file__).parents[2]

Plant = Callable[[dict[str, str]], tidy.Repository]


@pytest.mark.parametrize("check", tidy.CHECKS, ids=lambda check: check.__name__)
def test_this_repository_is_tidy(check: Callable[[tidy.Repository], Iterator[str]]) -> None:
    complaints = list(check(tidy.Repository(ROOT)))
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Makes a repository of the given files."""

    def make(files: dict[str, str]) -> tidy.Repository:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
        return tidy.Repository(tmp_path)

    return make


def test_layers_point_down(plant: Plant) -> None:
    repository = plant({
        "Sources/DeedEngine/Common/Id.swift": "// Ids.\nstruct Id {}\nfunc f(_ table: EntityTable) {}\n",
        "Sources/DeedEngine/Graph/EntityTable.swift": "// Tables.\nfinal class EntityTable { let id = Id() }\n",
    })
    assert list(tidy.check_layers(repository)) == [
        "Sources/DeedEngine/Common/Id.swift:3: mentions EntityTable, which belongs to the higher layer Graph"
    ]


def test_layers_disregard_comments_text_members_and_own_types(plant: Plant) -> None:
    repository = plant({
        "Sources/DeedEngine/Common/Id.swift":
            '// See EntityTable.\nlet text = "EntityTable"\nlet member = Other.EntityTable\n',
        "Sources/DeedEngine/Columns/Own.swift":
            "// Own.\nenum Own {\n    struct EntityTable {}\n    let t: EntityTable\n}\n",
        "Sources/DeedEngine/Graph/EntityTable.swift": "// Tables.\nfinal class EntityTable {}\n",
    })
    assert list(tidy.check_layers(repository)) == []


def test_a_folder_outside_the_order_is_reported(plant: Plant) -> None:
    repository = plant({"Sources/DeedEngine/Misc/Thing.swift": "// Things.\n"})
    assert len(list(tidy.check_layers(repository))) == 1


def test_imports_follow_the_table(plant: Plant) -> None:
    repository = plant({
        "Sources/DeedEngine/Common/A.swift": "// A.\nimport Glibc\nimport CRocksDB\nimport DeedCAPI\n",
        "Sources/DeedCAPI/B.swift": "// B.\n@preconcurrency import Foundation\nimport CDeed\n",
        "Sources/DeedNew/D.swift": "// D.\n",
        "Tests/DeedEngineTests/C.swift": "// C.\n@testable import DeedEngine\nimport struct Foundation.Data\n",
    })
    assert list(tidy.check_imports(repository)) == [
        "Sources/DeedCAPI/B.swift:2: imports Foundation, which stays out of Deed",
        "Sources/DeedEngine/Common/A.swift:4: DeedEngine may not import DeedCAPI",
        "Sources/DeedNew/D.swift:1: nothing says yet what the module DeedNew may import",
        "Tests/DeedEngineTests/C.swift:3: imports Foundation, which stays out of Deed",
    ]


def test_header_and_library_agree(plant: Plant, tmp_path: Path) -> None:
    repository = plant({
        "Include/deed.h": "/* deed.h */\nvoid deed_here(void);\nint deed_missing(int *x,\n    int y);\n"
                          "typedef int (*deed_callback)(void);\n/* deed_words(in a comment) */\n",
        "library.c": "/* c */\nvoid deed_here(void) {}\nvoid deed_secret(void) {}\nvoid swift_secret(void) {}\n",
    })
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "library.so", "library.c"], cwd=tmp_path, check=True)
    complaints = list(tidy.check_symbols(repository, "library.so"))
    for name in ("deed_missing", "deed_secret", "swift_secret"):
        assert any(f" {name}, " in complaint for complaint in complaints)
    assert not any("deed_here" in complaint or "words" in complaint for complaint in complaints)


def test_functions_of_the_header_need_comments(plant: Plant) -> None:
    repository = plant({
        "Include/deed.h": "/* deed.h */\n\n/* ---- Things ---- */\n\nvoid deed_bare(void);\n\n/* Said. */\n"
                          "void deed_said(void);\nvoid deed_said_too(void);\n\nvoid deed_trailing(void); /* said */\n"
                          "\n/* Two\n * lines. */\nint deed_two(void);\n\nint deed_bare_again(void);\n"
    })
    assert [complaint.split()[1] for complaint in tidy.check_header_comments(repository)] == [
        "deed_bare", "deed_bare_again"
    ]


def test_long_files_and_lines_are_reported(plant: Plant) -> None:
    repository = plant({"a.py": '"""A."""\n' + "#\n" * 700, "b.c": "/* b */\n//" + "é" * 139 + "\n",
                        "fine.c": "/* c */\n//" + "é" * 138 + "\n"})
    assert list(tidy.check_size(repository)) == [
        "a.py:701: 701 lines, more than 700", "b.c:2: 141 characters, more than 140"
    ]


def test_files_open_by_saying_what_they_are(plant: Plant) -> None:
    repository = plant({
        "bare.py": "import os\n", "empty.py": "", "bare.swift": "import Glibc\n", "bare.sh": "#!/bin/sh\necho\n",
        "said.py": '"""Said."""\n', "said.swift": "// Said.\n", "said.sh": "#!/bin/sh\n# Said.\n",
        "Package.swift": "// swift-tools-version: 6.1\nimport PackageDescription\n\n// Said.\n",
    })
    assert [complaint.split(":")[0] for complaint in tidy.check_opening(repository)] == [
        "bare.py", "bare.sh", "bare.swift", "empty.py"
    ]


def test_reminders_are_reported(plant: Plant) -> None:
    word = "TO" + "DO"
    repository = plant({"a.c": f"/* {word}: more */\n", "b.py": f'"""{word}S are a different word."""\n'})
    assert [complaint.split(":")[0] for complaint in tidy.check_reminders(repository)] == ["a.c"]


def test_links_lead_somewhere(plant: Plant) -> None:
    repository = plant({
        "README.md":
            "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#the-top) [d](docs/a.md#end) [e](https://x.org) [f](#up)",
        "docs/a.md": "# The top\n[home](../README.md)\n",
    })
    assert [complaint.split(": ", 1)[1] for complaint in tidy.check_links(repository)] == [
        "the link to docs/b.md leads nowhere", "docs/a.md#end: there is no such heading",
        "#up: there is no such heading",
    ]


def test_the_tour_names_every_folder_and_no_file_that_is_gone(plant: Plant) -> None:
    repository = plant({
        "Sources/README.md": "# Tour\n`Common/` holds `Id.swift` and `Common/Gone.swift`.\n",
        "Sources/DeedEngine/Common/Id.swift": "// Ids.\n", "Sources/DeedEngine/Graph/Table.swift": "// Tables.\n",
    })
    assert list(tidy.check_tour(repository)) == [
        "Sources/README.md:1: does not mention the folder Graph/", "Sources/README.md:2: there is no file Gone.swift"
    ]


def test_promises_name_tests_that_exist(plant: Plant) -> None:
    repository = plant({
        "docs/promises.md": "- Kept: `swift test --filter KeptTests`, `pytest tests/test_kept.py`.\n"
                            "- Not: `swift test --filter GoneTests` or `pytest tests/test_kept.py tests/test_gone.py`.\n",
        "Tests/KeptTests.swift": "// Kept.\nstruct KeptTests {}\n", "tests/test_kept.py": '"""Kept."""\n',
    })
    assert list(tidy.check_promises(repository)) == [
        "docs/promises.md:2: there is no test GoneTests", "docs/promises.md:2: there is no test tests/test_gone.py"
    ]
