#!/usr/bin/env bash
# Builds every combination of options that docs/building.md promises. See usage() below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: scripts/check_matrix.sh [--quick] [NAME...]

Configures and builds, with warnings as errors, each combination of options that docs/building.md promises, in
build/matrix-NAME. Without NAMEs it does all of them:

  no-torch        SEAM_TORCH=OFF; no file of it may include a header of LibTorch's
  no-networks     SEAM_NETWORKS=OFF
  no-extract      SEAM_EXTRACT=OFF
  no-distributed  SEAM_DISTRIBUTED=OFF
  no-onednn       SEAM_ONEDNN=OFF, and without precompiled headers: each file includes what it uses
  asan            address and undefined-behaviour sanitizers; runs the tests labelled `fast`

  --quick         build only what the options change most, and no tests of the large folders

A line for each combination says how it went; the exit status is 1 when one failed.
TEXT
}

names=(no-torch no-networks no-extract no-distributed no-onednn asan)
quick=false
chosen=()
for argument in "$@"; do
  case $argument in
    --quick) quick=true ;;
    --help | -h) usage && exit 0 ;;
    *) [[ " ${names[*]} " == *" $argument "* ]] || { usage >&2 && exit 2; }
      chosen+=("$argument") ;;
  esac
done
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${names[@]}")
# Equal files of two combinations are compiled once: the folders are as deep as build/release.
export CCACHE_BASEDIR=$PWD

# flags NAME: what cmake is told.
flags() {
  case $1 in
    no-torch) echo -DSEAM_TORCH=OFF ;;
    no-networks) echo -DSEAM_NETWORKS=OFF ;;
    no-extract) echo -DSEAM_EXTRACT=OFF ;;
    no-distributed) echo -DSEAM_DISTRIBUTED=OFF ;;
    no-onednn) echo -DSEAM_ONEDNN=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON ;;
    asan) echo -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSEAM_SANITIZE=address,undefined ;;
  esac
}

# targets NAME: what --quick builds.
targets() {
  case $1 in
    no-torch) echo seam seam-infer seam-extract seam-evaluate seam_test_networks ;;
    no-networks) echo seam-extract seam-evaluate ;;
    no-extract) echo seam-evaluate seam_networks ;;
    no-distributed) echo train/CMakeFiles/seam_train.dir/data_parallel.cc.o ;;
    no-onednn) echo seam_networks models/CMakeFiles/seam_models.dir/torch/compile.cc.o ;;
    asan) echo base_test labels_test proto_test pages_test ;;
  esac
}

build() {
  local name=$1 folder=build/matrix-$1 what=()
  local -a given
  read -ra given <<<"$(flags "$name")"
  $quick && read -ra what <<<"$(targets "$name")"
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSEAM_WERROR=ON "${given[@]}" || return 1
  cmake --build "$folder" ${what[@]+--target "${what[@]}"} || return 1
  if [[ $name == no-torch ]] && ninja -C "$folder" -t deps | grep -E '/(torch/csrc|ATen|c10)/'; then
    echo "headers of LibTorch's in a build without it"
    return 1
  fi
  if [[ $name == asan ]]; then
    if $quick; then
      ctest --test-dir "$folder" --output-on-failure -L fast -R '^(base|labels|proto|pages)/'
    else
      ctest --test-dir "$folder" --output-on-failure -L fast
    fi
  fi
}

status=0
for name in "${chosen[@]}"; do
  mkdir -p build
  begin=$SECONDS
  if build "$name" >"build/matrix-$name.log" 2>&1; then
    echo "$name: good ($((SECONDS - begin)) s)"
  else
    echo "$name: FAILED; the end of build/matrix-$name.log:"
    tail -n 30 "build/matrix-$name.log"
    status=1
  fi
done
exit $status
