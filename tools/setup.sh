#!/usr/bin/env bash
# Makes the repository ready to run: finds a Python that can carry the virtual environment (and
# installs one on Debian or Ubuntu where there is none), then leaves the rest to environment.py.
#
#   tools/setup.sh         .venv with the packages of requirements.txt
#   tools/setup.sh --qt    the same, and the shared libraries that Qt needs from the system
#   tools/setup.sh --tests the same as --qt, and programs that some tests start
#
# PYTHON=/path/to/python chooses the interpreter; otherwise an existing .venv keeps the one it has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'set-up: %s\n' "$*" >&2; }

# A name on PATH is not enough: pyenv leaves shims that run nothing, Debian splits ensurepip off
# into python3-venv, and a Python built by hand may lack ssl or sqlite3.
is_suitable() {
    "$1" -c '
import sys
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
' >/dev/null 2>&1 && "$1" -c 'import ensurepip, sqlite3, ssl, venv' >/dev/null 2>&1
}

# All matches on PATH, not only the first: a dead shim may hide a working interpreter.
find_python() {
    local name path
    for name in python3.13 python3.12 python3.11 python3; do
        while IFS= read -r path; do
            if is_suitable "$path"; then
                printf '%s\n' "$path"
                return 0
            fi
        done < <(type -ap "$name")
    done
    return 1
}

install_python() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "found no Python 3.11 to 3.13 with venv, ssl and sqlite3; install one and run again"
        exit 2
    fi
    # pythonX.Y-venv brings pythonX.Y with it. A Python that only lacks ensurepip gets its own venv
    # package, not a second Python beside it.
    local what='a Python 3.11 to 3.13 with venv'
    local packages=('python3.13-venv|python3.12-venv|python3.11-venv') name
    for name in python3.13 python3.12 python3.11; do
        if [ -x "/usr/bin/$name" ]; then
            packages=("$name-venv")
            break
        fi
    done
    if [ "$(id -u)" -ne 0 ] && [ -n "${1:-}" ] && [ -x /usr/bin/python3 ]; then
        # Nobody should have to type two commands one after the other. Should this Python be too
        # old even for that, the libraries get their line in the next run.
        mapfile -t -O 1 packages < <(/usr/bin/python3 tools/system_libraries.py --expected || true)
        if [ "${#packages[@]}" -gt 1 ]; then what+=' and shared libraries that Qt needs'; fi
    fi
    bash tools/apt_install.sh "$what" "${packages[@]}" || exit 2
}

if [ -n "${PYTHON:-}" ]; then
    if ! python=$(type -P "$PYTHON") || ! is_suitable "$python"; then
        say "PYTHON=$PYTHON is not a Python 3.11 to 3.13 with ensurepip, venv, ssl and sqlite3"
        exit 2
    fi
elif [ -f .venv/.complete ] && .venv/bin/python -c '' >/dev/null 2>&1; then
    python=.venv/bin/python
elif ! python=$(find_python); then
    install_python "$@"
    if ! python=$(find_python); then
        say "still found no Python 3.11 to 3.13 with venv, ssl and sqlite3"
        exit 2
    fi
fi

exec "$python" tools/environment.py "$@"
