#!/usr/bin/env bash
# Installs the system packages that are missing: system-packages.sh build | test
#
# What is there already is found by what it can do (a header that compiles, a program that runs) and not by asking the
# package manager, so libraries installed by other means count. Packages come through apt, as root or through sudo;
# where neither works the exact command is printed and the script fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

has_program() { command -v "$1" >/dev/null; }
has_header() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }

missing=()
case ${1:?build or test} in
build)
    has_program cc && has_program c++ || missing+=(build-essential)
    has_header rocksdb/c.h || missing+=(librocksdb-dev)
    has_header lz4.h || missing+=(liblz4-dev)
    [ -e /usr/share/zoneinfo/Europe/Stockholm ] || missing+=(tzdata)
    "$here/find-python.sh" >/dev/null 2>&1 || missing+=(python3 python3-venv python3-dev)
    ;;
test)
    has_program valgrind || missing+=(valgrind)
    has_program nm || missing+=(binutils)
    ;;
*)
    echo "error: system-packages.sh build | test" >&2
    exit 2
    ;;
esac

if [ ${#missing[@]} -eq 0 ]; then
    echo "    all there"
    exit 0
fi

install="apt-get install -y --no-install-recommends ${missing[*]}"
give_up() {
    echo "error: $1. These system packages are missing; install them and run make again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
}

has_program apt-get || give_up "this system has no apt-get"
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif has_program sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=(sudo)
else
    give_up "neither root nor sudo without a password"
fi

echo "    installing ${missing[*]}"
"${as_root[@]}" apt-get update -q >/dev/null || echo "    (the package lists could not be refreshed)"
# shellcheck disable=SC2086 # words of $install are meant to be split
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install >/dev/null || give_up "apt-get failed"
