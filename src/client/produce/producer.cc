// SPDX-License-Identifier: Apache-2.0
#include "kerolox/producer.hpp"

#include "client/core/access.h"
#include "client/core/last_handle.h"
#include "client/produce/handles.h"
#include "client/produce/producer_core.h"
#include "client/produce/reply_message.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::of_nobody;
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
    if (core.client().runtime().is_forked()) {
        kx::client::leave_to_parent(core_);
        return;
    }
    kx::client::close_and_let_go(core_, core);
}

Async<SendReceipt> Producer::send(Message message, SendOptions options) {
    if (core_ == nullptr) return of_nobody<SendReceipt>();
    return core_of(*this).send(std::move(message), options);
}
Async<SendReceipt> Producer::send_ordered(std::string_view sharding_key, Message message,
                                          SendOptions options) {
    if (core_ == nullptr) return of_nobody<SendReceipt>();
    if (Access::data(message) != nullptr) message.sharding_key(std::string(sharding_key));
    return core_of(*this).send(std::move(message), options, QueueChoice::kByKey, {}, {},
                               std::string(sharding_key));
}
Async<SendReceipt> Producer::send_selected(QueueSelector selector, Message message,
                                           SendOptions options) {
    if (core_ == nullptr) return of_nobody<SendReceipt>();
    if (!selector) {
        return core_of(*this).client().ready<SendReceipt>(
            kx::client::usage_error("a send that selects its queue needs a selector"));
    }
    return core_of(*this).send(std::move(message), options, QueueChoice::kSelected, {},
                               std::move(selector));
}
Async<SendReceipt> Producer::send_to(Queue queue, Message message, SendOptions options) {
    if (core_ == nullptr) return of_nobody<SendReceipt>();
    if (Access::data(message) != nullptr && queue.topic != message.topic()) {
        return core_of(*this).client().ready<SendReceipt>(
            Error(ErrorKind::client, "message's topic not equal mq's topic"));
    }
    return core_of(*this).send(std::move(message), options, QueueChoice::kGiven, std::move(queue));
}
Async<std::vector<SendReceipt>> Producer::send_batch(std::vector<Message> messages,
                                                     SendOptions options) {
    if (core_ == nullptr) return of_nobody<std::vector<SendReceipt>>();
    return core_of(*this).send_batch(std::move(messages), options);
}
Async<std::vector<SendReceipt>> Producer::send_batches(std::vector<Message> messages,
                                                       SendOptions options) {
    if (core_ == nullptr) return of_nobody<std::vector<SendReceipt>>();
    return core_of(*this).send_batches(std::move(messages), options);
}
Status Producer::send_oneway(Message message, SendOptions options) {
    if (core_ == nullptr) return kx::client::usage_error("the object was moved away");
    return core_of(*this).send_oneway(std::move(message), options);
}
Async<MessageView> Producer::request(Message message, SendOptions options) {
    if (core_ == nullptr) return of_nobody<MessageView>();
    return core_of(*this).request(std::move(message), options);
}
Async<SendReceipt> Producer::reply(const MessageView& request, Bytes body, SendOptions options) {
    if (core_ == nullptr) return of_nobody<SendReceipt>();
    auto message = kx::client::make_reply(request, std::move(body));
    if (!message) return core_of(*this).client().ready<SendReceipt>(message.error());
    return core_of(*this).send(std::move(message).value(), options);
}
Async<std::string> Producer::recall(std::string topic, std::string handle) {
    if (core_ == nullptr) return of_nobody<std::string>();
    return core_of(*this).recall(std::move(topic), std::move(handle));
}
Async<std::vector<Queue>> Producer::queues(std::string topic) {
    if (core_ == nullptr) return of_nobody<std::vector<Queue>>();
    return core_of(*this).queues(std::move(topic));
}
std::size_t Producer::in_flight() const noexcept {
    return core_ == nullptr ? 0 : core_of(*this).in_flight();
}
Async<void> Producer::close(std::chrono::milliseconds grace) {
    if (core_ == nullptr) return of_nobody<void>();
    return core_of(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
