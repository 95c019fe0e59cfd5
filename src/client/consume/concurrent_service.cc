// SPDX-License-Identifier: Apache-2.0
//
// Listeners that run in parallel, also for one queue (client.md 19). A batch is finished on the
// thread that consumed it; only what failed goes by way of the home thread.
#include <algorithm>

#include "client/consume/push_core.h"
#include "client/consume/send_back.h"
#include "client/core/received.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::MessageView;

class ConcurrentService final : public ConsumeService {
public:
    explicit ConcurrentService(PushCore& core)
        : core_(core),
          batch_max_(
              static_cast<std::size_t>(core.settings().config.consume_message_batch_max_size)) {}

    void submit(const PulledQueuePtr& queue, std::vector<MessageView> messages, bool) override;
    void consume_directly(MessageView message, std::function<void(DirectOutcome)> done) override;

private:
    using Answer = std::function<void(ConsumeResult result, const std::string& failure)>;

    void run(const PulledQueuePtr& queue, const MessageBatch& batch);
    void ended(const PulledQueuePtr& queue, const MessageBatch& batch, const ListenerCall& call,
               ConsumeResult result, const std::string& failure);
    void retry(const PulledQueuePtr& queue, std::vector<MessageView> failed, std::int32_t level);
    static Awaitable<void> send_back_all(std::shared_ptr<PushCore> core, PushCore::Work work,
                                         PulledQueuePtr queue, std::vector<MessageView> failed,
                                         std::int32_t level);

    PushCore& core_;
    const std::size_t batch_max_;
};

void ConcurrentService::submit(const PulledQueuePtr& queue, std::vector<MessageView> messages,
                               bool) {
    std::vector<ListenerThreads::Work> works;
    works.reserve(messages.size() / batch_max_ + 1);
    const std::shared_ptr<ConcurrentService> self(core_.shared_from_this(), this);
    for (std::size_t i = 0; i < messages.size(); i += batch_max_) {
        const std::size_t count = std::min(batch_max_, messages.size() - i);
        works.emplace_back(
            [self, queue, batch = make_batch(std::span(messages).subspan(i, count))] {
                self->run(queue, batch);
            });
    }
    core_.threads().post(std::move(works));
}

void ConcurrentService::run(const PulledQueuePtr& queue, const MessageBatch& batch) {
    PushCore::Work work(core_);
    if (queue->process.dropped || core_.is_ending()) return;
    const ListenerCall call(core_, batch);
    if (!core_.settings().concurrent) {
        struct Running {
            PushCore::Work work;
            std::shared_ptr<PushCore> life;
        };
        auto running =
            std::make_shared<Running>(Running{std::move(work), core_.shared_from_this()});
        return call_concurrent_listener(
            core_, batch,
            [this, running, queue, batch, call](ConsumeResult result, const std::string& failure) {
                ended(queue, batch, call, result, failure);
            });
    }
    ConsumeResult result = ConsumeResult::later();
    std::string failure;
    try {
        result = core_.settings().concurrent(batch);
    } catch (...) {
        failure = thrown_text();
    }
    ended(queue, batch, call, result, failure);
}

void ConcurrentService::ended(const PulledQueuePtr& queue, const MessageBatch& batch,
                              const ListenerCall& call, ConsumeResult result,
                              const std::string& failure) {
    queue->process.last_consume_ms.store(
        call.ended(batch, result.is_success(), failure, queue->counters),
        std::memory_order_relaxed);
    if (queue->process.dropped) return;
    std::size_t good = 0;
    if (result.is_success())
        good = result.ack_index() >= batch.size() ? batch.size() : result.ack_index() + 1;
    TopicCounters::add(queue->counters.consumed, static_cast<std::int64_t>(good));
    TopicCounters::add(queue->counters.failed, static_cast<std::int64_t>(batch.size() - good));
    const std::span<const MessageView> all(batch.begin(), batch.size());
    if (good < batch.size() && core_.is_broadcasting()) {
        core_.log(kerolox::LogLevel::warn, "{} messages of {} failed and are dropped, {} first",
                  batch.size() - good, queue->queue.describe(), batch[good].id());
        core_.client().count("kerolox_broadcast_failures_total",
                             static_cast<double>(batch.size() - good));
        good = batch.size();
    }
    if (good > 0) core_.finished(queue, queue->process.remove(all.first(good)), true);
    if (good == batch.size()) return;
    std::vector<MessageView> failed;
    for (const MessageView& message : all.subspan(good))
        if (queue->process.contains(message)) failed.push_back(message);
    if (!failed.empty()) retry(queue, std::move(failed), result.delay_level());
}

void ConcurrentService::retry(const PulledQueuePtr& queue, std::vector<MessageView> failed,
                              std::int32_t level) {
    core_.client().spawn(send_back_all(core_.shared_from_this(), PushCore::Work(core_), queue,
                                       std::move(failed), level));
}

Awaitable<void> ConcurrentService::send_back_all(std::shared_ptr<PushCore> core,
                                                 PushCore::Work work, PulledQueuePtr queue,
                                                 std::vector<MessageView> failed,
                                                 std::int32_t level) {
    const PushCore::Work under_way(std::move(work));
    std::vector<MessageView> again;
    for (const MessageView& message : failed) {
        SendBackCall call;
        call.group = core->group();
        call.message = message;
        call.delay_level = level;
        call.max_reconsume_times = core->max_reconsume_times();
        if (co_await send_back(core->client(), std::move(call))) {
            const std::span<const MessageView> one(&message, 1);
            core->finished(queue, queue->process.remove(one), true);
        } else {
            again.push_back(with_reconsume_times(message, message.reconsume_times() + 1));
        }
    }
    if (again.empty()) co_return;
    core->log(kerolox::LogLevel::warn, "{} messages of {} are consumed again here", again.size(),
              queue->queue.describe());
    auto& self = static_cast<ConcurrentService&>(core->service());
    const std::shared_ptr<ConcurrentService> service(core, &self);
    core->later(core->pace().retry_ms, [service, queue, batch = make_batch(std::move(again))] {
        service->run(queue, batch);
    });
}

void ConcurrentService::consume_directly(MessageView message,
                                         std::function<void(DirectOutcome)> done) {
    const MessageBatch batch = make_batch({std::move(message)});
    const Answer answer = [done = std::move(done)](ConsumeResult result,
                                                   const std::string& failure) {
        DirectOutcome outcome;
        outcome.result = result.is_success() ? "CR_SUCCESS" : "CR_LATER";
        if (!failure.empty()) {
            outcome.result = "CR_THROW_EXCEPTION";
            outcome.remark = failure;
        }
        done(std::move(outcome));
    };
    const std::shared_ptr<ConcurrentService> self(core_.shared_from_this(), this);
    core_.threads().post(ListenerThreads::Work(
        [self, batch, answer] { call_concurrent_listener(self->core_, batch, answer); }));
}

}  // namespace

void call_concurrent_listener(
    PushCore& core, const MessageBatch& batch,
    const std::function<void(ConsumeResult result, const std::string& failure)>& answer) {
    ConsumeResult now = ConsumeResult::later();
    std::string thrown;
    try {
        if (!core.settings().concurrent) {
            return core.settings().concurrent_task(batch).start(
                [answer](kerolox::UniqueFunction<ConsumeResult()> outcome) {
                    ConsumeResult result = ConsumeResult::later();
                    std::string failure;
                    try {
                        result = outcome();
                    } catch (...) {
                        failure = thrown_text();
                    }
                    answer(result, failure);
                });
        }
        now = core.settings().concurrent(batch);
    } catch (...) {
        thrown = thrown_text();
    }
    answer(now, thrown);
}

std::unique_ptr<ConsumeService> make_concurrent_service(PushCore& core) {
    return std::make_unique<ConcurrentService>(core);
}

}  // namespace kx::client
