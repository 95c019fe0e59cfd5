// SPDX-License-Identifier: Apache-2.0
//
// Reads one topic from the queues' starts, ends or a point in time: it takes all queues (or a fixed
// share of them), pulls each with long polling, and hands over message by message in the queue's
// order. With a group it goes on where the group's committed offsets are, and commits what was
// handed over; it shares queues with nobody.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "kerolox/client.hpp"
#include "kerolox/consumer.hpp"

namespace kx::cli {

enum class StartAt : std::uint8_t { kMin, kMax, kTime };

struct ReadOptions {
    std::string topic{};
    std::string group{};            ///< empty: none, nothing is committed
    std::string tags = "*";         ///< "a || b"
    StartAt start = StartAt::kMin;  ///< with a group: where it has no committed offset
    std::int64_t start_time_ms = 0;
    bool stop_at_end = false;    ///< the end as it is when reading begins
    bool rewind_at_end = false;  ///< begins again at the start instead
    std::size_t batch_max = 32;
    std::size_t share_index = 0;  ///< takes each share_count-th queue, beginning with this one
    std::size_t share_count = 1;
};

/// One answered pull.
struct PullDone {
    std::int64_t messages = 0;  ///< handed over
    std::int64_t body_bytes = 0;
    std::int64_t took_ns = 0;  ///< from the request to its answer
};

/// Calls come one at a time, mostly on the client's io thread.
class ReadListener {
public:
    virtual ~ReadListener() = default;
    /// Every queue has its start position.
    virtual void on_started() {}
    /// False: enough, this message was the last one.
    virtual bool on_message(const kerolox::MessageView& message) = 0;
    /// After the messages of a pull; now they count as delivered.
    virtual void on_pulled(const PullDone&) {}
    /// Something went wrong that is tried again, or one message could not be read.
    virtual void on_trouble(const kerolox::Error&) {}
    /// Once; nothing is called afterwards.
    virtual void on_finished(const kerolox::Status& status) = 0;
};

class TopicReader {
public:
    /// Blocks until the queues are known, then begins to read. Requires: the client's callbacks run
    /// on its io thread. The listener must outlive the reader.
    static kerolox::Result<std::unique_ptr<TopicReader>> open(const kerolox::Client& client,
                                                              ReadOptions options,
                                                              ReadListener& listener);
    /// Waits for the end of what stop() ended.
    ~TopicReader();

    /// Hands over no more, commits, then finishes.
    void stop();

private:
    struct Position;
    TopicReader(kerolox::PullConsumer consumer, ReadOptions options, ReadListener& listener);

    void begin(const std::vector<kerolox::Queue>& queues);
    kerolox::Task<void> read(Position& position);
    kerolox::Task<bool> find_start(Position& position);
    bool hand_over(Position& position, const kerolox::PullResult& pulled, std::int64_t took_ns);
    kerolox::Task<void> commit(Position& position);
    /// False: stop.
    bool tell_trouble(const kerolox::Error& error);
    void queue_started();
    void queue_ended();
    bool is_stopping() const { return stopping_.load(std::memory_order_relaxed); }

    kerolox::PullConsumer consumer_;
    const ReadOptions options_;
    ReadListener& listener_;
    std::vector<std::unique_ptr<Position>> positions_;
    std::atomic<bool> stopping_{false};

    Mutex mutex_;
    CondVar ended_;
    std::size_t starting_ KX_GUARDED_BY(mutex_) = 0;
    std::size_t reading_ KX_GUARDED_BY(mutex_) = 0;
    kerolox::Status outcome_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::cli
