// SPDX-License-Identifier: Apache-2.0
//
// A producer: prepares messages on the caller's thread, hands them to the client's home thread in
// one go, and sees each through its tries there (client.md 9).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/core/client_core.h"
#include "client/produce/permits.h"
#include "client/produce/producer_settings.h"
#include "client/produce/publish_topic.h"
#include "client/produce/send_job.h"

namespace kx::client {

class ProducerCore : public ProducerMember, public std::enable_shared_from_this<ProducerCore> {
public:
    using Settings = kerolox::detail::ProducerSettings;

    /// Checks, registers with the client and with its brokers.
    static kerolox::Result<std::shared_ptr<ProducerCore>> create(std::shared_ptr<ClientLease> lease,
                                                                 const Settings& settings);
    ~ProducerCore() override;

    // --- any thread ---

    ClientCore& client() { return client_; }
    const Settings& settings() const { return settings_; }
    kerolox::Status usable() const;

    /// One message: checks it, finishes its properties, compresses it, hands it over.
    kerolox::Async<kerolox::SendReceipt> send(kerolox::Message message,
                                              const kerolox::SendOptions& options,
                                              QueueChoice choice = QueueChoice::kByTurns,
                                              kerolox::Queue queue = {},
                                              kerolox::QueueSelector selector = {},
                                              std::string key = {});
    kerolox::Status send_oneway(kerolox::Message message, const kerolox::SendOptions& options);
    /// Everything of `job` is set but the producer's own part. done() is called in any case.
    void submit(SendJob* job, std::int64_t timeout_ms);
    /// Fills message, topic, properties, id, body and sys_flag of `job`; compresses.
    kerolox::Status prepare(SendJob& job, kerolox::Message message);
    std::int64_t timeout_of(const kerolox::SendOptions& options) const;
    std::size_t in_flight() const { return static_cast<std::size_t>(permits_.messages()); }
    kerolox::Async<std::vector<kerolox::Queue>> queues(std::string topic);
    kerolox::Async<void> close(std::chrono::milliseconds grace);

    // --- home thread ---

    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override;
    void add_to_heartbeat(wire::HeartbeatData& heartbeat) const override;
    void on_route(const std::string& topic, const RoutePtr& route) override;
    Awaitable<void> shut(std::int64_t grace_ms) override;
    bool check_transaction(TransactionCheck check) override;

protected:
    ProducerCore(std::shared_ptr<ClientLease> lease, const Settings& settings);
    Awaitable<kerolox::Result<int>> begin();

private:
    Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> fetch_queues(std::string topic);
    kerolox::Status compress_body(SendJob& job) const;
    bool admit(SendJob& job, std::int64_t timeout_ms, kerolox::Error& refusal);
    void take_inbox();
    void accept(SendJob* job);
    void ask_route(const std::string& topic, PublishTopic& entry);
    void on_route_answer(const std::string& topic, const RouteTable::Outcome& outcome);
    void transmit(SendJob* job);
    const PublishTarget* choose(SendJob& job, PublishTopic& topic, kerolox::Error& refusal);
    void write(SendJob* job, net::Connection& connection);
    void on_answer(SendJob* job, const Result<const wire::Command*>& answer);
    void on_failure(SendJob* job, kerolox::Error error);
    bool may_try_again(const SendJob& job, std::int64_t now_ms) const;
    void finish(SendJob* job, kerolox::Result<kerolox::SendReceipt> result);
    kerolox::Error final_error(const SendJob& job, const kerolox::Error& last) const;
    Awaitable<void> expire_waiting();
    void after_try(const SendJob& job, const kerolox::Result<kerolox::SendReceipt>& result);

    const std::shared_ptr<ClientLease> lease_;
    ClientCore& client_;
    const Settings settings_;
    const std::string group_;
    Permits permits_;
    std::atomic<bool> closing_{false};

    SpinLock inbox_lock_;
    std::vector<SendJob*> inbox_ KX_GUARDED_BY(inbox_lock_);
    std::vector<SendJob*> taken_;  ///< the inbox's other half, home thread

    boost::unordered_flat_map<std::string, PublishTopic> topics_;
    SendJob* first_ = nullptr;  ///< jobs under way
    std::int64_t jobs_ = 0;
    std::shared_ptr<ProducerCore> self_;  ///< while jobs are under way
    bool in_call_ = false;
    bool expiring_ = false;
    bool shut_ = false;
};

}  // namespace kx::client
