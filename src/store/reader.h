// SPDX-License-Identifier: Apache-2.0
//
// Reading: from queue offsets to pinned slices of the log.
//
// "No read returns a message whose CRC fails": what this process wrote or checked at its start is
// trusted while it is among the newest bytes of the log, which are in memory. Everything older may
// have come back from the disk since, and is checked each time it is read. A record that fails is
// logged and passed over; the queue goes on behind it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/slice.h"
#include "store/commit_log.h"
#include "store/message_store.h"

namespace kx::store {

class Reader {
public:
    Reader(CommitLog& log, const StoreOptions& options);

    /// Records from `offset` on were checked by recovery.
    void trust_from(std::int64_t offset) { trusted_from_ = offset; }

    ReadResult read(ConsumeQueue& queue, const ReadRequest& request) const;
    Result<Slice> record_at(std::int64_t physical_offset) const;
    std::int64_t store_time(const ConsumeQueue& queue, std::int64_t queue_offset) const;
    std::int64_t offset_by_time(const ConsumeQueue& queue, std::int64_t time_ms,
                                Boundary boundary) const;
    bool in_memory(std::int64_t physical_offset) const;

private:
    struct Pass;

    void take_units(const Units& units, const ReadRequest& request, Pass& pass) const;
    bool take(const Unit& unit, Pass& pass) const;

    CommitLog& log_;
    const std::int64_t memory_bytes_;
    std::int64_t trusted_from_ = 0;
};

}  // namespace kx::store
