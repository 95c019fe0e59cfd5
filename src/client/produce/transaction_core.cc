// SPDX-License-Identifier: Apache-2.0
#include "client/produce/transaction_core.h"

#include <algorithm>
#include <thread>

#include "client/produce/receipt.h"
#include "client/produce/send_watch.h"
#include "client/produce/transaction.h"
#include "model/message_id.h"
#include "model/properties.h"
#include "wire/requests/transactions.h"

namespace kx::client {
namespace {

constexpr std::int32_t kEndTransaction = 37;

std::int32_t sys_flag_of(kerolox::Decision decision) {
    switch (decision) {
        case kerolox::Decision::commit: return model::kTransactionCommit;
        case kerolox::Decision::rollback: return model::kTransactionRollback;
        case kerolox::Decision::unknown: return 0;
    }
    return 0;
}

/// Whoever lets go of the last reference may be one of the pool's threads, and a checker may block
/// for ever: nobody waits for it.
void let_pool_go(CallbackPool* pool) {
    if (pool->pending() == 0 && !pool->is_current()) {
        delete pool;
    } else {
        std::thread([pool] { delete pool; }).detach();
    }
}

kerolox::Error half_failed(const kerolox::Error& why) {
    kerolox::Error::Detail detail;
    detail.kind = why.kind();
    detail.code = why.code();
    detail.text = fmt::format("send message Exception: {}", why.text());
    detail.peer = why.peer();
    detail.brokers_tried.assign(why.brokers_tried().begin(), why.brokers_tried().end());
    detail.tries = why.tries();
    detail.retriable = why.retriable();
    detail.cause = why;
    return kerolox::Error(std::move(detail));
}

}  // namespace

kerolox::Result<std::shared_ptr<TransactionCore>> TransactionCore::create(
    std::shared_ptr<ClientLease> lease, const TransactionSettings& settings) {
    ClientCore& client = *lease->core;
    std::shared_ptr<TransactionCore> core(new TransactionCore(std::move(lease), settings));
    auto begun = client.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

TransactionCore::TransactionCore(std::shared_ptr<ClientLease> lease,
                                 const TransactionSettings& settings)
    : ProducerCore(*lease->core, lease, settings.producer),
      checker_(settings.checker),
      checks_max_(settings.threads + settings.queue),
      pool_(new CallbackPool(settings.threads, "kx-check", 0), let_pool_go) {}

// --- half messages ---

kerolox::Status TransactionCore::make_half(kerolox::Message& message) const {
    if (kerolox::Status valid = message.check(); !valid) return valid;
    std::string& properties = Access::data(message)->properties;
    model::remove_property(properties, model::property::kDelay);
    model::set_property(properties, model::property::kTransactionPrepared, "true");
    model::set_property(properties, model::property::kProducerGroup, group());
    return {};
}

kerolox::Async<kerolox::TransactionReceipt> TransactionCore::send_half(
    kerolox::Message message, TransactionOperation::Local local,
    const kerolox::SendOptions& options) {
    using Receipt = kerolox::TransactionReceipt;
    if (kerolox::Status status = usable(); !status) return client().ready<Receipt>(status.error());
    if (!local) return client().ready<Receipt>(client_error("tranExecutor is null"));
    auto* op = client().new_operation<TransactionOperation>(
        std::static_pointer_cast<TransactionCore>(shared_from_this()), std::move(local));
    kerolox::Async<Receipt> handle(op);
    kerolox::Status ready = make_half(message);
    if (ready) ready = prepare(*op, std::move(message));
    if (!ready) {
        op->complete(ready.error());
        return handle;
    }
    op->retain();
    if (options.stop.stop_possible()) op->cancel_with(options.stop);
    submit(op, timeout_of(options));
    return handle;
}

kerolox::Async<kerolox::Transaction> TransactionCore::begin_half(
    kerolox::Message message, const kerolox::SendOptions& options) {
    if (kerolox::Status status = usable(); !status)
        return client().ready<kerolox::Transaction>(status.error());
    auto* op = client().new_operation<BeginOperation>(
        std::static_pointer_cast<TransactionCore>(shared_from_this()));
    kerolox::Async<kerolox::Transaction> handle(op);
    kerolox::Status ready = make_half(message);
    if (ready) ready = prepare(*op, std::move(message));
    if (!ready) {
        op->complete(ready.error());
        return handle;
    }
    op->retain();
    if (options.stop.stop_possible()) op->cancel_with(options.stop);
    submit(op, timeout_of(options));
    return handle;
}

kerolox::Result<HalfMessage> TransactionCore::half_of(const kerolox::SendReceipt& receipt) {
    const auto& data = receipt_data(receipt);
    const auto place =
        model::decode_offset_id(data.offset_id.empty() ? data.message_id : data.offset_id);
    if (!place) return local_error(place.error());
    HalfMessage half;
    half.topic = client().wire_name(data.queue.topic);
    half.broker = data.queue.broker;
    half.message_id = data.message_id;
    half.transaction_id = data.transaction_id;
    half.state_table_offset = data.queue_offset;
    half.commit_log_offset = place->physical_offset;
    return half;
}

void TransactionOperation::done(kerolox::Result<kerolox::SendReceipt> result) {
    if (!result) {
        complete(half_failed(result.error()));
    } else if (!result->stored() || ready()) {
        // Also when nobody waits any more: what was never run is not to be seen.
        if (const auto half = core_->half_of(*result))
            core_->end_then(*half, kerolox::Decision::rollback, {}, {});
        complete(kerolox::TransactionReceipt{*result, kerolox::Decision::rollback});
    } else {
        return core_->start_local(this, *result);
    }
    release();
}

void TransactionCore::start_local(TransactionOperation* op, const kerolox::SendReceipt& receipt) {
    {
        MutexLock lock(mutex_);
        local_.insert(op);
    }
    CallbackPool::Work work = [op, receipt] { op->run_local(receipt); };
    if (!client().settings().callbacks_on_io && client().runtime().callbacks().post(work)) return;
    work();
}

void TransactionOperation::run_local(const kerolox::SendReceipt& receipt) {
    kerolox::Decision decision = kerolox::Decision::unknown;
    std::string remark;
    try {
        decision = local_(receipt);
    } catch (const std::exception& error) {
        remark = fmt::format("executeLocalTransactionBranch exception: {}", error.what());
    } catch (...) {
        remark = "executeLocalTransactionBranch exception: no std::exception";
    }
    ClientCore& client = core_->client();
    if (!remark.empty()) {
        client.log(kerolox::LogLevel::error, "producer", "{}, message {}", remark,
                   receipt.message_id());
    }
    if (const auto half = core_->half_of(receipt)) {
        core_->end_then(*half, decision, std::move(remark), {});
    } else {
        client.log(kerolox::LogLevel::warn, "producer",
                   "the broker is not told how the transaction of {} ended: {}",
                   receipt.message_id(), half.error().describe());
    }
    complete(kerolox::TransactionReceipt{receipt, decision});
    const auto core = core_;
    core->on_local_over(this);
}

void TransactionCore::on_local_over(TransactionOperation* op) {
    {
        MutexLock lock(mutex_);
        local_.erase(op);
    }
    op->release();
}

void BeginOperation::done(kerolox::Result<kerolox::SendReceipt> result) {
    if (!result) {
        complete(half_failed(result.error()));
        return release();
    }
    auto half = core_->half_of(*result);
    if (!half) {
        complete(half.error());
    } else if (!result->stored() || ready()) {
        core_->end_then(std::move(half).value(), kerolox::Decision::rollback, {}, {});
        complete(client_error(
            fmt::format("the half message was rolled back: {}", to_string(result->status()))));
    } else {
        auto data = std::make_unique<kerolox::detail::TransactionData>();
        data->core = core_;
        data->half = std::move(half).value();
        data->receipt = *result;
        auto transaction = Access::make<kerolox::Transaction>();
        Access::data(transaction) = std::move(data);
        complete(std::move(transaction));
    }
    release();
}

// --- their ends ---

void TransactionCore::end_then(HalfMessage half, kerolox::Decision decision, std::string remark,
                               std::function<void(kerolox::Status)> done) {
    auto self = std::static_pointer_cast<TransactionCore>(shared_from_this());
    client().post([self = std::move(self), half = std::move(half), decision,
                   remark = std::move(remark), done = std::move(done)]() mutable {
        self->write_end(std::move(half), decision, std::move(remark), std::move(done));
    });
}

void TransactionCore::write_end(HalfMessage half, kerolox::Decision decision, std::string remark,
                                std::function<void(kerolox::Status)> done) {
    if (half.address.empty()) half.address = client().routes().master_of(half.broker);
    const auto report = [this, done = std::move(done), id = half.message_id,
                         broker = half.broker](const kerolox::Status& status) {
        if (!status) {
            client().log(kerolox::LogLevel::warn, "producer",
                         "the end of transaction {} did not reach {}: {}", id, broker,
                         status.error().describe());
        }
        if (done) done(status);
    };
    if (half.address.empty())
        return report(client_error(fmt::format("The broker[{}] not exist", half.broker)));
    tell_end_of_transaction(client(), {.group = client().user_name(group()),
                                       .message_id = half.message_id,
                                       .transaction_id = half.transaction_id,
                                       .address = half.address,
                                       .decision = decision,
                                       .from_check = half.from_check});
    Peer& peer = client().peer(half.address);
    const std::int64_t deadline = client().clock().steady_ms() + settings().config.send_msg_timeout;
    auto self = shared_from_this();
    peer.connect(
        [this, self, &peer, half = std::move(half), decision, remark = std::move(remark),
         report](const kerolox::Status& status) {
            net::Connection* connection = status ? peer.ready() : nullptr;
            if (!status) return report(status);
            if (connection == nullptr) {
                return report(
                    connect_error(kx::Error{Errc::kUnavailable, "the connection closed at once"},
                                  peer.address()));
            }
            wire::EndTransaction header;
            header.topic = half.topic;
            header.producer_group = group();
            header.tran_state_table_offset = half.state_table_offset;
            header.commit_log_offset = half.commit_log_offset;
            header.commit_or_rollback = sys_flag_of(decision);
            header.from_transaction_check = half.from_check;
            header.msg_id = half.message_id;
            header.transaction_id = half.transaction_id;
            header.broker_name = half.broker;
            net::Call call(kEndTransaction, header);
            if (client().decorates())
                client().decorate(peer.address(), call.code, call.fields, call.body);
            std::vector<ExtField> fields;
            for (const auto& [name, value] : call.fields) fields.push_back({name, value});
            wire::HeaderParts parts;
            parts.encoding = client().encoding();
            parts.code = kEndTransaction;
            parts.extra = fields;
            if (!remark.empty()) parts.remark = remark;
            const Status sent = connection->call_oneway(parts, {});
            if (!sent) return report(call_error(sent.error(), peer.address(), 0));
            report({});
        },
        deadline);
}

kerolox::Status TransactionCore::end(const HalfMessage& half, kerolox::Decision decision) {
    if (kerolox::Status status = client().usable(); !status) return status;
    if (on_io_thread()) {
        end_then(half, decision, {}, {});
        return {};
    }
    auto* op = client().new_operation<kerolox::detail::OperationOf<void>>();
    kerolox::Async<void> handle(op);
    op->retain();
    end_then(half, decision, {}, [op](kerolox::Status status) {
        op->complete(std::move(status));
        op->release();
    });
    return std::move(handle).get_for(
        std::chrono::milliseconds(settings().config.send_msg_timeout + 100));
}

// --- questions ---

bool TransactionCore::check_transaction(TransactionCheck check) {
    if (checks_.load() >= static_cast<std::int64_t>(checks_max_) || !usable()) {
        client().count("kerolox_transaction_checks_dropped_total", 1);
        client().log(kerolox::LogLevel::warn, "producer",
                     "too many transaction checks wait: {} is left to the next one",
                     check.message_id);
        return true;
    }
    ++checks_;
    CallbackPool::Work work = [self = std::static_pointer_cast<TransactionCore>(shared_from_this()),
                               check = std::move(check)] {
        if (!self->cut_off_) self->run_check(check);
        --self->checks_;
    };
    if (!pool_->post(work)) --checks_;
    return true;
}

void TransactionCore::run_check(const TransactionCheck& check) {
    kerolox::Decision decision = kerolox::Decision::unknown;
    std::string remark;
    try {
        decision = (*checker_)(check.message);
    } catch (const std::exception& error) {
        remark = fmt::format("checkLocalTransactionState Exception: {}", error.what());
    } catch (...) {
        remark = "checkLocalTransactionState Exception: no std::exception";
    }
    if (!remark.empty()) client().log(kerolox::LogLevel::error, "producer", "{}", remark);
    HalfMessage half;
    half.topic = check.topic;
    half.broker = check.broker_name;
    half.address = check.address;
    half.message_id = check.message.id();
    half.transaction_id = check.transaction_id;
    half.state_table_offset = check.state_table_offset;
    half.commit_log_offset = check.commit_log_offset;
    half.from_check = true;
    end_then(std::move(half), decision, std::move(remark), {});
}

// --- the end ---

bool TransactionCore::is_idle() const {
    MutexLock lock(mutex_);
    return ProducerCore::is_idle() && local_.empty() && checks_.load() == 0;
}

Awaitable<void> TransactionCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    co_await ProducerCore::shut(grace_ms);
    cut_off_ = true;
    std::vector<TransactionOperation*> left;
    {
        MutexLock lock(mutex_);
        for (TransactionOperation* op : local_) {
            op->retain();
            left.push_back(op);
        }
    }
    for (TransactionOperation* op : left) {
        op->complete(
            kerolox::Error(kerolox::ErrorKind::cancelled, "the producer was closed meanwhile"));
        op->release();
    }
}

}  // namespace kx::client
