#!/usr/bin/env bash
# Training beside a Python loop, in turn, on the same pictures of faces. See usage() below.
set -euo pipefail

usage() {
  cat <<END
usage: $0 PROGRAMS PEER.py YUNET.onnx FACES [ROUNDS] [COUNT] [THREADS]

PROGRAMS is the folder with seam-extract and seam-train (build/release/bin), FACES a folder that holds real/ and
fake/ with pictures, of which the first COUNT (512) of each are taken. The peer is started as
  python3 PEER.py MODEL FACES SIZE BATCH STEPS THREADS WORKERS
and ends its last line with "N crops/s". PYTHON names another python3. Prints crops a second of each run, of Seam the
second epoch's, then the medians of ROUNDS (3) and the ratios. THREADS (2) is for both.
END
  exit 2
}

[[ $# -ge 4 && $# -le 7 ]] || usage
programs=$1 peer=$2 yunet=$3 faces=$4 rounds=${5:-3} count=${6:-512} threads=${7:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for class in real fake; do
  mkdir -p "$work/faces/$class"
  find "$faces/$class/" -type f | sort | sed -n "1,${count}p" | xargs -d '\n' cp -t "$work/faces/$class"
done

# seam MODEL SIZE BATCH
seam() {
  local data=$work/shards-$2
  [[ -d $data ]] || "$programs/seam-extract" --quiet --dataset folder --input "$work/faces" --output "$data" \
    --detector yunet --detector-model "$yunet" --size "$2" >/dev/null
  "$programs/seam-train" --quiet --data "$data" --model "$1" --output "$work/run" --overwrite --epochs 2 --batch "$3" \
    --threads "$threads" --augment flip >/dev/null
  awk -F, 'NR == 1 {for (i = 1; i <= NF; ++i) if ($i == "crops_per_second") column = i} {rate = $column} END {print rate}' \
    "$work/run/metrics.csv"
}

# python MODEL SIZE BATCH: as many steps as two thirds of the pictures make.
python() {
  "${PYTHON:-python3}" "$peer" "$1" "$work/faces" "$2" "$3" $((count * 4 / 3 / $3)) "$threads" "$threads" |
    sed -n 's|.* \([0-9.]*\) crops/s$|\1|p'
}

median() { sort -n "$1" | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

for ((round = 0; round < rounds; ++round)); do
  for case in "meso4 256 64" "efficientnet_b0 224 32"; do
    for who in seam python; do
      # shellcheck disable=SC2086  # three words
      $who $case | tee -a "$work/${case%% *}.$who" | sed "s|^|${case%% *} $who |"
    done
  done
done
for model in meso4 efficientnet_b0; do
  echo "$model $(median "$work/$model.seam") $(median "$work/$model.python")" |
    awk '{printf "%-16s Seam %6.1f, Python %6.1f crops/s: %.2f times\n", $1, $2, $3, $2 / $3}'
done
