// SPDX-License-Identifier: Apache-2.0
#include "cli/store_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_codes.h"
#include "store/dump.h"

namespace kx::cli {
namespace {

bool is_there(const StoreOptions& options) {
    if (posix_file_system().exists(options.directory)) return true;
    fmt::print(stderr, "kerolox: there is no directory {}\n", options.directory);
    return false;
}

/// A damaged name may hold anything; a terminal is to see none of it.
std::string printable(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
    return text;
}

int report(const store::CheckReport& report) {
    for (const std::string& problem : report.problems)
        fmt::print(stderr, "{}\n", printable(problem));
    const auto told = static_cast<std::int64_t>(report.problems.size());
    if (report.problem_count > told)
        fmt::print(stderr, "... and {} more\n", report.problem_count - told);
    return report.all_well() ? kDone : kFailed;
}

}  // namespace

int store_dump(const StoreOptions& options) {
    if (!is_there(options)) return kNotFound;
    const auto print_line = [](std::string_view line) { fmt::print("{}\n", line); };
    store::DumpOptions dump;
    dump.root = options.directory;
    dump.json = options.json;
    dump.bodies = options.bodies;
    dump.topic = options.topic;
    return report(store::dump_store(posix_file_system(), dump, print_line));
}

int store_check(const StoreOptions& options) {
    if (!is_there(options)) return kNotFound;
    store::DumpOptions check;
    check.root = options.directory;
    const store::CheckReport found = store::check_store(posix_file_system(), check);
    if (options.json) {
        fmt::print(
            "{{\"records\":{},\"begin\":{},\"end\":{},\"queues\":{},\"units\":{},"
            "\"problems\":{}}}\n",
            found.records, found.begin, found.end, found.queues, found.units, found.problem_count);
    } else {
        fmt::print("{} records from offset {} to {}, {} queues with {} units, {} problems\n",
                   found.records, found.begin, found.end, found.queues, found.units,
                   found.problem_count);
    }
    return report(found);
}

}  // namespace kx::cli
