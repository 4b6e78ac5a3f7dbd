"""Libraries that only some calls need, imported when they do."""

from __future__ import annotations

import importlib
from typing import Any


def need(name: str, purpose: str) -> Any:
    """The module of that name, or an ImportError that says what it is for and how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if error.name is not None and error.name != name:
            raise
        raise ImportError(f"{purpose} needs {name}, which is not installed: pip install {name}", name=name) from error
