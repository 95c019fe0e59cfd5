// SPDX-License-Identifier: Apache-2.0
//
// A pull consumer: one pull at a time, offsets by hand (client.md 22). It shares queues in its
// group only to tell the application of its share.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/consume/pull_settings.h"
#include "client/consume/rebalancer.h"

namespace kx::client {

class PullCore : public ConsumerMember,
                 public QueueOwner,
                 public std::enable_shared_from_this<PullCore> {
public:
    using Settings = kerolox::detail::PullSettings;

    static kerolox::Result<std::shared_ptr<PullCore>> create(std::shared_ptr<ClientLease> lease,
                                                             const Settings& settings);

    // --- any thread ---

    ClientCore& client() { return client_; }
    kerolox::Async<kerolox::PullResult> pull(kerolox::PullRequest request);
    kerolox::Async<std::vector<kerolox::Queue>> queues(std::string topic);
    kerolox::Async<std::int64_t> committed(kerolox::Queue queue);
    kerolox::Async<void> commit(kerolox::Queue queue, std::int64_t offset);
    kerolox::Async<std::int64_t> min_offset(kerolox::Queue queue);
    kerolox::Async<std::int64_t> max_offset(kerolox::Queue queue);
    kerolox::Async<std::int64_t> offset_at(kerolox::Queue queue, std::int64_t time_ms);
    kerolox::Async<void> send_back(kerolox::MessageView message, int delay_level);
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
    void rebalance_soon() override;
    void persist_offsets() override {}  // commit() wrote them already
    void reset_offsets(const std::string& topic,
                       std::map<kerolox::Queue, std::int64_t> offsets) override;
    std::map<kerolox::Queue, std::int64_t> offsets(std::string_view topic) const override;
    kerolox::ConsumerSnapshot snapshot() const override;
    void consume_directly(kerolox::MessageView message, std::string broker,
                          net::Responder responder) override;

    std::set<std::string> subscribed_topics() const override;
    Awaitable<bool> take_share(std::string topic, std::set<kerolox::Queue> mine,
                               std::vector<kerolox::Queue> all) override;
    Awaitable<void> drop_other_topics(std::set<std::string> topics) override;

private:
    PullCore(std::shared_ptr<ClientLease> lease, const Settings& settings);
    kerolox::Status usable() const;
    template <class T>
    kerolox::Async<T> start(Awaitable<kerolox::Result<T>> work);
    Awaitable<kerolox::Result<int>> begin();
    Awaitable<kerolox::Result<kerolox::PullResult>> pull_once(kerolox::PullRequest request,
                                                              wire::SubscriptionData subscription);
    Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> fetch_queues(std::string topic);
    Awaitable<kerolox::Result<std::int64_t>> read_committed(kerolox::Queue queue);
    Awaitable<kerolox::Result<void>> write_committed(kerolox::Queue queue, std::int64_t offset);
    using Question = Awaitable<kerolox::Result<std::int64_t>> (*)(ClientCore&, kerolox::Queue);
    Awaitable<kerolox::Result<std::int64_t>> ask(Question question, kerolox::Queue queue);
    Awaitable<kerolox::Result<std::int64_t>> ask_at(kerolox::Queue queue, std::int64_t time_ms);
    Awaitable<kerolox::Result<void>> give_back(kerolox::MessageView message, int delay_level);

    std::shared_ptr<ClientLease> lease_;
    const std::shared_ptr<ClientCore> kept_client_;
    ClientCore& client_;
    const Settings settings_;
    const std::string group_;
    const std::int64_t started_ms_;
    const std::unique_ptr<OffsetTable> offsets_;
    Rebalancer rebalancer_;
    std::atomic<bool> closing_{false};

    std::set<std::string> topics_;  ///< registered, and those that were pulled
    std::map<std::string, std::set<kerolox::Queue>> shares_;
    std::map<kerolox::Queue, std::int64_t> suggested_;  ///< whom to pull from next: broker ids
    Waits waits_;
    bool shut_ = false;
};

}  // namespace kx::client
