// SPDX-License-Identifier: Apache-2.0
//
// The dispatcher follows the commit log and writes one unit into the queue of each message.
// Recovery uses the same code.
//
// One thread at a time owns it. Whoever calls dispatch() while nobody owns it becomes the owner,
// and stays it until all that any caller asked for is done: so no append is left behind. An io
// thread never touches the disk here: when a queue needs a file or a page, the ownership passes to
// the dispatcher's own thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "base/result.h"
#include "model/record.h"
#include "store/bell.h"
#include "store/commit_log.h"
#include "store/delay_levels.h"
#include "store/health.h"
#include "store/message_store.h"
#include "store/queue_table.h"

namespace kx::store {

class Dispatcher {
public:
    Dispatcher(CommitLog& log, QueueTable& queues, Health& health, const DelayLevels& levels,
               bool sync_flush);
    ~Dispatcher();

    void set_arrivals(MessageArrivals* arrivals) { arrivals_ = arrivals; }

    enum class Recovered : std::uint8_t { kDone, kGap };
    /// Puts the unit of a record that was found in the log, unless it is there already. kGap: units
    /// before it are missing, and `fill_gaps` is off.
    Result<Recovered> recover(const model::RecordView& record, std::int64_t physical_offset,
                              bool fill_gaps);

    /// From here on the dispatcher follows the log.
    void start(std::int64_t position, std::int64_t store_time);
    void dispatch();
    /// Waits for what is confirmed to be dispatched, ends the thread. Fails when a queue cannot be
    /// written.
    Status stop();

    std::int64_t dispatched() const { return dispatched_.load(std::memory_order_acquire); }
    /// Store time of the last message dispatched.
    std::int64_t store_time() const { return store_time_.load(std::memory_order_acquire); }
    std::int64_t confirmed() const;

private:
    enum class Step : std::uint8_t { kAllDone, kNeedsDisk, kLongEnough, kFailed };

    Step run(bool may_block);
    void drive(bool may_block);
    bool put(ConsumeQueue& queue, std::int64_t offset, const Unit& unit, bool may_block);
    bool prepare(ConsumeQueue& queue, std::int64_t offset);
    Step parse_one(std::int64_t limit, bool may_block);
    std::int64_t tags_code(const model::RecordView& record) const;
    bool belongs(const Unit& unit, const ConsumeQueue& queue, std::int64_t offset) const;
    void loop();

    CommitLog& log_;
    QueueTable& queues_;
    Health& health_;
    const DelayLevels levels_;
    const bool sync_flush_;
    std::atomic<MessageArrivals*> arrivals_{nullptr};

    std::atomic<std::int64_t> requests_{0};  ///< above 0: somebody owns the dispatcher
    std::atomic<bool> handed_over_{false};   ///< the owner is, or will be, the thread
    std::int64_t position_ = 0;              ///< the owner's
    std::int64_t last_store_time_ = 0;       ///< the owner's
    bool failed_ = false;                    ///< the owner's
    std::atomic<std::int64_t> dispatched_{0};
    std::atomic<std::int64_t> store_time_{0};
    std::atomic<bool> stopping_{false};
    Bell bell_;
    std::thread thread_;
};

}  // namespace kx::store
