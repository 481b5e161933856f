# Builds an image with azu from an archive of a release in dist/release/: save it and SHA256SUMS
# there, or run ./denow task compile --all && ./denow task package --all. Then: docker build -t azu .
# The image gets the executable only if the archive matches SHA256SUMS.
FROM --platform=$BUILDPLATFORM debian:12-slim AS verify
ARG TARGETARCH
WORKDIR /release
COPY dist/release/ ./
RUN set -eu; \
  case "${TARGETARCH:-}" in \
    amd64) target=x86_64-unknown-linux-gnu ;; \
    arm64) target=aarch64-unknown-linux-gnu ;; \
    *) echo "There is no azu for the architecture \"${TARGETARCH:-}\"" >&2; exit 1 ;; \
  esac; \
  grep -E "^[0-9a-f]{64} [ *]azu-[0-9A-Za-z.-]+-$target\.tar\.gz\$" SHA256SUMS >wanted || \
    { echo "SHA256SUMS has no entry for an archive for $target" >&2; exit 1; }; \
  sha256sum -c --strict wanted; \
  mkdir unpacked; \
  tar -xzf azu-*-"$target".tar.gz --strip-components=1 -C unpacked; \
  install -m 0755 unpacked/azu azu

# distroless/cc, not static: azu is linked with shared libraries of glibc (libdl, librt, libpthread,
# libm, libc) and with libgcc_s. The image has these, CA certificates and /etc/passwd, but no shell.
# azu reads its program from its own file through /proc/self/exe. So /proc must be mounted, as
# container engines do, and the file must be readable: mode 0755.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=verify --chown=0:0 /release/unpacked/LICENSE /release/unpacked/THIRD_PARTY_NOTICES.txt /usr/share/doc/azu/
COPY --from=verify --chown=0:0 /release/azu /usr/local/bin/azu
# The image's user "nonroot". In numbers, because runAsNonRoot of Kubernetes cannot check a name.
USER 65532:65532
# Mount the app, or a folder with azu.config.ts, here.
WORKDIR /app
ENTRYPOINT ["/usr/local/bin/azu"]
