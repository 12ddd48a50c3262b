"""The Lambda image, built by buildah and run by podman, as Lambda would run it."""
