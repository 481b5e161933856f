# Puts a built azu into an image: ./denow task compile --all, then docker build -t azu .
# Only files that match dist/SHA256SUMS get in.
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

# distroless/cc, not static: azu is linked with glibc's shared libraries (libdl, librt, libpthread,
# libm, libc) and with libgcc_s, and the image has them, CA certificates and /etc/passwd, but no
# shell. Whatever runs the image must mount /proc, as container engines do: azu finds the program
# that it carries through /proc/self/exe. For that the file must be readable, not only executable:
# mode 0755.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=verify --chown=0:0 /dist/azu /usr/local/bin/azu
# The image's user "nonroot", as numbers: Kubernetes' runAsNonRoot cannot check a name.
USER 65532:65532
# Mount the app, or a folder with azu.config.ts, here.
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/azu"]
