# Two images from one file: `operator` and `runner`. It is read by BuildKit and by buildah (1.28 or newer) alike, so it
# keeps to what both know: no heredocs, and what a layer depends on is copied, because buildah does not look into bind
# mounts when it decides whether a layer is still good.
#
# Every package comes from uv.lock with its hash. The big layer of an image is keyed by its list of requirements alone,
# so a change of our own source rebuilds only the last, small layer.
#
# Where TLS is inspected on the way out, hand in the machine's CA bundle: --secret id=ca-bundle,src=FILE.
# It is mounted for the steps that download and stays in no layer.

ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim


# ---- what both images run on ----
FROM ${BASE_IMAGE} AS python
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3.11 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && echo 'segcompress:x:65532:65532:segcompress:/tmp:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'segcompress:x:65532:' >> /etc/group
# The root file system is meant to be mounted read-only: whatever a library wants to keep goes to /tmp.
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    XDG_CACHE_HOME=/tmp/.cache \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1


# ---- what only builds: uv, by its hash, in /opt/tools ----
FROM python AS tools
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates python3.11-venv
ARG UV_VERSION=0.13.9
ARG UV_SHA256=d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19
RUN --mount=type=secret,id=ca-bundle,required=false \
    { [ ! -s /run/secrets/ca-bundle ] || export PIP_CERT=/run/secrets/ca-bundle; } \
 && python3.11 -m venv /tmp/pip \
 && echo "uv==${UV_VERSION} --hash=sha256:${UV_SHA256}" > /tmp/uv.txt \
 && /tmp/pip/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/uv.txt \
 && mkdir /opt/tools \
 && mv /tmp/pip/bin/uv /opt/tools/uv \
 && rm -r /tmp/pip
COPY hack/images/install-venv.sh /opt/tools/install-venv


# ---- uv.lock -> one list with hashes for each virtual environment ----
# Each list ends with a mark of the tools that read it, and gets a fixed time stamp: so the layers made from it are
# rebuilt when the list or the tools change, and at no other time. swig, which PaddleSlim declares, only builds; the
# group `gpu` is locked apart from the runner, which alone knows the right protobuf.
FROM tools AS requirements
# paddlepaddle (CPU) or paddlepaddle-gpu (with CUDA 11.8 from nvidia's wheels, on the same base).
ARG PADDLE=paddlepaddle
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN mkdir /requirements \
 && export="/opt/tools/uv export --quiet --frozen --no-default-groups --no-emit-project --no-header --no-annotate" \
 && $export --only-group build --output-file /requirements/build.txt \
 && $export --extra operator --output-file /requirements/operator.txt \
 && case "${PADDLE}" in \
      paddlepaddle) \
        $export --extra runner --no-emit-package swig --output-file /requirements/runner.txt ;; \
      paddlepaddle-gpu) \
        $export --extra runner --no-emit-package swig --no-emit-package paddlepaddle --output-file /requirements/runner.txt \
        && $export --only-group gpu --no-emit-package protobuf --output-file /requirements/gpu.txt \
        && cat /requirements/gpu.txt >> /requirements/runner.txt ;; \
      *) echo "PADDLE is '${PADDLE}': must be paddlepaddle or paddlepaddle-gpu" >&2; exit 2 ;; \
    esac \
 && for list in /requirements/*.txt; do echo "# $(cat /opt/tools/* | sha256sum)" >> "$list"; done \
 && touch --date=@0 /requirements/*.txt


# ---- our own code: each image holds the contract and its own program, with its metadata ----
FROM tools AS build-backend
COPY --from=requirements /requirements/build.txt /requirements/
RUN --mount=type=secret,id=ca-bundle,required=false \
    --mount=type=cache,id=segcompress-uv,target=/var/cache/uv \
    /opt/tools/install-venv /requirements/build.txt /app/.venv
WORKDIR /src
COPY pyproject.toml ./
# The project's front page is not part of an image: no rebuild for a word in it.
RUN touch README.md
COPY crds/segcompress_api crds/segcompress_api

FROM build-backend AS operator-code
COPY operator/segcompress_operator operator/segcompress_operator
RUN /opt/tools/uv build --wheel --offline --no-build-isolation --python /app/.venv --out-dir /dist \
 && /opt/tools/uv pip install --offline --no-deps --python /app/.venv --prefix /code /dist/*.whl \
 && rm -r /code/bin \
 && python3.11 -m compileall -q --invalidation-mode unchecked-hash /code

FROM build-backend AS runner-code
COPY runner/segcompress_runner runner/segcompress_runner
RUN /opt/tools/uv build --wheel --offline --no-build-isolation --python /app/.venv --out-dir /dist \
 && /opt/tools/uv pip install --offline --no-deps --python /app/.venv --prefix /code /dist/*.whl \
 && rm -r /code/bin \
 && python3.11 -m compileall -q --invalidation-mode unchecked-hash /code


# ---- the images ----
FROM python AS operator
LABEL org.opencontainers.image.title="segcompress-operator" \
      org.opencontainers.image.description="Runs SegCompressionJobs on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=requirements /requirements/operator.txt /app/requirements.txt
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    --mount=type=secret,id=ca-bundle,required=false \
    --mount=type=cache,id=segcompress-uv,target=/var/cache/uv \
    /opt/tools/install-venv /app/requirements.txt /app/.venv
COPY --from=operator-code /code /app/.venv
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "segcompress_operator"]

FROM python AS runner
LABEL org.opencontainers.image.title="segcompress-runner" \
      org.opencontainers.image.description="Compresses a segmentation model with PaddleSlim ACT and measures the result" \
      org.opencontainers.image.licenses="Apache-2.0"
# Paddle's libdnnl needs the system's OpenMP. A pod writes to /tmp and /work, which it mounts.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && install --directory --owner=65532 --group=65532 /work
ENV MPLCONFIGDIR=/tmp/matplotlib \
    MPLBACKEND=agg
COPY --from=requirements /requirements/runner.txt /app/requirements.txt
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/opt/tools \
    --mount=type=secret,id=ca-bundle,required=false \
    --mount=type=cache,id=segcompress-uv,target=/var/cache/uv \
    /opt/tools/install-venv /app/requirements.txt /app/.venv
COPY --from=runner-code /code /app/.venv
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["python", "-m", "segcompress_runner"]
