// SPDX-License-Identifier: Apache-2.0
#include "client/core/server_requests.h"

#include "client/core/client_core.h"
#include "client/core/received.h"
#include "client/produce/reply_message.h"
#include "model/properties.h"
#include "wire/requests/clients.h"
#include "wire/requests/send.h"
#include "wire/requests/transactions.h"

namespace kx::client {

ServerRequests::ServerRequests(ClientCore& core) : core_(core) {
    net::Router& router = core.router();
    const auto processor = router.add_processor({.name = "client"});
    const auto serve = [&](std::int32_t code, void (ServerRequests::*handler)(net::Request&)) {
        router.serve(code, processor,
                     [this, handler](net::Request& request) { (this->*handler)(request); });
    };
    serve(39, &ServerRequests::check_transaction);
    serve(40, &ServerRequests::consumers_changed);
    serve(220, &ServerRequests::reset_offsets);
    serve(221, &ServerRequests::consumer_status);
    serve(307, &ServerRequests::running_info);
    serve(309, &ServerRequests::consume_directly);
    serve(326, &ServerRequests::push_reply);
}

void ServerRequests::await_reply(const std::string& correlation_id, ReplyCallback callback) {
    replies_[correlation_id] = std::move(callback);
}
void ServerRequests::forget_reply(const std::string& correlation_id) {
    replies_.erase(correlation_id);
}

void ServerRequests::consumers_changed(net::Request& request) {
    const auto header = request.header<wire::ConsumerGroupName>();
    core_.log(kerolox::LogLevel::info, "client", "the members of {} changed, says {}",
              header ? header->consumer_group : "a group", request.connection().peer());
    for (const auto& consumer : core_.consumers()) consumer->rebalance_soon();
    request.no_answer();
}

void ServerRequests::check_transaction(net::Request& request) {
    request.no_answer();
    const std::string& broker = request.connection().peer();
    const auto refuse = [&](std::string_view why) {
        core_.log(kerolox::LogLevel::warn, "client", "a transaction check of {} is ignored: {}",
                  broker, why);
    };
    const auto header = request.header<wire::CheckTransactionState>();
    if (!header) return refuse(header.error().text);
    DecodeOptions options;
    options.name_space = core_.config().name_space;
    auto messages = decode_messages(request.body(), options);
    if (!messages) return refuse(messages.error().text());
    if (messages->size() != 1) return refuse("it holds no message");
    TransactionCheck check;
    check.message = messages->front();
    const auto group = check.message.property(model::property::kProducerGroup);
    if (!group) return refuse("its message names no producer group");
    const auto producer = core_.producer(*group);
    if (producer == nullptr) return refuse(fmt::format("no producer of group {} is here", *group));
    check.address = broker;
    // Brokers of some versions leave it out of the header.
    check.topic = header->topic.empty()
                      ? check.message.property(model::property::kRealTopic).value_or("")
                      : header->topic;
    check.state_table_offset = header->tran_state_table_offset;
    check.commit_log_offset = header->commit_log_offset;
    check.message_id = header->msg_id;
    check.transaction_id = header->transaction_id;
    check.offset_message_id = header->offset_msg_id;
    check.broker_name = header->broker_name;
    if (!producer->check_transaction(std::move(check)))
        refuse(fmt::format("the producer of group {} has no checker", *group));
}

void ServerRequests::push_reply(net::Request& request) {
    const auto header = request.header<wire::PushReplyMessage>();
    if (!header) {
        core_.log(kerolox::LogLevel::warn, "client", "an unreadable reply: {}",
                  header.error().text);
        return request.refuse(wire::ResponseCode::kSystemError, "process reply message fail");
    }
    const kerolox::MessageView reply =
        view_of_reply(*header, request.body(), core_.config().name_space, core_.clock().wall_ms());
    const auto id = reply.property(model::property::kCorrelationId).value_or("");
    const auto found = replies_.find(std::string(id));
    if (found == replies_.end()) {
        core_.log(kerolox::LogLevel::warn, "client",
                  "receive reply message, but not matched any request, CorrelationId: {} , reply "
                  "from host: {}",
                  id, reply.born_host());
    } else {
        // It forgets itself.
        const ReplyCallback callback = std::move(found->second);
        replies_.erase(found);
        callback(reply);
    }
    request.ok();
}

}  // namespace kx::client
