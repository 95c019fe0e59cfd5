// SPDX-License-Identifier: Apache-2.0
#include "cli/topic_reader.h"

#include <algorithm>
#include <coroutine>
#include <thread>

#include "base/clock.h"

namespace kx::cli {
namespace {

constexpr std::chrono::milliseconds kBrokerWait{15'000};
constexpr std::chrono::milliseconds kTroublePause{1'000};
constexpr std::int64_t kCommitEveryMs = 1'000;
/// A group that exists everywhere without having been created.
constexpr const char* kNoGroup = "TOOLS_CONSUMER";

/// Trouble is rare: a thread that sleeps is good enough.
struct Pause {
    std::chrono::milliseconds time;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const {
        std::thread([waiting, time = time] {
            std::this_thread::sleep_for(time);
            waiting.resume();
        }).detach();
    }
    void await_resume() const noexcept {}
};

/// What no further try can mend.
bool is_final(const kerolox::Error& error) {
    using enum kerolox::ErrorKind;
    constexpr std::int32_t kNoPermission = 16;
    return error.kind() == usage || error.kind() == closed || error.kind() == cancelled ||
           error.code() == kNoPermission;
}

}  // namespace

struct TopicReader::Position {
    kerolox::Queue queue;
    std::int64_t begin = 0;
    std::int64_t offset = 0;
    std::int64_t end = -1;        ///< stop_at_end: reading is over there
    std::int64_t delivered = -1;  ///< to be committed
    std::int64_t committed = -1;
    std::int64_t commit_ms = 0;
    Mutex mutex;
    std::function<void()> cancel KX_GUARDED_BY(mutex);  ///< the pull that waits
};

kerolox::Result<std::unique_ptr<TopicReader>> TopicReader::open(const kerolox::Client& client,
                                                                ReadOptions options,
                                                                ReadListener& listener) {
    auto consumer = client.pull_consumer(
        kerolox::PullOptions(options.group.empty() ? kNoGroup : options.group));
    if (!consumer) return consumer.error();
    auto queues = consumer->queues(options.topic).get();
    if (!queues) return queues.error();
    std::unique_ptr<TopicReader> reader(
        new TopicReader(std::move(consumer).value(), std::move(options), listener));
    reader->begin(*queues);
    return reader;
}

TopicReader::TopicReader(kerolox::PullConsumer consumer, ReadOptions options,
                         ReadListener& listener)
    : consumer_(std::move(consumer)), options_(std::move(options)), listener_(listener) {}

TopicReader::~TopicReader() {
    stop();
    MutexLock lock(mutex_);
    while (reading_ > 0) ended_.wait(mutex_);
}

void TopicReader::begin(const std::vector<kerolox::Queue>& queues) {
    for (std::size_t i = options_.share_index; i < queues.size(); i += options_.share_count) {
        positions_.push_back(std::make_unique<Position>());
        positions_.back()->queue = queues[i];
    }
    {
        MutexLock lock(mutex_);
        starting_ = reading_ = positions_.size();
        if (positions_.empty()) listener_.on_finished({});
    }
    for (const auto& position : positions_)
        read(*position).start([this](kerolox::UniqueFunction<void()>) { queue_ended(); });
}

void TopicReader::stop() {
    stopping_ = true;
    for (const auto& position : positions_) {
        std::function<void()> cancel;
        {
            MutexLock lock(position->mutex);
            cancel = position->cancel;
        }
        if (cancel) cancel();
    }
}

kerolox::Task<void> TopicReader::read(Position& position) {
    while (!is_stopping()) {
        const bool found = co_await find_start(position);
        if (found) break;
        co_await Pause{kTroublePause};
    }
    queue_started();
    while (!is_stopping() && !(position.end >= 0 && position.offset >= position.end)) {
        kerolox::PullRequest request;
        request.queue = position.queue;
        request.offset = position.offset;
        request.max_messages = options_.batch_max;
        request.filter = kerolox::Filter::tags(options_.tags);
        if (!options_.rewind_at_end && position.end < 0) request.wait = kBrokerWait;
        const std::int64_t asked_ns = system_clock().steady_ns();
        auto pull = consumer_.pull(std::move(request));
        {
            MutexLock lock(position.mutex);
            position.cancel = pull.canceller();
        }
        // stop() may have come before it could see how to cancel this one.
        if (is_stopping()) pull.cancel();
        const kerolox::Result<kerolox::PullResult> pulled = co_await std::move(pull);
        if (is_stopping()) break;
        if (!pulled) {
            if (!tell_trouble(pulled.error())) break;
            co_await Pause{kTroublePause};
            continue;
        }
        if (!hand_over(position, *pulled, system_clock().steady_ns() - asked_ns)) stop();
        const bool found = pulled->status == kerolox::PullStatus::found;
        position.offset = !found && options_.rewind_at_end ? position.begin : pulled->next_offset;
        // Nothing there though it is not the end: as far as the filter is concerned it is.
        if (!found && position.end >= 0 && pulled->next_offset >= pulled->max_offset) break;
        if (system_clock().steady_ms() - position.commit_ms >= kCommitEveryMs)
            co_await commit(position);
    }
    co_await commit(position);
}

kerolox::Task<bool> TopicReader::find_start(Position& position) {
    const kerolox::Queue queue = position.queue;
    kerolox::Result<std::int64_t> offset = std::int64_t{-1};
    if (!options_.group.empty()) offset = co_await consumer_.committed(queue);
    if (offset && *offset < 0) {
        switch (options_.start) {
            case StartAt::kMin: offset = co_await consumer_.min_offset(queue); break;
            case StartAt::kMax: offset = co_await consumer_.max_offset(queue); break;
            case StartAt::kTime:
                offset = co_await consumer_.offset_for_time(
                    queue, std::chrono::system_clock::time_point(
                               std::chrono::milliseconds(options_.start_time_ms)));
                break;
        }
    }
    kerolox::Result<std::int64_t> end = std::int64_t{-1};
    if (offset && options_.stop_at_end) end = co_await consumer_.max_offset(queue);
    if (!offset || !end) {
        if (!tell_trouble(!offset ? offset.error() : end.error())) stop();
        co_return false;
    }
    position.begin = position.offset = *offset;
    position.end = *end;
    co_return true;
}

bool TopicReader::hand_over(Position& position, const kerolox::PullResult& pulled,
                            std::int64_t took_ns) {
    PullDone done{0, 0, took_ns};
    bool more = true;
    MutexLock lock(mutex_);
    for (const kerolox::MessageView& message : pulled.messages) {
        if (position.end >= 0 && message.queue_offset() >= position.end) break;
        if (is_stopping()) break;
        if (const kerolox::Status body = message.body_status(); !body) {
            listener_.on_trouble(kerolox::Error(kerolox::ErrorKind::protocol,
                                                message.queue().describe() + " offset " +
                                                    std::to_string(message.queue_offset()) + ": " +
                                                    std::string(body.error().text())));
        } else {
            ++done.messages;
            done.body_bytes += static_cast<std::int64_t>(message.body().size());
            more = listener_.on_message(message);
        }
        position.delivered = message.queue_offset() + 1;
        if (!more) break;
    }
    if (done.messages > 0) listener_.on_pulled(done);
    if (more) position.delivered = std::max(position.delivered, pulled.next_offset);
    return more;
}

kerolox::Task<void> TopicReader::commit(Position& position) {
    position.commit_ms = system_clock().steady_ms();
    if (options_.group.empty() || position.delivered <= position.committed) co_return;
    const std::int64_t offset = position.delivered;
    const kerolox::Queue queue = position.queue;
    const kerolox::Status status = co_await consumer_.commit(queue, offset);
    if (status) {
        position.committed = offset;
    } else {
        tell_trouble(status.error());
    }
}

bool TopicReader::tell_trouble(const kerolox::Error& error) {
    MutexLock lock(mutex_);
    if (!is_final(error)) {
        listener_.on_trouble(error);
        return true;
    }
    if (outcome_) outcome_ = error;
    return false;
}

void TopicReader::queue_started() {
    MutexLock lock(mutex_);
    if (--starting_ == 0 && !is_stopping()) listener_.on_started();
}

void TopicReader::queue_ended() {
    MutexLock lock(mutex_);
    // Notified under the lock: the reader may go as soon as it is free.
    if (--reading_ > 0) return;
    listener_.on_finished(outcome_);
    ended_.notify_all();
}

}  // namespace kx::cli
