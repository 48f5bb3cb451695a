#!/bin/sh
# chromium.sh   say where there is a Chromium for the tests in tests/browser; install Debian's where there is none
#
#   CHROMIUM   the one to take, by name or path; else chromium, chromium-browser, google-chrome or google-chrome-stable
#              on PATH, or Chrome among the applications of macOS
#
# Installing needs apt-get, and root or a sudo that asks for no password. Its name goes to standard output, all else to
# standard error.
set -eu

say() { printf 'chromium: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if command -v "$name"; then return; fi
    done
    return 1
}

if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM" || fail "there is no $CHROMIUM: let CHROMIUM name a Chromium or Chrome, or nothing"
    exit
fi
if find_chromium; then exit; fi

by_hand="install Chromium or Chrome, or say where one is (CHROMIUM=/path/to/chrome make test)"
command -v apt-get >/dev/null || fail "the tests of the pages need Chromium, and there is no apt-get to install it: $by_hand"
if [ "$(id -u)" = 0 ]; then as_root=""; else
    as_root="sudo -n"
    sudo -n true 2>/dev/null || fail "the tests of the pages need Chromium, and installing it needs root:" \
        "'apt-get install chromium' as root; or $by_hand"
fi
say "installing Debian's Chromium, which the tests of the pages need (100 MB, and what it needs that is not there) ..."
began=$(date +%s)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# DEBIAN_FRONTEND through env: sudo drops the variables that it gets.
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; }
give_up() { tail -n 15 "$log" >&2; fail "apt-get could not install it (its last words are above): $by_hand"; }
apt update || say "apt-get update failed; trying with the lists that are there"
apt install --yes --no-install-recommends chromium || give_up
find_chromium || give_up
say "... took $(($(date +%s) - began)) s"
