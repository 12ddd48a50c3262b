#!/bin/bash
# Makes a machine of Amazon Linux 2023 the Docker host. Run it again at any time: what is as it should be stays.
#
# The other files of this folder stand beside it; what differs between hosts is in /etc/fracturelens.
set -euo pipefail

ROOT=${ROOT:-} # Tests install into a folder.
HERE=$(cd "$(dirname "$0")" && pwd)
UNITS=$ROOT/etc/systemd/system
# shellcheck source=/dev/null
. "$ROOT/etc/fracturelens/host.env"

# Docker asks the role for a token at each pull, and keeps none.
export DOCKER_CONFIG=$ROOT/etc/fracturelens/docker AWS_ECR_DISABLE_CACHE=true HOME=${HOME:-/root}

has() {
    command -v "$1" >/dev/null
}

# Leaves a file alone that is as it should be, and says whether it was not.
place() {
    if cmp --silent "$1" "$2"; then return 1; fi
    install -D --mode=644 "$1" "$2"
}

# The doors to AWS may open a little later than the machine starts.
patiently() {
    local wait
    for wait in 5 10 20 40 80; do
        if "$@"; then return; fi
        sleep "${PATIENCE:-$wait}"
    done
    "$@"
}

pull() {
    docker image inspect "$1" >/dev/null 2>&1 || patiently docker pull --quiet "$1"
}

has docker || patiently dnf --assumeyes --quiet install docker
has docker-credential-ecr-login || patiently dnf --assumeyes --quiet install amazon-ecr-credential-helper
systemctl enable --now docker.service

install -d --mode=700 "$DOCKER_CONFIG"
printf '{"credHelpers": {"%s": "ecr-login"}}\n' "${SERVICE_IMAGE%%/*}" >"$DOCKER_CONFIG/config.json"

renewed=
for unit in "$HERE"/*.service "$HERE"/*.timer; do
    if place "$unit" "$UNITS/${unit##*/}"; then renewed=yes; fi
done
if [ "$renewed" ]; then systemctl daemon-reload; fi

pull "$SERVICE_IMAGE"
systemctl enable --now fracturelens.service fracturelens-health.timer
if [ "$renewed" ]; then systemctl restart fracturelens.service; fi

# Far larger, so the service does not wait for it. A training that a restart cut short goes on.
pull "$TRAINING_IMAGE"
systemctl enable fracturelens-train.service
