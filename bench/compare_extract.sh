#!/usr/bin/env bash
# Extraction beside a Python loop, in turn, on the same videos. See usage() below.
set -euo pipefail

usage() {
  cat <<END
usage: $0 SEAM_EXTRACT PEER.py YUNET.onnx RETINAFACE.onnx VIDEOS [ROUNDS]

VIDEOS is a folder that holds real/ and fake/ with .mp4 files. The peer is started as
  python3 PEER.py YUNET.onnx OUTPUT 32 FILE...
and must store the faces of 32 frames of each file. PYTHON names another python3. Prints the seconds of each
run and those of its CPUs, which hold on a busy machine; then the medians of ROUNDS (3) and the ratios to the peer's.
END
  exit 2
}

[[ $# -ge 5 && $# -le 6 ]] || usage
seam=$1 peer=$2 yunet=$3 retinaface=$4 videos=$5 rounds=${6:-3}
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

# Runs a command and adds its seconds, by the clock and of the CPUs, to the file of its name.
timed() {
  local name=$1 TIMEFORMAT='%R %U %S'
  shift
  rm -rf "$output/out"
  { time "$@" >"$output/log" 2>&1; } 2>"$output/time" || { cat "$output/log" >&2; exit 1; }
  awk '{printf "%.2f %.2f\n", $1, $2 + $3}' "$output/time" | tee -a "$output/$name.seconds" | sed "s/^/$name /"
}

median() { # NAME COLUMN
  awk -v c="$2" '{print $c}' "$output/$1.seconds" | sort -n |
    awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'
}

for ((round = 0; round < rounds; ++round)); do
  timed peer "${PYTHON:-python3}" "$peer" "$yunet" "$output/out" 32 "$videos"/*/*.mp4
  timed yunet "$seam" --quiet --input "$videos" --output "$output/out" --frames 32 \
    --detector yunet --detector-model "$yunet"
  timed retinaface "$seam" --quiet --input "$videos" --output "$output/out" --frames 32 \
    --detector retinaface --detector-model "$retinaface"
done
count=$(find "$videos"/ -name '*.mp4' | wc -l)
for name in peer yunet retinaface; do
  echo "$name $(median "$name" 1) $(median peer 1) $(median "$name" 2) $(median peer 2) $count" |
    awk '{printf "%-11s %6.2f s  %5.2f videos/s  %.2f times the peer; CPU %6.2f s, %.2f times\n", $1, $2, $6 / $2, $3 / $2, $4, $5 / $4}'
done
