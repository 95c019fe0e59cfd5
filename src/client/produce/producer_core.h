// SPDX-License-Identifier: Apache-2.0
//
// A producer: prepares messages on the caller's thread, hands them to the client's home thread in
// one go, and sees each through its tries there (client.md 9). The caller's half is in
// producer_core.cc, the home thread's in send_path.cc.
#pragma once

#include <unordered_map>

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/sync.h"
#include "client/core/client_core.h"
#include "client/produce/auto_batcher.h"
#include "client/produce/fault_table.h"
#include "client/produce/oneway_gate.h"
#include "client/produce/permits.h"
#include "client/produce/producer_settings.h"
#include "client/produce/publish_topic.h"
#include "client/produce/send_job.h"

namespace kx::client {

class PendingRequest;

class ProducerCore : public ProducerMember, public std::enable_shared_from_this<ProducerCore> {
public:
    using Settings = kerolox::detail::ProducerSettings;
    using Sent = kerolox::Result<kerolox::SendReceipt>;

    /// Checks, registers with the client and with its brokers.
    static kerolox::Result<std::shared_ptr<ProducerCore>> create(std::shared_ptr<ClientLease> lease,
                                                                 const Settings& settings);
    /// One that the client itself sends with: brokers don't hear of it, nobody closes it. It must
    /// not outlive the client.
    static std::shared_ptr<ProducerCore> make_inner(ClientCore& client);
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
    kerolox::Async<std::vector<kerolox::SendReceipt>> send_batch(
        std::vector<kerolox::Message> messages, const kerolox::SendOptions& options);
    kerolox::Async<std::vector<kerolox::SendReceipt>> send_batches(
        std::vector<kerolox::Message> messages, const kerolox::SendOptions& options);
    kerolox::Async<kerolox::MessageView> request(kerolox::Message message,
                                                 const kerolox::SendOptions& options);
    kerolox::Async<std::string> recall(std::string topic, std::string handle);
    /// For what is built on sends: the callback runs on the home thread, or here when the send was
    /// refused.
    void send_then(kerolox::Message message, const kerolox::SendOptions& options,
                   CallbackJob::Callback done);
    std::int64_t timeout_of(const kerolox::SendOptions& options) const;
    std::size_t in_flight() const { return static_cast<std::size_t>(permits_.messages()); }
    kerolox::Async<std::vector<kerolox::Queue>> queues(std::string topic);
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
    bool check_transaction(TransactionCheck check) override;

    // --- home thread, for the batcher ---

    /// Goes its way: finds its queue and is sent.
    void transmit(SendJob* job);
    /// A further job of the producer's own, counted like the others.
    void adopt(SendJob* job);
    /// Takes the job out and tells its outcome.
    void finish(SendJob* job, Sent result);

protected:
    ProducerCore(ClientCore& client, std::shared_ptr<ClientLease> lease, const Settings& settings);
    Awaitable<kerolox::Result<int>> begin();
    /// What close() waits for beside sends.
    virtual bool is_idle() const;
    void stop_taking();
    /// Everything of `job` is set but the producer's own part. done() is called in any case.
    void submit(SendJob* job, std::int64_t timeout_ms);
    /// Fills message, topic, properties, id, body and sys_flag of `job`; compresses.
    kerolox::Status prepare(SendJob& job, kerolox::Message message);

private:
    Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> fetch_queues(std::string topic);
    /// What the message's properties are on the wire, its unique id among them.
    kerolox::Status finish_properties(const kerolox::Message& message, std::string& properties,
                                      std::string& id);
    static Awaitable<void> send_each(
        std::shared_ptr<ProducerCore> self,
        kerolox::detail::OperationOf<std::vector<kerolox::SendReceipt>>* op,
        std::vector<std::vector<kerolox::Message>> batches, kerolox::SendOptions options);
    void compress_body(SendJob& job) const;
    static Awaitable<void> send_request(std::shared_ptr<ProducerCore> self,
                                        std::shared_ptr<PendingRequest> pending, SendJob* job,
                                        std::int64_t deadline_ms);
    bool admit(SendJob& job, std::int64_t timeout_ms, kerolox::Error& refusal);

    void take_inbox();
    void accept(SendJob* job);
    void await_route(SendJob* job, PublishTopic& topic);
    void ask_route(const std::string& topic, PublishTopic& entry);
    void on_route_answer(const std::string& topic, const RouteTable::Outcome& outcome);
    Awaitable<void> expire_waiting();
    Awaitable<void> probe_avoided_brokers();

    void aim(SendJob* job, const PublishTarget& target);
    void aim_at_given(SendJob* job, PublishTopic& topic);
    void run_selector(SendJob* job, const PublishTopic& topic);
    void on_selected(SendJob* job, const kerolox::Result<kerolox::Queue>& choice);
    void begin_try(SendJob* job);
    void connect(SendJob* job);
    void write(SendJob* job, net::Connection& connection);
    void on_answer(SendJob* job, const Result<const wire::Command*>& answer);
    void on_failure(SendJob* job, kerolox::Error error);
    bool has_tries_left(const SendJob& job) const;
    bool may_try_again(const SendJob& job, std::int64_t now_ms) const;
    kerolox::Error final_error(const SendJob& job, const kerolox::Error& last) const;
    kerolox::Error no_route(const SendJob& job) const;
    void after_try(const SendJob& job, const Sent& result);
    void judge_broker(const SendJob& job, const Sent& result);
    void count_outcome(const SendJob& job, const Sent& result) const;

    std::shared_ptr<ClientLease> lease_;  ///< null: an inner producer
    const std::shared_ptr<ClientCore> kept_client_;
    ClientCore& client_;
    const Settings settings_;
    const std::string group_;
    Permits permits_;
    std::atomic<bool> closing_{false};

    SpinLock inbox_lock_;
    std::vector<SendJob*> inbox_ KX_GUARDED_BY(inbox_lock_);
    std::vector<SendJob*> taken_;  ///< the inbox's other half, home thread

    std::unordered_map<std::string, PublishTopic> topics_;
    FaultTable faults_;
    AutoBatcher batcher_;
    OnewayGate oneway_gate_;
    std::vector<std::shared_ptr<PendingRequest>> requests_;
    std::unordered_set<SendJob*> selecting_;  ///< the application's function has them
    SendJob* first_ = nullptr;                ///< jobs under way
    std::int64_t jobs_ = 0;
    std::shared_ptr<ProducerCore> self_;  ///< while jobs are under way
    bool in_call_ = false;
    bool expiring_ = false;
    bool shut_ = false;
};

}  // namespace kx::client
