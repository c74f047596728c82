#!/usr/bin/env bash
# Runs the tests on Node.js 24, whatever Node.js is installed: what is committed is cloned into a temporary folder and
# installed there, since SQLite's native module is compiled for one major version. With arguments, runs those tests only:
#
#   scripts/check-node-24.sh [test/storage test/server ...]
#
# NODE_VERSION is another version or a range for npm, such as 22 or 24.18.0.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
version=${NODE_VERSION:-24}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=$(node -p '`node-${process.platform}-${process.arch}`')
mkdir "$work/node"
npm install --prefix "$work/node" --no-save --no-package-lock "$package@$version"
node_home=$work/node/node_modules/$package
export PATH="$node_home/bin:$PATH" npm_config_nodedir="$node_home"

git clone --quiet "$root" "$work/clone"
cd "$work/clone"
npm ci
echo "=== tests on Node.js $(node --version)"
if [ $# -eq 0 ]; then npm test; else npm run --silent build && npx jest "$@"; fi
