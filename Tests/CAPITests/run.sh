#!/usr/bin/env bash
# Builds and runs the tests of the C interface: run.sh [suite...]
#
# The header is compiled as strict C11 and as C++, the tests with every warning as an error. LIBRARY_DIRECTORY names the
# folder of libdeedcore.so when it is not the release build's; SANITIZE=thread or address builds the tests with it. CC names
# the compiler and LDLIBS what else to link; scripts/sanitize.sh needs both for a library that has a sanitizer itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cc=${CC:-cc}
library=${LIBRARY_DIRECTORY:-$PWD/.build/release}
work=$(mktemp -d "${TMPDIR:-/tmp}/deed-capi-tests.XXXXXX")
trap 'rm -rf "$work"' EXIT
warnings=(-Wall -Wextra -Werror -IInclude)

echo '#include <deed.h>' >"$work/header.c"
"$cc" -std=c11 -pedantic "${warnings[@]}" -fsyntax-only "$work/header.c"
c++ -std=c++11 -pedantic "${warnings[@]}" -fsyntax-only -x c++ "$work/header.c"
echo "the header compiles as C11 and as C++11"

"$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g "${warnings[@]}" ${SANITIZE:+-fsanitize=$SANITIZE} \
    Tests/CAPITests/*.c -L"$library" -ldeedcore -Wl,-rpath,"$library" -pthread -lm ${LDLIBS:-} -o "$work/capi-tests"
mkdir "$work/scratch"
"$work/capi-tests" "$work/scratch" "$@"
