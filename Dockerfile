# One image for every service; the command says which. Built in two stages, so that no build tool ships.
FROM python:3.12-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tertial
COPY config/requirements.lock /build/requirements.lock
RUN /opt/tertial/bin/pip install --require-hashes --only-binary=:all: -r /build/requirements.lock
WORKDIR /build/source
COPY . .
RUN /opt/tertial/bin/pip wheel --no-deps --wheel-dir /build/wheels . \
    && /opt/tertial/bin/pip install --no-deps /build/wheels/tertial-*.whl

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin tertial \
    && install --directory --owner tertial --mode 0700 /data
COPY --from=builder /opt/tertial /opt/tertial
ENV PATH=/opt/tertial/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TERTIAL_ENV=production \
    TERTIAL_DATA=/data \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["tertial"]
CMD ["web"]
