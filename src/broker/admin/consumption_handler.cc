// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/consumption_handler.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "model/message_id.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/consumption.h"
#include "wire/bodies/lists.h"
#include "wire/requests/topics.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

constexpr std::int64_t kClientTimeoutMs = 10'000;
/// Older clients do not answer 307 and 309 (V3_1_8_SNAPSHOT).
constexpr std::int32_t kAnswersVersion = 62;

std::vector<std::string> split_topics(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(';'), list.size());
        if (end > 0) items.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return items;
}

/// The client's answer becomes the broker's.
void pass_on(net::Responder& later, const wire::Command& answer) {
    const std::array<Slice, 1> body{Slice::own(std::string(answer.body))};
    net::Reply reply;
    reply.code = static_cast<ResponseCode>(answer.code);
    if (!answer.remark.empty()) reply.remark = answer.remark;
    reply.extra = answer.fields.rows();
    reply.body = body;
    later.send(reply);
}

void refuse_for_client(net::Responder& later, std::string_view who, const Error& error) {
    if (error.code == Errc::kTimeout) {
        return later.refuse(ResponseCode::kConsumeMsgTimeout,
                            fmt::format("consumer {} Timeout: {}", who, error.text));
    }
    later.refuse(ResponseCode::kSystemError,
                 fmt::format("invoke consumer {} Exception: {}", who, error.text));
}

}  // namespace

std::vector<std::string> ConsumptionHandler::topics_asked_for(
    const wire::GetConsumeStats& wish) const {
    if (!wish.topic_list.empty()) return split_topics(wish.topic_list);
    std::vector<std::string> topics;
    if (!wish.topic.empty()) {
        topics.emplace_back(wish.topic);
    } else {
        const auto known = offsets_.topics_of_group(wish.consumer_group);
        topics.assign(known.begin(), known.end());
    }
    // What an online group does not subscribe to any more is of no interest.
    const auto group = clients_.consumer_group(wish.consumer_group);
    if (group && !group->subscriptions.empty()) {
        std::erase_if(topics, [&](const std::string& topic) {
            return std::ranges::none_of(group->subscriptions, [&](const SubscriptionPtr& one) {
                return one->topic == topic;
            });
        });
    }
    return topics;
}

void ConsumptionHandler::stats(net::Request& request) {
    const auto wish = request.header<wire::GetConsumeStats>();
    if (!wish) return request.refuse(wish.error());
    const std::string broker = config_.get()->broker_name;
    wire::ConsumeStats stats;
    for (const std::string& name : topics_asked_for(*wish)) {
        const TopicPtr topic = topics_.find(name);
        if (!topic) continue;
        for (std::int32_t id = 0; id < topic->config().read_queue_nums; ++id) {
            wire::ConsumeOffset& offset = stats.offset_table[{broker, id, name}];
            offset.consumer_offset = std::max<std::int64_t>(
                0, offsets_.committed(wish->consumer_group, name, id).value_or(0));
            offset.pull_offset =
                std::max(offset.consumer_offset,
                         offsets_.pulled(wish->consumer_group, name, id).value_or(0));
            const store::QueuePtr queue = store_.find_queue(name, id);
            if (!queue) continue;
            offset.broker_offset = queue->max_offset();
            if (offset.consumer_offset > 0)
                offset.last_timestamp = store_.store_time(*queue, offset.consumer_offset - 1);
        }
    }
    request.ok_body(to_json(stats));
}

void ConsumptionHandler::groups_of_topic(net::Request& request) {
    const auto header = request.header<wire::TopicName>();
    if (!header) return request.refuse(header.error());
    std::set<std::string> groups = offsets_.groups_of_topic(header->topic);
    for (std::string& group : clients_.groups_of_topic(header->topic))
        groups.insert(std::move(group));
    request.ok_body(to_json(wire::GroupList{{groups.begin(), groups.end()}}));
}

void ConsumptionHandler::topics_of_group(net::Request& request) {
    const auto header = request.header<wire::GroupAndTopic>();
    if (!header) return request.refuse(header.error());
    const auto topics = offsets_.topics_of_group(header->group);
    wire::TopicList list;
    list.topic_list.assign(topics.begin(), topics.end());
    request.ok_body(to_json(list));
}

void ConsumptionHandler::subscription(net::Request& request) {
    const auto header = request.header<wire::GroupAndTopic>();
    if (!header) return request.refuse(header.error());
    wire::SubscriptionOfGroup answer;
    answer.group = header->group;
    answer.topic = header->topic;
    const PullView view = clients_.pull_view(header->group, header->topic);
    if (view.subscription) answer.subscription_data = *view.subscription;
    request.ok_body(to_json(answer));
}

void ConsumptionHandler::running_info(net::Request& request) {
    const auto wish = request.header<wire::ForClient>();
    if (!wish) return request.refuse(wish.error());
    forward(request, *wish, {}, Slice::own(std::string(request.body())));
}

void ConsumptionHandler::consume_directly(net::Request& request) {
    const auto wish = request.header<wire::ForClient>();
    if (!wish) return request.refuse(wish.error());
    const auto place = model::decode_offset_id(wish->msg_id);
    if (!place) return request.refuse(place.error());
    auto record = store_.record_at(place->physical_offset);
    if (!record) return request.refuse(record.error());
    std::vector<std::pair<std::string, std::string>> more{
        {"brokerName", config_.get()->broker_name}};
    if (const TopicPtr topic = topics_.find(wish->topic))
        more.emplace_back("topicSysFlag", std::to_string(topic->config().topic_sys_flag));
    if (const GroupConfigPtr group = groups_.find(wish->consumer_group))
        more.emplace_back("groupSysFlag", std::to_string(group->group_sys_flag));
    forward(request, *wish, std::move(more), std::move(*record));
}

void ConsumptionHandler::forward(net::Request& request, const wire::ForClient& wish,
                                 std::vector<std::pair<std::string, std::string>> more,
                                 Slice body) {
    const auto group = clients_.consumer_group(wish.consumer_group);
    const ClientInfo* client = nullptr;
    if (group) {
        const auto found =
            std::ranges::find(group->clients, wish.client_id, &ClientInfo::client_id);
        if (found != group->clients.end()) client = &*found;
    }
    const std::string who = fmt::format("<{}> <{}>", wish.consumer_group, wish.client_id);
    if (client == nullptr) {
        return request.refuse(ResponseCode::kSystemError,
                              fmt::format("The Consumer {} not online", who));
    }
    if (client->version < kAnswersVersion) {
        return request.refuse(
            ResponseCode::kSystemError,
            fmt::format("The Consumer <{}> Version <{}> too low to finish, please upgrade it to "
                        "V3_1_8_SNAPSHOT",
                        wish.client_id, client->version));
    }
    for (const ExtField& field : request.command().fields.rows()) {
        const bool known =
            std::ranges::any_of(more, [&](const auto& entry) { return entry.first == field.key; });
        if (!known) more.emplace_back(field.key, field.value);
    }
    auto later = std::make_shared<net::Responder>(request.defer());
    const net::ConnectionPtr connection = client->connection;
    boost::asio::post(
        connection->thread().context(), [connection, later, who, code = request.code(),
                                         fields = std::move(more), body = std::move(body)] {
            std::vector<ExtField> extra;
            for (const auto& [key, value] : fields) extra.push_back({key, value});
            wire::HeaderParts parts;
            parts.encoding = net::answer_encoding();
            parts.code = code;
            parts.extra = extra;
            const std::array<Slice, 1> bodies{body};
            connection->call(parts, bodies, kClientTimeoutMs,
                             [later, who](const Result<const wire::Command*>& answer) {
                                 if (answer)
                                     pass_on(*later, **answer);
                                 else
                                     refuse_for_client(*later, who, answer.error());
                             });
        });
}

}  // namespace kx::broker
