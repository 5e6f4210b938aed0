# Two stages: wheels are built and installed where compilers may live, then only the installed
# tree is carried over. Written without heredocs and COPY --link, so Docker, BuildKit, podman and
# buildah all build it.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY requirements/run.lock requirements/run.lock
RUN python -m venv --without-pip /opt/robson \
 && python -m venv /opt/tools \
 && /opt/tools/bin/pip --python /opt/robson/bin/python install --require-hashes --only-binary :all: -r requirements/run.lock
COPY LICENSE README.md ./
COPY packages packages
COPY apps apps
RUN /opt/tools/bin/pip install hatchling \
 && /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels \
    packages/robson-domain packages/robson-engine packages/robson-exec \
    packages/robson-store packages/robson-connectors apps/robsond \
 && /opt/tools/bin/pip --python /opt/robson/bin/python install --no-deps /wheels/*.whl \
 && find /opt/robson -name '__pycache__' -type d -prune -exec rm -rf {} + \
 # Names and addresses for tests in 60 languages, pulled in by the API framework, used by nothing.
 && find /opt/robson -path '*/faker/providers/*' -mindepth 1 -type d -name '??_*' ! -name 'en_US' -prune -exec rm -rf {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="robson" \
      org.opencontainers.image.description="Crypto trading for one person's own account" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 1000 robson \
 && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin robson \
 && install -d -o robson -g robson -m 0700 /data
COPY --from=build /opt/robson /opt/robson
ENV PATH=/opt/robson/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ROBSON_DATA_DIR=/data
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
  CMD ["python", "-c", "import os,sys,urllib.request as u; sys.exit(u.urlopen('http://127.0.0.1:'+os.environ.get('ROBSON_HTTP_PORT','8080')+'/healthz',timeout=2).status!=200)"]
# robsond installs its own SIGTERM handler, so it may be PID 1.
ENTRYPOINT []
CMD ["robsond", "run"]
