// SPDX-License-Identifier: Apache-2.0
#include "kerolox/producer.hpp"

#include "client/core/access.h"
#include "client/produce/producer_core.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::ProducerCore;
using kx::client::QueueChoice;

namespace {

ProducerCore& core_of(const Producer& producer) { return Access::core_as<ProducerCore>(producer); }

}  // namespace

Producer::Producer() noexcept = default;
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
Producer::~Producer() {
    if (core_ == nullptr) return;
    auto& core = core_of(*this);
    kx::client::wait_briefly(core.close(std::chrono::seconds(2)), core.client().runtime());
}

Async<SendReceipt> Producer::send(Message message, SendOptions options) {
    return core_of(*this).send(std::move(message), options);
}
Async<SendReceipt> Producer::send_ordered(std::string_view sharding_key, Message message,
                                          SendOptions options) {
    message.sharding_key(std::string(sharding_key));
    return core_of(*this).send(std::move(message), options, QueueChoice::kByKey, {}, {},
                               std::string(sharding_key));
}
Async<SendReceipt> Producer::send_selected(QueueSelector selector, Message message,
                                           SendOptions options) {
    return core_of(*this).send(std::move(message), options, QueueChoice::kSelected, {},
                               std::move(selector));
}
Async<SendReceipt> Producer::send_to(Queue queue, Message message, SendOptions options) {
    if (queue.topic != message.topic()) {
        return core_of(*this).client().ready<SendReceipt>(
            Error(ErrorKind::client, "message's topic not equal mq's topic"));
    }
    return core_of(*this).send(std::move(message), options, QueueChoice::kGiven, std::move(queue));
}
Status Producer::send_oneway(Message message, SendOptions options) {
    return core_of(*this).send_oneway(std::move(message), options);
}
Async<std::vector<Queue>> Producer::queues(std::string topic) {
    return core_of(*this).queues(std::move(topic));
}
std::size_t Producer::in_flight() const noexcept { return core_of(*this).in_flight(); }
Async<void> Producer::close(std::chrono::milliseconds grace) { return core_of(*this).close(grace); }

}  // namespace v1
}  // namespace kerolox
