// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_core.h"
#include "client/core/access.h"
#include "client/core/last_handle.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::ClientLease;
using kx::client::PopCore;

namespace {

PopCore& pop_core_of(const PopConsumer& consumer) { return Access::core_as<PopCore>(consumer); }

}  // namespace

Result<PopConsumer> Client::pop_consumer(const PopOptions& options) const {
    auto lease = std::static_pointer_cast<ClientLease>(core_);
    if (Status status = lease->core->usable(); !status) return status.error();
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = PopCore::create(std::move(lease), *Access::settings(options));
    if (!core) return core.error();
    auto consumer = Access::make<PopConsumer>();
    Access::core(consumer) = std::move(core).value();
    return consumer;
}

Result<ReceiptHandle> ReceiptHandle::parse(std::string topic, std::string text) {
    if (topic.empty()) return kx::client::usage_error("Topic can not be null or empty.");
    if (const auto point = kx::client::PopCheckPoint::parse(text); !point) return point.error();
    return ReceiptHandle(std::move(topic), std::move(text));
}

PopConsumer::PopConsumer() noexcept = default;
PopConsumer::PopConsumer(PopConsumer&&) noexcept = default;
PopConsumer& PopConsumer::operator=(PopConsumer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
PopConsumer::~PopConsumer() {
    if (core_ == nullptr) return;
    PopCore& core = pop_core_of(*this);
    kx::client::close_and_let_go(core_, core);
}

Async<std::vector<PoppedMessage>> PopConsumer::receive(PopRequest request) {
    return pop_core_of(*this).receive(std::move(request));
}
Async<void> PopConsumer::ack(const ReceiptHandle& handle) { return pop_core_of(*this).ack(handle); }
Async<std::vector<Status>> PopConsumer::ack(std::vector<ReceiptHandle> handles) {
    return pop_core_of(*this).ack(std::move(handles));
}
Async<ReceiptHandle> PopConsumer::change_invisible(const ReceiptHandle& handle,
                                                   std::chrono::milliseconds time) {
    return pop_core_of(*this).change_invisible(handle, time.count());
}
Async<void> PopConsumer::close(std::chrono::milliseconds grace) {
    return pop_core_of(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
