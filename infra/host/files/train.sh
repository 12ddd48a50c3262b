#!/bin/bash
# A training job: `start` notes what was asked for, `run` does it, `ended` tidies up once there is nothing left to do.
#
# What is noted outlives a restart of the machine, and with it the job goes on from its last checkpoint.
set -euo pipefail

ROOT=${ROOT:-} # Tests install into a folder.
NOTED=$ROOT/var/lib/fracturelens/train.env
OWN=$ROOT/var/lib/fracturelens/recipe
# shellcheck source=/dev/null
. "$ROOT/etc/fracturelens/host.env"

# start data=data/elbow recipe= epochs= seed= version= weights=data/imagenet.weights.h5 stop=no
start() {
    # Between two tries it is neither active nor failed. One that was tried too often makes way.
    if [ -e "$NOTED" ] && ! systemctl is-failed --quiet fracturelens-train.service; then
        echo 'A training is under way: journalctl --unit fracturelens-train' >&2
        exit 1
    fi
    install -d -m 700 "${NOTED%/*}"
    printf '%s\n' "$@" >"$NOTED.new"
    mv "$NOTED.new" "$NOTED"
    systemctl reset-failed fracturelens-train.service || true
    systemctl start --no-block fracturelens-train.service
    echo "It trains. Its log: $TRAINING_LOG"
}

run() {
    local options=() docker=()
    # shellcheck source=/dev/null
    . "$NOTED"
    install -d -m 755 "$OWN"
    # Named by keys of the registry's bucket alone, so a job reads from nowhere else.
    options+=(--data "s3://$MODELS/${data:?}" --registry "s3://$MODELS" --start "${weights:?}")
    if [ "$weights" != imagenet ]; then options[-1]="s3://$MODELS/$weights"; fi
    if [ "${recipe:-}" ]; then
        aws s3 cp --only-show-errors --region "$REGION" "s3://$MODELS/$recipe" "$OWN/recipe.json"
        docker+=(--volume "$OWN:/recipe:ro")
        options+=(--recipe /recipe/recipe.json)
    fi
    if [ "${epochs:-}" ]; then options+=(--epochs "$epochs"); fi
    if [ "${seed:-}" ]; then options+=(--seed "$seed"); fi
    if [ "${version:-}" ]; then options+=(--version "$version"); fi
    if [ "${GPUS:-}" ]; then docker+=(--gpus "$GPUS"); fi
    # The service keeps its half a gigabyte, and the system as much.
    local total
    total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
    local most=$((total / 1024 - 1024))m
    exec docker run --rm --name fracturelens-train "${docker[@]}" \
        --user 10001:10001 --read-only --tmpfs /tmp:rw,nosuid,nodev,size=1g --volume fracturelens-work:/work \
        --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --ulimit core=0 \
        --memory "$most" --memory-swap "$most" --cpu-shares 512 --stop-timeout 120 --env "AWS_REGION=$REGION" \
        --log-driver awslogs --log-opt "awslogs-region=$REGION" --log-opt "awslogs-group=$TRAINING_LOG" \
        --log-opt awslogs-create-group=false \
        "$TRAINING_IMAGE" "${options[@]}"
}

# systemd says how it ended. 0 is a new version, 1 and 2 are what no second try would change; all else is tried again.
ended() {
    case "${EXIT_CODE:-}-${EXIT_STATUS:-}" in
        exited-0 | exited-1 | exited-2) ;;
        *) return ;;
    esac
    local stop=no
    # shellcheck source=/dev/null
    . "$NOTED"
    rm -rf "$NOTED" "$OWN"
    docker volume rm --force fracturelens-work >/dev/null # Films do not stay.
    if [ "$stop" = yes ]; then systemctl --no-block poweroff; fi
}

case ${1:-} in
    start) shift && start "$@" ;;
    run) run ;;
    ended) ended ;;
    *) exit 2 ;;
esac
