// SPDX-License-Identifier: Apache-2.0
#include "wire/requests/topics.h"

#include <algorithm>

#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "model/names.h"
#include "model/validators.h"
#include "wire/bodies/topics.h"
#include "wire/requests/namesrv.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kCreateTopic = 17;
constexpr std::int32_t kGetAllTopicConfigs = 21;
constexpr std::int32_t kGetTopicStats = 202;
constexpr std::int32_t kDeleteTopicInBroker = 215;
constexpr std::int32_t kDeleteTopicInNameServer = 216;
constexpr std::int32_t kGetTopicConfig = 351;

kerolox::TopicConfig shown(const AdminCore& core, const wire::TopicConfig& config) {
    kerolox::TopicConfig topic;
    topic.name = core.user_name(config.topic_name);
    topic.read_queues = config.read_queue_nums;
    topic.write_queues = config.write_queue_nums;
    topic.permission = config.perm;
    topic.ordered = config.order;
    topic.attributes = config.attributes;
    return topic;
}

bool all_did(const Told& told) {
    return std::ranges::all_of(told, [](const auto& one) { return one.result.has_value(); });
}

/// Whether name servers may forget the topic: not while a broker has it that was not a target. They
/// would hear of it again only when something else changes there.
AdminOutcome<bool> is_gone_everywhere(AdminCore core, std::string wire_topic, Told told) {
    const auto route = co_await core.route(std::move(wire_topic));
    if (!route) {
        if (route.error().kind() == kerolox::ErrorKind::broker) co_return false;  // known no more
        co_return route.error();
    }
    co_return std::ranges::all_of(route->queue_datas, [&](const wire::QueueData& queues) {
        return std::ranges::any_of(
            told, [&](const auto& one) { return one.broker == queues.broker_name; });
    });
}

}  // namespace

std::string attributes_text(const std::map<std::string, std::string>& attributes) {
    std::string text;
    for (const auto& [key, value] : attributes) {
        if (!text.empty()) text += ',';
        if (!key.starts_with('+') && !key.starts_with('-')) text += '+';
        text += key;
        if (!value.empty() && !key.starts_with('-')) text += '=' + value;
    }
    return text;
}

AdminOutcome<Told> create_topic(AdminCore core, kerolox::TopicConfig config,
                                kerolox::Target target) {
    const std::string topic = core.wire_name(config.name);
    if (const Status valid = model::validate_topic(topic); !valid)
        co_return local_error(valid.error());
    auto brokers = co_await core.brokers_of(std::move(target));
    if (!brokers) co_return brokers.error();
    const std::string attributes = attributes_text(config.attributes);
    wire::UpdateTopic header;
    header.topic = topic;
    header.default_topic = model::kDefaultTopic;
    header.read_queue_nums = config.read_queues;
    header.write_queue_nums = config.write_queues;
    header.perm = config.permission;
    header.topic_filter_type = "SINGLE_TAG";
    header.topic_sys_flag = 0;
    header.order = config.ordered;
    header.attributes = attributes;
    co_return co_await core.tell_all(std::move(*brokers), net::Call(kCreateTopic, header));
}

AdminOutcome<Told> delete_topic(AdminCore core, std::string topic, kerolox::Target target) {
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of(target);
    if (!brokers) co_return brokers.error();
    wire::TopicName at_broker;
    at_broker.topic = wire_topic;
    Told told =
        co_await core.tell_all(std::move(*brokers), net::Call(kDeleteTopicInBroker, at_broker));
    if (!all_did(told)) co_return told;  // the topic is still there, and so shall its route be
    wire::TopicInNamesrv at_name_server;
    at_name_server.topic = wire_topic;
    if (target.kind() == kerolox::Target::Kind::cluster) {
        at_name_server.cluster_name = target.name();
    } else if (target.kind() == kerolox::Target::Kind::address) {
        const auto gone = co_await is_gone_everywhere(core, wire_topic, told);
        if (!gone) co_return gone.error();
        if (!*gone) co_return told;
    }
    Told name_servers = co_await core.tell_all(core.name_servers(),
                                               net::Call(kDeleteTopicInNameServer, at_name_server));
    told.insert(told.end(), std::make_move_iterator(name_servers.begin()),
                std::make_move_iterator(name_servers.end()));
    co_return told;
}

AdminOutcome<kerolox::TopicConfig> topic_config(AdminCore core, std::string topic,
                                                std::string address) {
    const std::string wire_topic = core.wire_name(topic);
    wire::TopicName header;
    header.topic = wire_topic;
    const auto reply = co_await core.ask(address, net::Call(kGetTopicConfig, header));
    const auto config = admin_body<wire::TopicConfig>(reply, address);
    if (!config) co_return config.error();
    co_return shown(core, *config);
}

AdminOutcome<std::vector<kerolox::TopicConfig>> topic_configs(AdminCore core, std::string address) {
    const auto question = [most = core.client().config().max_page_size_in_get_metadata](
                              std::int32_t row, std::string_view version) {
        wire::GetAllTopics header;
        header.topic_seq = row;
        header.data_version = version;
        header.max_topic_num = most;
        return net::Call(kGetAllTopicConfigs, header);
    };
    const auto all = co_await all_pages(core, std::move(address), question,
                                        &wire::TopicTable::topic_config_table,
                                        &wire::AllTopicsAnswer::total_topic_num);
    if (!all) co_return all.error();
    std::vector<kerolox::TopicConfig> configs;
    for (const auto& [name, config] : *all) configs.push_back(shown(core, config));
    co_return configs;
}

AdminOutcome<std::vector<kerolox::QueueStats>> topic_stats(AdminCore core, std::string topic) {
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of_topic(wire_topic);
    if (!brokers) co_return brokers.error();
    wire::TopicName header;
    header.topic = wire_topic;
    const auto replies = co_await core.ask_all(*brokers, net::Call(kGetTopicStats, header));
    std::vector<kerolox::QueueStats> stats;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto table = admin_body<wire::TopicStats>(replies[i], (*brokers)[i].address);
        if (!table) co_return table.error();
        for (const auto& [queue, offsets] : table->offset_table) {
            stats.push_back({core.user_queue(queue.topic, queue.broker_name, queue.queue_id),
                             offsets.min_offset, offsets.max_offset,
                             admin_time(offsets.last_update_timestamp)});
        }
    }
    if (stats.empty()) co_return client_error("Not found the topic stats info");
    co_return stats;
}

}  // namespace kx::client::admin
