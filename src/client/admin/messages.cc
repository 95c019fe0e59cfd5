// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "client/core/received.h"
#include "model/message_id.h"
#include "model/properties.h"
#include "wire/requests/offsets.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kQueryMessage = 12;
constexpr std::int32_t kViewMessage = 33;
constexpr std::int32_t kUniqueKeyMax = 32;
constexpr std::int64_t kUniqueKeyDays = 3;
constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
constexpr std::string_view kNoneWithThatId = "query message by id finished, but no message.";
constexpr auto kNoMessage = static_cast<std::int32_t>(wire::ResponseCode::kNoMessage);

struct KeyQuery {
    std::string topic;  ///< as the application names it
    std::string key;
    std::int32_t max = kUniqueKeyMax;
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = std::numeric_limits<std::int64_t>::max();
    bool is_unique_key = false;
};

bool has_key(const kerolox::MessageView& message, std::string_view key) {
    std::string_view keys = message.keys().value_or("");
    while (!keys.empty()) {
        const std::size_t end = std::min(keys.find(' '), keys.size());
        if (keys.substr(0, end) == key) return true;
        keys.remove_prefix(std::min(end + 1, keys.size()));
    }
    return false;
}

/// Brokers search by a hash of the key: what else has it is left out here.
bool is_meant(const kerolox::MessageView& message, const KeyQuery& query,
              std::string_view wire_topic) {
    if (message_of(message).record.topic != wire_topic) return false;
    if (!query.is_unique_key) return has_key(message, query.key);
    return message.property(model::property::kUniqKey) == query.key;
}

kerolox::Error no_message(std::string_view text) {
    return client_error(std::string(text), kNoMessage);
}

/// The messages that a broker answered with. Its name may be unknown.
kerolox::Result<std::vector<kerolox::MessageView>> decoded(const AdminCore& core,
                                                           const std::string& topic,
                                                           std::string broker,
                                                           const AdminCore::Reply& reply) {
    if (!reply) return reply.error();
    DecodeOptions options;
    options.queue = {topic, std::move(broker), 0};
    options.name_space = core.client().config().name_space;
    options.queue_from_record = true;
    return decode_messages(reply->body, options);
}

/// What all brokers of the topic have, oldest first. A broker that fails is an error only where no
/// other has anything.
AdminOutcome<std::vector<kerolox::MessageView>> by_key(AdminCore core, KeyQuery query) {
    const std::string wire_topic = core.wire_name(query.topic);
    auto brokers = co_await core.brokers_of_topic(wire_topic);
    constexpr auto kUnknown = static_cast<std::int32_t>(wire::ResponseCode::kTopicNotExist);
    if (!brokers && brokers.error().code() == kUnknown) {
        co_return client_error(fmt::format("The topic[{}] not matched route info", query.topic),
                               kUnknown);
    }
    if (!brokers) co_return brokers.error();
    wire::QueryMessage header;
    header.topic = wire_topic;
    header.key = query.key;
    header.max_num = query.max;
    header.begin_timestamp = query.begin_ms;
    header.end_timestamp = query.end_ms;
    net::Call call(kQueryMessage, header);
    if (query.is_unique_key) call.fields.emplace_back("_UNIQUE_KEY_QUERY", "true");
    const AdminCore patient = core.patient();
    const auto replies = co_await patient.ask_all(*brokers, std::move(call));
    std::vector<kerolox::MessageView> found;
    std::vector<kerolox::Error> failures;
    constexpr auto kNothing = static_cast<std::int32_t>(wire::ResponseCode::kQueryNotFound);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        if (!replies[i] && replies[i].error().code() == kNothing) continue;
        auto messages = decoded(core, query.topic, (*brokers)[i].broker, replies[i]);
        if (!messages) {
            failures.push_back(messages.error());
            continue;
        }
        for (kerolox::MessageView& message : *messages)
            if (is_meant(message, query, wire_topic)) found.push_back(std::move(message));
    }
    if (found.empty() && !failures.empty()) co_return failures.front();
    if (found.empty()) co_return no_message("query message by key finished, but no message.");
    for (const kerolox::Error& failure : failures) {
        core.client().log(kerolox::LogLevel::warn, "admin",
                          "a query for a key of {} is without what one broker has: {}", query.topic,
                          failure.describe());
    }
    std::ranges::sort(found, {}, [](const kerolox::MessageView& message) {
        return std::pair(message.store_time(), message.commit_log_offset());
    });
    co_return found;
}

AdminOutcome<kerolox::MessageView> by_place(AdminCore core, std::string topic,
                                            model::OffsetId place) {
    const std::string wire_topic = core.wire_name(topic);
    const std::string address = model::to_string(place.store_host);
    wire::ViewMessage header;
    header.topic = wire_topic;
    header.offset = place.physical_offset;
    const auto reply = co_await core.ask(address, net::Call(kViewMessage, header));
    if (!reply) co_return reply.error();
    std::string broker;
    const auto brokers = co_await core.brokers_of_topic(wire_topic);
    if (brokers) {  // without a route the message is shown all the same, but for its broker
        const auto at = std::ranges::find(*brokers, address, &AdminTarget::address);
        if (at != brokers->end()) broker = at->broker;
    }
    auto messages = decoded(core, topic, std::move(broker), reply);
    if (!messages) co_return messages.error();
    if (messages->empty()) co_return no_message(kNoneWithThatId);
    co_return std::move(messages->front());
}

}  // namespace

AdminOutcome<kerolox::MessageView> view(AdminCore core, std::string topic, std::string message_id) {
    // Both kinds of id are as long; where an offset id has the port, a unique key has the process
    // id in the upper bytes, so that only one key in 65,536 looks like an offset id.
    const auto place = model::decode_offset_id(message_id);
    const bool may_be_place =
        place && place->store_host.port > 0 && place->store_host.port <= 0xffff;
    kerolox::Error failure = no_message(kNoneWithThatId);
    if (may_be_place) {
        auto message = co_await by_place(core, topic, *place);
        if (message) co_return message;
        failure = message.error();
    }
    KeyQuery query;
    query.topic = topic;
    query.key = message_id;
    query.begin_ms = core.client().clock().wall_ms() - kUniqueKeyDays * kDayMs;
    query.is_unique_key = true;
    auto found = co_await by_key(core, std::move(query));
    if (found) co_return std::move(found->front());
    if (!may_be_place && found.error().code() != kNoMessage) co_return found.error();
    co_return failure;
}

AdminOutcome<std::vector<kerolox::MessageView>> query(AdminCore core, std::string topic,
                                                      std::string key, std::size_t max,
                                                      kerolox::TimeRange range) {
    KeyQuery wanted;
    wanted.topic = std::move(topic);
    wanted.key = std::move(key);
    wanted.max = static_cast<std::int32_t>(
        std::min<std::size_t>(max, std::numeric_limits<std::int32_t>::max()));
    wanted.begin_ms = admin_ms(range.begin);
    if (range.end != Time::max()) wanted.end_ms = admin_ms(range.end);
    if (wanted.key.empty() || max == 0) co_return usage_error("a query needs a key and a number");
    auto found = co_await by_key(std::move(core), std::move(wanted));
    if (found && found->size() > max) found->resize(max);
    co_return found;
}

}  // namespace kx::client::admin
