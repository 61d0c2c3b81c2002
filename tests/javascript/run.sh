#!/usr/bin/env bash
# JavaScript of the dashboard: `run.sh install` gets linter and types, `check` runs them, `test` the unit tests.
# Without Node, or where npm gets nothing, it says what was left out and goes on: Python's tests need none of it.
set -euo pipefail
cd "$(dirname "$0")/../.."  # eslint looks at nothing above the folder it runs in
tools=tests/javascript
bin=$tools/node_modules/.bin

if ! command -v node >/dev/null 2>&1; then
  [ "$1" = install ] || echo "JavaScript: no $1, there is no Node here. Install Node 20.19 or newer, with npm."
  exit 0
fi

case "$1" in
  install)
    if ! command -v npm >/dev/null 2>&1; then
      echo "JavaScript: there is no npm here, so no linter and no types. Install npm."
    elif ! npm install --prefix $tools --no-audit --no-fund --silent; then
      echo "JavaScript: npm could not install its linter and types. See its messages above; then run: rm -f .venv/javascript; make check"
    fi
    ;;
  check)
    if [ ! -x $bin/eslint ] || [ ! -x $bin/tsc ]; then
      echo "JavaScript: not checked, there is no linter. Install npm and run: rm -f .venv/javascript; make check"
      exit 0
    fi
    $bin/eslint --config $tools/eslint.config.mjs --max-warnings 0 dashboard/assets tests/dashboard/assets $tools
    $bin/tsc --project $tools
    echo "JavaScript: eslint and tsc found nothing."
    ;;
  test)
    node --test tests/dashboard/assets/*.test.mjs
    ;;
esac
