"""python -m tests.tck FOLDER [TEXT]: runs the features of a folder, those whose name contains the text."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from .gherkin import read_features
from .runner import run


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(sys.argv[1]).resolve()
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    graphs = next((parent / "graphs" for parent in root.parents if (parent / "graphs").is_dir()), root / "graphs")
    started = time.monotonic()
    passed = failed = 0
    for scenario in read_features(root):
        if wanted not in scenario.name:
            continue
        problem = run(scenario, graphs)
        if problem is None:
            passed += 1
        else:
            failed += 1
            print(f"FAILED {scenario.name}\n       {problem[:500]}")
        if sys.stderr.isatty() and (passed + failed) % 50 == 0:
            print(f"\r{passed + failed} cases", end="", file=sys.stderr)
    print(f"{time.monotonic() - started:.1f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
