// SPDX-License-Identifier: Apache-2.0
//
// A pop consumer: messages one by one, each acknowledged for itself (client.md 24.5). It is no
// member of its group in the brokers' eyes: whoever shares queues in the group must not count it.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/consume/pop_call.h"
#include "client/consume/pop_settings.h"

namespace kx::client {

class PopCore : public ConsumerMember, public std::enable_shared_from_this<PopCore> {
public:
    using Settings = kerolox::detail::PopSettings;
    using Popped = std::vector<kerolox::PoppedMessage>;

    static kerolox::Result<std::shared_ptr<PopCore>> create(std::shared_ptr<ClientLease> lease,
                                                            const Settings& settings);

    // --- any thread ---

    ClientCore& client() { return client_; }
    kerolox::Async<Popped> receive(kerolox::PopRequest request);
    kerolox::Async<void> ack(const kerolox::ReceiptHandle& handle);
    kerolox::Async<std::vector<kerolox::Status>> ack(std::vector<kerolox::ReceiptHandle> handles);
    kerolox::Async<kerolox::ReceiptHandle> change_invisible(const kerolox::ReceiptHandle& handle,
                                                            std::int64_t invisible_ms);
    kerolox::Async<void> close(std::chrono::milliseconds grace);
    /// For the last handle, when it has closed: what is still under way keeps the core for a while,
    /// and must not keep the client open with it.
    std::shared_ptr<ClientLease> give_up_lease() { return std::move(lease_); }

    // --- home thread ---

    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override;
    void add_to_heartbeat(wire::HeartbeatData&) const override {}
    void on_route(const std::string&, const RoutePtr&) override {}
    Awaitable<void> shut(std::int64_t grace_ms) override;
    void rebalance_soon() override {}
    void persist_offsets() override {}
    void reset_offsets(const std::string& topic,
                       std::map<kerolox::Queue, std::int64_t> offsets) override;
    std::map<kerolox::Queue, std::int64_t> offsets(std::string_view) const override { return {}; }
    kerolox::ConsumerSnapshot snapshot() const override;
    void consume_directly(kerolox::MessageView message, std::string broker,
                          net::Responder responder) override;

private:
    PopCore(std::shared_ptr<ClientLease> lease, const Settings& settings);
    kerolox::Status usable() const;
    template <class T>
    kerolox::Async<T> start(Awaitable<kerolox::Result<T>> work);
    Awaitable<kerolox::Result<int>> begin();
    Awaitable<kerolox::Result<Popped>> receive_some(kerolox::PopRequest request,
                                                    wire::SubscriptionData subscription);
    Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> places(kerolox::PopRequest request,
                                                                   std::string topic);
    Awaitable<kerolox::Result<void>> ack_one(std::string topic, PopCheckPoint point);
    Awaitable<kerolox::Result<std::vector<kerolox::Status>>> ack_many(
        std::vector<kerolox::ReceiptHandle> handles);
    Awaitable<kerolox::Result<kerolox::ReceiptHandle>> change_one(std::string topic,
                                                                  PopCheckPoint point,
                                                                  std::int64_t invisible_ms);

    std::shared_ptr<ClientLease> lease_;
    const std::shared_ptr<ClientCore> kept_client_;
    ClientCore& client_;
    const Settings settings_;
    const std::string group_;
    const std::int64_t started_ms_;
    std::atomic<bool> closing_{false};

    std::set<std::string> topics_;
    std::size_t turn_ = 0;
    Waits waits_;
    bool shut_ = false;
};

}  // namespace kx::client
