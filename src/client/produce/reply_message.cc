// SPDX-License-Identifier: Apache-2.0
#include "client/produce/reply_message.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "client/core/errors.h"
#include "client/core/expanded_body.h"
#include "client/core/message_data.h"
#include "client/core/received.h"
#include "client/core/request_decoration.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

namespace property = model::property;

/// "/127.0.0.1:10911" or without the slash; all zeros for anything else.
model::HostPort read_host(std::string_view text) {
    model::HostPort host;
    if (text.starts_with('/')) text.remove_prefix(1);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return host;
    std::string_view ip = text.substr(0, colon);
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), host.port);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string(ip), error);
    if (error) return host;
    host.is_v6 = address.is_v6();
    if (host.is_v6) {
        const auto bytes = address.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), host.address.begin());
    } else {
        const auto bytes = address.to_v4().to_bytes();
        std::copy(bytes.begin(), bytes.end(), host.address.begin());
    }
    return host;
}

}  // namespace

kerolox::Result<kerolox::Message> make_reply(const kerolox::MessageView& request,
                                             kerolox::Bytes body) {
    if (Access::data(request) == nullptr || request.topic().empty()) {
        return client_error("create reply message fail, requestMessage cannot be null.",
                            kCannotReply);
    }
    const auto cluster = request.property(property::kCluster);
    if (!cluster) {
        return client_error(
            "create reply message fail, requestMessage error, property[CLUSTER] is null.",
            kCannotReply);
    }
    std::string properties;
    model::append_property(properties, property::kMessageType, "reply");
    for (const std::string_view name :
         {property::kCorrelationId, property::kReplyToClient, property::kTtl})
        model::append_property(properties, name, request.property(name).value_or(""));
    return raw_message(model::reply_topic(*cluster), std::move(body), std::move(properties), 0);
}

kerolox::MessageView view_of_reply(const wire::PushReplyMessage& header, std::string_view body,
                                   std::string_view name_space, std::int64_t now_ms) {
    struct Own {
        std::string body;
        std::string properties;
        std::string topic;
        kerolox::Queue queue;
        ReceivedMessage message;
    };
    auto own = std::make_shared<Own>();
    own->body = body;
    own->properties = header.properties;
    own->topic = header.topic;
    model::set_property(own->properties, property::kArriveTime, std::to_string(now_ms));
    ReceivedMessage& message = own->message;
    message.topic = without_namespace(name_space, own->topic);
    own->queue = {std::string(message.topic), "", header.queue_id};
    message.queue = &own->queue;
    message.record.queue_id = header.queue_id;
    message.record.flag = header.flag;
    message.record.sys_flag = header.sys_flag;
    message.record.born_timestamp = header.born_timestamp;
    message.record.born_host = read_host(header.born_host);
    message.record.store_timestamp = header.store_timestamp;
    message.record.store_host = read_host(header.store_host);
    message.record.reconsume_times = header.reconsume_times.value_or(0);
    message.record.topic = own->topic;
    message.record.properties = own->properties;
    message.record.body = own->body;
    message.reconsume_times = message.record.reconsume_times;
    message.unique_key = model::property_or_empty(own->properties, property::kUniqKey);
    if ((header.sys_flag & model::kCompressed) != 0) show_expanded(message);
    return Access::make<kerolox::MessageView>(
        std::shared_ptr<const ReceivedMessage>(own, &own->message));
}

}  // namespace kx::client
