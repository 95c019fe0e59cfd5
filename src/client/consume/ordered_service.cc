// SPDX-License-Identifier: Apache-2.0
//
// Listeners that keep the order of a queue (client.md 20): one batch of it at a time, under the
// queue's lock at the broker. Who works on a queue hands it on to himself, to a timer, or to the
// home thread, never to two.
#include <algorithm>

#include "client/consume/push_core.h"
#include "client/consume/send_back.h"
#include "client/core/received.h"

namespace kx::client {
namespace {

using kerolox::MessageBatch;
using kerolox::MessageView;
using kerolox::OrderlyResult;
using Kind = kerolox::OrderlyResult::Kind;

/// Then others may have the thread.
constexpr std::int64_t kContinuouslyMs = 60'000;
constexpr std::int64_t kSoonMs = 10;
constexpr std::int64_t kRelockMs = 100;

class OrderedService final : public ConsumeService {
public:
    explicit OrderedService(PushCore& core)
        : core_(core),
          batch_max_(
              static_cast<std::size_t>(core.settings().config.consume_message_batch_max_size)) {}

    void submit(const PulledQueuePtr& queue, std::vector<MessageView>, bool idle) override {
        if (idle) go_on(queue, 0);
    }
    void consume_directly(MessageView message, std::function<void(DirectOutcome)> done) override;

private:
    using Answer = std::function<void(OrderlyResult result, const std::string& failure)>;
    /// One batch at the listener.
    struct Turn {
        PushCore::Work work;
        std::shared_ptr<PushCore> life;
        PulledQueuePtr queue;
        MessageBatch batch;
        ListenerCall call;
    };

    void go_on(const PulledQueuePtr& queue, std::int64_t ms);
    void run(const PulledQueuePtr& queue);
    bool has_lock(const PulledQueue& queue) const;
    void get_lock(const PulledQueuePtr& queue, std::int64_t ms);
    void start_task(const MessageBatch& batch, const Answer& answer);
    /// True: the next batch may follow at once.
    bool ended(const Turn& turn, OrderlyResult result, const std::string& failure);
    bool suspended(const Turn& turn, OrderlyResult result);
    void commit(const PulledQueuePtr& queue);
    std::int64_t pause_of(OrderlyResult result) const;
    static Awaitable<void> hand_over(std::shared_ptr<OrderedService> self, PushCore::Work work,
                                     PulledQueuePtr queue, std::vector<MessageView> messages,
                                     std::int64_t pause_ms);

    std::shared_ptr<OrderedService> self() { return {core_.shared_from_this(), this}; }

    PushCore& core_;
    const std::size_t batch_max_;
};

void OrderedService::go_on(const PulledQueuePtr& queue, std::int64_t ms) {
    auto work = [service = self(), queue] { service->run(queue); };
    if (ms > 0) return core_.later(ms, std::move(work));
    core_.threads().post(ListenerThreads::Work(std::move(work)));
}

bool OrderedService::has_lock(const PulledQueue& queue) const {
    return !core_.needs_locks() ||
           (queue.process.locked && !queue.process.lock_is_old(core_.client().clock().steady_ms()));
}

void OrderedService::get_lock(const PulledQueuePtr& queue, std::int64_t ms) {
    auto ask = [](std::shared_ptr<OrderedService> service, PulledQueuePtr of,
                  std::int64_t pause) -> Awaitable<void> {
        PushCore& core = service->core_;
        if (!co_await core.client().sleep(pause)) co_return;
        const bool locked = co_await core.lock(of);
        if (!of->process.dropped) service->go_on(of, locked ? kSoonMs : core.pace().relock_ms);
    };
    core_.client().spawn(ask(self(), queue, ms));
}

void OrderedService::run(const PulledQueuePtr& queue) {
    ProcessQueue& process = queue->process;
    const Clock& clock = core_.client().clock();
    const std::int64_t began = clock.steady_ms();
    for (bool first = true;; first = false) {
        PushCore::Work work(core_);
        if (process.dropped || core_.is_ending()) return;
        if (!has_lock(*queue)) return get_lock(queue, first ? kRelockMs : kSoonMs);
        if (clock.steady_ms() - began > kContinuouslyMs) return go_on(queue, kSoonMs);
        std::vector<MessageView> messages = process.take(batch_max_);
        if (messages.empty()) return;
        // Told before it is looked whether the queue is still ours: who takes it looks here after.
        process.listening = true;
        if (process.dropped) {
            process.listening = false;
            return;
        }
        MessageBatch batch = make_batch(std::move(messages));
        const ListenerCall call(core_, batch);
        Turn turn{std::move(work), core_.shared_from_this(), queue, batch, call};
        if (!core_.settings().ordered) {
            auto kept = std::make_shared<Turn>(std::move(turn));
            return start_task(batch,
                              [this, kept](OrderlyResult result, const std::string& failure) {
                                  if (ended(*kept, result, failure)) go_on(kept->queue, 0);
                              });
        }
        OrderlyResult result = OrderlyResult::suspend();
        std::string failure;
        try {
            result = core_.settings().ordered(batch);
        } catch (...) {
            failure = thrown_text();
        }
        if (!ended(turn, result, failure)) return;
    }
}

void OrderedService::start_task(const MessageBatch& batch, const Answer& answer) {
    try {
        core_.settings().ordered_task(batch).start(
            [answer](kerolox::UniqueFunction<OrderlyResult()> outcome) {
                OrderlyResult result = OrderlyResult::suspend();
                std::string failure;
                try {
                    result = outcome();
                } catch (...) {
                    failure = thrown_text();
                }
                answer(result, failure);
            });
    } catch (...) {
        answer(OrderlyResult::suspend(), thrown_text());
    }
}

void OrderedService::commit(const PulledQueuePtr& queue) {
    const auto next = queue->process.commit();
    core_.finished(queue, next.value_or(-1), false);
}

bool OrderedService::ended(const Turn& turn, OrderlyResult result, const std::string& failure) {
    turn.queue->process.listening = false;
    const bool success = result.kind() == Kind::success || result.kind() == Kind::commit;
    turn.queue->process.last_consume_ms.store(
        turn.call.ended(turn.batch, success, failure, turn.queue->counters),
        std::memory_order_relaxed);
    const bool manual = core_.settings().manual_commit;
    const auto count = static_cast<std::int64_t>(turn.batch.size());
    TopicCounters& counters = turn.queue->counters;
    TopicCounters::add(success ? counters.consumed : counters.failed, count);
    switch (result.kind()) {
        case Kind::success:
            if (!manual) commit(turn.queue);
            return true;
        case Kind::commit:
        case Kind::rollback:
            if (!manual) {
                core_.log(kerolox::LogLevel::warn,
                          "commit and rollback are for manual commits, of {} they are illegal: "
                          "taken for success",
                          core_.group());
            }
            if (!manual || result.kind() == Kind::commit) {
                commit(turn.queue);
                return true;
            }
            turn.queue->process.rollback();
            go_on(turn.queue, pause_of(result));
            return false;
        case Kind::suspend: return suspended(turn, result);
    }
    return true;
}

std::int64_t OrderedService::pause_of(OrderlyResult result) const {
    constexpr std::int64_t kMaxMs = 30'000;
    const std::int64_t wanted = result.time().count() == -1
                                    ? core_.settings().config.suspend_current_queue_time_millis
                                    : result.time().count();
    return std::clamp(wanted, core_.pace().suspend_min_ms, kMaxMs);
}

/// The same messages come again after a while, but for those that were tried too often.
bool OrderedService::suspended(const Turn& turn, OrderlyResult result) {
    const std::int32_t max = core_.max_reconsume_times();
    std::vector<MessageView> messages(turn.batch.begin(), turn.batch.end());
    const bool any_spent = std::ranges::any_of(
        messages, [max](const MessageView& message) { return message.reconsume_times() >= max; });
    if (any_spent && !core_.is_broadcasting()) {
        core_.client().spawn(hand_over(self(), PushCore::Work(core_), turn.queue,
                                       std::move(messages), pause_of(result)));
        return false;
    }
    for (MessageView& message : messages)
        message = with_reconsume_times(message, message.reconsume_times() + 1);
    turn.queue->process.put_back(messages);
    go_on(turn.queue, pause_of(result));
    return false;
}

Awaitable<void> OrderedService::hand_over(std::shared_ptr<OrderedService> self, PushCore::Work work,
                                          PulledQueuePtr queue, std::vector<MessageView> messages,
                                          std::int64_t pause_ms) {
    const PushCore::Work under_way(std::move(work));
    PushCore& core = self->core_;
    bool all_went = true;
    for (MessageView& message : messages) {
        bool went = false;
        if (message.reconsume_times() >= core.max_reconsume_times()) {
            SendBackCall call;
            call.group = core.group();
            call.message = message;
            call.max_reconsume_times = core.max_reconsume_times();
            const auto sent = co_await send_to_retry_topic(core.client(), std::move(call));
            went = sent.has_value();
            if (!went) {
                core.log(kerolox::LogLevel::warn, "{} could not be handed to the retry topic: {}",
                         message.id(), sent.error().describe());
            }
        }
        if (!went) message = with_reconsume_times(message, message.reconsume_times() + 1);
        all_went = all_went && went;
    }
    if (queue->process.dropped) co_return;
    if (all_went) {
        if (!core.settings().manual_commit) self->commit(queue);
        co_return self->go_on(queue, 0);
    }
    queue->process.put_back(messages);
    self->go_on(queue, pause_ms);
}

void OrderedService::consume_directly(MessageView message,
                                      std::function<void(DirectOutcome)> done) {
    const MessageBatch batch = make_batch({std::move(message)});
    const bool auto_commit = !core_.settings().manual_commit;
    const Answer answer = [done = std::move(done), auto_commit](OrderlyResult result,
                                                                const std::string& failure) {
        DirectOutcome outcome;
        outcome.ordered = true;
        outcome.auto_commit = auto_commit;
        switch (result.kind()) {
            case Kind::success: outcome.result = "CR_SUCCESS"; break;
            case Kind::suspend: outcome.result = "CR_LATER"; break;
            case Kind::commit: outcome.result = "CR_COMMIT"; break;
            case Kind::rollback: outcome.result = "CR_ROLLBACK"; break;
        }
        if (!failure.empty()) {
            outcome.result = "CR_THROW_EXCEPTION";
            outcome.remark = failure;
        }
        done(std::move(outcome));
    };
    core_.threads().post(ListenerThreads::Work([service = self(), batch, answer] {
        if (!service->core_.settings().ordered) return service->start_task(batch, answer);
        OrderlyResult result = OrderlyResult::suspend();
        std::string failure;
        try {
            result = service->core_.settings().ordered(batch);
        } catch (...) {
            failure = thrown_text();
        }
        answer(result, failure);
    }));
}

}  // namespace

std::unique_ptr<ConsumeService> make_ordered_service(PushCore& core) {
    return std::make_unique<OrderedService>(core);
}

}  // namespace kx::client
