// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "common/clock.h"
#include "common/histogram.h"
#include "limits/limits.h"

namespace kx::bench {
namespace {

constexpr size_t kFileBytes = 64u << 20;

void check(bool holds, const char* what) {
    if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int file, const std::vector<char>& data, size_t at) {
    const ssize_t n = pwrite(file, data.data(), data.size(), static_cast<off_t>(at));
    check(n == static_cast<ssize_t>(data.size()), "pwrite");
}

}  // namespace

void run_fdatasync(const std::string& path, size_t size, double seconds) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    check(file >= 0, path.c_str());
    // Written, not only reserved: the first write into a reserved block changes the file's extents,
    // and the flush would pay for the journal as well.
    const std::vector<char> zeros(1u << 20, 0);
    for (size_t at = 0; at < kFileBytes; at += zeros.size()) write_all(file, zeros, at);
    check(fsync(file) == 0, "fsync");

    const std::vector<char> record(size, 'x');
    Histogram latency;
    const int64_t end = now_ns() + static_cast<int64_t>(seconds * 1e9);
    size_t at = 0;
    for (int64_t begin = now_ns(); begin < end; begin = now_ns()) {
        write_all(file, record, at);
        check(fdatasync(file) == 0, "fdatasync");
        latency.record(now_ns() - begin);
        at += size;
        if (at + size > kFileBytes) at = 0;
    }
    close(file);
    std::printf(
        "{\"mode\":\"fdatasync\",\"size\":%zu,\"count\":%lu,\"p50_us\":%.1f,"
        "\"p99_us\":%.1f,\"max_us\":%.1f}\n",
        size, latency.count(), latency.percentile_us(0.5), latency.percentile_us(0.99),
        latency.max_us());
}

}  // namespace kx::bench
