#!/usr/bin/env bash
# without_torch_test.sh PROGRAMS SHARE: `seam infer`, `extract` and `evaluate` on a machine without LibTorch.
# Makes a root folder of these programs, the libraries that ldd names for them and Seam's own network and clips, runs the
# three programs with that folder as their root, and reads what the loader mapped. Exit status 77: skipped.
set -euo pipefail
programs=$1 share=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# skip REASON: in the form of a skipped GoogleTest, which scripts/run_tests.sh counts.
skip() {
  printf '%s: Skipped\n%s\n\n[  SKIPPED ] infer.WithoutLibTorch (0 ms)\n' "$0" "$1"
  exit 77
}
fail() {
  echo "FAILED: $1"
  exit 1
}

for file in retinaface.onnx demo.mp4 demo-tampered.mp4; do
  [[ -s $share/$file ]] || skip "needs share/$file, which scripts/setup.sh provides"
done
# As root of a namespace of users where there may be one, else as root.
enter=()
for candidate in "unshare --user --map-root-user --mount" "unshare --mount"; do
  if $candidate true 2>/dev/null; then
    read -ra enter <<<"$candidate"
    break
  fi
done
[[ ${#enter[@]} -gt 0 ]] || skip "may neither make a namespace of users nor change the root folder"

mkdir -p "$root"/{bin,proc,dev,tmp,data/{real,fake},usr/bin,usr/share/seam}
# copy FILE: to the same place in the root folder, links followed.
copy() { mkdir -p "$root$(dirname "$1")" && cp -L "$1" "$root$1"; }
for name in seam seam-infer seam-extract seam-decode seam-evaluate; do
  [[ -x $programs/$name ]] || fail "$programs/$name is not built"
  cp "$programs/$name" "$root/usr/bin"
  libraries=$(ldd "$programs/$name")
  ! grep -qE 'lib(torch|c10)' <<<"$libraries" || skip "$name is linked with LibTorch in this build"
  while read -r library; do [[ -e $root$library ]] || copy "$library"; done < <(grep -oE '/[^ ]+' <<<"$libraries")
done
cp "$share"/{default.safetensors,retinaface.onnx} "$root/usr/share/seam"
cp "$share/demo.mp4" "$root/data/real"
cp "$share/demo-tampered.mp4" "$root/data/fake"
printf 'path,label\nreal/demo.mp4,0\nfake/demo-tampered.mp4,1\n' >"$root/data/labels.csv"
touch "$root/dev/null"

# run ARGUMENT...: `seam ARGUMENT...` in the root folder; what the loader maps goes to maps.*.
run() {
  # shellcheck disable=SC2016
  "${enter[@]}" bash -c 'mount --rbind /proc "$1/proc" && mount --bind /dev/null "$1/dev/null" &&
    exec env -i PATH=/usr/bin:/usr/sbin LD_DEBUG=files LD_DEBUG_OUTPUT=/tmp/maps chroot "$1" /usr/bin/seam "${@:2}"' bash "$root" "$@"
}
run infer /data/real/demo.mp4 /data/fake/demo-tampered.mp4 --frames 8 --output /tmp/scores.csv
cat "$root/tmp/scores.csv"
[[ $(grep -cE ',ok(,|$)' "$root/tmp/scores.csv") -eq 2 ]] || fail "two clips should be scored"
run extract --input /data --output /tmp/shards --detector hog --detect-size 400 --frames 3 --split 0.5,0.5,0
ls "$root"/tmp/shards/*.tfrecord >/dev/null || fail "no shards"
run evaluate /tmp/scores.csv --labels /data/labels.csv
cat "$root"/tmp/maps.* >"$root/tmp/all"
grep -q libdnnl "$root/tmp/all" || fail "the loader's log does not even name oneDNN"
! grep -E 'lib(torch|c10|caffe2)' "$root/tmp/all" || fail "LibTorch was loaded"
