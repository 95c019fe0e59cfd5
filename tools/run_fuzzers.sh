#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs every fuzzer (src/**/*_fuzz.cc) for a while each, two at a time.
#
#     tools/run_fuzzers.sh [SECONDS] [FUZZER...]      default: 30 seconds, all
#
# KX_FUZZ_BUILD names the build directory (default: build/fuzz). Fails when any fuzzer found
# something; its log and the input that shows it stay in build/fuzz-findings/FUZZER.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=${1:-30}
[ $# -gt 0 ] && shift
build=${KX_FUZZ_BUILD:-build/fuzz}
corpus=build/fuzz-corpus
findings=build/fuzz-findings

if [ $# -gt 0 ]; then
    fuzzers=$*
else
    fuzzers=$(find src -name '*_fuzz.cc' -exec basename {} .cc \; | sort)
fi

cmake --preset fuzz -B "$build" -DKX_FLAVOUR=fuzz >/dev/null || exit 2
# shellcheck disable=SC2086
ninja -C "$build" -j2 $fuzzers || exit 2
python3 tools/make_fuzz_corpus.py "$corpus" || exit 2

run_one() {
    name=$1
    program=$(find "$build/src" -type f -name "$name" -perm -u+x | head -n 1)
    rm -rf "${findings:?}/$name"
    mkdir -p "$corpus/$name" "$findings/$name"
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$findings/$name/" "$corpus/$name" >"$findings/$name/log" 2>&1; then
        echo "ok    $name  $(grep -o '^Done [0-9]* runs' "$findings/$name/log")"
        rm -rf "${findings:?}/$name"
    else
        echo "FOUND $name  $(grep -m 1 -E 'ERROR|SUMMARY|assertion' "$findings/$name/log")"
    fi
}

pending=
for name in $fuzzers; do
    run_one "$name" &
    if [ -n "$pending" ]; then
        wait
        pending=
    else
        pending=yes
    fi
done
wait

failed=$(find "$findings" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)
if [ -n "$failed" ]; then
    echo "findings in: $failed"
    exit 1
fi
