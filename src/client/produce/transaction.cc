// SPDX-License-Identifier: Apache-2.0
#include "client/produce/transaction.h"

#include "client/core/errors.h"
#include "client/core/last_handle.h"
#include "client/produce/handles.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::TransactionCore;

namespace {

TransactionCore& transaction_core(const TransactionProducer& producer) {
    return Access::core_as<TransactionCore>(producer);
}

Status end_transaction(detail::TransactionData* data, Decision decision) {
    if (data == nullptr) return kx::client::usage_error("the transaction was moved away");
    if (data->ended) return kx::client::usage_error("the transaction was ended before");
    Status sent = data->core->end(data->half, decision);
    data->ended = sent.has_value();
    return sent;
}

}  // namespace

TransactionOptions::TransactionOptions(ProducerOptions producer, TransactionChecker checker)
    : settings_(std::make_unique<detail::TransactionSettings>()) {
    settings_->producer = *Access::settings(producer);
    if (const auto problems = producer.validate(); !problems.empty())
        settings_->producer.problems = problems;
    settings_->checker = std::make_shared<TransactionChecker>(std::move(checker));
}
TransactionOptions::TransactionOptions(std::string group, TransactionChecker checker)
    : TransactionOptions(ProducerOptions(std::move(group)), std::move(checker)) {}
TransactionOptions::TransactionOptions(TransactionOptions&&) noexcept = default;
TransactionOptions& TransactionOptions::operator=(TransactionOptions&&) noexcept = default;
TransactionOptions::~TransactionOptions() = default;

TransactionOptions& TransactionOptions::checkers(std::size_t threads, std::size_t queue) & {
    settings_->threads = threads;
    settings_->queue = queue;
    return *this;
}

Transaction::Transaction() noexcept = default;
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const SendReceipt& Transaction::receipt() const noexcept {
    static const auto* const kNone = new SendReceipt();
    return data_ == nullptr ? *kNone : data_->receipt;
}
Status Transaction::commit() { return end_transaction(data_.get(), Decision::commit); }
Status Transaction::rollback() { return end_transaction(data_.get(), Decision::rollback); }

TransactionProducer::TransactionProducer() noexcept = default;
TransactionProducer::TransactionProducer(TransactionProducer&&) noexcept = default;
TransactionProducer& TransactionProducer::operator=(TransactionProducer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
TransactionProducer::~TransactionProducer() {
    if (core_ == nullptr) return;
    auto& core = transaction_core(*this);
    if (core.client().runtime().is_forked()) {
        kx::client::leave_to_parent(core_);
        return;
    }
    auto closing = core.close(std::chrono::seconds(2));
    if (core.is_checker_thread()) {
        std::move(closing).detach();
        return;
    }
    kx::client::wait_briefly(std::move(closing), core.client().runtime());
    kx::client::let_go(core_, core);
}

Async<TransactionReceipt> TransactionProducer::send(
    Message message, UniqueFunction<Decision(const SendReceipt&)> local, SendOptions options) {
    if (core_ == nullptr) return kx::client::of_nobody<TransactionReceipt>();
    return transaction_core(*this).send_half(std::move(message), std::move(local), options);
}
Async<Transaction> TransactionProducer::begin(Message message, SendOptions options) {
    if (core_ == nullptr) return kx::client::of_nobody<Transaction>();
    return transaction_core(*this).begin_half(std::move(message), options);
}
Async<void> TransactionProducer::close(std::chrono::milliseconds grace) {
    if (core_ == nullptr) return kx::client::of_nobody<void>();
    return transaction_core(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
