#!/usr/bin/env bash
# Runs one step of the build and says what it is and how long it took:
#
#     step.sh "Building the engine (about 3 minutes)" swift build -c release
#
# Ends with the status of the command.
set -uo pipefail

title=$1
shift
started=${EPOCHREALTIME/[.,]/}
printf '==> %s\n' "$title"
"$@"
status=$?
milliseconds=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
outcome=done
[ "$status" -eq 0 ] || outcome="FAILED (status $status)"
printf '    %s after %d.%03d s\n' "$outcome" $((milliseconds / 1000)) $((milliseconds % 1000))
exit "$status"
