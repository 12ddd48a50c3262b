# The training job's image: TensorFlow, the training code and the way to S3. Built from the root of the repository:
#
#     docker build --file container/training.Dockerfile --tag fracturelens-training .
#
# GPU=1 adds CUDA's libraries at the versions that TensorFlow was built for; run that image with the GPU handed in
# (docker run --gpus all). Only /work and /tmp need be writable; what lies in /work is kept for the next start, so name
# a volume for it. Any base with Python 3.11 to 3.13 and pip will do. Research use only, not for diagnosis.
ARG BASE_IMAGE=python:3.13-slim-bookworm


FROM ${BASE_IMAGE} AS packages
ARG GPU=0
COPY requirements/training-host.txt requirements/training-gpu.txt /build/
# Where packages come from is the builder's business: a pip.conf given as --secret id=pip,src=... stays in no layer.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    case "${GPU}" in 0) lock=training-host ;; 1) lock=training-gpu ;; *) echo "GPU is 0 or 1" >&2; exit 1 ;; esac \
    && python3 -m pip install --no-cache-dir --no-compile --require-hashes --no-deps --only-binary :all: \
        --target /app --requirement "/build/${lock}.txt" \
    && chmod -R a+rX,go-w /app \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /app


FROM ${BASE_IMAGE} AS code
WORKDIR /app
COPY LICENSE NOTICE ./
COPY fracturelens fracturelens
COPY training training
# Everyone may read, whatever the checkout's umask was. Byte code is never compared with its source: no layer changes.
RUN chmod -R a+rX,go-w . \
    && python3 -m compileall -q --invalidation-mode unchecked-hash .


FROM ${BASE_IMAGE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Fracturelens training" \
      org.opencontainers.image.description="Trains and judges models that read elbow films. Research use only, not for diagnosis." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# A new volume takes its owner from here.
RUN install -d -o 10001 -g 10001 -m 700 /work /out
# The packages change seldom and the code often, so they are layers apart.
COPY --from=packages /app /app
COPY --from=code /app /app
WORKDIR /app
# Of what TensorFlow prints, errors alone: the log is one JSON object a line.
ENV HOME=/tmp \
    MPLCONFIGDIR=/tmp \
    TF_CPP_MIN_LOG_LEVEL=2 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
# A stop leaves a checkpoint and ends with status 75; give it --stop-timeout 120.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python3", "-m", "training", "job", "--work", "/work"]
CMD ["--help"]
