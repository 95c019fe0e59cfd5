#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what the build needs on Debian 12, if it is missing, and says what it does.
#   tools/install_packages.sh build      compiler, libraries, tools
#   tools/install_packages.sh doc        Doxygen
#   tools/install_packages.sh interop    Java, Maven, Go and openssl for interop tests and benchmarks
set -euo pipefail

packages_for() {
    case "$1" in
        build)
            echo clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev llvm-19 mold ccache \
                cmake ninja-build make pkg-config git python3 g++ binutils dpkg-dev \
                libboost1.81-dev libexpected-dev libfmt-dev libspdlog-dev libcli11-dev libabsl-dev \
                libsimdjson-dev nlohmann-json3-dev libisal-dev prometheus-cpp-dev libzstd-dev \
                liblz4-dev zlib1g-dev libssl-dev libmimalloc-dev libgtest-dev libgmock-dev \
                libbenchmark-dev ;;
        doc) echo doxygen ;;
        interop)
            command -v javac >/dev/null || echo openjdk-17-jdk-headless
            command -v mvn >/dev/null || echo maven
            command -v go >/dev/null || echo golang-go
            command -v openssl >/dev/null || echo openssl ;;
        *) echo "usage: $0 build|doc|interop" >&2; exit 2 ;;
    esac
}

missing=()
for package in $(packages_for "${1:-build}"); do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "Missing packages: ${missing[*]}. Install them as root, or install sudo." >&2
        exit 1
    }
    sudo=sudo
fi
echo "Installing with apt: ${missing[*]}"
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
