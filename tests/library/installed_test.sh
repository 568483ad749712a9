#!/usr/bin/env bash
# installed_test.sh BUILD SOURCE CXX: installs the library and what it needs into a folder of its own, compiles the example
# against that as a project of its own, moves the folder, and runs the examples: the score must be that of `seam infer`.
# Exit status 77: skipped.
set -euo pipefail
build=$1 source=$2 cxx=$3

# In the form of a skipped GoogleTest, which scripts/run_tests.sh counts.
skip() {
  printf '%s: Skipped\n%s\n\n[  SKIPPED ] library.Installed (0 ms)\n' "$0" "$1"
  exit 77
}
fail() {
  echo "FAILED: $1"
  exit 1
}

clip=$source/share/demo.mp4
[[ -s $clip && -s $source/share/retinaface.onnx ]] || skip "needs share/demo.mp4, which scripts/setup.sh makes"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for component in seam dev; do cmake --install "$build" --prefix "$work/first" --component $component >/dev/null; done
examples=$work/first/share/doc/libseam-dev/examples
cmake -S "$examples" -B "$work/build" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$work/first" \
  -DCMAKE_CXX_FLAGS="-std=c++17 -Wall -Wextra -Wpedantic -Werror" >/dev/null
cmake --build "$work/build"

# The C header is C, and C++.
echo '#include <seam/detector_c.h>' >"$work/header.c"
for language in "c -std=c99" "c++ -std=c++17"; do
  # shellcheck disable=SC2086
  "$cxx" -x $language -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$work/first/include" "$work/header.c"
done

# Nothing of Seam's inside is shown, and no header of another library is needed.
library=$(echo "$work"/first/lib*/libseam.so "$work"/first/lib/*/libseam.so | tr ' ' '\n' | grep -v '\*' | head -n 1)
shown=$(nm -D --defined-only --demangle "$library" | grep -vE ' (seam_|seam::Detector|seam::GetName\(seam::Detection|(typeinfo|typeinfo name|vtable) for seam::DetectorError|SEAM_)' || true)
[[ -z $shown ]] || fail "the library shows more than its interfaces: $shown"
for header in "$work"/first/include/seam/*.h; do
  ! grep -E '^#include' "$header" | grep -vE '<[a-z]+(\.h)?>' || fail "$header needs other headers"
done

# The folder may be moved as a whole.
mv "$work/first" "$work/moved"
library=${library/first/moved}
expected=$("$work/moved/bin/seam" infer "$clip" --frames 16 --quiet --jsonl -)
expected=$(grep -o '"score":[^,]*' <<<"$expected" | head -n 1 | cut -d: -f2)
echo "seam infer: $expected"
LD_LIBRARY_PATH=$(dirname "$library") "$work/build/score" "$clip" "$source/README.md" >"$work/cxx"
cat "$work/cxx"
score=$(sed -nE '1s/.*: real, score //p' "$work/cxx")
[[ -n $score ]] || fail "the example should call demo.mp4 real"
grep -q 'README.md: error' "$work/cxx" || fail "a file that is no video should be an error of its own"
command -v python3 >/dev/null || skip "the C++ example passed; score.py needs python3"
SEAM_LIBRARY=$library.0.2 python3 "$work/moved/share/doc/libseam-dev/examples/score.py" "$clip" "$source/README.md" >"$work/python"
cat "$work/python"
told=$(sed -nE '1s/.*: real, score //p' "$work/python")
# As numbers, since each writes as many digits as it takes.
python3 -c 'import sys; sys.exit(len({float(text) for text in sys.argv[1:]}) != 1)' "$expected" "$score" "$told" ||
  fail "seam infer says $expected, C++ $score, Python $told"
