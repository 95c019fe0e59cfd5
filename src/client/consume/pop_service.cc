// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_service.h"

#include <algorithm>
#include <array>

#include "client/consume/push_core.h"
#include "client/core/received.h"

namespace kx::client {
namespace {

using kerolox::MessageBatch;
using kerolox::MessageView;

constexpr std::int64_t kPollMs = 15'000;
constexpr std::int64_t kPopTimeoutMs = 25'000;
constexpr std::int32_t kPopFlowControl = 215;
constexpr std::int64_t kSecondMs = 1'000;
/// Seconds by level, or by how often a message was tried.
constexpr std::array<std::int64_t, 16> kRetrySeconds{10,  30,  60,  120, 180,  240,  300,  360,
                                                     420, 480, 540, 600, 1200, 1800, 3600, 7200};

std::int64_t popped_ms_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

std::optional<std::int64_t> pop_retry_ms(std::int32_t reconsume_times, std::int32_t level,
                                         std::int32_t max_reconsume_times, std::int64_t age_ms) {
    if (level < 0) return std::nullopt;
    if (reconsume_times >= max_reconsume_times) {
        // The broker has to make it a dead letter; one it did not for so long is given up.
        if (age_ms > 2 * kRetrySeconds.back() * kSecondMs) return std::nullopt;
        const auto later = std::ranges::find_if(
            kRetrySeconds, [&](std::int64_t seconds) { return seconds * kSecondMs > age_ms; });
        return (later == kRetrySeconds.end() ? kRetrySeconds.back() : *later) * kSecondMs;
    }
    const std::int32_t index = level == 0 ? reconsume_times : level;
    const auto last = static_cast<std::int32_t>(kRetrySeconds.size()) - 1;
    return kRetrySeconds[static_cast<std::size_t>(std::clamp(index, 0, last))] * kSecondMs;
}

bool PopService::take(const std::string& topic, const std::set<kerolox::Queue>& queues,
                      TopicCounters& counters) {
    bool changed = false;
    std::vector<PoppedQueuePtr> fresh;
    {
        MutexLock lock(mutex_);
        for (auto at = queues_.begin(); at != queues_.end();) {
            const bool goes = at->first.topic == topic && !queues.contains(at->first);
            if (goes) at->second->dropped = true;
            changed = changed || goes;
            at = goes ? queues_.erase(at) : std::next(at);
        }
        for (const kerolox::Queue& queue : queues) {
            auto& entry = queues_[queue];
            if (entry) continue;
            entry =
                std::make_shared<PoppedQueue>(queue, counters, core_.client().clock().steady_ms());
            fresh.push_back(entry);
        }
    }
    for (const PoppedQueuePtr& queue : fresh)
        core_.client().spawn(keep_popping(core_.shared_from_this(), queue));
    return changed || !fresh.empty();
}

std::set<std::string> PopService::topics() const {
    MutexLock lock(mutex_);
    std::set<std::string> topics;
    for (const auto& entry : queues_) topics.insert(entry.first.topic);
    return topics;
}

std::vector<kerolox::Queue> PopService::queues() const {
    MutexLock lock(mutex_);
    std::vector<kerolox::Queue> queues;
    for (const auto& entry : queues_) queues.push_back(entry.first);
    return queues;
}

std::vector<PoppedQueuePtr> PopService::all() const {
    MutexLock lock(mutex_);
    std::vector<PoppedQueuePtr> all;
    for (const auto& entry : queues_) all.push_back(entry.second);
    return all;
}

void PopService::stop() {
    MutexLock lock(mutex_);
    for (const auto& [queue, popped] : queues_) popped->dropped = true;
    queues_.clear();
}

Awaitable<kerolox::Result<PopReply>> PopService::pop_once(PoppedQueuePtr queue) {
    const auto& config = core_.settings().config;
    const auto wanted = core_.subscription(queue->queue.topic);
    if (!wanted) co_return client_error("no subscription of the topic");
    PopCall call;
    call.group = core_.group();
    call.queue = queue->queue;
    call.max_messages = config.pop_batch_nums;
    call.invisible_ms = config.pop_invisible_time;
    call.poll_ms = kPollMs;
    call.from_min = config.consume_from_where == StartName::kFirst;
    call.subscription = wanted.get();
    call.timeout_ms = kPopTimeoutMs;
    co_return co_await pop(core_.client(), std::move(call));
}

Awaitable<void> PopService::keep_popping(std::shared_ptr<PushCore> life, PoppedQueuePtr queue) {
    ClientCore& client = life->client();
    const PushPace& pace = life->pace();
    const std::int64_t bound = life->settings().config.pop_threshold_for_queue;
    while (!queue->dropped && !life->is_ending()) {
        std::int64_t pause = 0;
        if (life->is_paused()) {
            pause = pace.paused_ms;
        } else if (queue->unfinished > bound) {
            pause = pace.full_ms;
        } else {
            const std::int64_t asked = client.clock().steady_ms();
            queue->last_pop_ms = asked;
            auto reply = co_await pop_once(queue);
            if (!reply) {
                const bool for_now = reply.error().kind() == kerolox::ErrorKind::broker &&
                                     reply.error().code() == kPopFlowControl;
                pause = for_now ? pace.flow_control_ms : pace.failure_ms;
                life->log(kerolox::LogLevel::warn, "popping {} failed: {}", queue->queue.describe(),
                          reply.error().describe());
            } else if (reply->status == PopStatus::kPollingFull) {
                pause = pace.failure_ms;
            } else if (!reply->messages.empty() && !queue->dropped) {
                TopicCounters::add(queue->counters.pulls, 1);
                TopicCounters::add(queue->counters.pull_ms, client.clock().steady_ms() - asked);
                TopicCounters::add(queue->counters.pulled,
                                   static_cast<std::int64_t>(reply->messages.size()));
                // Counted by our own clock: the broker's may differ.
                const std::int64_t expires = client.clock().steady_ms() + reply->invisible_ms;
                submit(queue, std::move(reply->messages), expires);
            }
        }
        if (pause > 0 && !co_await client.sleep(pause)) co_return;
    }
}

void PopService::submit(const PoppedQueuePtr& queue, std::vector<MessageView> messages,
                        std::int64_t expires_ms) {
    const auto life = core_.shared_from_this();
    const auto batch_max =
        static_cast<std::size_t>(core_.settings().config.consume_message_batch_max_size);
    queue->unfinished += static_cast<std::int64_t>(messages.size());
    std::vector<ListenerThreads::Work> works;
    for (std::size_t i = 0; i < messages.size(); i += batch_max) {
        const std::size_t count = std::min(batch_max, messages.size() - i);
        works.emplace_back([this, life, queue, expires_ms,
                            batch = make_batch(std::span(messages).subspan(i, count))] {
            run(queue, batch, expires_ms);
        });
    }
    core_.threads().post(std::move(works));
}

void PopService::run(const PoppedQueuePtr& queue, const MessageBatch& batch,
                     std::int64_t expires_ms) {
    struct Running {
        PushCore::Work work;
        std::shared_ptr<PushCore> life;
    };
    const auto size = static_cast<std::int64_t>(batch.size());
    // Somebody else may have them by now.
    if (core_.is_ending() || core_.client().clock().steady_ms() >= expires_ms) {
        queue->unfinished -= size;
        return;
    }
    auto running =
        std::make_shared<Running>(Running{PushCore::Work(core_), core_.shared_from_this()});
    const ListenerCall call(core_, batch);
    call_concurrent_listener(core_, batch,
                             [this, running, queue, batch, call, expires_ms](
                                 kerolox::ConsumeResult result, const std::string& failure) {
                                 call.ended(batch, result.is_success(), failure, queue->counters);
                                 ended(queue, batch, expires_ms, result);
                             });
}

void PopService::ended(const PoppedQueuePtr& queue, const MessageBatch& batch,
                       std::int64_t expires_ms, kerolox::ConsumeResult result) {
    std::size_t good = 0;
    if (result.is_success())
        good = result.ack_index() >= batch.size() ? batch.size() : result.ack_index() + 1;
    TopicCounters::add(queue->counters.consumed, static_cast<std::int64_t>(good));
    TopicCounters::add(queue->counters.failed, static_cast<std::int64_t>(batch.size() - good));
    if (core_.client().clock().steady_ms() >= expires_ms) {
        core_.log(kerolox::LogLevel::warn, "{} took longer than it is invisible: it comes again",
                  batch.front().id());
        queue->unfinished -= static_cast<std::int64_t>(batch.size());
        return;
    }
    core_.client().spawn(
        settle(core_.shared_from_this(), queue, batch, good, result.delay_level()));
}

Awaitable<void> PopService::settle(std::shared_ptr<PushCore> core, PoppedQueuePtr queue,
                                   MessageBatch batch, std::size_t good, std::int32_t level) {
    const PushCore::Work under_way(*core);
    const std::string topic = queue->queue.topic;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const MessageView& message = batch[i];
        --queue->unfinished;
        const auto point = PopCheckPoint::parse(message_of(message).pop_check_point);
        if (!point) continue;  // pop() gave it one
        std::optional<std::int64_t> again;
        if (i >= good) {
            const std::int64_t age =
                core->client().clock().wall_ms() - popped_ms_of(message.born_time());
            again =
                pop_retry_ms(message.reconsume_times(), level, core->max_reconsume_times(), age);
        }
        kerolox::Status told;
        if (again) {
            const auto changed =
                co_await pop_change_invisible(core->client(), core->group(), topic, *point, *again);
            if (!changed) told = changed.error();
        } else {
            told = co_await pop_ack(core->client(), core->group(), topic, *point);
        }
        if (!told) {
            core->log(kerolox::LogLevel::warn,
                      "the end of {} could not be told, it comes again: {}", message.id(),
                      told.error().describe());
        }
    }
}

}  // namespace kx::client
