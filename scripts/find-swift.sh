#!/usr/bin/env bash
# Prints the path of a Swift compiler that can build Deed (6.3 or later), or says why there is none and fails.
#
# The one on PATH is taken first; then the places where Swift's own installers put it, since these add themselves to
# PATH only in new login shells. SWIFT=/path/to/swift overrides all of it.
set -euo pipefail

required="6.3"
rejected=()

for candidate in ${SWIFT:-swift "$HOME/.local/share/swiftly/bin/swift" /opt/swift/usr/bin/swift}; do
    path=$(command -v "$candidate") || continue
    version=$({ "$path" --version 2>/dev/null || true; } | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)+).*/\1/p')
    if [ -n "$version" ] && printf '%s\n%s\n' "$required" "$version" | sort -C -V; then
        printf '%s\n' "$path"
        exit 0
    fi
    rejected+=("$path is version ${version:-unknown}")
done

{
    echo "error: Deed needs Swift $required or later, and none was found."
    for reason in "${rejected[@]}"; do echo "  $reason"; done
    echo "Install it from https://www.swift.org/install/linux/ and put 'swift' on PATH,"
    echo "or name it: make SWIFT=/path/to/usr/bin/swift"
} >&2
exit 1
