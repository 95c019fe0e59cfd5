// SPDX-License-Identifier: Apache-2.0
#include "client/produce/recall.h"

#include <array>
#include <vector>

#include "client/core/name_checks.h"
#include "client/produce/producer_core.h"
#include "model/names.h"
#include "wire/requests/send.h"

namespace kx::client {
namespace {

constexpr std::int32_t kRecallMessage = 370;

/// URL-safe base64, with or without padding.
std::optional<std::string> from_base64_url(std::string_view text) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        std::uint32_t value = 0;
        if (c >= 'A' && c <= 'Z')
            value = static_cast<std::uint32_t>(c - 'A');
        else if (c >= 'a' && c <= 'z')
            value = static_cast<std::uint32_t>(c - 'a' + 26);
        else if (c >= '0' && c <= '9')
            value = static_cast<std::uint32_t>(c - '0' + 52);
        else if (c == '-')
            value = 62;
        else if (c == '_')
            value = 63;
        else
            return std::nullopt;
        bits = bits << 6 | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xff);
    }
    return bytes;
}

std::vector<std::string_view> split_blanks(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t blank = text.find(' ');
        parts.push_back(text.substr(0, blank));
        if (blank == std::string_view::npos) return parts;
        text.remove_prefix(blank + 1);
    }
}

Awaitable<kerolox::Result<std::string>> recall_at_broker(std::shared_ptr<ProducerCore> self,
                                                         std::string topic, std::string handle,
                                                         std::string broker) {
    ClientCore& client = self->client();
    const ProducerConfig& config = self->settings().config;
    const std::string name = client.wire_name(topic);
    const auto route =
        co_await client.routes().get(name, RouteUse::kSend, config.default_topic_queue_nums);
    std::string address = client.routes().master_of(broker);
    // Any broker of the topic will do: behind a proxy the name means nothing to us.
    if (address.empty() && route) {
        for (const RouteBroker& one : (*route)->brokers)
            if (address.empty()) address = one.address_or_nearest(0);
    }
    if (address.empty()) {
        if (!route) co_return route.error();
        co_return client_error("The broker service address not found");
    }
    wire::RecallMessage header;
    header.producer_group = self->group();
    header.topic = name;
    header.recall_handle = handle;
    header.broker_name = broker;
    const auto answer = co_await client.call_ok(address, net::Call(kRecallMessage, header),
                                                config.send_msg_timeout);
    if (!answer) co_return answer.error();
    const auto read = answer->header<wire::RecallAnswer>();
    if (!read) co_return local_error(read.error());
    co_return std::string(read->msg_id);
}

}  // namespace

Result<RecallHandle> read_recall_handle(std::string_view text) {
    const auto bytes = from_base64_url(text);
    const auto parts = bytes ? split_blanks(*bytes) : std::vector<std::string_view>();
    if (parts.size() < 5 || parts[0] != "v1")
        return fail(Errc::kInvalidArgument, "recall handle is invalid");
    return RecallHandle{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]),
                        std::string(parts[4])};
}

kerolox::Async<std::string> ProducerCore::recall(std::string topic, std::string handle) {
    const auto refuse = [this](kerolox::Error why) {
        return client_.ready<std::string>(std::move(why));
    };
    if (kerolox::Status status = usable(); !status) return refuse(status.error());
    if (kerolox::Status valid = check_topic(topic); !valid) return refuse(valid.error());
    if (model::is_retry_topic(topic) || model::is_dlq_topic(topic))
        return refuse(client_error("topic is not supported"));
    auto read = read_recall_handle(handle);
    if (!read) return refuse(client_error(read.error().text));
    return client_.run<std::string>(recall_at_broker(shared_from_this(), std::move(topic),
                                                     std::move(handle), std::move(read->broker)));
}

}  // namespace kx::client
