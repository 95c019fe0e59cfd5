// SPDX-License-Identifier: Apache-2.0
//
// A push consumer: pulls the queues of its share and has its listener consume them
// (client.md 14 to 21). Control and pulling live on the client's home thread; listeners run on
// threads of their own, which finish messages without coming home.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/consume/consume_service.h"
#include "client/consume/consume_statistics.h"
#include "client/consume/listener_threads.h"
#include "client/consume/offset_table.h"
#include "client/consume/pop_service.h"
#include "client/consume/pull_call.h"
#include "client/consume/pulled_queue.h"
#include "client/consume/push_settings.h"
#include "client/consume/rebalancer.h"
#include "client/core/client_core.h"

namespace kx::client {

/// Times that RocketMQ has as constants; tests are less patient.
struct PushPace {
    std::int64_t first_pull_ms = 500;  ///< the queue's former owner may commit meanwhile
    std::int64_t paused_ms = 1'000;
    std::int64_t full_ms = 50;
    std::int64_t flow_control_ms = 20;
    std::int64_t failure_ms = 1'000;  ///< pullTimeDelayMillsWhenException
    std::int64_t reset_ms = 10'000;
    std::int64_t retry_ms = 5'000;  ///< until what could not be sent back is consumed again
    std::int64_t lock_all_ms = 20'000;
    std::int64_t relock_ms = 3'000;
    std::int64_t suspend_min_ms = 10;
};

class PushCore : public ConsumerMember,
                 public QueueOwner,
                 public std::enable_shared_from_this<PushCore> {
public:
    using Settings = kerolox::detail::PushSettings;
    using Subscription = std::shared_ptr<const wire::SubscriptionData>;

    static kerolox::Result<std::shared_ptr<PushCore>> create(std::shared_ptr<ClientLease> lease,
                                                             const Settings& settings,
                                                             const PushPace* pace = nullptr);
    ~PushCore() override;

    // --- any thread ---

    ClientCore& client() { return client_; }
    const ClientCore& client() const { return client_; }
    const Settings& settings() const { return settings_; }
    const PushPace& pace() const { return pace_; }
    ListenerThreads& threads() { return threads_; }
    ConsumeService& service() { return *service_; }
    OffsetTable& offsets() { return *offsets_; }
    kerolox::Status usable() const;
    kerolox::Status subscribe(std::string topic, const kerolox::Filter& filter);
    kerolox::Status unsubscribe(std::string_view topic);
    void suspend();
    void resume();
    std::vector<kerolox::Queue> assignment() const;
    kerolox::ConsumerSnapshot snapshot() const override;
    kerolox::Async<void> close(std::chrono::milliseconds grace);
    /// For the last handle, when it has closed: pulls that brokers hold keep the core for a while,
    /// and must not keep the client open with it.
    std::shared_ptr<ClientLease> give_up_lease() { return std::move(lease_); }

    bool is_broadcasting() const { return settings_.is_broadcasting(); }
    bool is_ordered() const { return settings_.is_ordered(); }
    /// Clustering and in order: queues are locked at their brokers.
    bool needs_locks() const { return is_ordered() && !is_broadcasting(); }
    std::int32_t max_reconsume_times() const;
    /// No batch begins any more.
    bool is_ending() const { return ending_.load(std::memory_order_acquire); }
    /// While one exists, close() waits.
    class Work {
    public:
        explicit Work(PushCore& core) : core_(&core) { core_->works_.fetch_add(1); }
        Work(Work&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
        Work& operator=(Work&&) = delete;
        ~Work() {
            if (core_ != nullptr) core_->works_.fetch_sub(1);
        }

    private:
        PushCore* core_;
    };
    /// `offset` may be committed, says the queue; there is room for more.
    void finished(const PulledQueuePtr& queue, std::int64_t offset, bool increase_only);
    Subscription subscription(const std::string& topic) const;
    /// Runs `work` on a listener thread after the time, unless the consumer ends.
    void later(std::int64_t ms, std::function<void()> work);
    template <class... Args>
    void log(kerolox::LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
        client_.log(level, "consumer", format, std::forward<Args>(args)...);
    }

    // --- home thread ---

    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override;
    void add_to_heartbeat(wire::HeartbeatData& heartbeat) const override;
    void on_route(const std::string& topic, const RoutePtr& route) override;
    Awaitable<void> shut(std::int64_t grace_ms) override;
    void rebalance_soon() override;
    void persist_offsets() override;
    void reset_offsets(const std::string& topic,
                       std::map<kerolox::Queue, std::int64_t> offsets) override;
    std::map<kerolox::Queue, std::int64_t> offsets(std::string_view topic) const override;
    void consume_directly(kerolox::MessageView message, std::string broker,
                          net::Responder responder) override;

    std::set<std::string> subscribed_topics() const override;
    Awaitable<bool> take_share(std::string topic, std::set<kerolox::Queue> mine,
                               std::vector<kerolox::Queue> all) override;
    Awaitable<void> drop_other_topics(std::set<std::string> topics) override;
    bool is_paused() const override { return paused_.load(std::memory_order_relaxed); }

    bool asks_broker() const override {
        return !settings_.config.client_rebalance && !is_ordered() && !is_broadcasting();
    }
    void take_pops(const std::string& topic, std::set<kerolox::Queue> queues) override;
    void take_mode(const std::string& topic, bool popped) override;

    /// Asks the broker for the queue's lock; has it or not afterwards.
    Awaitable<bool> lock(PulledQueuePtr queue);
    /// What has been consumed too long is sent back, so that its queue goes on.
    Awaitable<void> send_back_overdue();

private:
    PushCore(std::shared_ptr<ClientLease> lease, const Settings& settings, const PushPace& pace);
    Awaitable<kerolox::Result<int>> begin();
    Awaitable<kerolox::Status> check_filters();
    Awaitable<void> keep_figures();
    Awaitable<void> keep_locks();
    Awaitable<void> keep_overdue();
    Awaitable<void> end(std::int64_t grace_ms);
    Awaitable<void> write_last(kerolox::Queue queue, std::int64_t offset, std::int64_t timeout_ms);
    Awaitable<void> announce();
    Awaitable<void> announce_anew(std::string topic);
    /// Asks where these are, tells brokers that they are wanted, and has them shared out.
    Awaitable<void> look_for(std::vector<std::string> topics);

    std::map<kerolox::Queue, PulledQueuePtr> queues() const;
    PulledQueuePtr find(const kerolox::Queue& queue) const;
    kerolox::Queue shown(const kerolox::Queue& queue) const;

    Awaitable<void> start_pulling(PulledQueuePtr queue, std::int64_t delay_ms);
    Awaitable<kerolox::Result<std::int64_t>> start_offset(kerolox::Queue queue);
    void pull_now(const PulledQueuePtr& queue);
    void pull_later(const PulledQueuePtr& queue, std::int64_t ms);
    bool is_full(PulledQueue& queue);
    void on_pulled(const PulledQueuePtr& queue, std::int64_t started_ms,
                   kerolox::Result<PullReply> result);
    void on_found(const PulledQueuePtr& queue, PullReply reply);
    Awaitable<void> repair_offset(PulledQueuePtr queue);

    Awaitable<bool> give_back(PulledQueuePtr queue);
    void tell_share(const std::string& topic, const std::set<kerolox::Queue>& mine,
                    const std::vector<kerolox::Queue>& all);
    Awaitable<std::set<kerolox::Queue>> ask_locks(std::vector<kerolox::Queue> queues);
    Awaitable<void> unlock(std::vector<kerolox::Queue> queues);
    Awaitable<void> reset(std::string topic, std::map<kerolox::Queue, std::int64_t> offsets);

    std::shared_ptr<ClientLease> lease_;
    const std::shared_ptr<ClientCore> kept_client_;
    ClientCore& client_;
    const Settings settings_;
    const PushPace pace_;
    const std::string group_;
    const std::unique_ptr<OffsetTable> offsets_;
    const std::int64_t started_ms_;
    ConsumeStatistics statistics_;
    std::unique_ptr<ConsumeService> service_;
    PopService pops_;
    Rebalancer rebalancer_;
    std::atomic<bool> closing_{false};
    std::atomic<bool> paused_{false};
    std::atomic<bool> ending_{false};
    std::atomic<std::int64_t> works_{0};
    /// Bounds of one queue; a topic's bounds are shared by its queues.
    std::atomic<std::int64_t> messages_per_queue_;
    std::atomic<std::int64_t> mebibytes_per_queue_;

    mutable Mutex mutex_;
    std::map<std::string, Subscription> subscriptions_ KX_GUARDED_BY(mutex_);
    /// Versions that heartbeats tell and pulls may not name yet.
    std::map<std::string, std::int64_t> announced_ KX_GUARDED_BY(mutex_);
    std::map<kerolox::Queue, PulledQueuePtr> queues_ KX_GUARDED_BY(mutex_);

    bool shut_ = false;
    bool ended_ = false;
    bool resetting_ = false;
    /// Last: its threads end before what they use.
    ListenerThreads threads_;
};

}  // namespace kx::client
