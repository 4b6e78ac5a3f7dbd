#!/usr/bin/env bash
# Runs the tests: test.sh [stage...], by default every stage in turn.
#
#     tidy      the repository's own rules: layers, imports, exported symbols, sizes, links
#     swift     the engine's tests, in a debug build with its assertions on
#     c         the C interface as a C program sees it, plain and with a check for leaks, and the header as C++
#     python    the extension's and the package's tests
#     examples  every example, run as its reader would; the C one under valgrind as well
#
# A stage that fails does not stop the others. The status is 0 when all of them passed. `make test` does the set-up that
# this script takes for granted.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A stage that hangs must not hang the machine it runs on: no stage comes near this.
stage_seconds_max=1200
python=.venv/bin/python

stage_tidy() { $python -m pytest -q Tests/TidyTests; }
stage_swift() {
    local swift
    swift=$(scripts/find-swift.sh) && "$swift" test
}
stage_c() { Tests/CAPITests/run.sh && SANITIZE=address Tests/CAPITests/run.sh; }
stage_python() { $python -m pytest -q python/tests; }
stage_examples() { $python -m pytest -q Tests/ExamplesTests; }

# `timeout` runs programs and not functions, so each stage is this script called again for one stage.
if [ "${1:-}" = --stage ]; then
    "stage_$2"
    exit
fi

stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(tidy swift c python examples)
for stage in "${stages[@]}"; do
    declare -F "stage_$stage" >/dev/null || { echo "error: no stage '$stage'; see scripts/test.sh" >&2; exit 2; }
done

summary=()
failed=0
for stage in "${stages[@]}"; do
    started=$SECONDS
    echo "==> Tests: $stage"
    timeout --foreground --kill-after=30 "$stage_seconds_max" "$0" --stage "$stage"
    status=$?
    outcome=passed
    [ "$status" -eq 0 ] || { outcome="FAILED (status $status)"; failed=$((failed + 1)); }
    [ "$status" -ne 124 ] || outcome="FAILED (took longer than $stage_seconds_max s)"
    summary+=("$(printf '    %-10s %5d s   %s' "$stage" $((SECONDS - started)) "$outcome")")
done

echo "==> Summary ($SECONDS s)"
printf '%s\n' "${summary[@]}"
[ "$failed" -eq 0 ]
