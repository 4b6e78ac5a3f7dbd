"""python -m tests.slt FOLDER [SAMPLE]: runs the files of a folder; of the queries each SAMPLEth one, by default all of them."""

from __future__ import annotations

import collections
import sys
import time
from pathlib import Path

from .known import OTHERS, reason
from .runner import run_file

SHOWN_PER_FILE = 5


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(sys.argv[1]).resolve()
    sample = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    files = [root] if root.is_file() else sorted([*root.rglob("*.test"), *root.rglob("*.test.gz")])
    started = time.monotonic()
    passed = failed = wrong = 0
    reasons: collections.Counter[str] = collections.Counter()
    for number, path in enumerate(files, 1):
        before = time.monotonic()
        good = bad = 0
        for record, problem in run_file(path, sample=sample):
            if problem is None:
                good += 1
                continue
            bad += 1
            wrong += problem.startswith("wrong") and (path.name, record.line) not in OTHERS
            why = reason(path.name, record, problem)
            reasons[why or problem.partition("\n")[0][:100]] += 1
            if why is None and bad <= SHOWN_PER_FILE:
                print(f"FAILED {path.name}:{record.line}: {problem[:400]}\n       {record.text[:400]}")
        passed, failed = passed + good, failed + bad
        print(f"[{number}/{len(files)}] {path.relative_to(root) if path != root else path.name}: {good} passed, {bad} failed, "
              f"{time.monotonic() - before:.1f} s", flush=True)  # fmt: skip
    for cause, count in reasons.most_common(20):
        print(f"{count:8} {cause}")
    print(f"{wrong} wrong answers that nothing explains; {time.monotonic() - started:.1f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
