# Everything of the compose demo (docker-compose.yml), one target each: node, parent, resolver,
# origin. The node is also the image to run in earnest; it needs only a folder of zones.
#
#   docker build --target node -t gslb .                          builds the wheel from source
#   docker build --target node --build-arg WHEEL=prebuilt -t gslb .   takes the wheel in dist/
#
# Needs BuildKit (DOCKER_BUILDKIT=1 with Docker before 23): stages that a target does not use are
# not built, and their base images not asked for.

ARG WHEEL=build

# The wheel, from source.
FROM rust:1-bookworm AS wheel-build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY locks/build.txt locks/build.txt
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement locks/build.txt
COPY pyproject.toml README.md ./
COPY plane plane
COPY gslb gslb
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/plane/target \
    /opt/build/bin/maturin build --release --locked --out /dist

# The wheel that `maturin build --release --locked --out dist` made outside.
FROM scratch AS wheel-prebuilt
COPY dist/*.whl /dist/

FROM wheel-${WHEEL} AS wheel

# Debian 12 has Python 3.11, the oldest that gslb runs on.
FROM debian:bookworm-slim AS python
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/*

# The package and its locked dependencies, in a virtual environment that is then copied whole.
FROM python AS installed
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY locks/runtime.txt /src/locks/runtime.txt
RUN python3 -m venv /opt/gslb \
 && /opt/gslb/bin/pip install --no-cache-dir --require-hashes --requirement /src/locks/runtime.txt
COPY --from=wheel /dist /dist
RUN /opt/gslb/bin/pip install --no-cache-dir --no-deps /dist/*.whl

# One gslb node. Docker lets every user of a container bind port 53, so root is not needed.
FROM python AS node
RUN useradd --system --home-dir /var/lib/gslb gslb \
 && install --directory --owner gslb --group gslb --mode 750 /var/lib/gslb
COPY --from=installed /opt/gslb /opt/gslb
ENV PATH=/opt/gslb/bin:$PATH \
    GSLB_ZONES=/etc/gslb/zones \
    GSLB_STATE=/var/lib/gslb \
    GSLB_DNS=0.0.0.0:53 \
    GSLB_HTTP=0.0.0.0:8053
USER gslb
WORKDIR /var/lib/gslb
VOLUME /var/lib/gslb
EXPOSE 53/udp 53/tcp 8053/tcp
ENTRYPOINT ["gslb"]
CMD ["serve"]

# The zones above ours: a root of the demo's own, and example.
FROM debian:bookworm-slim AS parent
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nsd \
 && rm -rf /var/lib/apt/lists/*
USER nsd
CMD ["nsd", "-d", "-c", "/etc/nsd/demo/nsd.conf"]

# A recursive resolver that knows only that root.
FROM debian:bookworm-slim AS resolver
RUN apt-get update \
 && apt-get install --yes --no-install-recommends unbound \
 && rm -rf /var/lib/apt/lists/*
USER unbound
CMD ["unbound", "-d", "-p", "-c", "/etc/unbound/demo/unbound.conf"]

# A web server to steer to, and a client that asks it.
FROM python AS origin
COPY demo/origin.py demo/client.py /opt/demo/
USER nobody
CMD ["python3", "/opt/demo/origin.py"]
