// SPDX-License-Identifier: Apache-2.0
//
// What clients and tools ask of the route table, and what tools change in it.
#include <algorithm>

#include "namesrv/route_table.h"

namespace kx::namesrv {
namespace {

/// Topics over which brokers of one group agree who is there: never with an acting master.
constexpr std::string_view kSyncMemberTopics = "rmq_sys_SYNC_BROKER_MEMBER_";

enum TopicFlag : std::int32_t { kUnitFlag = 1, kUnitSubFlag = 2 };

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_writable(const wire::TopicRoute& route, std::string_view broker) {
    for (const wire::QueueData& queues : route.queue_datas)
        if (queues.broker_name == broker) return (queues.perm & wire::kWrite) != 0;
    return true;  // no queues of its own: nothing to stand in for
}

/// In the answer only, the smallest slave of a group without a master carries the master's id.
void present_acting_masters(wire::TopicRoute& route) {
    for (wire::BrokerData& broker : route.broker_datas) {
        auto& addresses = broker.broker_addrs;
        if (addresses.empty() || addresses.contains(kMasterId)) continue;
        if (!broker.enable_acting_master || is_writable(route, broker.broker_name)) continue;
        auto acting = addresses.extract(addresses.begin());
        acting.key() = kMasterId;
        addresses.insert(std::move(acting));
    }
}

}  // namespace

std::optional<wire::TopicRoute> RouteTable::route(std::string_view topic,
                                                  const RouteRules& rules) const {
    wire::TopicRoute route;
    {
        MutexLock lock(mutex_);
        const auto found = topics_.find(topic);
        if (found == topics_.end()) return std::nullopt;
        for (const auto& [name, queues] : found->second) {
            route.queue_datas.push_back(queues);
            const auto broker = brokers_.find(name);
            if (broker == brokers_.end()) continue;
            route.broker_datas.push_back(broker->second);
            if (filter_servers_.empty()) continue;
            for (const auto& [id, address] : broker->second.broker_addrs) {
                const auto servers = filter_servers_.find({broker->second.cluster, address});
                if (servers != filter_servers_.end())
                    route.filter_server_table[address] = servers->second;
            }
        }
        if (route.queue_datas.empty() || route.broker_datas.empty()) return std::nullopt;
        if (const auto mapping = mappings_.find(topic); mapping != mappings_.end())
            route.topic_queue_mapping_by_broker = mapping->second;
    }
    if (rules.support_acting_master && !topic.starts_with(kSyncMemberTopics))
        present_acting_masters(route);
    return route;
}

void keep_zone(wire::TopicRoute& route, std::string_view zone) {
    std::set<std::string> removed;
    std::erase_if(route.broker_datas, [&](const wire::BrokerData& broker) {
        // Without a master the slaves of any zone must do.
        if (!broker.broker_addrs.contains(kMasterId)) return false;
        if (broker.zone_name && equal_ignoring_case(*broker.zone_name, zone)) return false;
        removed.insert(broker.broker_name);
        for (const auto& [id, address] : broker.broker_addrs)
            route.filter_server_table.erase(address);
        return true;
    });
    std::erase_if(route.queue_datas, [&](const wire::QueueData& queues) {
        return removed.contains(queues.broker_name);
    });
}

wire::ClusterInfo RouteTable::cluster_info() const {
    MutexLock lock(mutex_);
    wire::ClusterInfo info;
    info.broker_addr_table.insert(brokers_.begin(), brokers_.end());
    info.cluster_addr_table.insert(clusters_.begin(), clusters_.end());
    return info;
}

wire::BrokerMemberGroup RouteTable::members(std::string_view cluster, std::string_view name) const {
    wire::BrokerMemberGroup group;
    group.broker_name = name;
    group.cluster = cluster;
    MutexLock lock(mutex_);
    if (const auto found = brokers_.find(name); found != brokers_.end())
        group.broker_addrs = found->second.broker_addrs;
    return group;
}

std::vector<std::string> RouteTable::topics() const {
    std::vector<std::string> names;
    {
        MutexLock lock(mutex_);
        names.reserve(topics_.size());
        for (const auto& entry : topics_) names.push_back(entry.first);
    }
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> RouteTable::topics_of_cluster(std::string_view cluster) const {
    std::vector<std::string> names;
    {
        MutexLock lock(mutex_);
        const auto found = clusters_.find(cluster);
        if (found == clusters_.end()) return names;
        for (const auto& [topic, queues] : topics_) {
            const auto is_member = [&](const auto& entry) {
                return found->second.contains(entry.first);
            };
            if (std::ranges::any_of(queues, is_member)) names.push_back(topic);
        }
    }
    std::ranges::sort(names);
    return names;
}

wire::TopicList RouteTable::system_topics() const {
    MutexLock lock(mutex_);
    wire::TopicList list;
    std::set<std::string> names;
    for (const auto& [cluster, brokers] : clusters_) {
        names.insert(cluster);
        names.insert(brokers.begin(), brokers.end());
    }
    list.topic_list.assign(names.begin(), names.end());
    for (const auto& [name, broker] : brokers_) {
        if (broker.broker_addrs.empty()) continue;
        list.broker_addr = broker.broker_addrs.begin()->second;
        break;
    }
    return list;
}

std::vector<std::string> RouteTable::unit_topics(UnitKind kind) const {
    std::vector<std::string> names;
    {
        MutexLock lock(mutex_);
        for (const auto& [topic, queues] : topics_) {
            if (queues.empty()) continue;
            const std::int32_t flags = queues.begin()->second.topic_sys_flag;
            const bool unit = (flags & kUnitFlag) != 0;
            const bool unit_sub = (flags & kUnitSubFlag) != 0;
            const bool wanted = kind == UnitKind::kUnit      ? unit
                                : kind == UnitKind::kUnitSub ? unit_sub
                                                             : unit_sub && !unit;
            if (wanted) names.push_back(topic);
        }
    }
    std::ranges::sort(names);
    return names;
}

void RouteTable::remove_topic(std::string_view topic, std::string_view cluster) {
    MutexLock lock(mutex_);
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    if (!cluster.empty()) {
        const auto brokers = clusters_.find(cluster);
        if (brokers == clusters_.end()) return;
        for (const std::string& name : brokers->second) found->second.erase(name);
        if (!found->second.empty()) return;
    }
    topics_.erase(found);
}

void RouteTable::add_topic(std::string_view topic, const std::vector<wire::QueueData>& queues) {
    MutexLock lock(mutex_);
    const bool known = topics_.contains(topic);
    Queues added;
    for (const wire::QueueData& one : queues) {
        if (!brokers_.contains(one.broker_name)) {
            if (!known) return;  // a new topic comes as a whole or not at all
            break;
        }
        added[one.broker_name] = one;
    }
    if (added.empty()) return;
    Queues& all = topics_[std::string(topic)];
    for (auto& [name, one] : added) all[name] = std::move(one);
}

std::int32_t RouteTable::wipe_write_permission(std::string_view broker) {
    MutexLock lock(mutex_);
    std::int32_t touched = 0;
    for (auto& entry : topics_) {
        const auto queues = entry.second.find(broker);
        if (queues == entry.second.end()) continue;
        queues->second.perm &= ~wire::kWrite;
        ++touched;
    }
    return touched;
}

std::int32_t RouteTable::add_write_permission(std::string_view broker) {
    MutexLock lock(mutex_);
    std::int32_t touched = 0;
    for (auto& entry : topics_) {
        const auto queues = entry.second.find(broker);
        if (queues == entry.second.end()) continue;
        queues->second.perm = wire::kRead | wire::kWrite;
        ++touched;
    }
    return touched;
}

TableSizes RouteTable::sizes() const {
    MutexLock lock(mutex_);
    return {topics_.size(), brokers_.size(), clusters_.size(), live_.size()};
}

}  // namespace kx::namesrv
