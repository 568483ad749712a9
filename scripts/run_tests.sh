#!/usr/bin/env bash
# Runs ctest and names the tests that were skipped. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/run_tests.sh BUILD [CTEST_ARGUMENT...]

Runs ctest in the folder BUILD. Before ctest's closing lines it counts and names the tests that were skipped, each with the
reason that it gave. The exit status is ctest's.

example: scripts/run_tests.sh build/release -j2 -L fast
TEXT
}

# The skipped tests in a log of ctest's, under their reasons.
skipped() {
  awk '
    /: Skipped$/ { getline reason; next }
    /^\[  SKIPPED \] / && $5 ~ /^\(/ { tests[reason] = tests[reason] "    " $4 "\n"; count++ }
    END {
      if (count == 0) exit
      printf "\n%d tests were skipped:\n", count
      for (reason in tests) printf "  %s\n%s", reason, tests[reason]
      print ""
    }' "$1"
}

case "${1-}" in
  "" | -*) usage >&2 && exit 2 ;;
esac
build=$1
shift
closing=$(mktemp)
trap 'rm -f "$closing"' EXIT
status=0
ctest --test-dir "$build" --output-on-failure "$@" |
  sed -u -e "/^[0-9]*% tests passed/,\$ { w $closing" -e 'd }' || status=$?
skipped "$build/Testing/Temporary/LastTest.log"
cat "$closing"
exit "$status"
