// SPDX-License-Identifier: Apache-2.0
//
// What a start finds out: where the log ends, and that every queue agrees with it. storage.md 7.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/checkpoint.h"
#include "store/commit_log.h"
#include "store/dispatcher.h"
#include "store/queue_table.h"

namespace kx::store {

struct Recovered {
    std::int64_t end = 0;           ///< where the log goes on
    std::int64_t checked_from = 0;  ///< records from here to `end` were read and checked
    std::int64_t records = 0;
    std::int64_t store_time = 0;  ///< of the last record
};

struct RecoveryOptions {
    std::string root;
    bool clean_exit = true;
    bool check_crc = true;
};

/// Requires: log and queues are loaded. Queues are complete and cut to the log's end afterwards,
/// and know the next offset. The log itself is not touched.
Result<Recovered> recover(CommitLog& log, QueueTable& queues, Dispatcher& dispatcher,
                          const Checkpoint& checkpoint, const RecoveryOptions& options);

}  // namespace kx::store
