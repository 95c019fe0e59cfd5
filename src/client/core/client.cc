// SPDX-License-Identifier: Apache-2.0
#include "kerolox/client.hpp"

#include "client/consume/push_core.h"
#include "client/core/access.h"
#include "client/core/client_core.h"
#include "client/produce/producer_core.h"
#include "client/produce/transaction_core.h"
#include "kerolox/producer.hpp"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::ClientCore;
using kx::client::ClientLease;

namespace {

ClientCore& core_of(const Client& client) { return *Access::core_as<ClientLease>(client).core; }
std::shared_ptr<ClientLease> lease_of(const Client& client) {
    return std::static_pointer_cast<ClientLease>(Access::core(client));
}

}  // namespace

Result<Client> Client::create(const ClientOptions& options) {
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = ClientCore::create(*Access::settings(options));
    if (!core) return core.error();
    Client client;
    client.core_ = std::make_shared<ClientLease>(std::move(core).value());
    return client;
}

Result<Producer> Client::producer(const ProducerOptions& options) const {
    if (Status status = core_of(*this).usable(); !status) return status.error();
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = kx::client::ProducerCore::create(lease_of(*this), *Access::settings(options));
    if (!core) return core.error();
    auto producer = Access::make<Producer>();
    Access::core(producer) = std::move(core).value();
    return producer;
}

Result<TransactionProducer> Client::transaction_producer(TransactionOptions options) const {
    if (Status status = core_of(*this).usable(); !status) return status.error();
    const auto& settings = Access::settings(options);
    if (settings == nullptr) return kx::client::usage_error("the options were moved away");
    if (!*settings->checker) return kx::client::client_error("TransactionListener is null");
    if (settings->threads == 0) return kx::client::usage_error("checks need at least one thread");
    if (Status valid = kx::client::as_status(settings->producer.problems); !valid)
        return valid.error();
    auto core = kx::client::TransactionCore::create(lease_of(*this), *settings);
    if (!core) return core.error();
    auto producer = Access::make<TransactionProducer>();
    Access::core(producer) = std::move(core).value();
    return producer;
}

Result<PushConsumer> Client::push_consumer(PushOptions options) const {
    if (Status status = core_of(*this).usable(); !status) return status.error();
    if (Access::settings(options) == nullptr)
        return kx::client::usage_error("the options were moved away");
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = kx::client::PushCore::create(lease_of(*this), *Access::settings(options));
    if (!core) return core.error();
    auto consumer = Access::make<PushConsumer>();
    Access::core(consumer) = std::move(core).value();
    return consumer;
}

std::string_view Client::id() const noexcept { return core_of(*this).id(); }
void Client::log_level(LogLevel level) noexcept { core_of(*this).set_log_level(level); }
Async<void> Client::close(std::chrono::milliseconds grace) { return core_of(*this).close(grace); }

}  // namespace v1
}  // namespace kerolox
