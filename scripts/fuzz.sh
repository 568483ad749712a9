#!/usr/bin/env bash
# Runs the fuzz targets of tests/fuzz. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/fuzz.sh [SECONDS [TARGET...]]

Builds the readers with clang, AddressSanitizer and UndefinedBehaviorSanitizer in build/fuzz and lets libFuzzer damage
files for each of them, SECONDS long (60). Without a TARGET all are run, one after the other. What was found interesting is
kept in build/fuzz/corpus/TARGET, so that the next run goes on. An input that is a fault lies in build/fuzz/faults; copy
it to tests/fuzz/found/TARGET when it is mended, and the ordinary tests read it from then on.
Needs clang (sudo apt-get install clang). Exit status 1 when a fault was found.
TEXT
}

case "${1-}" in --help | -h) usage && exit 0 ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
shift || true
command -v clang++ >/dev/null || { echo 'error: there is no clang++'$'\n''hint: sudo apt-get install clang' >&2; exit 1; }
build=build/fuzz
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSEAM_FUZZ=ON \
  -DSEAM_SANITIZE=address,undefined >/dev/null
if [[ $# -eq 0 ]]; then
  mapfile -t targets < <(sed -nE 's/^set\(fuzz_targets (.*)\)$/\1/p' tests/fuzz/CMakeLists.txt | tr ' ' '\n')
  set -- "${targets[@]}"
fi
ninja -C "$build" "${@/#/fuzz_}"
mkdir -p "$build/faults"
status=0
for target in "$@"; do
  mkdir -p "$build/corpus/$target" "$build/seeds/$target"
  log=$build/$target.log
  if SEAM_FUZZ_SEEDS=$build/seeds/$target "$build/bin/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 \
    -max_len=65536 -artifact_prefix="$build/faults/$target-" "$build/corpus/$target" "$build/seeds/$target" >"$log" 2>&1; then
    result='no fault'
  else
    result='FAULT'
    status=1
  fi
  runs=$(sed -nE 's/^#([0-9]+).*/\1/p' "$log" | tail -n 1)
  printf '%-12s %10s runs, %5s inputs kept: %s\n' "$target" "${runs:-0}" "$(find "$build/corpus/$target" -type f | wc -l)" "$result"
done
exit $status
