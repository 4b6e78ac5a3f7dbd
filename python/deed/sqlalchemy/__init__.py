"""Deed under SQLAlchemy: ``create_engine("deed:///path")``, or ``"deed://"`` for a store in memory.

The dialect is registered by an entry point when the package is installed, and by the import of this module.

>>> import sqlalchemy
>>> engine = sqlalchemy.create_engine("deed://")
>>> with engine.begin() as connection:
...     connection.execute(sqlalchemy.text("SELECT 1 + :more"), {"more": 1}).scalar()
2
"""

from sqlalchemy.dialects import registry

from .changes import Insert, insert
from .dialect import DeedDialect
from .types import INTERVAL, MAP

__all__ = ["INTERVAL", "MAP", "DeedDialect", "Insert", "insert"]

registry.register("deed", "deed.sqlalchemy.dialect", "DeedDialect")
