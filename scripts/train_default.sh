#!/usr/bin/env bash
# Trains the network that comes with Seam anew, from an empty folder: docs/default-model.md. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/train_default.sh DATA OUT

DATA holds faces/{train,val}/{real,fake}/ (photographs) and clips/ with the trees FaceForensics++, Celeb-DF-v2 and DFDC.
In the folder OUT it makes the shards, the runs and, last, default.safetensors; share/ is left alone. What was stopped
goes on where it was when the same command is run again. SEAM names another program than build/release/bin/seam.
TEXT
}

case "${1-}" in --help | -h) usage && exit 0 ;; esac
[[ $# -eq 2 ]] || { usage >&2; exit 2; }
seam=${SEAM:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/release/bin/seam}
data=$(cd "$1" && pwd)
mkdir -p "$2"
cd "$2"

# Copies (links) of the trees without what must not be in training although its split says so: a photograph that stands in
# val, too, edited beside the face; a video of a person (id26) who is in a fake of val.
if [[ ! -d trees ]]; then
  rm -rf trees.made
  mkdir trees.made
  cp -rs "$data/faces" trees.made/faces
  cp -rs "$data/clips/Celeb-DF-v2" trees.made/Celeb-DF-v2
  rm -f trees.made/faces/train/real/real_11249.jpg trees.made/Celeb-DF-v2/Celeb-real/id26_0006.mp4
  mv trees.made trees
fi

# extract NAME INPUT SIZE FRAMES
extract() {
  [[ -e $1.done ]] && return
  local go_on=()
  [[ -e $1 ]] && go_on=(--resume)
  # Status 3: some files have no face.
  "$seam" extract --input "$2" --output "$1" --size "$3" --frames "$4" --margin 0.1 --landmarks 68 "${go_on[@]}" || [[ $? -eq 3 ]]
  touch "$1.done"
}

# train NAME OPTION...
train() {
  local name=$1
  shift
  [[ -e $name.done ]] && return
  if compgen -G "$name/epoch-*.safetensors" >/dev/null; then
    "$seam" train --output "$name" --resume
  else
    "$seam" train --output "$name" --overwrite --model resnet18 --variant width=32 --batch 32 --weight-decay 0.05 \
      --warmup 0.05 --clip-norm 5 --augment standard "$@"
  fi
  touch "$name.done"
}

for size in 128 192; do
  extract "faces$size" trees/faces "$size" 1
  extract "ff$size" "$data/clips/FaceForensics++" "$size" 16
  extract "celeb$size" trees/Celeb-DF-v2 "$size" 16
  extract "dfdc$size" "$data/clips/DFDC" "$size" 16
done

notice="For research. Trained on photographs and a few videos of FaceForensics++, Celeb-DF and DFDC, whose terms allow"
notice+=" research alone. Its score is a hint, no proof: docs/default-model.md says how often it is wrong."

# 1. What stored fakes show, at a small size. 2. The same and self-blended fakes, at the final size, hard. 3. Milder, and
# the learning rate down to nothing.
train first --data faces128,ff128,celeb128,dfdc128 --data-weights 1,2,2,2 --size 128 --epochs 4 --schedule constant --ema 0.998
train second --data faces192,ff192,celeb192,dfdc192 --data-weights 1,6,6,6 --size 192 --init first/last.safetensors \
  --fakes both --augment-jpeg 0.5,40,95 --epochs 9 --schedule constant --ema 0.998
train third --data faces192,ff192,celeb192,dfdc192 --data-weights 1,2,2,2 --size 192 --init second/last.safetensors \
  --fakes both --sbi-share 0.25 --augment-jpeg 0.3,50,95 --epochs 5 --lr 0.0006 --ema 0.998 --notice "$notice"

"$seam" models export third/last.safetensors --format safetensors --half --output default.safetensors
echo "made $PWD/default.safetensors" >&2
