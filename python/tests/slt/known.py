"""Records that do not pass, with the reason. Where the expected result is SQLite's own, Deed follows PostgreSQL.

A record that is listed by its place and passes is to be taken off the list; the test says so.
"""

from __future__ import annotations

from .records import Record

#: By part of the error's text: why it is right that there is one.
ERRORS: dict[str, str] = {
    "expected a number, not text": "a sign before a text column, which only SQLite takes",
    "must appear in the GROUP BY clause": "a column that rows are not grouped by, of which SQLite takes any value",
    "found 'TRIGGER'": "there are no triggers",
    "found 'OR'": "INSERT OR REPLACE is SQLite's; ON CONFLICT does it",
    "found 'REPLACE'": "REPLACE is SQLite's; ON CONFLICT does it",
    "/ by zero": "division by zero is NULL in SQLite and an error here",
    "invalid input for type": "SQLite stores a text in a column of integers",
    'there is no type "x"': "SQLite takes any name for a type",
}

_REPLACED = "the rows that REPLACE would have made"
_UNIFIED = "integers beside floats in COALESCE and CASE are floats, as in PostgreSQL, so that the division is one of floats"
#: Wrong by the file, by place: why.
OTHERS: dict[tuple[str, int], str] = {
    ("slt_lang_replace.test", 41): _REPLACED,
    ("slt_lang_replace.test", 51): _REPLACED,
    ("slt_lang_replace.test", 61): _REPLACED,
    ("slt_lang_replace.test", 71): _REPLACED,
    ("slt_good_60.test.gz", 46545): _UNIFIED,
    ("slt_good_60.test.gz", 53667): _UNIFIED,
    ("slt_good_72.test.gz", 61705): _UNIFIED,
}


def reason(file: str, record: Record, problem: str) -> str | None:
    """Why a record does not pass; None if it should."""
    if problem.startswith("error"):
        return next((why for part, why in ERRORS.items() if part in problem), None)
    return OTHERS.get((file, record.line))
