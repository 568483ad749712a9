#!/usr/bin/env bash
# Installs the Debian packages in a fresh Debian 12 and uses them there. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/try_package.sh [FOLDER]

Makes a root folder with nothing but Debian 12 in it (debootstrap, minbase), installs the packages of FOLDER (default:
build/release/packages, where `make package` puts them) there as a user would, and runs seam doctor, seam infer and
seam serve in it as an ordinary user. The packages come from the mirror that apt uses on this machine; about 500 MB are
downloaded, and 2 GB of disk are used until the script ends. Exit status 77: skipped, since something is missing here.
TEXT
}

say() { echo "try_package: $*" >&2; }
fail() {
  say "FAILED: $1"
  exit 1
}
# In the form of a skipped GoogleTest, which scripts/run_tests.sh counts.
skip() {
  printf '%s: Skipped\n%s\n\n[  SKIPPED ] packaging.FreshRoot (0 ms)\n' "$0" "$1"
  exit 77
}

[[ ${1-} != -* ]] || { usage >&2 && exit 2; }
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-$source/build/release/packages}

if [[ ${SEAM_IN_NAMESPACE-} != 1 ]]; then
  [[ $EUID -eq 0 ]] || skip "needs root, to change the root folder"
  command -v debootstrap >/dev/null || skip "needs debootstrap: apt-get install debootstrap"
  unshare --mount --pid --fork true 2>/dev/null || skip "may not make namespaces of mounts and processes"
  compgen -G "$folder/seam_*.deb" >/dev/null || skip "needs $folder/seam_*.deb: make package"
  for clip in demo demo-tampered; do
    [[ -s $source/share/$clip.mp4 ]] || skip "needs share/$clip.mp4, which scripts/setup.sh makes"
  done
  root=$(mktemp -d)
  trap 'rm -rf --one-file-system "$root"' EXIT
  # Mounts and processes end with this namespace.
  SEAM_IN_NAMESPACE=1 SEAM_ROOT=$root unshare --mount --pid --fork --kill-child "$0" "$folder"
  exit
fi

root=$SEAM_ROOT
# For the user of apt, and the other user below.
chmod 755 "$root"
path=/usr/sbin:/usr/bin:/sbin:/bin
# inside COMMAND...: as root of the fresh system. as_user: as somebody without rights.
inside() { env -i PATH=$path LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
as_user() { env -i PATH=$path LC_ALL=C.UTF-8 HOME=/home/tester chroot --userspec=tester:tester "$root" "$@"; }

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
[[ -n $mirror ]] || skip "apt has no mirror of Debian 12 here"
say "making a fresh Debian 12"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
  { tail -n 20 "$root.log" >&2; rm -f "$root.log"; fail "debootstrap"; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
for file in /etc/apt/apt.conf.d/*proxy*; do [[ ! -e $file ]] || cp "$file" "$root/etc/apt/apt.conf.d/"; done
mkdir "$root/packages"
# Debian's own way: the package, and what it depends on. Not those that need LibTorch.
cp "$folder"/seam_*.deb "$root/packages"
inside apt-get -q update >/dev/null
say "installing the package seam"
inside sh -c 'apt-get -q install -y --no-install-recommends /packages/seam_*.deb' >"$root/install.log" 2>&1 ||
  { tail -n 30 "$root/install.log" >&2; fail "apt-get install"; }
say "$(grep -E '^Need to get|newly installed|After this operation' "$root/install.log" | paste -sd' ')"
! inside dpkg-query -W -f '${Package}\n' | grep -q libtorch || fail "the package seam pulls in LibTorch"

inside useradd --create-home tester
cp "$source"/share/demo*.mp4 "$root/home/tester"
say "seam infer"
as_user seam infer /home/tester/demo.mp4 /home/tester/demo-tampered.mp4 --output /home/tester/scores.csv
cat "$root/home/tester/scores.csv" >&2
[[ $(grep -cE '^/home/tester/demo(-tampered)?\.mp4,' "$root/home/tester/scores.csv") -eq 2 ]] || fail "two clips should be scored"
grep -qE 'demo\.mp4,.*,real,' "$root/home/tester/scores.csv" || fail "demo.mp4 should be called real"
grep -qE 'demo-tampered\.mp4,.*,fake,' "$root/home/tester/scores.csv" || fail "demo-tampered.mp4 should be called fake"

say "seam serve"
as_user seam serve --port 8799 >"$root/serve.log" 2>&1 &
server=$!
for _ in {1..50}; do
  ! grep -q 8799 "$root/serve.log" || break
  sleep 0.2
done
as_user seam client /home/tester/demo.mp4 --server http://127.0.0.1:8799 >"$root/client.log" 2>&1 ||
  { cat "$root/serve.log" "$root/client.log" >&2; fail "seam client"; }
cat "$root/client.log" >&2
grep -q real "$root/client.log" || fail "the server should call demo.mp4 real"
kill "$server"
for page in seam seam-infer seam-serve; do
  [[ -s $root/usr/share/man/man1/$page.1.gz ]] || fail "no man page of $page"
done

if compgen -G "$folder/libseam-dev_*.deb" >/dev/null; then
  say "a program that uses the library"
  cp "$folder"/libseam-dev_*.deb "$root/packages"
  inside sh -c 'apt-get -q install -y --no-install-recommends /packages/libseam-dev_*.deb g++ cmake make python3' \
    >"$root/install.log" 2>&1 || { tail -n 30 "$root/install.log" >&2; fail "apt-get install libseam-dev"; }
  as_user sh -c 'cmake -S /usr/share/doc/libseam-dev/examples -B /home/tester/build >/dev/null &&
    cmake --build /home/tester/build >/dev/null'
  as_user /home/tester/build/score /home/tester/demo.mp4
  as_user python3 /usr/share/doc/libseam-dev/examples/score.py /home/tester/demo.mp4
fi
say "seam doctor"
as_user seam doctor || true
say "passed"
