// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <vector>

#include "common/clock.h"
#include "limits/limits.h"
#include "limits/mapped_file.h"

namespace kx::bench {
namespace {

constexpr size_t kFileBytes = 1024u << 20;
constexpr uint64_t kBetweenLooks = 256;

}  // namespace

void run_append(const std::string& path, size_t size, double seconds) {
    MappedFile file(path, kFileBytes);
    const std::vector<char> record(size, 'x');
    const int64_t start = now_ns();
    const int64_t end = start + static_cast<int64_t>(seconds * 1e9);
    uint64_t count = 0;
    int64_t now = start;
    for (; now < end; now = now_ns()) {
        for (uint64_t i = 0; i < kBetweenLooks; ++i) file.append(record.data(), record.size());
        count += kBetweenLooks;
    }
    const double elapsed = static_cast<double>(now - start) / 1e9;
    const double rate = static_cast<double>(count) / elapsed;
    std::printf("{\"mode\":\"append\",\"size\":%zu,\"rate\":%.0f,\"gb_per_s\":%.2f}\n", size, rate,
                rate * static_cast<double>(size) / 1e9);
}

}  // namespace kx::bench
