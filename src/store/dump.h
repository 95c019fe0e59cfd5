// SPDX-License-Identifier: Apache-2.0
//
// `kerolox store dump` and `kerolox store check`: read a store, Java's or ours, without changing or
// locking anything. A store that runs may be read too; its newest bytes may look unfinished then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace kx::store {

struct DumpOptions {
    std::string root;
    std::string commit_log_path;  ///< empty: root/commitlog
    bool json = false;            ///< one JSON object a line, else one readable line
    bool bodies = false;          ///< with the bodies, as text
    std::string topic;            ///< empty: all
};

struct CheckReport {
    std::int64_t records = 0;
    std::int64_t begin = 0;  ///< offset of the log's first byte
    std::int64_t end = 0;    ///< where its records end
    std::int64_t queues = 0;
    std::int64_t units = 0;
    std::int64_t problem_count = 0;
    std::vector<std::string> problems;  ///< the first hundred, one sentence each

    bool all_well() const { return problem_count == 0; }
};

/// Checks every record and its CRC, and each queue against the log.
CheckReport check_store(FileSystem& files, const DumpOptions& options);

/// Gives every record of the log to `line`, as a line without its end. The report is that of the
/// log alone.
CheckReport dump_store(FileSystem& files, const DumpOptions& options,
                       const std::function<void(std::string_view)>& line);

}  // namespace kx::store
