// SPDX-License-Identifier: Apache-2.0
#include "wire/requests/groups.h"

#include <algorithm>
#include <set>

#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "model/validators.h"
#include "wire/bodies/consumption.h"
#include "wire/bodies/groups.h"
#include "wire/bodies/lists.h"
#include "wire/requests/consumption.h"
#include "wire/requests/topics.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kCreateGroup = 200;
constexpr std::int32_t kGetAllGroups = 201;
constexpr std::int32_t kDeleteGroup = 207;
constexpr std::int32_t kGetConsumeStats = 208;
constexpr std::int32_t kGroupsOfTopic = 300;
constexpr std::int32_t kTopicsOfGroup = 343;
constexpr std::int32_t kGetGroup = 352;
constexpr auto kNotOnline = static_cast<std::int32_t>(wire::ResponseCode::kConsumerNotOnline);

wire::SubscriptionGroupConfig to_wire(const AdminCore& core, const kerolox::GroupConfig& config) {
    wire::SubscriptionGroupConfig group;
    group.group_name = core.wire_name(config.name);
    group.consume_enable = config.consume_enabled;
    group.consume_from_min_enable = config.consume_from_min;
    group.consume_broadcast_enable = config.broadcast_enabled;
    group.consume_message_orderly = config.ordered;
    group.retry_queue_nums = config.retry_queues;
    group.retry_max_times = config.max_retries;
    group.broker_id = config.broker_id;
    group.which_broker_when_consume_slowly = config.which_broker_when_slow;
    group.notify_consumer_ids_changed_enable = config.notify_consumers_changed;
    group.consume_timeout_minute = config.consume_timeout_minutes;
    for (const auto& [key, value] : config.attributes) {
        const bool has_sign = key.starts_with('+') || key.starts_with('-');
        group.attributes[has_sign ? key : "+" + key] = value;
    }
    return group;
}

kerolox::GroupConfig shown(const AdminCore& core, const wire::SubscriptionGroupConfig& group) {
    kerolox::GroupConfig config;
    config.name = core.user_name(group.group_name);
    config.consume_enabled = group.consume_enable;
    config.consume_from_min = group.consume_from_min_enable;
    config.broadcast_enabled = group.consume_broadcast_enable;
    config.ordered = group.consume_message_orderly;
    config.retry_queues = group.retry_queue_nums;
    config.max_retries = group.retry_max_times;
    config.broker_id = group.broker_id;
    config.which_broker_when_slow = group.which_broker_when_consume_slowly;
    config.notify_consumers_changed = group.notify_consumer_ids_changed_enable;
    config.consume_timeout_minutes = group.consume_timeout_minute;
    config.attributes = group.attributes;
    return config;
}

/// The names in all answers, once each. One broker that fails is an error: what it knows would be
/// missing unseen.
template <class Body>
kerolox::Result<Names> merged(const AdminCore& core, const std::vector<AdminTarget>& brokers,
                              const std::vector<AdminCore::Reply>& replies,
                              std::vector<std::string> Body::* list) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto body = admin_body<Body>(replies[i], brokers[i].address);
        if (!body) return body.error();
        for (const std::string& name : (*body).*list) names.insert(core.user_name(name));
    }
    return Names(names.begin(), names.end());
}

}  // namespace

AdminOutcome<Told> create_group(AdminCore core, kerolox::GroupConfig config,
                                kerolox::Target target) {
    const wire::SubscriptionGroupConfig group = to_wire(core, config);
    if (const Status valid = model::validate_group(group.group_name); !valid)
        co_return local_error(valid.error());
    auto brokers = co_await core.brokers_of(std::move(target));
    if (!brokers) co_return brokers.error();
    co_return co_await core.tell_all(std::move(*brokers), net::Call(kCreateGroup, to_json(group)));
}

AdminOutcome<Told> delete_group(AdminCore core, std::string group, kerolox::Target target,
                                bool clean_offsets) {
    const std::string wire_group = core.wire_name(group);
    auto brokers = co_await core.brokers_of(std::move(target));
    if (!brokers) co_return brokers.error();
    wire::DeleteGroup header;
    header.group_name = wire_group;
    header.clean_offset = clean_offsets;
    co_return co_await core.tell_all(std::move(*brokers), net::Call(kDeleteGroup, header));
}

AdminOutcome<kerolox::GroupConfig> group_config(AdminCore core, std::string group,
                                                std::string address) {
    const std::string wire_group = core.wire_name(group);
    wire::GetGroup header;
    header.group = wire_group;
    const auto reply = co_await core.ask(address, net::Call(kGetGroup, header));
    const auto config = admin_body<wire::SubscriptionGroupConfig>(reply, address);
    if (!config) co_return config.error();
    co_return shown(core, *config);
}

AdminOutcome<std::vector<kerolox::GroupConfig>> group_configs(AdminCore core, std::string address) {
    const auto question = [most = core.client().config().max_page_size_in_get_metadata](
                              std::int32_t row, std::string_view version) {
        wire::GetAllGroups header;
        header.group_seq = row;
        header.data_version = version;
        header.max_group_num = most;
        return net::Call(kGetAllGroups, header);
    };
    const auto all = co_await all_pages(core, std::move(address), question,
                                        &wire::SubscriptionGroupTable::subscription_group_table,
                                        &wire::AllGroupsAnswer::total_group_num);
    if (!all) co_return all.error();
    std::vector<kerolox::GroupConfig> configs;
    for (const auto& [name, group] : *all) configs.push_back(shown(core, group));
    co_return configs;
}

AdminOutcome<kerolox::GroupProgress> progress(AdminCore core, std::string group,
                                              std::string topic) {
    const std::string wire_group = core.wire_name(group);
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of_group(wire_group, wire_topic);
    if (!brokers) co_return brokers.error();
    wire::GetConsumeStats header;
    header.consumer_group = wire_group;
    header.topic = wire_topic;
    const AdminCore patient = core.patient();
    const auto replies = co_await patient.ask_all(*brokers, net::Call(kGetConsumeStats, header));
    kerolox::GroupProgress sum;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto stats = admin_body<wire::ConsumeStats>(replies[i], (*brokers)[i].address);
        if (!stats) co_return stats.error();
        sum.consume_tps += stats->consume_tps;
        for (const auto& [queue, offsets] : stats->offset_table) {
            sum.queues.push_back({core.user_queue(queue.topic, queue.broker_name, queue.queue_id),
                                  offsets.broker_offset, offsets.consumer_offset,
                                  offsets.pull_offset, admin_time(offsets.last_timestamp)});
        }
    }
    if (sum.queues.empty()) {
        co_return client_error(
            "Not found the consumer group consume stats, because return offset table is empty, "
            "maybe the consumer not consume any message",
            kNotOnline);
    }
    co_return sum;
}

AdminOutcome<Names> groups_of_topic(AdminCore core, std::string topic) {
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of_topic(wire_topic);
    if (!brokers) co_return brokers.error();
    wire::TopicName header;
    header.topic = wire_topic;
    const auto replies = co_await core.ask_all(*brokers, net::Call(kGroupsOfTopic, header));
    co_return merged(core, *brokers, replies, &wire::GroupList::group_list);
}

AdminOutcome<Names> topics_of_group(AdminCore core, std::string group) {
    const std::string wire_group = core.wire_name(group);
    auto brokers = co_await core.brokers_of_group(wire_group);
    if (!brokers) co_return brokers.error();
    wire::GetGroup header;
    header.group = wire_group;
    const auto replies = co_await core.ask_all(*brokers, net::Call(kTopicsOfGroup, header));
    co_return merged(core, *brokers, replies, &wire::TopicList::topic_list);
}

}  // namespace kx::client::admin
