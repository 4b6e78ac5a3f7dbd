"""The pages of the language: every example gives what the page says, and everything that there is has an example."""

from __future__ import annotations

import re

import pytest
from deed_core import PyDeedGraph
from language import Example, all_examples, run

EXAMPLES = all_examples()
#: What stands within strings and comments is no use of a word.
QUIET = re.compile(r"'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"|//[^\n]*|/\*.*?\*/", re.DOTALL)
CODE = "\n".join(QUIET.sub("''", example.text) for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_give_what_the_page_says(example: Example) -> None:
    shown = run(example)
    assert example.allows(shown), f"{shown}\n\nis not\n\n{example.result}"


def test_every_function_has_an_example_of_its_own(graph: PyDeedGraph) -> None:
    known = {row["name"].lower() for row in graph.execute("SHOW FUNCTIONS").dicts()}
    assert len(known) > 100
    shown = {
        name.lower()
        for example in EXAMPLES if example.in_table
        for name in re.findall(r"([A-Za-z_][A-Za-z_.0-9]*)\s*\(", example.text)
    }  # fmt: skip
    assert sorted(known - shown) == []


def test_every_procedure_has_an_example(graph: PyDeedGraph) -> None:
    known = {row["name"] for row in graph.execute("SHOW PROCEDURES").dicts()}
    assert {"db.labels", "deed.functions"} <= known
    assert sorted(name for name in known if f"CALL {name}" not in CODE) == []


def test_every_keyword_has_an_example(graph: PyDeedGraph) -> None:
    known = {row["keyword"] for row in graph.execute("CALL deed.keywords()").dicts()}
    assert len(known) > 100
    used = {word.upper() for word in re.findall(r"[A-Za-z]+", CODE)}
    assert sorted(known - used) == []
