#!/usr/bin/env bash
# Gives the tests of the server's pages Debian's Chromium and its driver. Where they cannot be had,
# those tests are skipped, and say so: exit status 0 in any case.
set -uo pipefail
cd "$(dirname "$0")/.."

if command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    printf 'set-up: no chromium and chromedriver: tests of pages in a browser are skipped\n' >&2
    exit 0
fi
bash tools/apt_install.sh 'a browser for the tests of pages' chromium chromium-driver ||
    printf 'set-up: tests of pages in a browser are skipped until then\n' >&2
exit 0
