# Builds an image with azu: run ./denow task compile --all, then docker build -t azu .
# The image gets the executable only if it matches dist/SHA256SUMS.
FROM --platform=$BUILDPLATFORM debian:12-slim AS verify
ARG TARGETARCH
WORKDIR /dist
COPY dist/ ./
RUN set -eu; \
  case "${TARGETARCH:-}" in \
    amd64) name=azu-x86_64-unknown-linux-gnu ;; \
    arm64) name=azu-aarch64-unknown-linux-gnu ;; \
    *) echo "There is no azu for the architecture \"${TARGETARCH:-}\"" >&2; exit 1 ;; \
  esac; \
  grep -E "^[0-9a-f]{64} [ *]$name\$" SHA256SUMS >wanted || \
    { echo "dist/SHA256SUMS has no entry for \"$name\"" >&2; exit 1; }; \
  sha256sum -c --strict wanted; \
  install -m 0755 "$name" azu

# distroless/cc, not static: azu is linked with shared libraries of glibc (libdl, librt, libpthread,
# libm, libc) and with libgcc_s. The image has these, CA certificates and /etc/passwd, but no shell.
# azu reads its program from its own file through /proc/self/exe. So /proc must be mounted, as
# container engines do, and the file must be readable: mode 0755.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=verify --chown=0:0 /dist/azu /usr/local/bin/azu
# The image's user "nonroot". In numbers, because runAsNonRoot of Kubernetes cannot check a name.
USER 65532:65532
# Mount the app, or a folder with azu.config.ts, here.
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/azu"]
