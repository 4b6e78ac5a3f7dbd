#!/usr/bin/env bash
# Looks for errors of memory and of threads that tests alone do not see: sanitize.sh [what...], by default all in turn.
#
#     thread      the concurrent C tests on an engine built with the thread sanitizer: data races, locks in both orders
#     engine      the engine's own tests of threads and of following, with the thread sanitizer as well
#     address     the same on an engine built with the address sanitizer: wrong accesses, use after free, leaks
#     valgrind    the C example under valgrind, which also looks into RocksDB and the Swift runtime
#     references  every method of the Python extension, thousands of times: references and memory that grow
#
# The engines with sanitizers are built beside the others, in .build/thread and .build/address, in about two minutes each
# the first time. The status is 0 when nothing was found. `make sanitize` does the set-up that this script takes for granted.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The suites of the C tests that use several threads, those of the engine's own included.
suites=(threads waiting transactions durability indexes constraints bulk scans pheromone replication parallel)

swift=$(scripts/find-swift.sh) || exit
python=.venv/bin/python

# The tests are linked by the compiler that belongs to Swift: a process has one sanitizer, and GCC's is another. Its thread
# sanitizer knows libdispatch and needs it, although Deed does not use it.
run_c_tests() {
    local toolchain libraries
    toolchain=$(dirname "$(dirname "$(realpath "$swift")")")
    libraries=$toolchain/lib/swift/linux
    SANITIZE=$1 CC=$toolchain/bin/clang LDLIBS="-fuse-ld=lld -L$libraries -ldispatch -lBlocksRuntime -Wl,-rpath,$libraries" \
        LIBRARY_DIRECTORY=$PWD/.build/$1/release Tests/CAPITests/run.sh "${suites[@]}"
}

# THREAD_SANITIZER gives the engine a mutex that the sanitizer understands (Mutex.swift in DeedValues), the wrapped function keeps
# it from hearing of accesses that are none (CDeedShims/thread_sanitizer.c).
thread=(--scratch-path .build/thread --sanitize thread -Xswiftc -DTHREAD_SANITIZER
    -Xlinker --wrap=__tsan_external_write)
# A test of durability forks before it starts threads again, in a child that exits; the sanitizer would end it at once.
export TSAN_OPTIONS="suppressions=$PWD/Tests/Sanitizers/thread.supp second_deadlock_stack=1 die_after_fork=0 exitcode=66"

what_thread() {
    "$swift" build -c release --product deedcore "${thread[@]}" && run_c_tests thread
}
what_engine() {
    "$swift" test "${thread[@]}" --filter "GraphConcurrencyTests|GraphWaitingTests|FollowerTests"
}
what_address() {
    "$swift" build -c release --product deedcore --scratch-path .build/address --sanitize address &&
        ASAN_OPTIONS="detect_stack_use_after_return=1" run_c_tests address
}
what_valgrind() { $python -m pytest -q Tests/ExamplesTests -k valgrind; }
what_references() { $python -m pytest -q python/tests/test_references.py; }

what=("$@")
[ ${#what[@]} -gt 0 ] || what=(thread engine address valgrind references)
failed=()
for name in "${what[@]}"; do
    declare -F "what_$name" >/dev/null || { echo "error: there is no '$name'; see scripts/sanitize.sh" >&2; exit 2; }
    started=$SECONDS
    echo "==> Sanitize: $name"
    "what_$name" || failed+=("$name")
    echo "    $name took $((SECONDS - started)) s"
done
[ ${#failed[@]} -eq 0 ] || echo "FAILED: ${failed[*]}"
[ ${#failed[@]} -eq 0 ]
