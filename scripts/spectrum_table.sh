#!/usr/bin/env bash
# Every classifier of `seam spectrum` on one set of pictures. See usage() below.
set -euo pipefail

usage() {
  cat <<END
usage: $0 SPECTRUM DATA OUTPUT [SOLVER...]

SPECTRUM is the program seam-spectrum. DATA holds train/ and test/ (or val/), each with real/ and fake/. Takes azimuthal
features of whole pictures, the DCT and the pixels of their grey middle, each clean and with --change combined. Trains each
SOLVER (all of them) on clean and on changed pictures, and tests it on both. OUTPUT keeps features, models and results.csv,
so a run that is stopped goes on. Prints a table of accuracies with intervals at 95 %.
NUM_FILES (0: all) of each class are taken for training, and MIDDLE (64) pixels of the side for dct and raw.
END
  exit 2
}

[[ $# -ge 3 ]] || usage
spectrum=$1 data=$2 output=$3
shift 3
solvers=("$@")
[[ $# -gt 0 ]] || solvers=(svm-rbf svm-linear svm-poly logistic log lasso ridge elastic eigenfaces knn kmeans prnu deepfreq nn cnn resnet)
middle=${MIDDLE:-64} files=${NUM_FILES:-0}
test=$data/test
[[ -d $test ]] || test=$data/val
mkdir -p "$output/features" "$output/models"
results=$output/results.csv
[[ -e $results ]] || echo "solver,feature,train,test,accuracy,low,high,rows" >"$results"

# features FEATURE: of both splits, clean and changed.
features() {
  local feature=$1 options=(--whole --feature "$1") split change
  case $feature in
    azimuthal) options+=(--no-centre) ;;
    colour) options=(--whole --feature raw --middle "$middle") ;;
    *) options+=(--grey --middle "$middle") ;;
  esac
  for split in train test; do
    for change in none combined; do
      local file=$output/features/$feature-$split-$change.npz folder=$test count=0
      [[ $split == test ]] || { folder=$data/train count=$files; }
      [[ -e $file ]] || "$spectrum" features "$folder" "${options[@]}" --num-files "$count" --change "$change" \
        --output "$file" >/dev/null
    done
  done
}

# solve NAME FEATURE: trains on clean and on changed pictures, and tests each on both.
solve() {
  local name=$1 feature=$2 options=(--solver "${1%%-*}") train test
  [[ $name != *-* ]] || options+=(--kernel "${name#*-}")
  # The published gamma is for azimuthal features: of as many numbers as a picture has it would tell all pictures apart.
  [[ $name != svm-rbf || $feature == azimuthal ]] || options+=(--gamma "$(awk "BEGIN {print 1 / ($middle * $middle)}")")
  for train in none combined; do
    local model=$output/models/$feature-$name-$train.safetensors
    [[ -e $model ]] || "$spectrum" train "$output/features/$feature-train-$train.npz" "${options[@]}" --no-probability \
      --max-iterations 500 --output "$model" >/dev/null || return 0
    for test in none combined; do
      grep -q "^$name,$feature,$train,$test," "$results" && continue
      "$spectrum" test "$output/features/$feature-test-$test.npz" --model "$model" |
        sed -nE "1s/.*accuracy ([0-9.]+) \[([0-9.]+), ([0-9.]+)\] of ([0-9]+) .*/$name,$feature,$train,$test,\1,\2,\3,\4/p" >>"$results"
    done
  done
}

for solver in "${solvers[@]}"; do
  case $solver in
    prnu) kinds=(colour) ;;
    deepfreq) kinds=(azimuthal) ;;
    cnn | resnet) kinds=(dct raw) ;;
    *) kinds=(azimuthal dct raw) ;;
  esac
  for kind in "${kinds[@]}"; do
    features "$kind"
    solve "$solver" "$kind"
  done
done

echo "| classifier | features | clean | clean, tested on changed | changed, tested on changed |"
echo "|---|---|---|---|---|"
awk -F, 'NR > 1 {
  key = $1 "," $2
  if (!(key in seen)) order[++count] = key
  seen[key] = 1
  cell[key, $3, $4] = sprintf("%.2f [%.2f, %.2f]", $5, $6, $7)
} END {
  for (i = 1; i <= count; ++i) {
    split(order[i], part, ",")
    printf "| %s | %s | %s | %s | %s |\n", part[1], part[2], cell[order[i], "none", "none"],
      cell[order[i], "none", "combined"], cell[order[i], "combined", "combined"]
  }
}' "$results"
