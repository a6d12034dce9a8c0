# syntax=docker/dockerfile:1
# One image for all subcommands: /ivs-operator, and the web client in /srv/client.

FROM node:22-bookworm-slim AS client
WORKDIR /src
COPY client/package.json client/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY client/ ./
RUN npm run build

FROM rust:1.95-bookworm AS operator
# aws-lc, the cryptography, is built with cmake.
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The target folder is a cache and not part of the layer: the binary has to leave it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package ivs-operator --bin ivs-operator \
    && cp target/release/ivs-operator /ivs-operator

# No shell, no package manager; glibc of the Debian above, and the public certificate authorities.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=operator /ivs-operator /ivs-operator
COPY --from=client /src/dist /srv/client
USER 65532:65532
EXPOSE 3000 8080
ENTRYPOINT ["/ivs-operator"]
