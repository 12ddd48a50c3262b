#!/bin/sh
# Resolve pyproject.toml into lock files: every version pinned and hashed, no address anywhere.
# Arguments go to the resolver (--upgrade, --upgrade-package NAME); without them, pins change only where they must.
set -eu
cd "$(dirname "$0")/.."

# The resolver does not read pip's configuration, so it is told where packages come from.
setting() { pip config get "global.$1" 2>/dev/null || true; }
index=${PIP_INDEX_URL:-$(setting index-url)}
certificates=${PIP_CERT:-$(setting cert)}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
[ -z "$certificates" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificates}"

lock() {
    name=$1
    shift
    echo "requirements/$name.txt"
    uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-header --no-annotate \
        --constraints requirements/constraints.in --output-file "requirements/$name.txt" "$@"
}

# The largest first: the others take the versions that were tested.
lock test pyproject.toml --extra test "$@"
lock training pyproject.toml --extra training --constraints requirements/test.txt "$@"
lock training-host pyproject.toml --extra training --extra aws --constraints requirements/test.txt "$@"
lock training-gpu pyproject.toml requirements/gpu.in --extra training --extra aws --constraints requirements/test.txt "$@"
lock infra pyproject.toml --extra infra --constraints requirements/test.txt "$@"
lock local pyproject.toml --extra local --constraints requirements/test.txt "$@"
lock lambda pyproject.toml --extra lambda --constraints requirements/test.txt "$@"
lock serve pyproject.toml --constraints requirements/test.txt "$@"
lock build --group build --constraints requirements/test.txt "$@"
lock emulator --group emulator --no-deps "$@"
lock lock --group lock "$@"

if grep -n '://' requirements/*.txt; then
    echo "a lock file must not name an address" >&2
    exit 1
fi
