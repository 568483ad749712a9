#!/usr/bin/env bash
# Scoring videos beside a Python pipeline, in turn, on the same videos. See usage() below.
set -euo pipefail

usage() {
  cat <<END
usage: $0 SEAM_INFER MODEL.safetensors PEER.py YUNET.onnx VIDEOS [ROUNDS]

VIDEOS is a folder that holds real/ and fake/ with .mp4 files. MODEL is an EfficientNet-B0, such as
  fresh_checkpoint --model efficientnet_b0 --output MODEL.safetensors
writes. The peer is started as
  python3 PEER.py YUNET.onnx 2 FILE...
and must score 32 frames of each file. PYTHON names another python3, COUNT takes only so many files. Prints
the seconds of each run and those of its CPUs, then the medians of ROUNDS (3) and the ratios to the peer's; then
the seconds to the score of the smallest file alone.
END
  exit 2
}

[[ $# -ge 5 && $# -le 6 ]] || usage
seam=$1 model=$2 peer=$3 yunet=$4 videos=$5 rounds=${6:-3}
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
mapfile -t files < <(printf '%s\n' "$videos"/*/*.mp4 | head -n "${COUNT:-100000}")
smallest=$(ls -S "${files[@]}" | tail -n 1)

# Runs a command and adds its seconds, by the clock and of the CPUs, to the file of its name.
timed() {
  local name=$1 TIMEFORMAT='%R %U %S'
  shift
  { time "$@" >"$output/log" 2>&1; } 2>"$output/time" || { cat "$output/log" >&2; exit 1; }
  awk '{printf "%.2f %.2f\n", $1, $2 + $3}' "$output/time" | tee -a "$output/$name.seconds" | sed "s/^/$name /"
}

median() { # NAME COLUMN
  awk -v c="$2" '{print $c}' "$output/$1.seconds" | sort -n |
    awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'
}

for ((round = 0; round < rounds; ++round)); do
  timed peer "${PYTHON:-python3}" "$peer" "$yunet" 2 "${files[@]}"
  timed yunet "$seam" --quiet --model "$model" --frames 32 --detector yunet --detector-model "$yunet" \
    --detect-size 320 "${files[@]}"
  timed retinaface "$seam" --quiet --model "$model" --frames 32 "${files[@]}"
  timed first "$seam" --quiet --model "$model" --frames 32 "$smallest"
done
for name in peer yunet retinaface; do
  echo "$name $(median "$name" 1) $(median peer 1) $(median "$name" 2) $(median peer 2) ${#files[@]}" |
    awk '{printf "%-11s %6.2f s  %5.2f videos/s  %.2f times the peer; CPU %6.2f s, %.2f times\n", $1, $2, $6 / $2, $3 / $2, $4, $5 / $4}'
done
echo "first score of $(basename "$smallest"): $(median first 1) s (CPU $(median first 2) s)"
