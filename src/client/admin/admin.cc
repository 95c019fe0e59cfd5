// SPDX-License-Identifier: Apache-2.0
#include "kerolox/admin.hpp"

#include <algorithm>

#include "client/admin/commands.h"
#include "client/core/access.h"
#include "client/core/client_core.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::AdminCore;
using kx::client::ClientLease;
namespace commands = kx::client::admin;

namespace {

AdminCore core_of(const Admin& admin) {
    return {std::static_pointer_cast<ClientLease>(Access::core(admin)),
            Access::timeout(admin).count()};
}

/// Begins a command on the client's home thread.
template <class T, class... Params, class... Args>
Async<T> start(const Admin& admin, kx::client::AdminOutcome<T> (*command)(AdminCore, Params...),
               Args&&... args) {
    AdminCore core = core_of(admin);
    kx::client::ClientCore& client = core.client();
    return client.run<T>(command(std::move(core), std::forward<Args>(args)...));
}

}  // namespace

Admin Client::admin() const {
    Admin admin;
    Access::core(admin) = core_;
    return admin;
}

Admin Admin::with_timeout(std::chrono::milliseconds time) const {
    Admin other = *this;
    other.timeout_ = std::max(time, std::chrono::milliseconds(1));
    return other;
}

std::vector<std::string> Admin::name_servers() const {
    // A list that is in hand already: asked for on the home thread, it needs no waiting.
    const AdminCore core = core_of(*this);
    if (core.client().is_home()) return core.client().name_servers().addresses();
    return start<std::vector<std::string>>(*this, commands::name_servers)
        .get()
        .value_or(std::vector<std::string>());
}

Async<TopicRoute> Admin::route(std::string topic) const {
    return start(*this, commands::route, std::move(topic));
}
Async<ClusterView> Admin::cluster() const { return start(*this, commands::cluster); }
Async<std::vector<std::string>> Admin::topics() const { return start(*this, commands::topics); }
Async<std::vector<std::string>> Admin::topics_of_cluster(std::string cluster) const {
    return start(*this, commands::topics_of_cluster, std::move(cluster));
}
Async<std::vector<PerBroker<void>>> Admin::create_topic(TopicConfig config, Target target) const {
    return start(*this, commands::create_topic, std::move(config), std::move(target));
}
Async<std::vector<PerBroker<void>>> Admin::delete_topic(std::string topic, Target target) const {
    return start(*this, commands::delete_topic, std::move(topic), std::move(target));
}
Async<TopicConfig> Admin::topic_config(std::string topic, std::string address) const {
    return start(*this, commands::topic_config, std::move(topic), std::move(address));
}
Async<std::vector<TopicConfig>> Admin::topic_configs(std::string address) const {
    return start(*this, commands::topic_configs, std::move(address));
}
Async<std::vector<QueueStats>> Admin::topic_stats(std::string topic) const {
    return start(*this, commands::topic_stats, std::move(topic));
}
Async<std::vector<PerBroker<void>>> Admin::create_group(GroupConfig config, Target target) const {
    return start(*this, commands::create_group, std::move(config), std::move(target));
}
Async<std::vector<PerBroker<void>>> Admin::delete_group(std::string group, Target target,
                                                        bool clean_offsets) const {
    return start(*this, commands::delete_group, std::move(group), std::move(target), clean_offsets);
}
Async<GroupConfig> Admin::group_config(std::string group, std::string address) const {
    return start(*this, commands::group_config, std::move(group), std::move(address));
}
Async<std::vector<GroupConfig>> Admin::group_configs(std::string address) const {
    return start(*this, commands::group_configs, std::move(address));
}
Async<GroupProgress> Admin::progress(std::string group, std::string topic) const {
    return start(*this, commands::progress, std::move(group), std::move(topic));
}
Async<GroupConnections> Admin::connections(std::string group) const {
    return start(*this, commands::connections, std::move(group));
}
Async<std::vector<ConnectedClient>> Admin::producers(std::string group, std::string topic) const {
    return start(*this, commands::producers, std::move(group), std::move(topic));
}
Async<std::vector<std::string>> Admin::groups_of_topic(std::string topic) const {
    return start(*this, commands::groups_of_topic, std::move(topic));
}
Async<std::vector<std::string>> Admin::topics_of_group(std::string group) const {
    return start(*this, commands::topics_of_group, std::move(group));
}
Async<std::int64_t> Admin::min_offset(Queue queue) const {
    return start(*this, commands::min_offset, std::move(queue));
}
Async<std::int64_t> Admin::max_offset(Queue queue) const {
    return start(*this, commands::max_offset, std::move(queue));
}
Async<std::int64_t> Admin::offset_for_time(Queue queue,
                                           std::chrono::system_clock::time_point time) const {
    return start(*this, commands::offset_for_time, std::move(queue), time);
}
Async<std::chrono::system_clock::time_point> Admin::earliest_time(Queue queue) const {
    return start(*this, commands::earliest_time, std::move(queue));
}
Async<std::int64_t> Admin::committed(std::string group, Queue queue) const {
    return start(*this, commands::committed, std::move(group), std::move(queue));
}
Async<void> Admin::set_offset(std::string group, Queue queue, std::int64_t offset) const {
    return start(*this, commands::set_offset, std::move(group), std::move(queue), offset);
}
Async<std::vector<PerBroker<std::vector<QueueOffset>>>> Admin::reset_offset(
    std::string group, std::string topic, std::chrono::system_clock::time_point time,
    bool force) const {
    return start(*this, commands::reset_offset, std::move(group), std::move(topic), time, force);
}
Async<std::vector<PerBroker<void>>> Admin::clone_offset(std::string from_group,
                                                        std::string to_group, std::string topic,
                                                        bool offline_only) const {
    return start(*this, commands::clone_offset, std::move(from_group), std::move(to_group),
                 std::move(topic), offline_only);
}
Async<ConsumerSnapshot> Admin::consumer_snapshot(std::string group, std::string client_id,
                                                 bool stacks) const {
    return start(*this, commands::consumer_snapshot, std::move(group), std::move(client_id),
                 stacks);
}
Async<ConsumeOutcome> Admin::consume_directly(std::string group, std::string client_id,
                                              std::string topic, std::string message_id) const {
    return start(*this, commands::consume_directly, std::move(group), std::move(client_id),
                 std::move(topic), std::move(message_id));
}
Async<MessageView> Admin::view(std::string topic, std::string message_id) const {
    return start(*this, commands::view, std::move(topic), std::move(message_id));
}
Async<std::vector<MessageView>> Admin::query(std::string topic, std::string key, std::size_t max,
                                             TimeRange range) const {
    return start(*this, commands::query, std::move(topic), std::move(key), max, range);
}
Async<Properties> Admin::broker_config(std::string address) const {
    return start(*this, commands::broker_config, std::move(address));
}
Async<void> Admin::update_broker_config(std::string address, Properties changes) const {
    return start(*this, commands::update_broker_config, std::move(address), std::move(changes));
}
Async<Properties> Admin::broker_stats(std::string address) const {
    return start(*this, commands::broker_stats, std::move(address));
}
Async<std::vector<PerBroker<Properties>>> Admin::name_server_config() const {
    return start(*this, commands::name_server_config);
}
Async<std::vector<PerBroker<void>>> Admin::update_name_server_config(Properties changes) const {
    return start(*this, commands::update_name_server_config, std::move(changes));
}
Async<std::string> Admin::kv_get(std::string name_space, std::string key) const {
    return start(*this, commands::kv_get, std::move(name_space), std::move(key));
}
Async<std::vector<PerBroker<void>>> Admin::kv_put(std::string name_space, std::string key,
                                                  std::string value) const {
    return start(*this, commands::kv_put, std::move(name_space), std::move(key), std::move(value));
}
Async<std::vector<PerBroker<void>>> Admin::kv_delete(std::string name_space,
                                                     std::string key) const {
    return start(*this, commands::kv_delete, std::move(name_space), std::move(key));
}
Async<Properties> Admin::kv_list(std::string name_space) const {
    return start(*this, commands::kv_list, std::move(name_space));
}
Async<std::int32_t> Admin::wipe_write_permission(std::string broker) const {
    return start(*this, commands::wipe_write_permission, std::move(broker));
}
Async<std::int32_t> Admin::add_write_permission(std::string broker) const {
    return start(*this, commands::add_write_permission, std::move(broker));
}
Async<Admin::Answer> Admin::raw(std::string address, std::int32_t code, ExtFields fields,
                                Bytes body) const {
    kx::net::Call call(code, std::string(body.text()));
    call.fields = std::move(fields);
    return start(*this, commands::raw, std::move(address), std::move(call));
}

}  // namespace v1
}  // namespace kerolox
