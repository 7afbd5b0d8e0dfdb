# syntax=docker/dockerfile:1
# One image for every configuration; see docs/service.md.
#   docker build -t tickvisor .
#   docker run -v tickvisor:/state tickvisor yaml/sandbox.yaml

FROM python:3.11-slim AS build
WORKDIR /src
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE ./
COPY supervisor supervisor
COPY workers workers
COPY lib lib
COPY bot bot
COPY benchmarks benchmarks
RUN python -m venv /opt/tickvisor && /opt/tickvisor/bin/pip install --no-cache-dir '.[timescale,vault,notify]'

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 tickvisor \
    && install -d -o tickvisor -m 0700 /run/tickvisor /state
COPY --from=build /opt/tickvisor /opt/tickvisor
WORKDIR /app
COPY yaml yaml
COPY bot bot
USER tickvisor
ENV PATH=/opt/tickvisor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_RUNTIME_DIR=/run/tickvisor \
    XDG_STATE_HOME=/state
VOLUME /state
STOPSIGNAL SIGTERM
# 0: all workers are ready; 3: nothing runs; 4: some worker is not ready
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["supervisor", "status", "--json"]
# pid 1 itself: it reaps what is orphaned, and stops in order at SIGTERM
ENTRYPOINT ["supervisor", "start"]
CMD ["yaml/sandbox.yaml"]
