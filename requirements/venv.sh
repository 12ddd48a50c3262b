#!/bin/sh
# Make .venv/ with the interpreter named, else with the first on the PATH whose version suits.
set -eu

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

[ $# -gt 0 ] || set -- python3 python3.13 python3.12 python3.11
for python in "$@"; do
    if suits "$python"; then
        echo "Making .venv with $("$python" --version) ..."
        exec "$python" -m venv --clear .venv
    fi
done

found=$(command -v "$1" >/dev/null && "$1" --version 2>&1) || found="not there"
echo "Fracturelens needs Python 3.11, 3.12 or 3.13, and $1 is $found." >&2
echo "Name another interpreter: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
