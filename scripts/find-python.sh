#!/usr/bin/env bash
# Prints the path of a Python that can build and run the extension, or says why each one found cannot and fails.
#
# Such a Python is 3.10 or later, can make a virtual environment, and has its C headers. The one on PATH need not be the
# system's (pyenv puts its own there, with headers of its own), so every candidate is asked about itself.
# PYTHON=/path/to/python3 overrides the search.
set -euo pipefail

question='
import os, sys, sysconfig
lacks = []
if sys.version_info < (3, 10):
    lacks.append("is version %d.%d, older than 3.10" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    lacks.append("cannot make virtual environments (python3-venv)")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    lacks.append("has no C headers (python3-dev)")
print("; ".join(lacks) or "ok")
'
rejected=()

for candidate in ${PYTHON:-python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
    path=$(command -v "$candidate") || continue
    answer=$("$path" -c "$question" 2>/dev/null) || answer="does not run"
    if [ "$answer" = ok ]; then
        printf '%s\n' "$path"
        exit 0
    fi
    rejected+=("$path $answer")
done

{
    echo "error: Deed needs Python 3.10 or later with the venv module and the C headers."
    for reason in "${rejected[@]}"; do echo "  $reason"; done
    echo "On Debian or Ubuntu: apt-get install python3 python3-venv python3-dev"
    echo "Or name one: make PYTHON=/path/to/python3"
} >&2
exit 1
