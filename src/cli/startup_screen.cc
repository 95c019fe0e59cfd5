// SPDX-License-Identifier: Apache-2.0
#include "cli/startup_screen.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <fstream>

namespace kx::cli {

void StartupScreen::print() const {
    fmt::print("\n{}\n", title_);
    for (const auto& [name, text] : rows_) fmt::print("  {:<14}{}\n", name, text);
    fmt::print("\n");
    std::fflush(stdout);
}

std::vector<std::string> low_limits() {
    constexpr rlim_t kOpenFiles = 65'536;
    constexpr long kMappedAreas = 262'144;
    std::vector<std::string> low;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < kOpenFiles) {
        low.push_back(
            fmt::format("open files: {} (each queue and connection takes one; raise it "
                        "with 'ulimit -n {}')",
                        files.rlim_cur, kOpenFiles));
    }
    long areas = 0;
    if (std::ifstream("/proc/sys/vm/max_map_count") >> areas && areas < kMappedAreas) {
        low.push_back(
            fmt::format("mapped areas: {} (each file of a queue takes one; raise it with "
                        "'sysctl vm.max_map_count={}')",
                        areas, kMappedAreas));
    }
    return low;
}

std::string human_bytes(std::int64_t bytes) {
    constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace kx::cli
