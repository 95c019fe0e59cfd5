// SPDX-License-Identifier: Apache-2.0
//
// A lite pull consumer: each of its queues is pulled ahead by a coroutine of its own, poll() takes
// what they brought (client.md 23). Where messages are cached already, poll() is a short lock on
// the caller's thread; where not, it waits in a list that neither blocks nor is blocked.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/consume/lite_queues.h"
#include "client/consume/lite_settings.h"
#include "client/consume/rebalancer.h"

namespace kx::client {

class LiteCore : public ConsumerMember,
                 public QueueOwner,
                 public std::enable_shared_from_this<LiteCore> {
public:
    using Settings = kerolox::detail::LitePullSettings;

    static kerolox::Result<std::shared_ptr<LiteCore>> create(std::shared_ptr<ClientLease> lease,
                                                             const Settings& settings);

    // --- any thread ---

    ClientCore& client() { return client_; }
    kerolox::Status subscribe(const std::string& topic, const kerolox::Filter& filter);
    kerolox::Status unsubscribe(std::string_view topic);
    kerolox::Status assign(const std::vector<kerolox::Queue>& queues,
                           const kerolox::Filter& filter);
    std::vector<kerolox::Queue> assignment() const;
    kerolox::Async<kerolox::MessageBatch> poll(std::chrono::milliseconds time);
    kerolox::Async<void> seek(kerolox::Queue queue, std::int64_t offset);
    enum class End : bool { kBegin, kEnd };
    kerolox::Async<void> seek(kerolox::Queue queue, End end);
    kerolox::Async<std::int64_t> offset_at(kerolox::Queue queue, std::int64_t time_ms);
    kerolox::Async<std::int64_t> committed(kerolox::Queue queue);
    kerolox::Async<std::vector<kerolox::Queue>> queues(std::string topic);
    kerolox::Async<void> commit();
    kerolox::Async<void> commit(std::vector<kerolox::QueueOffset> offsets, bool persist_now);
    void pause(const std::vector<kerolox::Queue>& queues, bool paused);
    kerolox::ConsumerSnapshot snapshot() const override;
    kerolox::Async<void> close(std::chrono::milliseconds grace);
    /// For the last handle, when it has closed: what is still under way keeps the core for a while,
    /// and must not keep the client open with it.
    std::shared_ptr<ClientLease> give_up_lease() { return std::move(lease_); }

    // --- home thread ---

    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override;
    void add_to_heartbeat(wire::HeartbeatData& heartbeat) const override;
    void on_route(const std::string& topic, const RoutePtr& route) override;
    Awaitable<void> shut(std::int64_t grace_ms) override;
    void rebalance_soon() override { rebalancer_.wake(); }
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

private:
    enum class Mode : std::uint8_t { kNone, kSubscribe, kAssign };
    using PollOperation = kerolox::detail::OperationOf<kerolox::MessageBatch>;
    using Outcome = Awaitable<kerolox::Result<void>>;

    LiteCore(std::shared_ptr<ClientLease> lease, const Settings& settings);
    Awaitable<kerolox::Result<int>> begin();
    kerolox::Status usable() const;
    template <class T>
    kerolox::Async<T> start(Awaitable<kerolox::Result<T>> work);
    kerolox::Status enter(Mode mode) KX_REQUIRES(mutex_);

    // Subscribing.
    kerolox::Status add_subscription(const std::string& topic, const kerolox::Filter& filter);
    Awaitable<void> announce(std::string topic);
    void share_queues();
    Awaitable<void> watch_topics(std::map<std::string, std::vector<kerolox::Queue>> known);
    Awaitable<void> look_at_topics(std::map<std::string, std::vector<kerolox::Queue>>& known,
                                   bool tell);

    // Pulling.
    void begin_turns(const std::vector<LiteQueues::Turn>& turns);
    Awaitable<void> give_back(LiteQueues::Changes changes);
    Awaitable<void> pull_turn(LiteQueues::Turn turn);
    Awaitable<std::int64_t> pull_once(LiteQueues::Turn turn, std::int64_t offset);
    Awaitable<kerolox::Result<std::int64_t>> start_offset(kerolox::Queue queue);
    bool subscription_for(const std::string& topic, wire::SubscriptionData& subscription) const;
    Awaitable<bool> rest(std::int64_t ms);

    // Polling.
    void commit_when_due();
    void commit_in_memory();
    void serve_waiting();
    PollOperation* next_waiting();
    void expire_polls();
    void arm_timer();
    void end_polls();

    Outcome seek_to(kerolox::Queue queue, std::int64_t offset);
    Outcome seek_to_end(kerolox::Queue queue, End end);
    kerolox::Status check_assigned(const kerolox::Queue& queue) const;
    Awaitable<kerolox::Result<std::int64_t>> ask_at(kerolox::Queue queue, std::int64_t time_ms);
    Awaitable<kerolox::Result<std::int64_t>> read_committed(kerolox::Queue queue);
    Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> fetch_queues(std::string topic);
    Outcome write_consumed();
    Outcome write_offsets(std::vector<kerolox::QueueOffset> offsets, bool persist_now);
    Awaitable<kerolox::Status> write_if_new(kerolox::Queue queue, std::int64_t offset);
    Awaitable<void> persist_now(std::set<kerolox::Queue> queues, std::int64_t deadline_ms);

    std::shared_ptr<ClientLease> lease_;
    const std::shared_ptr<ClientCore> kept_client_;
    ClientCore& client_;
    const Settings settings_;
    const std::string group_;
    const std::int64_t started_ms_;
    const std::int64_t start_time_ms_;  ///< for those who begin at a time
    const std::unique_ptr<OffsetTable> offsets_;
    LiteQueues queues_;
    std::atomic<bool> closing_{false};

    struct Waiting {
        PollOperation* operation;
        std::int64_t deadline_ms;
    };
    mutable Mutex mutex_;
    Mode mode_ KX_GUARDED_BY(mutex_) = Mode::kNone;
    std::map<std::string, wire::SubscriptionData> subscriptions_ KX_GUARDED_BY(mutex_);
    kerolox::Filter assigned_filter_ KX_GUARDED_BY(mutex_) = kerolox::Filter::all();
    std::list<Waiting> waiting_ KX_GUARDED_BY(mutex_);
    std::int64_t timer_is_for_ms_ KX_GUARDED_BY(mutex_);
    std::int64_t next_commit_ms_ KX_GUARDED_BY(mutex_) = 0;

    Rebalancer rebalancer_;
    boost::asio::steady_timer poll_timer_;
    std::map<kerolox::Queue, std::int64_t> suggested_;  ///< whom to pull from next: broker ids
    /// What the store has, as far as we know. What was only read is never written back: another
    /// member may have gone on since.
    std::map<kerolox::Queue, std::int64_t> stored_;
    Waits waits_;
    bool sharing_ = false;
    bool shut_ = false;
};

}  // namespace kx::client
