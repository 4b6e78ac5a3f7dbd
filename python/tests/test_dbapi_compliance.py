"""The public tests of PEP 249, by Stuart Bishop (public domain; the package dbapi-compliance)."""

from __future__ import annotations

from typing import Any

import dbapi20
import deed
import pytest

# Some of the tests leave their connections open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]
    """Each test has a store in memory for each connection, so that there is nothing to be removed."""

    driver = deed
    connect_args: tuple[Any, ...] = ()

    def tearDown(self) -> None:
        pass

    def test_nextset(self) -> None:
        """Optional, and there is none: a statement has one result."""
        assert not hasattr(deed.Cursor, "nextset") and not hasattr(deed.Cursor, "callproc")

    def test_setoutputsize(self) -> None:
        """Values are given out whole, however little was asked for."""
        with deed.connect() as connection:
            cursor = connection.cursor()
            cursor.setoutputsize(1)
            assert cursor.execute("SELECT 'long'").fetchall() == [("long",)]


class TestComplianceOnDisk(TestCompliance):
    """The same with connections that share a store in a directory."""

    def setUp(self) -> None:
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.connect_args = (f"{self.directory.name}/store",)

    def tearDown(self) -> None:
        self.directory.cleanup()
