// SPDX-License-Identifier: Apache-2.0
/// @file
/// Administration: topics, groups, offsets, routes, figures, messages.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kerolox/async.hpp"
#include "kerolox/bytes.hpp"
#include "kerolox/config.hpp"
#include "kerolox/consumer.hpp"
#include "kerolox/hooks.hpp"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

/// Which brokers an operation is for: one by its address, the masters of a cluster, or all masters.
class Target {
public:
    static Target broker(std::string address) { return {Kind::address, std::move(address)}; }
    static Target cluster(std::string name) { return {Kind::cluster, std::move(name)}; }
    static Target everywhere() { return {Kind::everywhere, {}}; }

    enum class Kind : std::uint8_t { address, cluster, everywhere };
    Kind kind() const noexcept { return kind_; }
    const std::string& name() const noexcept { return name_; }

private:
    Target(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
    Kind kind_;
    std::string name_;
};

/// One broker's part of an operation on many. A name server's part has no broker name; a broker
/// that no name server knows has its address for a name.
template <class T>
struct PerBroker {
    std::string broker{};
    std::string address{};
    Result<T> result;
};

/// Permission bits of a topic.
inline constexpr int kPermissionRead = 4;
inline constexpr int kPermissionWrite = 2;

struct TopicConfig {
    std::string name{};
    int read_queues = 8;
    int write_queues = 8;
    int permission = kPermissionRead | kPermissionWrite;
    bool ordered = false;
    /// "message.type" -> "DELAY". To create or change: "-name" takes one away.
    std::map<std::string, std::string> attributes{};
};

struct GroupConfig {
    std::string name{};
    bool consume_enabled = true;
    bool consume_from_min = true;
    bool broadcast_enabled = true;
    bool ordered = false;
    int retry_queues = 1;
    int max_retries = 16;
    std::int64_t broker_id = 0;
    std::int64_t which_broker_when_slow = 1;
    bool notify_consumers_changed = true;
    int consume_timeout_minutes = 15;
    std::map<std::string, std::string> attributes{};
};

struct TopicRoute {
    struct Broker {
        std::string cluster{};
        std::string name{};
        std::map<std::int64_t, std::string> addresses{};  ///< by broker id; 0 is the master
    };
    struct Queues {
        std::string broker{};
        int read_queues = 0;
        int write_queues = 0;
        int permission = 0;
    };
    std::vector<Broker> brokers{};
    std::vector<Queues> queues{};
    std::string order_config{};  ///< "broker-a:4;broker-b:4", mostly empty
};

struct ClusterView {
    std::vector<TopicRoute::Broker> brokers{};
    std::map<std::string, std::vector<std::string>> clusters{};  ///< broker names
};

struct QueueStats {
    Queue queue{};
    std::int64_t min_offset = 0;
    std::int64_t max_offset = 0;
    std::chrono::system_clock::time_point last_update{};  ///< the epoch: never
};

struct QueueProgress {
    Queue queue{};
    std::int64_t broker_offset = 0;
    std::int64_t consumer_offset = 0;
    std::int64_t pull_offset = 0;
    std::chrono::system_clock::time_point last_consumed{};  ///< store time; the epoch: unknown
};

struct GroupProgress {
    double consume_tps = 0;
    std::vector<QueueProgress> queues{};
};

struct ConnectedClient {
    std::string client_id{};
    std::string address{};
    std::string language{};
    std::int32_t version = 0;
};

struct GroupConnections {
    std::vector<ConnectedClient> clients{};
    std::vector<std::pair<std::string, Filter>> subscriptions{};
    GroupModel model = GroupModel::clustering;
    StartFrom start_from = StartFrom::last;
    bool actively = false;  ///< pulls itself
};

struct ConsumeOutcome {
    bool ordered = false;
    bool auto_commit = true;
    std::string result{};  ///< CR_SUCCESS, CR_LATER, CR_THROW_EXCEPTION, ...
    std::string remark{};
    std::chrono::milliseconds took{0};
};

struct TimeRange {
    std::chrono::system_clock::time_point begin{};
    std::chrono::system_clock::time_point end = std::chrono::system_clock::time_point::max();
};

using Properties = std::map<std::string, std::string>;

/// A cheap handle on a client for operating its cluster. A server that refuses is a `broker` error
/// with its code() and text. Each request has the handle's timeout (5 s by default); three times as
/// much where a broker must search or ask a consumer. Names are as the client's other handles take
/// them: the older kind of namespace is added and taken off.
class KEROLOX_API Admin {
public:
    /// The same, with another timeout for each request.
    Admin with_timeout(std::chrono::milliseconds time) const;

    // Routes and clusters
    Async<TopicRoute> route(std::string topic) const;
    Async<ClusterView> cluster() const;
    Async<std::vector<std::string>> topics() const;
    Async<std::vector<std::string>> topics_of_cluster(std::string cluster) const;
    /// Empty once the client is closed, and on the io thread of another client.
    std::vector<std::string> name_servers() const;

    // Topics
    Async<std::vector<PerBroker<void>>> create_topic(TopicConfig config, Target target) const;
    /// At the brokers, then at the name servers: these only when every broker did, and only when no
    /// other broker has the topic.
    Async<std::vector<PerBroker<void>>> delete_topic(std::string topic, Target target) const;
    Async<TopicConfig> topic_config(std::string topic, std::string address) const;
    Async<std::vector<TopicConfig>> topic_configs(std::string address) const;
    Async<std::vector<QueueStats>> topic_stats(std::string topic) const;

    // Groups
    Async<std::vector<PerBroker<void>>> create_group(GroupConfig config, Target target) const;
    Async<std::vector<PerBroker<void>>> delete_group(std::string group, Target target,
                                                     bool clean_offsets = false) const;
    Async<GroupConfig> group_config(std::string group, std::string address) const;
    Async<std::vector<GroupConfig>> group_configs(std::string address) const;
    /// Of one topic, or of all that the group has offsets for. A broker that fails is an error.
    Async<GroupProgress> progress(std::string group, std::string topic = {}) const;
    Async<GroupConnections> connections(std::string group) const;
    Async<std::vector<ConnectedClient>> producers(std::string group, std::string topic) const;
    Async<std::vector<std::string>> groups_of_topic(std::string topic) const;
    Async<std::vector<std::string>> topics_of_group(std::string group) const;

    // Offsets
    Async<std::int64_t> min_offset(Queue queue) const;
    Async<std::int64_t> max_offset(Queue queue) const;
    Async<std::int64_t> offset_for_time(Queue queue,
                                        std::chrono::system_clock::time_point time) const;
    /// The store time of the queue's oldest message; the epoch where there is none.
    Async<std::chrono::system_clock::time_point> earliest_time(Queue queue) const;
    /// -1 where none is stored.
    Async<std::int64_t> committed(std::string group, Queue queue) const;
    Async<void> set_offset(std::string group, Queue queue, std::int64_t offset) const;
    /// Running consumers are told to go there. time_point::max(): to the end. Without `force`,
    /// brokers that move their consumers one by one move none of them forward.
    Async<std::vector<PerBroker<std::vector<QueueOffset>>>> reset_offset(
        std::string group, std::string topic, std::chrono::system_clock::time_point time,
        bool force = true) const;
    Async<std::vector<PerBroker<void>>> clone_offset(std::string from_group, std::string to_group,
                                                     std::string topic,
                                                     bool offline_only = true) const;

    // Clients
    /// What the consumer tells of itself; stacks as the property "jstack".
    Async<ConsumerSnapshot> consumer_snapshot(std::string group, std::string client_id,
                                              bool stacks = false) const;
    /// The consumer takes the message now, whatever its offsets.
    Async<ConsumeOutcome> consume_directly(std::string group, std::string client_id,
                                           std::string topic, std::string message_id) const;

    // Messages
    /// By offset id, at the address it names, or by unique key, among the last three days. Code
    /// 208: there is none.
    Async<MessageView> view(std::string topic, std::string message_id) const;
    /// What all brokers have with exactly this key, oldest first; code 208: nothing.
    Async<std::vector<MessageView>> query(std::string topic, std::string key, std::size_t max,
                                          TimeRange range = {}) const;

    // Servers
    Async<Properties> broker_config(std::string address) const;
    Async<void> update_broker_config(std::string address, Properties changes) const;
    Async<Properties> broker_stats(std::string address) const;
    Async<std::vector<PerBroker<Properties>>> name_server_config() const;
    Async<std::vector<PerBroker<void>>> update_name_server_config(Properties changes) const;
    Async<std::string> kv_get(std::string name_space, std::string key) const;
    Async<std::vector<PerBroker<void>>> kv_put(std::string name_space, std::string key,
                                               std::string value) const;
    Async<std::vector<PerBroker<void>>> kv_delete(std::string name_space, std::string key) const;
    Async<Properties> kv_list(std::string name_space) const;
    /// At every name server, of a broker by its name. How many topics lost their write permission.
    Async<std::int32_t> wipe_write_permission(std::string broker) const;
    /// Topics become readable and writable.
    Async<std::int32_t> add_write_permission(std::string broker) const;

    /// The answer to raw().
    struct Answer {
        std::int32_t code = 0;
        std::string remark{};
        ExtFields fields{};
        Bytes body{};
    };
    /// Any other command; an answer with any code is a value. An empty address: a name server.
    Async<Answer> raw(std::string address, std::int32_t code, ExtFields fields, Bytes body) const;

private:
    friend struct detail::Access;
    std::shared_ptr<void> core_;
    std::chrono::milliseconds timeout_{5'000};
};

}  // namespace v1
}  // namespace kerolox
