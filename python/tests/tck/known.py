"""The cases that are known to fail: `known_failures.txt`, a name on each line and a reason behind ` # `."""

from __future__ import annotations

import re
from pathlib import Path

LIST = Path(__file__).with_name("known_failures.txt")


def read_known_failures() -> dict[str, str]:
    """Reasons by the names of cases."""
    known: dict[str, str] = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        # The number of an outline's example is ` #1`, without a space behind the mark.
        name, *reason = re.split(r"\s+# ", line, maxsplit=1)
        known[name.strip()] = reason[0].strip() if reason else ""
    return known
