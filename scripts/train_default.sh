#!/usr/bin/env bash
# Trains the networks that come with Seam anew, from an empty folder: docs/default-model.md. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/train_default.sh DATA PRETRAINED OUT

DATA holds faces/{train,val}/{real,fake}/ (photographs), clips/ with the trees FaceForensics++, Celeb-DF-v2 and DFDC, and
talking/ with clips.csv (people who talk, as scripts/talking_alike.sh wants them). PRETRAINED is the file of torchvision's
MobileNetV2 that docs/default-model.md names, with its batch norms.
In the folder OUT it makes the shards, the runs and, last, default.safetensors; share/ is left alone. What was stopped
goes on where it was when the same command is run again. SEAM names another program than build/release/bin/seam. It
needs the program ffmpeg, which scripts/setup.sh installs.
TEXT
}

case "${1-}" in --help | -h) usage && exit 0 ;; esac
[[ $# -eq 3 ]] || { usage >&2; exit 2; }
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seam=${SEAM:-$scripts/../build/release/bin/seam}
[[ $seam != */* ]] || seam=$(realpath -- "$seam")
command -v ffmpeg >/dev/null || { echo 'error: there is no ffmpeg'$'\n''hint: run scripts/setup.sh' >&2; exit 1; }
data=$(cd "$1" && pwd)
pretrained=$(realpath -- "$2")
mkdir -p "$3"
cd "$3"

# Copies (links) of the trees without what must not be in training although its split says so: a photograph that stands in
# val, too, edited beside the face; the videos of a person (id26) whose face is in fakes of val and test.
if [[ ! -d trees ]]; then
  rm -rf trees.made
  mkdir trees.made
  # -L: a folder that is itself a link becomes one of links. Only links are removed, none of DATA's own files.
  cp -rsL "$data/faces" trees.made/faces
  cp -rsL "$data/clips/Celeb-DF-v2" trees.made/Celeb-DF-v2
  find trees.made -type l \( -path '*/train/real/real_11249.jpg' -o -path '*/Celeb-*/id26_*' \) -delete
  mv trees.made trees
fi

# photographs_as_video LABEL: each picture becomes a clip of 7 frames, a slow zoom, as H.264 leaves it at sizes and
# qualities that differ by the hundred. ffmpeg makes a hundred at once and cuts the film at its key frames.
photographs_as_video() {
  local from=trees/faces/train/$1 to=trees/video/train/$1 work=photographs-$1.made n=0 i part picture side
  [[ -e photographs-$1.done ]] && return
  rm -rf "$work"
  mkdir -p "$to" "$work"
  find "$from" -name '*.jpg' -printf '%f\n' | LC_ALL=C sort | split -l 100 -d -a 4 - "$work/part."
  for part in "$work"/part.*; do
    side=$((320 + 48 * (n % 5)))
    sed "s#.*#file '../$from/&'#" "$part" >"$work/list"
    ffmpeg -v error -nostdin -f concat -safe 0 -i "$work/list" -threads 1 -c:v libx264 -preset medium \
      -crf $((20 + n * 7 % 15)) -x264-params keyint=7:min-keyint=7:scenecut=0:open-gop=0 -vf \
      "scale=512:512,setsar=1,zoompan=z='1+0.006*mod(on,7)':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d=7:s=${side}x$side:fps=25,format=yuv420p" \
      -f segment -segment_frames "$(seq -s, 7 7 $((7 * $(wc -l <"$part"))))" -reset_timestamps 1 "$work/%03d.mp4"
    i=0
    while read -r picture; do
      mv "$(printf '%s/%03d.mp4' "$work" $i)" "$to/${picture%.*}.mp4"
      i=$((i + 1))
    done <"$part"
    n=$((n + 1))
  done
  rm -rf "$work"
  touch "photographs-$1.done"
}

# extract NAME INPUT SIZE OPTION...
extract() {
  local name=$1 input=$2 size=$3
  shift 3
  [[ -e $name.done ]] && return
  [[ -e $name ]] && set -- "$@" --resume
  "$seam" extract --input "$input" --output "$name" --size "$size" --margin 0.1 --landmarks 68 "$@"
  touch "$name.done"
}

# train NAME OPTION...
train() {
  local name=$1
  shift
  [[ -e $name.done ]] && return
  if compgen -G "$name/epoch-*.safetensors" >/dev/null; then
    "$seam" train --output "$name" --resume
  else
    "$seam" train --output "$name" --overwrite "${network[@]}" --batch "$batch" --weight-decay "$decay" \
      --clip-norm 5 --precision "$precision" "$@"
  fi
  touch "$name.done"
}

# bf16 takes three fifths of the time, where the processor has it.
precision=fp32
if grep -qw avx512_bf16 /proc/cpuinfo; then precision=bf16; fi

for label in real fake; do
  photographs_as_video "$label"
done
# A photograph is labelled for the face in its middle; another may be larger, and of either kind.
for size in 192 128; do
  extract "faces$size" trees/faces "$size" --frames 1 --faces centre
  extract "video$size" trees/video "$size" --frames 1 --faces centre
  extract "ff$size" "$data/clips/FaceForensics++" "$size" --frames 16
  extract "celeb$size" trees/Celeb-DF-v2 "$size" --frames 16
  extract "dfdc$size" "$data/clips/DFDC" "$size" --frames 16
done
# Clips as users have them: what is called fake is settled by them, too.
"$scripts/talking_alike.sh" --table "$data/talking" talking
extract talking192 "$data/talking" 192 --csv talking/clips.csv --frames 12
# The same people, real and fake made alike, to learn from.
"$scripts/talking_alike.sh" "$data/talking" talking_alike
extract talk128 talking_alike 128 --csv talking_alike/clips.csv --frames 6
windows=(--window 8 --windows 4)
extract ffw192 "$data/clips/FaceForensics++" 192 "${windows[@]}"
extract celebw192 trees/Celeb-DF-v2 192 "${windows[@]}"

notice="For research. Trained on photographs and a few videos of FaceForensics++, Celeb-DF and DFDC, whose terms allow"
notice+=" research alone. Its score is a hint, no proof: docs/default-model.md says how often it is wrong."
network=(--model resnet18 --variant width=32) batch=32 decay=0.05
large=faces192,video192,ff192,celeb192,dfdc192
small=faces128,video128,ff128,celeb128,dfdc128

# 1. What stored fakes show. 2. and 3. Self-blended fakes alone, which are learned slowly, and much faster at 128 pixels.
# 4. Both, and the learning rate down to nothing. 5. With swaps of faces, too. 6. Told where they are
# blended. 7. The same for long, and the learning rate down to nothing. 8. Without swaps, in
# which a network may know faces by heart. 9. Bent, so that no face is seen twice.
# 10. The same, and the learning rate down to nothing. 11. With more stored fakes, two epochs of them. 12. At 192 pixels, where
# the seams are. 13. The same, and the learning rate down to nothing; its fifth epoch tells videos best. 14. Windows of the
# clips alone, from there. 15. The mean of both.
train first --size 192 --data faces192,ff192,celeb192,dfdc192 --data-weights 1,2,2,2 --warmup 0.05 --epochs 4 \
  --schedule constant --ema 0.998
train second --size 192 --data $large --data-weights 1,1,6,6,6 --warmup 0.02 --init first/last.safetensors \
  --fakes sbi --augment-jpeg 0.4,40,95 --augment-downscale 0.2,0.4,0.9 --epochs 3 --schedule constant --ema 0.999
train third --size 128 --data $small --data-weights 1,1,6,6,6 --warmup 0.02 --init second/last.safetensors \
  --fakes sbi --augment-jpeg 0.3,40,95 --epochs 8 --schedule constant --lr 0.0015 --ema 0.999
train fourth --size 128 --data $small --data-weights 1,1,3,3,3 --warmup 0.02 --init third/last.safetensors \
  --fakes both --sbi-share 0.85 --augment-jpeg 0.4,40,95 --epochs 14 --lr 0.0012 --ema 0.999
blends=(--size 128 --data "$small" --data-weights 1,1,3,3,3 --fakes both --augment-jpeg 0.5,30,95
  --augment-noise 0.2,1,10)
swaps=("${blends[@]}" --sbi-swap 0.45 --ema 0.999)
blurred=(--augment-downscale 0.25,0.4,0.9 --augment-blur 0.15,0.3,1.5)
train fifth "${swaps[@]}" --warmup 0.08 --init fourth/last.safetensors --sbi-share 0.85 --sbi-plain 0.4 --epochs 3 \
  --schedule constant --lr 0.001
train sixth "${swaps[@]}" --warmup 0.08 --init fifth/last.safetensors --sbi-share 0.85 --sbi-plain 0.4 --xray 1 --epochs 3 \
  --schedule constant --lr 0.001
batch=64
train seventh "${swaps[@]}" "${blurred[@]}" --warmup 0.01 --init sixth/last.safetensors --sbi-share 0.8 --sbi-plain 0.35 \
  --xray 1 --epochs 48 --lr 0.0018
train eighth "${blends[@]}" "${blurred[@]}" --warmup 0.02 --init seventh/last.safetensors --sbi-share 0.85 --sbi-plain 0.4 \
  --xray 1 --label-smoothing 0.05 --epochs 5 --lr 0.0008 --ema 0.998
bent=(--fakes both --sbi-plain 0.4 --xray 1 --augment strong --augment-jpeg 0.5,30,95 --augment-noise 0.2,1,10
  --augment-downscale 0.25,0.4,0.9 --label-smoothing 0.05)
twice=("${bent[@]}" --size 128 --data "$small" --data-weights 1,0.6,3,3,3 --warmup 0.01 --sbi-share 0.85 --ema 0.999)
less=(--augment-warp 0.9,0.01,0.05 --augment-blur 0.15,0.3,1.5 --augment-grey 0.05 --augment-cutout 0.1,0.1,0.3)
train ninth "${twice[@]}" --init eighth/last.safetensors --sbi-swap 0.25 --augment-warp 1,0.01,0.06 --augment-blur 0.2,0.3,2 \
  --epochs 10 --schedule constant --lr 0.0015
train tenth "${twice[@]}" "${less[@]}" --init ninth/last.safetensors --sbi-swap 0.2 --epochs 31 --lr 0.001
train eleventh "${bent[@]}" "${less[@]}" --size 128 --data "$small" --data-weights 0.3,0.1,6,6,6 --warmup 0.03 --init tenth/last.safetensors \
  --sbi-share 0.4 --epochs 5 --lr 0.0003 --ema 0.99
sharp=("${bent[@]}" "${less[@]}" --size 192 --data "$large" --data-weights 1,0.6,4,4,4 --warmup 0.02 --sbi-share 0.6 --sbi-swap 0.2)
train twelfth "${sharp[@]}" --init eleventh/epoch-0002.safetensors --epochs 14 --schedule constant --lr 0.0008 --ema 0.999
train thirteenth "${sharp[@]}" --init twelfth/last.safetensors --epochs 10 --lr 0.0006 --ema 0.998
batch=8
train fourteenth --size 192 --data ffw192,celebw192 --temporal mean --window 8 --balance class --init thirteenth/epoch-0005.safetensors \
  --epochs 3 --lr 0.0003
# The few steps of this one change nothing: it is there to measure the mean of the two on val, talking people among it,
# whom no run learned from.
batch=64 decay=0 precision=fp32
train fifteenth --size 192 --data $large,talking192 --data-weights 0.02,0.02,0.02,0.02,0.02,0.02 --augment none --norms frozen --epochs 1 \
  --init thirteenth/epoch-0005.safetensors,fourteenth/last.safetensors --schedule constant --lr 1e-9 --notice "$notice"

"$seam" models export fifteenth/last.safetensors --format safetensors --half --output resnet18.safetensors

# 16. A second network, from published weights, learns what stored fakes show, talking people's most. 17. Blended ones, too.
[[ -e start.safetensors ]] ||
  "$seam" models import --model mobilenet_v2 --variant relu=true --size 128 --margin 0.1 --no-strict "$pretrained" -o start.safetensors
network=(--model mobilenet_v2 --variant relu=true) batch=32 decay=0.05
if grep -qw avx512_bf16 /proc/cpuinfo; then precision=bf16; fi
notice="Fine-tuned from torchvision's MobileNetV2 for ImageNet (pytorch/ios-demo-app, mobilenet_quantized.pt, BSD-3-Clause, SHA-256"
notice+=" 2778381c5eb7639a2229bc39567cf644226e5aa3d3a1d46dfcee70b373738498), also on clips of talking people."
hard=(--size 128 --augment strong --augment-jpeg 0.6,20,95 --augment-downscale 0.4,0.3,0.9 --label-smoothing 0.05)
train sixteenth "${hard[@]}" --data talk128,ff128,celeb128,dfdc128,faces128 --data-weights 3,1.5,1,1,0.4 --init start.safetensors \
  --fakes shards --augment-warp 0.9,0.01,0.05 --warmup 0.05 --lr 0.001 --ema 0.995 --epochs 3 --seed 4
train seventeenth "${hard[@]}" --data talk128,ff128,celeb128,dfdc128,faces128,video128 --data-weights 3,2.5,1.5,1,0.4,0.08 \
  --init sixteenth/last.safetensors --fakes both --sbi-share 0.35 --sbi-swap 0.2 --sbi-mouth 0.3 --sbi-plain 0.3 --augment-warp 0.7,0.01,0.05 \
  --augment-noise 0.15,1,8 --augment-blur 0.15,0.3,1.5 --warmup 0.03 --lr 0.0008 --ema 0.997 --epochs 7 --seed 5 --notice "$notice"
"$seam" models export seventeenth/last.safetensors --format safetensors --half --output mobilenet_v2.safetensors

rm -f default.safetensors
"$seam" models fuse resnet18.safetensors mobilenet_v2.safetensors --fit "$scripts/default-fusion.json" --output default.safetensors
echo "made $PWD/default.safetensors" >&2
