"""A process that runs one statement made to hurt: python hostile_child.py SETUP STATEMENT SECONDS.

SETUP is a list of statements and STATEMENT a text, both as Python expressions, since the latter may be too long for a command line.
It ends well if the statement ends in a result or in an error of the library, on the stack of a thread as the more frugal systems have
it, in limited address space, and with a graph that still answers.
"""

from __future__ import annotations

import functools
import json
import resource
import subprocess
import sys
import threading


def ends_well(setup: list[str], statement: str, seconds: float = 1) -> None:
    """Runs the process; `statement` is an expression."""
    arguments = [sys.executable, __file__, repr(setup), statement, str(seconds)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20 + 20 * seconds, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    import deed_core

    names = {"functools": functools, "json": json}
    setup, statement, seconds = eval(sys.argv[1]), eval(sys.argv[2], names), float(sys.argv[3])
    outcome: list[object] = []
    with deed_core.PyDeedGraph() as graph:
        for text in setup:
            graph.execute(text)

        def run() -> None:
            try:
                for _ in graph.execute(statement, timeout=seconds):
                    pass
            except deed_core.DeedError as error:
                outcome.append(error)
            outcome.append("done")

        threading.stack_size(512 << 10)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert outcome[-1] == "done"
        assert graph.execute("RETURN 1").scalar() == 1


if __name__ == "__main__":
    main()
