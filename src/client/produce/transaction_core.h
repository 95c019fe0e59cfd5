// SPDX-License-Identifier: Apache-2.0
//
// A producer of transactions (client.md 12): half messages, their ends, and the brokers' questions
// about those it heard no end of.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "client/core/callback_pool.h"
#include "client/produce/producer_core.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct TransactionSettings {
    ProducerSettings producer;
    std::shared_ptr<TransactionChecker> checker;
    std::size_t threads = 1;
    std::size_t queue = 2000;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

/// What it takes to end one.
struct HalfMessage {
    std::string topic;  ///< as it travels
    std::string broker;
    std::string address{};  ///< empty: the broker's master
    std::string message_id;
    std::string transaction_id;
    std::int64_t state_table_offset = 0;
    std::int64_t commit_log_offset = 0;
    bool from_check = false;
};

class TransactionCore;

/// The send of a half message and all that follows.
class TransactionOperation final : public OperationJob<kerolox::TransactionReceipt> {
public:
    using Local = kerolox::UniqueFunction<kerolox::Decision(const kerolox::SendReceipt&)>;
    TransactionOperation(std::shared_ptr<TransactionCore> core, Local local)
        : core_(std::move(core)), local_(std::move(local)) {}

    void done(kerolox::Result<kerolox::SendReceipt> result) override;
    /// Runs the application's half. On a callback thread.
    void run_local(const kerolox::SendReceipt& receipt);

private:
    std::shared_ptr<TransactionCore> core_;
    Local local_;
};

/// The send of a half message whose end is the application's to tell.
class BeginOperation final : public OperationJob<kerolox::Transaction> {
public:
    explicit BeginOperation(std::shared_ptr<TransactionCore> core) : core_(std::move(core)) {}
    void done(kerolox::Result<kerolox::SendReceipt> result) override;

private:
    std::shared_ptr<TransactionCore> core_;
};

class TransactionCore final : public ProducerCore {
public:
    using TransactionSettings = kerolox::detail::TransactionSettings;

    static kerolox::Result<std::shared_ptr<TransactionCore>> create(
        std::shared_ptr<ClientLease> lease, const TransactionSettings& settings);

    // --- any thread ---

    kerolox::Async<kerolox::TransactionReceipt> send_half(kerolox::Message message,
                                                          TransactionOperation::Local local,
                                                          const kerolox::SendOptions& options);
    kerolox::Async<kerolox::Transaction> begin_half(kerolox::Message message,
                                                    const kerolox::SendOptions& options);
    /// One-way. On an io thread ok says no more than that it was begun.
    kerolox::Status end(const HalfMessage& half, kerolox::Decision decision);
    bool is_checker_thread() const { return pool_->is_current(); }

    // --- home thread ---

    bool check_transaction(TransactionCheck check) override;
    Awaitable<void> shut(std::int64_t grace_ms) override;

    // --- for the operations above ---

    kerolox::Result<HalfMessage> half_of(const kerolox::SendReceipt& receipt);
    /// Any thread; `done` runs on the home thread.
    void end_then(HalfMessage half, kerolox::Decision decision, std::string remark,
                  std::function<void(kerolox::Status)> done);
    /// Runs the operation's local part on a callback thread; on_local_over() follows.
    void start_local(TransactionOperation* op, const kerolox::SendReceipt& receipt);
    void on_local_over(TransactionOperation* op);

private:
    TransactionCore(std::shared_ptr<ClientLease> lease, const TransactionSettings& settings);
    bool is_idle() const override;
    kerolox::Status make_half(kerolox::Message& message) const;
    void run_check(const TransactionCheck& check);
    void write_end(HalfMessage half, kerolox::Decision decision, std::string remark,
                   std::function<void(kerolox::Status)> done);

    const std::shared_ptr<kerolox::TransactionChecker> checker_;
    const std::size_t checks_max_;
    const std::shared_ptr<CallbackPool> pool_;
    std::atomic<std::int64_t> checks_{0};  ///< waiting or running
    std::atomic<bool> cut_off_{false};
    mutable Mutex mutex_;
    std::set<TransactionOperation*> local_ KX_GUARDED_BY(mutex_);  ///< the application decides
};

}  // namespace kx::client
