#!/bin/sh
# Installs azu after checking the SHA-256 hash of its archive. Needs no root.
#   sh install.sh                                            the newest release, over https
#   sh install.sh --file ./azu-<version>-<target>.tar.gz     an archive that is here, offline
# See docs/how-to/install.md. All code is in functions, and the last line calls main: if the
# download of this script was cut off, it does nothing.
set -eu

default_repository=azutoolkit/azu-sessions
# shellcheck disable=SC2016  # the text contains $HOME literally
usage='Usage: sh install.sh [--file <archive> [--sums <SHA256SUMS>]] [--force]

Installs the given file, or else a release from GitHub, after checking its SHA-256 hash. From an
archive, it also installs completions and man pages, into the folder "share" next to "bin".

  --file <archive>   install this file and download nothing; it may also be an executable
  --sums <file>      the list of hashes; default: SHA256SUMS in the folder of the file
  --force            replace a program of that name, whatever it is

  AZU_INSTALL_DIR    the folder to install into; default: $HOME/.local/bin
  AZU_NAME           the name to install it under; default: azu
  AZU_VERSION        the release to download, such as 0.2.0; default: latest
  AZU_REPOSITORY     the GitHub repository of the releases, as owner/name'

main() {
  # Makes character ranges and the output of tools the same in every locale.
  LC_ALL=C
  export LC_ALL
  downloads='' work='' file='' sums='' force=''
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  read_arguments "$@"
  find_folder
  find_target
  if [ -z "$file" ]; then download; fi
  find_expected_hash
  check_hash "$file"
  unpack
  install_program
  install_shared_files
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        printf '%s\n' "$usage"
        exit 0
        ;;
      --file | --sums)
        if [ -z "${2:-}" ]; then misuse "$1 needs a path"; fi
        if [ "$1" = --file ]; then file=$(absolute "$2"); else sums=$(absolute "$2"); fi
        shift 2
        ;;
      --force)
        force=yes
        shift
        ;;
      *) misuse "Unknown argument \"$1\"" ;;
    esac
  done
  if [ -n "$sums" ] && [ -z "$file" ]; then misuse '--sums needs --file'; fi
  if [ -n "$file" ]; then : "${sums:=${file%/*}/SHA256SUMS}"; fi
  asset=${file##*/}
}

find_folder() {
  folder=${AZU_INSTALL_DIR:-${HOME:+$HOME/.local/bin}}
  if [ -z "$folder" ]; then misuse 'HOME is not set; set AZU_INSTALL_DIR'; fi
  folder=$(absolute "$folder")
}

# Finds out which archive of a release is for this machine.
find_target() {
  machine="$(uname -s) $(uname -m)"
  program=${AZU_NAME:-azu}
  case $program in
    *[!0-9A-Za-z._-]* | [.-]*) misuse "AZU_NAME: expected a name such as \"azu-sessions\"" ;;
  esac
  ending=.tar.gz
  case $machine in
    'Linux x86_64' | 'Linux amd64') target=x86_64-unknown-linux-gnu ;;
    'Linux aarch64' | 'Linux arm64') target=aarch64-unknown-linux-gnu ;;
    'Darwin x86_64') target=x86_64-apple-darwin ;;
    'Darwin arm64') target=aarch64-apple-darwin ;;
    MINGW*' x86_64' | MSYS*' x86_64' | CYGWIN*' x86_64')
      target=x86_64-pc-windows-msvc
      ending=.zip
      program=$program.exe
      ;;
    *)
      fail "azu does not support \"$machine\", only Linux and macOS (x86-64, arm64) and Windows (x86-64)"
      ;;
  esac
  if has ldd && [ "$ending" = .tar.gz ]; then
    case $(ldd --version 2>&1) in
      *musl*) fail 'This system uses musl, and azu needs glibc 2.27 or newer' ;;
    esac
  fi
}

download() {
  repository=${AZU_REPOSITORY:-$default_repository}
  case $repository in
    *[!0-9A-Za-z._/-]* | */*/*) repository='' ;;
    ?*/?*) ;;
    *) repository='' ;;
  esac
  if [ -z "$repository" ]; then
    misuse "AZU_REPOSITORY: expected owner/name, got \"$AZU_REPOSITORY\""
  fi
  version=${AZU_VERSION:-latest}
  case $version in
    latest) base=https://github.com/$repository/releases/latest/download ;;
    *[!0-9A-Za-z.+-]*)
      misuse "AZU_VERSION: expected a version such as \"0.2.0\", got \"$version\""
      ;;
    *) base=https://github.com/$repository/releases/download/v${version#v} ;;
  esac
  downloads=$(mktemp -d) || fail 'Cannot create a temporary folder'
  sums=$downloads/SHA256SUMS
  fetch "$base/SHA256SUMS" "$sums"
  find_asset
  file=$downloads/$asset
  fetch "$base/$asset" "$file"
}

# Finds the name of the archive for this machine, which contains the version, in the list of hashes.
find_asset() {
  asset=$(sed -n "s/^[0-9a-f]* [ *]\(azu-[0-9A-Za-z.-]*-$target$ending\)\$/\1/p" "$sums")
  case $asset in
    '' | *[!0-9A-Za-z._-]*) fail "The release has no archive for $target" ;;
  esac
}

# Downloads $1 into the file $2. Follows redirects to https only. Gives up if nothing arrives for a
# minute.
fetch() {
  printf 'Downloading %s\n' "$1" >&2
  if has curl; then
    answer=$(curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 \
      --connect-timeout 30 --speed-time 60 --output "$2" "$1" 2>&1) ||
      fail "Cannot download \"$1\": $answer"
  elif has wget; then
    fetch_with_wget "$1" "$2"
  else
    fail 'Needs curl or wget to download azu; or download it yourself and use --file'
  fi
}

# wget would also follow redirects to http, so this follows them one by one.
fetch_with_wget() {
  url=$1
  for _ in 1 2 3 4 5; do
    answer=$(wget --no-verbose --server-response --max-redirect=0 --tries=3 --timeout=60 \
      --output-document="$2" "$url" 2>&1) && return
    next=$(printf '%s\n' "$answer" |
      sed -n '/^ *[Ll]ocation: *https:/{s/^[^:]*: *//;s/[[:space:]].*//;p;q;}')
    if [ -z "$next" ]; then break; fi
    url=$next
  done
  fail "Cannot download \"$1\" over https: $answer"
}

# Finds the hash of the file in the list. Names are compared literally.
find_expected_hash() {
  if ! [ -f "$file" ] || ! [ -r "$file" ]; then fail "Cannot read \"$file\""; fi
  if ! [ -f "$sums" ] || ! [ -r "$sums" ]; then fail "Cannot read the list of hashes \"$sums\""; fi
  expected=''
  carriage_return=$(printf '\r')
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$carriage_return"}
    case ${line#* } in
      " $asset" | "*$asset") ;;
      *) continue ;;
    esac
    hash=$(printf '%s' "${line%% *}" | tr A-F a-f)
    case $hash in *[!0-9a-f]*) hash='' ;; esac
    if [ ${#hash} -ne 64 ] || [ "${expected:-$hash}" != "$hash" ]; then
      fail "\"$sums\" has no valid hash for \"$asset\""
    fi
    expected=$hash
  done <"$sums"
  if [ -z "$expected" ]; then fail "\"$sums\" has no entry for \"$asset\""; fi
}

check_hash() {
  # Reads from standard input, so that no file name can be an option, or appear in the output.
  if has sha256sum; then
    hash=$(sha256sum <"$1")
  elif has shasum; then
    hash=$(shasum -a 256 <"$1")
  elif has openssl; then
    hash=$(openssl dgst -sha256 -r <"$1")
  else
    fail 'Needs sha256sum, shasum or openssl to check the hash; nothing was installed'
  fi || fail "Cannot compute the SHA-256 hash of \"$1\"; nothing was installed"
  hash=${hash%% *}
  if [ "$hash" != "$expected" ]; then
    fail "\"$1\" has the SHA-256 hash $hash, but \"$sums\" says $expected; nothing was installed"
  fi
}

# Copies the file into a folder next to the new program, and checks and unpacks the copy.
unpack() {
  place=$folder/$program
  reason=$(mkdir -p "$folder" 2>&1) || fail "Cannot create the folder \"$folder\": $reason"
  if [ -d "$place" ]; then fail "Cannot install: \"$place\" is a folder"; fi
  work=$(mktemp -d "$folder/.azu.XXXXXX") || fail "Cannot write to the folder \"$folder\""
  copy=$work/copy
  reason=$(cat "$file" 2>&1 >"$copy") || fail "Cannot write to the folder \"$folder\": $reason"
  check_hash "$copy"
  case $asset in
    *.tar.gz) reason=$(tar -xzf "$copy" -C "$work" 2>&1) ;;
    *.zip) reason=$(unzip -q "$copy" -d "$work" 2>&1) ;;
    *)
      unpacked=''
      temp=$copy
      return
      ;;
  esac || fail "Cannot unpack \"$asset\": $reason"
  # It contains one folder.
  unpacked=$(printf '%s' "$work"/azu-*)
  temp=$unpacked/azu
  if [ "$ending" = .zip ]; then temp=$temp.exe; fi
  if ! [ -f "$temp" ]; then fail "\"$asset\" contains no program for $target"; fi
}

# Runs the new program, then moves it into place in one step.
install_program() {
  chmod 755 "$temp"
  shown=$("$temp" --version 2>&1 </dev/null) ||
    fail "\"$asset\" does not run here, and was not installed: $shown
The executable must be the one for $target. On Linux it needs glibc 2.27 or newer, and /proc"
  check_replaced
  reason=$(mv -f "$temp" "$place" 2>&1) || fail "Cannot write \"$place\": $reason"
  printf '%s\n' "$shown" "Installed $place"
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) printf 'Note: "%s" is not on PATH; add it, or run "%s"\n' "$folder" "$place" >&2 ;;
  esac
}

# Installs what the archive has besides the program, where shells and man look for it. It is all
# about a program named azu: under another name, it could get in the way of the framework's.
install_shared_files() {
  if [ -z "$unpacked" ] || [ "${folder##*/}" != bin ]; then return; fi
  case $program in azu | azu.exe) ;; *) return ;; esac
  share=${folder%/bin}/share
  install_shared completions/azu.bash bash-completion/completions/azu
  install_shared completions/_azu zsh/site-functions/_azu
  install_shared completions/azu.fish fish/vendor_completions.d/azu.fish
  for page in "$unpacked"/man/man1/*.1; do
    install_shared "man/man1/${page##*/}" "man/man1/${page##*/}"
  done
  printf 'Installed completions for bash, zsh and fish, and man pages in %s\n' "$share"
}

# Moves $1 from the archive to $2 in the folder for shared files.
install_shared() {
  shared=$share/$2
  reason=$({ mkdir -p "${shared%/*}" && mv -f "$unpacked/$1" "$shared"; } 2>&1) ||
    fail "Installed \"$place\", but cannot write \"$shared\": $reason"
}

# The Azu framework has a program of the same name. It does not say its version as azu does.
check_replaced() {
  if [ -n "$force" ] || ! [ -e "$place" ]; then return; fi
  case $("$place" --version 2>/dev/null </dev/null) in
    'azu '*' deno '* | 'azu '*'(source'*) return ;;
  esac
  fail "\"$place\" is another program, perhaps the Azu framework's azu; nothing was installed
Install under another name with AZU_NAME=azu-sessions, or replace it with --force"
}

absolute() {
  case $1 in
    / | [A-Za-z]:[/\\]*) printf '%s\n' "$1" ;;
    /*) printf '%s\n' "${1%/}" ;;
    *) printf '%s\n' "$PWD/${1%/}" ;;
  esac
}

has() { command -v "$1" >/dev/null 2>&1; }

clean_up() {
  if [ -n "$work" ]; then rm -rf "$work"; fi
  if [ -n "$downloads" ]; then rm -rf "$downloads"; fi
}

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

misuse() {
  printf 'install.sh: %s; see --help\n' "$1" >&2
  exit 2
}

main "$@"
