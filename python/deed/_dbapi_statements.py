"""What the interface of PEP 249 has to know of a statement before it runs it: whether it may run within a transaction, and
how its rows are counted. The engine parses it; here only words are looked at.

The engine says how many rows were added and deleted, and not how many were updated. An UPDATE, or an INSERT with ON CONFLICT,
that gives nothing back is therefore run with ``RETURNING 1`` behind it, and the rows are counted.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Texts whose statements are kept.
STATEMENTS_MAX = 512


class Kind(enum.Enum):
    """How a statement is to be run."""

    OTHER = enum.auto()
    #: INSERT, UPDATE, DELETE, MERGE, TRUNCATE
    CHANGE = enum.auto()
    #: Commits by itself, so that it cannot run within a transaction.
    DEFINITION = enum.auto()
    #: BEGIN, COMMIT and ROLLBACK, which are methods here.
    TRANSACTION = enum.auto()


@dataclass(frozen=True)
class StatementText:
    kind: Kind
    #: The first, in upper case; empty for a change of which is not known how many rows it changes.
    word: str
    #: The text with which the rows it changes can be counted; None if they are known otherwise.
    counting: str | None = None


TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)
    | (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>\w+)
    | (?P<sign>.)""",
    re.DOTALL | re.VERBOSE,
)
CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"}
TRANSACTIONS = {"BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK"}


def tokens(text: str) -> Iterator[re.Match[str]]:
    """The words, strings and signs, without what stands between them."""
    return (token for token in TOKEN.finditer(text) if token.lastgroup != "space")


@functools.lru_cache(STATEMENTS_MAX)
def statement_text(text: str) -> StatementText:
    """What is known of a text.

    >>> statement_text("/* new */ CREATE TABLE t (x INT)").kind.name
    'DEFINITION'
    >>> statement_text("CREATE (:Person)").kind.name
    'OTHER'
    >>> statement_text("UPDATE t SET x = 'RETURNING' ; -- all").counting
    "UPDATE t SET x = 'RETURNING' RETURNING 1"
    """
    first: list[str] = []
    for token in tokens(text):
        if token[0] != ";" or first:
            first.append(token[0].upper())
        if len(first) == 3:
            break
    word, second, third = [*first, "", "", ""][:3]
    if word in CHANGES:
        return change(text, word)
    if word in TRANSACTIONS and second != "TO" and third != "TO":
        return StatementText(Kind.TRANSACTION, word)
    # CREATE of Cypher goes on with a pattern, or with a name and =.
    if word in ("ALTER", "DROP") or (word == "CREATE" and second.isidentifier() and third != "="):
        return StatementText(Kind.DEFINITION, word)
    return StatementText(Kind.OTHER, word)


def change(text: str, word: str) -> StatementText:
    """Of a change, with what tells how many rows it changes."""
    if word != "UPDATE" and not (word == "INSERT" and "conflict" in text.lower()):
        return StatementText(Kind.CHANGE, word)
    words, end = [], 0
    for token in tokens(text):
        if token.lastgroup == "word":
            words.append(token[0].upper())
        if token[0] != ";":
            end = token.end()
    resolution = words[words.index("CONFLICT") :] if word == "INSERT" and "CONFLICT" in words else []
    if "RETURNING" in words or (word == "INSERT" and "UPDATE" not in resolution):
        return StatementText(Kind.CHANGE, word)
    if "WHERE" in resolution:
        # The rows that the condition leaves alone are given back as well.
        return StatementText(Kind.CHANGE, "")
    return StatementText(Kind.CHANGE, word, text[:end] + " RETURNING 1")
