#!/usr/bin/env bash
# Features of pictures beside a NumPy and SciPy loop, in turn. See usage() below.
set -euo pipefail

usage() {
  cat <<END
usage: $0 SEAM FOLDER [ROUNDS]

FOLDER holds pictures, in one folder a class. SEAM is the program. Prints the seconds of ROUNDS (3) runs of each, with
the start of each program in them, the medians' ratio, and how far the features are apart. PYTHON names another python3.
END
  exit 2
}

[[ $# -ge 2 && $# -le 3 ]] || usage
seam=$1 folder=$2 rounds=${3:-3} count=80
here=$(cd "$(dirname "$0")" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
mapfile -t pictures < <(find "$folder" -type f \( -name '*.jpg' -o -name '*.png' \) | sort)

timed() {
  local name=$1 begin end
  shift
  begin=$(date +%s.%N)
  "$@" >"$output/log" 2>&1 || { cat "$output/log" >&2; exit 1; }
  end=$(date +%s.%N)
  echo "$begin $end" | awk '{printf "%.2f\n", $2 - $1}' | tee -a "$output/$name.seconds" | sed "s/^/$name /"
}

median() { sort -n "$output/$1.seconds" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

for ((i = 0; i < rounds; ++i)); do
  timed peer "${PYTHON:-/usr/bin/python3}" "$here/spectrum_peer.py" "$output/peer.npy" "$count" "${pictures[@]}"
  timed seam "$seam" spectrum features "$folder" --whole --no-centre --features "$count" --output "$output/seam.npz"
done
echo "${#pictures[@]} pictures: peer $(median peer) s, seam $(median seam) s, ratio" \
  "$(echo "$(median peer) $(median seam)" | awk '{printf "%.1f", $1 / $2}')"
"${PYTHON:-/usr/bin/python3}" - "$output" "${pictures[@]}" <<'PY'
import sys
import numpy as np
peer = np.load(sys.argv[1] + "/peer.npy")
seam = np.load(sys.argv[1] + "/seam.npz")
row = {path: i for i, path in enumerate(seam["path"])}
same = seam["data"][[row[path] for path in sys.argv[2:]]]
print(f"greatest difference of a feature: {np.abs(same - peer).max():.1e}")
PY
