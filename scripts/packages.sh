#!/bin/sh
# packages.sh install   make .venv hold what requirements-dev.lock names, and this package
# packages.sh torture   add the fuzzer of `make torture` to .venv
# packages.sh bench     add what draws the plots of `make bench-100k` to .venv
# packages.sh screenshots   add what makes the pictures of `make screenshots` small to .venv
# packages.sh node      put a Node.js into .web/node, for machines without one: see scripts/nodejs.py
# packages.sh lock      renew requirements-dev.lock with the newest versions that pyproject.toml allows, and
#                       requirements-node.lock with the version that it names
#
#   PYTHON   the Python to make .venv with; else the first of python3, python3.14 … python3.11 that is new enough
#   LOCK     the lock to install; empty: whatever versions pyproject.toml allows and the package index serves (and of
#            Node.js the version that it names, without comparing hashes)
#
# Needs a Python of 3.11 or newer and a package index; uv does the work, and pip brings uv.
set -eu
cd "$(dirname "$0")/.."
LOCK=${LOCK-requirements-dev.lock}

say() { printf 'packages: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null || fail "there is no $PYTHON: name a Python of 3.11 or newer (make PYTHON=python3.12)"
        new_enough "$PYTHON" || fail "$PYTHON is no Python of 3.11 or newer" \
            "('$PYTHON --version' says: $("$PYTHON" --version 2>&1 | head -n 1)): name another (make PYTHON=python3.12)"
        return
    fi
    for PYTHON in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$PYTHON" >/dev/null && new_enough "$PYTHON"; then return; fi
    done
    found=$(python3 --version 2>&1) || found="no python3"
    fail "PulseStream needs Python 3.11 or newer and found $found:" \
        "install one, or say where one is (make PYTHON=/path/to/python3.12)"
}

make_venv() {
    find_python
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || fail "$PYTHON lacks the modules venv and ensurepip:" \
        "on Debian and Ubuntu, apt-get install python3-venv; or name another Python (make PYTHON=python3.12)"
    say "making .venv with $("$PYTHON" --version)"
    "$PYTHON" -m venv --clear .venv
}

# uv reads none of pip's settings: a machine where pip knows its index and its certificates should need no more.
take_settings_of_pip() {
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        index=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
        if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
    fi
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
}

make_uv() {
    if ! new_enough .venv/bin/python; then make_venv; fi
    if ! .venv/bin/python -c 'import uv' 2>/dev/null; then
        .venv/bin/python -c 'import pip' 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null
        say "getting uv, which installs the rest"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check uv ||
            fail "pip could not get uv (its message is above): is a package index reachable from here?"
    fi
    take_settings_of_pip
}

# --python: without it uv would fill whatever other environment is active.
uv_install() { .venv/bin/python -m uv pip install --python .venv/bin/python "$@"; }

install() {
    rm -f .venv/installed
    new_enough .venv/bin/python || make_venv
    began=$(date +%s)
    make_uv
    [ -d "$(echo .venv/lib/python3*/site-packages/chdb)" ] ||
        say "downloading about 380 MB the first time (the engine is 180 MB of it)"
    if [ -n "$LOCK" ]; then
        uv_install --require-hashes -r "$LOCK" || fail "could not install what $LOCK names (uv's message is above)." \
            "If the package index here does not serve one of its versions: 'make install LOCK=' takes the versions" \
            "it does serve, and 'make lock' makes a lock of them."
    else
        uv_install -r pyproject.toml --group dev --group build ||
            fail "could not install what pyproject.toml names (uv's message is above)"
    fi
    took=$(($(date +%s) - began))
    uv_install --quiet --no-deps --no-build-isolation --editable . ||
        fail "could not install PulseStream itself (uv's message is above)"
    # `make demo` tells how much of the time before its charts were downloads: scripts/web.py reads it.
    echo "$took" >.venv/installed
}

torture() {
    make_uv
    uv_install --quiet --group torture || fail "could not install the group torture (uv's message is above);" \
        "its fuzzer, atheris, is there for CPython on Linux only"
}

bench() {
    make_uv
    uv_install --quiet --group bench || fail "could not install the group bench (uv's message is above)"
}

screenshots() {
    make_uv
    uv_install --quiet --group screenshots || fail "could not install the group screenshots (uv's message is above)"
}

# A wheel of 61 MB, of which hardly any package knows, so it is in a folder of its own.
node() {
    make_uv
    rm -rf .web/node .web/node-unfinished
    if [ -n "$LOCK" ]; then set -- --require-hashes -r requirements-node.lock; else set -- --group node; fi
    uv_install --quiet --no-deps --only-binary :all: --target .web/node-unfinished "$@" ||
        fail "could not install the group node (uv's message is above)"
    mv .web/node-unfinished .web/node
}

# One lock for Linux and macOS and every Python from 3.11: hashes, and no address of an index.
compile() {
    .venv/bin/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --custom-compile-command "make lock" "$@" ||
        fail "could not make a lock (uv's message is above)"
}

lock() {
    make_uv
    compile --group dev --group build --output-file requirements-dev.lock pyproject.toml
    compile --group node --output-file requirements-node.lock
    say "requirements-dev.lock is new: 'make install' brings .venv to it"
}

case "${1:-}" in
    install) install ;;
    lock) lock ;;
    torture) torture ;;
    bench) bench ;;
    screenshots) screenshots ;;
    node) node ;;
    *) fail "usage: packages.sh install|lock|torture|bench|screenshots|node" ;;
esac
