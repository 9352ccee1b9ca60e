# syntax=docker/dockerfile:1
# Telecine in a container: built from these sources, run by a user of its own, with what it needs at run time alone.
# docker-compose.yml starts contract 1's services from it; by itself it is all of them, on 3000.
# scripts/image-root replays the last stage without a container engine.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libargon2-dev libcurl4-openssl-dev libmicrohttpd-dev libsqlite3-dev libssl-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY scripts/collect-runtime scripts/collect-runtime
RUN swift build -c release --product telecine && scripts/collect-runtime .build/release /out

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bubblewrap ca-certificates ffmpeg libargon2-1 libcurl4 libmicrohttpd12 libsqlite3-0 libssl3 libvips42 \
        libxml2 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin telecine \
    && install -d -o telecine -g telecine -m 700 /data
COPY --from=build /out /opt/telecine
ENV PATH=/opt/telecine:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV DATA_DIR=/data
USER telecine
WORKDIR /data
VOLUME /data
EXPOSE 3000 3001 3002 3003 3006
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["telecine", "health"]
ENTRYPOINT ["telecine"]
CMD ["serve"]
