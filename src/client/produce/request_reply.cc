// SPDX-License-Identifier: Apache-2.0
//
// Requests: a send that waits for the message somebody replies with (client.md 13).
#include <boost/asio/steady_timer.hpp>
#include <random>

#include "client/core/heartbeat.h"
#include "client/core/server_requests.h"
#include "client/produce/pending_request.h"
#include "client/produce/producer_core.h"
#include "model/properties.h"

namespace kx::client {
namespace {

namespace property = model::property;

std::string random_uuid() {
    std::random_device random;
    std::array<std::uint32_t, 4> words{};
    for (std::uint32_t& word : words) word = random();
    words[1] = (words[1] & 0xffff0fffU) | 0x4000U;
    words[2] = (words[2] & 0x3fffffffU) | 0x80000000U;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16,
                       words[1] & 0xffff, words[2] >> 16, words[2] & 0xffff, words[3]);
}

kerolox::Error unsent(std::string_view topic, const kerolox::Error& why) {
    kerolox::Error::Detail detail;
    const bool is_ours = why.kind() == kerolox::ErrorKind::timeout ||
                         why.kind() == kerolox::ErrorKind::cancelled ||
                         why.kind() == kerolox::ErrorKind::closed;
    detail.kind = is_ours ? why.kind() : kerolox::ErrorKind::client;
    detail.code = why.code();
    detail.text = fmt::format("send request message to <{}> fail", topic);
    detail.tries = why.tries();
    detail.brokers_tried.assign(why.brokers_tried().begin(), why.brokers_tried().end());
    detail.retriable = why.retriable();
    detail.cause = why;
    return kerolox::Error(std::move(detail));
}

}  // namespace

void PendingRequest::end(kerolox::Result<kerolox::MessageView> result) {
    if (op_ == nullptr) return;
    timer_.cancel();
    client_.server_requests().forget_reply(id_);
    op_->complete(std::move(result));
    std::exchange(op_, nullptr)->release();
}

void PendingRequest::watch(std::int64_t left_ms) {
    timer_.expires_after(std::chrono::milliseconds(left_ms));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
        if (cancelled) return;
        if (!self->sent_) {
            const kerolox::Error late(kerolox::ErrorKind::timeout, "it was not sent in time",
                                      kAccessTimeout);
            return self->end(unsent(self->topic_, late));
        }
        self->end(
            kerolox::Error(kerolox::ErrorKind::timeout,
                           fmt::format("send request message to <{}> OK, but wait reply message "
                                       "timeout, {} ms.",
                                       self->topic_, self->timeout_ms_),
                           kNoReply));
    });
}

void PendingRequest::on_sent(const kerolox::Result<kerolox::SendReceipt>& sent) {
    sent_ = sent.has_value();
    if (!sent) end(unsent(topic_, sent.error()));
}

kerolox::Async<kerolox::MessageView> ProducerCore::request(kerolox::Message message,
                                                           const kerolox::SendOptions& options) {
    if (kerolox::Status status = usable(); !status)
        return client_.ready<kerolox::MessageView>(status.error());
    if (kerolox::Status valid = message.check(); !valid)
        return client_.ready<kerolox::MessageView>(valid.error());
    const std::int64_t timeout_ms = timeout_of(options);
    const std::int64_t deadline_ms = client_.clock().steady_ms() + timeout_ms;
    const std::string id = random_uuid();
    std::string& properties = Access::data(message)->properties;
    model::set_property(properties, property::kCorrelationId, id);
    model::set_property(properties, property::kReplyToClient, client_.id());
    model::set_property(properties, property::kTtl, std::to_string(timeout_ms));

    auto* op = client_.new_operation<RequestOperation>();
    kerolox::Async<kerolox::MessageView> handle(op);
    auto pending = std::make_shared<PendingRequest>(client_, op, id, message.topic(), timeout_ms);
    auto job = std::make_unique<CallbackJob>(
        [pending](const kerolox::Result<kerolox::SendReceipt>& sent) { pending->on_sent(sent); });
    kerolox::Status ready = prepare(*job, std::move(message));
    kerolox::Error refusal(kerolox::ErrorKind::internal, "");
    if (ready && !admit(*job, timeout_ms, refusal)) ready = refusal;
    if (!ready) {
        op->complete(ready.error());
        return handle;
    }
    if (options.stop.stop_possible()) op->cancel_with(options.stop);
    client_.spawn(send_request(shared_from_this(), std::move(pending), job.release(), deadline_ms));
    return handle;
}

Awaitable<void> ProducerCore::send_request(std::shared_ptr<ProducerCore> self,
                                           std::shared_ptr<PendingRequest> pending, SendJob* job,
                                           std::int64_t deadline_ms) {
    ClientCore& client = self->client_;
    const std::int64_t begun = client.clock().steady_ms();
    pending->watch(std::max<std::int64_t>(deadline_ms - begun, 1));
    client.server_requests().await_reply(
        pending->id(), [pending](const kerolox::MessageView& reply) { pending->end(reply); });
    std::erase_if(self->requests_, [](const auto& one) { return one->is_over(); });
    self->requests_.push_back(pending);
    if (client.routes().cached(job->topic) == nullptr) {
        // The broker must know this client before it can hand a reply to it.
        const auto route = co_await client.routes().get(
            job->topic, RouteUse::kSend, self->settings_.config.default_topic_queue_nums);
        // Without a route the send itself fails soon, and tells why.
        if (route) co_await client.heartbeat().to_all();
        constexpr std::int64_t kLongMs = 500;
        const std::int64_t cost = client.clock().steady_ms() - begun;
        if (cost > kLongMs) {
            client.log(kerolox::LogLevel::warn, "producer",
                       "prepare send request for <{}> cost {} ms", job->topic, cost);
        }
    }
    self->submit(job, std::max<std::int64_t>(deadline_ms - client.clock().steady_ms(), 1));
}

}  // namespace kx::client
