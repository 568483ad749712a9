#!/usr/bin/env bash
# page_test.sh BIN SHARE [SCREENSHOTS]: runs the test of the page, or skips it (status 77) and says what is missing.
# Needs Chromium, Node.js and the npm packages playwright-core and axe-core: in tests/serve/node_modules (npm install there),
# or where SEAM_NODE_MODULES points.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$1 share=$2 screenshots=${3-}
skip() { echo "skipped: needs $1"; exit 77; }
[[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || skip "Chromium (package chromium)"
command -v node >/dev/null || skip "Node.js"
export SEAM_NODE_MODULES=${SEAM_NODE_MODULES:-$here/node_modules}
[[ -d $SEAM_NODE_MODULES/playwright-core && -d $SEAM_NODE_MODULES/axe-core ]] ||
  skip "the npm packages playwright-core and axe-core (npm install, in tests/serve)"
[[ -s $share/demo.mp4 && -s $share/demo-tampered.mp4 ]] || skip "share/demo.mp4, which scripts/setup.sh makes"
[[ -z $screenshots ]] || mkdir -p "$screenshots"
exec node "$here/page_test.mjs" "$bin/seam" "$share/demo.mp4" "$share/demo-tampered.mp4" $screenshots
