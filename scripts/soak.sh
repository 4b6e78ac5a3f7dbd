#!/usr/bin/env bash
# The tests that depend on chance, for as long as it takes to be sure: soak.sh [what...], by default all in turn.
#
#     kills        processes killed under load, 2,000 of them (about half an hour)
#     faults       every named point with every kind of fault, and 1,000 flipped bits
#     followers    reading processes beside a writer that is killed
#     replicas     a second store fed through crashes on both sides
#     prepared     two-phase commit through kills
#     histories    concurrent transactions, searched for anomalies
#     queries      random queries, compared with a naive interpreter and with each other
#
# Each prints its seeds. The status is 0 when all of them passed. `make soak` does the set-up that this script takes for
# granted.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pytest() { .venv/bin/python -m pytest -q -s "$@"; }

soak_kills() { DEED_KILLS=2000 pytest python/tests/test_crash.py; }
soak_faults() {
    local swift
    swift=$(scripts/find-swift.sh) && DEED_FAULTS=all DEED_FLIPS=1000 "$swift" test --filter FaultTableTests
}
soak_followers() { DEED_FOLLOW_KILLS=100 pytest python/tests/test_following.py; }
soak_replicas() { DEED_REPLICATION_ROUNDS=100 pytest python/tests/test_replication_crash.py; }
soak_prepared() { DEED_PREPARED_KILLS=200 pytest python/tests/test_prepared.py; }
soak_histories() { DEED_HISTORY_SEEDS=100 pytest python/tests/test_histories.py; }
soak_queries() {
    DEED_QUERY_SEEDS=20000 pytest python/tests/test_query_oracle.py && DEED_RELATION_SEEDS=3000 pytest python/tests/test_query_relations.py
}

what=("$@")
[ ${#what[@]} -gt 0 ] || what=(kills faults followers replicas prepared histories queries)
failed=0
for name in "${what[@]}"; do
    declare -F "soak_$name" >/dev/null || { echo "error: no soak test '$name'; see scripts/soak.sh" >&2; exit 2; }
    started=$SECONDS
    echo "==> Soak: $name"
    "soak_$name" || failed=$((failed + 1))
    echo "    $name took $((SECONDS - started)) s"
done
[ "$failed" -eq 0 ]
