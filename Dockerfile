# Two stages: the first fetches, builds and installs, the second carries the installed tree alone.
# No heredocs and no COPY --link, so Docker, BuildKit, podman and buildah all build it.
# How to run it safely: docs/container.md. tests/architecture/test_container.py holds the rules.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# Everything that is fetched is pinned by hash; and fetched again only when a lock changes.
# pip and the build tools stay behind in /opt/tools. Left out too: names and addresses for tests
# in 70 languages, which come along with the API framework and which nothing here uses (English
# stays, so that what is installed still imports).
COPY requirements/run.lock requirements/build.lock requirements/
RUN python -m venv /opt/tools \
 && python -m venv --without-pip /opt/robson \
 && /opt/tools/bin/pip install --require-hashes --only-binary :all: -r requirements/build.lock \
 && /opt/tools/bin/pip --python /opt/robson/bin/python install --no-compile \
    --require-hashes --only-binary :all: -r requirements/run.lock \
 && find /opt/robson -type d -path '*/faker/providers/*/*_*' ! -name 'en_*' -prune \
    -exec rm -rf {} +
# From here on nothing is fetched. Compiled now, because the daemon may not write there and would
# compile at every start; unchecked, because file times need not survive the copying of layers.
COPY packages packages
COPY apps apps
RUN /opt/tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels \
    packages/robson-domain packages/robson-engine packages/robson-exec \
    packages/robson-store packages/robson-connectors apps/robsond \
 && /opt/tools/bin/pip --python /opt/robson/bin/python install --no-compile \
    --no-index --no-deps /wheels/*.whl \
 && /opt/robson/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/robson/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="robson" \
      org.opencontainers.image.description="Crypto trading for one person's own account" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 1000 robson \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /data \
    --shell /usr/sbin/nologin robson \
 && install -d -o 1000 -g 1000 -m 0700 /data
COPY --from=build /opt/robson /opt/robson
ENV PATH=/opt/robson/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ROBSON_DATA_DIR=/data
USER 1000:1000
VOLUME /data
# The daemon writes the port it listens on to daemon.json, whichever setting chose it. Asked with
# the standard library alone: no curl in the image, and no proxy of the environment in between.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
    CMD ["python", "-IS", "-c", "import http.client, json, os, sys; \
         port = json.load(open(os.environ['ROBSON_DATA_DIR'] + '/daemon.json'))['port']; \
         daemon = http.client.HTTPConnection('127.0.0.1', port, timeout=2); \
         daemon.request('GET', '/healthz'); \
         sys.exit(daemon.getresponse().status != 200)"]
# PID 1 has no default reaction to SIGTERM; the daemon brings its own and ends in order.
CMD ["robsond", "run"]
