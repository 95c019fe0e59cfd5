// SPDX-License-Identifier: Apache-2.0
//
// The commands of kerolox::Admin as coroutines on the client's home thread, one file a group.
// Names come in and go out as the application knows them (client.md 28).
#pragma once

#include <string>
#include <vector>

#include "client/admin/admin_core.h"

namespace kx::client::admin {

using Told = std::vector<kerolox::PerBroker<void>>;
using Names = std::vector<std::string>;
using Time = std::chrono::system_clock::time_point;

// routes.cc
AdminOutcome<kerolox::TopicRoute> route(AdminCore core, std::string topic);
AdminOutcome<kerolox::ClusterView> cluster(AdminCore core);
AdminOutcome<Names> topics(AdminCore core);
AdminOutcome<Names> topics_of_cluster(AdminCore core, std::string cluster);
AdminOutcome<Names> name_servers(AdminCore core);

// topics.cc
AdminOutcome<Told> create_topic(AdminCore core, kerolox::TopicConfig config,
                                kerolox::Target target);
AdminOutcome<Told> delete_topic(AdminCore core, std::string topic, kerolox::Target target);
AdminOutcome<kerolox::TopicConfig> topic_config(AdminCore core, std::string topic,
                                                std::string address);
AdminOutcome<std::vector<kerolox::TopicConfig>> topic_configs(AdminCore core, std::string address);
AdminOutcome<std::vector<kerolox::QueueStats>> topic_stats(AdminCore core, std::string topic);
/// "+a=1,+b=2": attributes as 17 takes them. A key without sign is to be set.
std::string attributes_text(const std::map<std::string, std::string>& attributes);

// groups.cc
AdminOutcome<Told> create_group(AdminCore core, kerolox::GroupConfig config,
                                kerolox::Target target);
AdminOutcome<Told> delete_group(AdminCore core, std::string group, kerolox::Target target,
                                bool clean_offsets);
AdminOutcome<kerolox::GroupConfig> group_config(AdminCore core, std::string group,
                                                std::string address);
AdminOutcome<std::vector<kerolox::GroupConfig>> group_configs(AdminCore core, std::string address);
AdminOutcome<kerolox::GroupProgress> progress(AdminCore core, std::string group, std::string topic);
AdminOutcome<Names> groups_of_topic(AdminCore core, std::string topic);
AdminOutcome<Names> topics_of_group(AdminCore core, std::string group);

// offsets.cc
AdminOutcome<std::int64_t> min_offset(AdminCore core, kerolox::Queue queue);
AdminOutcome<std::int64_t> max_offset(AdminCore core, kerolox::Queue queue);
AdminOutcome<std::int64_t> offset_for_time(AdminCore core, kerolox::Queue queue, Time time);
AdminOutcome<Time> earliest_time(AdminCore core, kerolox::Queue queue);
AdminOutcome<std::int64_t> committed(AdminCore core, std::string group, kerolox::Queue queue);
AdminOutcome<void> set_offset(AdminCore core, std::string group, kerolox::Queue queue,
                              std::int64_t offset);
AdminOutcome<std::vector<kerolox::PerBroker<std::vector<kerolox::QueueOffset>>>> reset_offset(
    AdminCore core, std::string group, std::string topic, Time time, bool force);
AdminOutcome<Told> clone_offset(AdminCore core, std::string from_group, std::string to_group,
                                std::string topic, bool offline_only);

// clients.cc
AdminOutcome<kerolox::GroupConnections> connections(AdminCore core, std::string group);
AdminOutcome<std::vector<kerolox::ConnectedClient>> producers(AdminCore core, std::string group,
                                                              std::string topic);
AdminOutcome<kerolox::ConsumerSnapshot> consumer_snapshot(AdminCore core, std::string group,
                                                          std::string client_id, bool stacks);
AdminOutcome<kerolox::ConsumeOutcome> consume_directly(AdminCore core, std::string group,
                                                       std::string client_id, std::string topic,
                                                       std::string message_id);

// messages.cc
AdminOutcome<kerolox::MessageView> view(AdminCore core, std::string topic, std::string message_id);
AdminOutcome<std::vector<kerolox::MessageView>> query(AdminCore core, std::string topic,
                                                      std::string key, std::size_t max,
                                                      kerolox::TimeRange range);

// servers.cc
AdminOutcome<kerolox::Properties> broker_config(AdminCore core, std::string address);
AdminOutcome<void> update_broker_config(AdminCore core, std::string address,
                                        kerolox::Properties changes);
AdminOutcome<kerolox::Properties> broker_stats(AdminCore core, std::string address);
AdminOutcome<std::vector<kerolox::PerBroker<kerolox::Properties>>> name_server_config(
    AdminCore core);
AdminOutcome<Told> update_name_server_config(AdminCore core, kerolox::Properties changes);
AdminOutcome<std::string> kv_get(AdminCore core, std::string name_space, std::string key);
AdminOutcome<Told> kv_put(AdminCore core, std::string name_space, std::string key,
                          std::string value);
AdminOutcome<Told> kv_delete(AdminCore core, std::string name_space, std::string key);
AdminOutcome<kerolox::Properties> kv_list(AdminCore core, std::string name_space);
AdminOutcome<std::int32_t> wipe_write_permission(AdminCore core, std::string broker);
AdminOutcome<std::int32_t> add_write_permission(AdminCore core, std::string broker);
AdminOutcome<kerolox::Admin::Answer> raw(AdminCore core, std::string address, net::Call call);

}  // namespace kx::client::admin
