// SPDX-License-Identifier: Apache-2.0
//
// Brokers come and go: registration, unregistration, silence. What is asked of the table is in
// route_queries.cc.
#include "namesrv/route_table.h"

namespace kx::namesrv {
namespace {

std::int64_t smallest_id(const wire::BrokerData& broker) {
    return broker.broker_addrs.begin()->first;
}

/// Somebody left, or only one is there: all are told. Otherwise all but the new smallest.
MinIdChange change_of(const wire::BrokerData& broker, std::string offline, std::string ha) {
    MinIdChange change;
    change.min_id = smallest_id(broker);
    change.min_address = broker.broker_addrs.begin()->second;
    change.offline_address = std::move(offline);
    change.ha_address = std::move(ha);
    const bool tell_all = !change.offline_address.empty() || broker.broker_addrs.size() == 1;
    for (const auto& [id, address] : broker.broker_addrs)
        if (tell_all || id != change.min_id) change.notify.push_back(address);
    return change;
}

}  // namespace

wire::Outcome<Registered> RouteTable::register_broker(Registration incoming,
                                                      const RouteRules& rules) {
    const Place place{incoming.cluster, incoming.address};
    Registered answer;
    MutexLock lock(mutex_);

    clusters_[incoming.cluster].insert(incoming.broker_name);
    const auto [found, is_new] = brokers_.try_emplace(incoming.broker_name);
    Broker& broker = found->second;
    if (is_new) {
        broker.broker_name = incoming.broker_name;
        broker.cluster = incoming.cluster;
    }
    broker.enable_acting_master = incoming.acting_master.value_or(false);
    broker.zone_name = incoming.zone_name;

    auto& addresses = broker.broker_addrs;
    const bool new_smallest = !addresses.empty() && incoming.broker_id < smallest_id(broker);
    // A slave that became master leaves its old id.
    std::erase_if(addresses, [&](const auto& entry) {
        return entry.second == incoming.address && entry.first != incoming.broker_id;
    });
    if (const std::string* holder = holder_of(incoming, broker)) {
        live_.erase(place);
        answer.outdated_by = *holder;
        return answer;
    }
    if (!addresses.contains(incoming.broker_id) && incoming.topics.topic_config_table.size() == 1) {
        return wire::refuse(wire::ResponseCode::kSystemError,
                            "register broker failed; broker {} at {} is new here with id {} and "
                            "brought one topic only: its full table has to come first",
                            incoming.broker_name, incoming.address, incoming.broker_id);
    }
    std::string& address = addresses[incoming.broker_id];
    const bool first = is_new || address.empty();
    address = incoming.address;

    const bool prime_slave = incoming.acting_master.has_value() &&
                             incoming.broker_id != kMasterId &&
                             incoming.broker_id == smallest_id(broker);
    if (incoming.broker_id == kMasterId || prime_slave)
        take_topics(incoming, broker, first, prime_slave, rules);

    live_[place] = Live{clock_.steady_ms(), incoming.timeout_ms.value_or(kBrokerTimeoutMs),
                        incoming.topics.data_version, incoming.connection, incoming.ha_address};
    if (incoming.filter_servers) {
        if (incoming.filter_servers->empty())
            filter_servers_.erase(place);
        else
            filter_servers_[place] = std::move(*incoming.filter_servers);
    }
    if (incoming.broker_id != kMasterId) {
        if (const auto master = addresses.find(kMasterId); master != addresses.end()) {
            if (const auto live = live_.find({incoming.cluster, master->second});
                live != live_.end()) {
                answer.master_address = master->second;
                answer.ha_address = live->second.ha_address;
            }
        }
    }
    if (new_smallest) answer.change = change_of(broker, {}, incoming.ha_address);
    return answer;
}

/// A master that was replaced while it was away comes back with an older state.
const std::string* RouteTable::holder_of(const Registration& incoming, const Broker& broker) const {
    const auto holder = broker.broker_addrs.find(incoming.broker_id);
    if (holder == broker.broker_addrs.end() || holder->second == incoming.address) return nullptr;
    const auto live = live_.find({incoming.cluster, holder->second});
    if (live == live_.end()) return nullptr;
    const bool later =
        live->second.version.state_version > incoming.topics.data_version.state_version;
    return later ? &holder->second : nullptr;
}

void RouteTable::take_topics(const Registration& incoming, const Broker& broker, bool first,
                             bool prime, const RouteRules& rules) {
    const bool changed =
        version_changed({incoming.cluster, incoming.address}, incoming.topics.data_version);
    const auto& mappings = incoming.topics.topic_queue_mapping_info_map;
    if (rules.delete_topic_with_registration && (!mappings || mappings->empty()))
        drop_missing_topics(incoming);

    for (const auto& [topic, config] : incoming.topics.topic_config_table) {
        Queues& queues = topics_[topic];
        if (!first && !changed && queues.contains(incoming.broker_name)) continue;
        // The smallest slave stands in for its master, but nobody shall send to it.
        const bool read_only = prime && broker.enable_acting_master;
        queues[incoming.broker_name] = wire::QueueData{
            .broker_name = incoming.broker_name,
            .perm = read_only ? config.perm & ~wire::kWrite : config.perm,
            .read_queue_nums = config.read_queue_nums,
            .topic_sys_flag = config.topic_sys_flag,
            .write_queue_nums = config.write_queue_nums,
        };
    }
    if (first || changed) take_mappings(incoming);
}

void RouteTable::drop_missing_topics(const Registration& incoming) {
    absl::erase_if(topics_, [&](auto& entry) {
        if (!incoming.topics.topic_config_table.contains(entry.first))
            entry.second.erase(incoming.broker_name);
        return entry.second.empty();
    });
}

void RouteTable::take_mappings(const Registration& incoming) {
    if (!incoming.topics.topic_queue_mapping_info_map) return;
    for (const auto& [topic, mapping] : *incoming.topics.topic_queue_mapping_info_map)
        mappings_[topic][mapping.bname] = mapping;
}

bool RouteTable::version_changed(const Place& place, const wire::DataVersion& version) const {
    const auto live = live_.find(place);
    return live == live_.end() || live->second.version != version;
}

Withdrawn RouteTable::unregister(std::string_view cluster, std::string_view name,
                                 std::string_view address, std::int64_t id) {
    MutexLock lock(mutex_);
    return withdraw({Leaving{{std::string(cluster), std::string(address)}, std::string(name), id}});
}

Withdrawn RouteTable::connection_closed(std::uint64_t connection) {
    MutexLock lock(mutex_);
    std::vector<Leaving> leaving;
    for (const auto& [place, live] : live_)
        if (live.connection == connection) leaving.push_back(leaving_at(place));
    return withdraw(leaving);
}

Withdrawn RouteTable::expire() {
    const std::int64_t now = clock_.steady_ms();
    MutexLock lock(mutex_);
    std::vector<Leaving> leaving;
    std::vector<std::uint64_t> connections;
    for (const auto& [place, live] : live_) {
        // No sum: a broker chooses its timeout, and any 64-bit number is one.
        if (now - live.last_update_ms <= live.timeout_ms) continue;
        connections.push_back(live.connection);
        leaving.push_back(leaving_at(place));
    }
    Withdrawn withdrawn = withdraw(leaving);
    withdrawn.connections = std::move(connections);
    return withdrawn;
}

/// Without a name when somebody else holds the id meanwhile: only the live entry is left.
RouteTable::Leaving RouteTable::leaving_at(const Place& place) const {
    for (const auto& [name, broker] : brokers_)
        for (const auto& [id, address] : broker.broker_addrs)
            if (address == place.address) return Leaving{place, name, id};
    return Leaving{place, {}, 0};
}

Withdrawn RouteTable::withdraw(const std::vector<Leaving>& leaving) {
    Withdrawn withdrawn;
    if (leaving.empty()) return withdrawn;
    std::set<std::string> removed;
    std::set<std::string> reduced;
    std::map<std::string, std::string> left_smallest;  // broker name -> the address that left
    for (const auto& [place, name, id] : leaving) {
        live_.erase(place);
        filter_servers_.erase(place);
        withdrawn.addresses.push_back(place.address);
        const auto found = brokers_.find(name);
        if (found == brokers_.end()) continue;
        Broker& broker = found->second;
        const bool was_smallest = !broker.broker_addrs.empty() && id == smallest_id(broker);
        std::erase_if(broker.broker_addrs,
                      [&](const auto& entry) { return entry.second == place.address; });
        if (broker.broker_addrs.empty()) {
            remove_broker_name(name);
            removed.insert(name);
            continue;
        }
        if (was_smallest) left_smallest[name] = place.address;
        reduced.insert(name);
    }
    withdraw_topics(removed, reduced);

    for (const auto& [name, address] : left_smallest) {
        const auto found = brokers_.find(name);
        if (found != brokers_.end() && found->second.enable_acting_master)
            withdrawn.changes.push_back(change_of(found->second, address, {}));
    }
    return withdrawn;
}

void RouteTable::remove_broker_name(const std::string& name) {
    brokers_.erase(name);
    for (auto entry = clusters_.begin(); entry != clusters_.end();) {
        entry->second.erase(name);
        entry = entry->second.empty() ? clusters_.erase(entry) : std::next(entry);
    }
}

void RouteTable::withdraw_topics(const std::set<std::string>& removed,
                                 const std::set<std::string>& reduced) {
    std::vector<std::string_view> read_only;
    for (const std::string& name : reduced) {
        const auto found = brokers_.find(name);
        if (found != brokers_.end() && found->second.enable_acting_master &&
            !found->second.broker_addrs.contains(kMasterId))
            read_only.push_back(name);
    }
    if (removed.empty() && read_only.empty()) return;
    absl::erase_if(topics_, [&](auto& entry) {
        Queues& queues = entry.second;
        for (const std::string& name : removed) queues.erase(name);
        for (const std::string_view name : read_only)
            if (const auto found = queues.find(name); found != queues.end())
                found->second.perm &= ~wire::kWrite;
        return queues.empty();
    });
}

void RouteTable::touch(std::string_view cluster, std::string_view address) {
    MutexLock lock(mutex_);
    const auto live = live_.find(Place{std::string(cluster), std::string(address)});
    if (live != live_.end()) live->second.last_update_ms = clock_.steady_ms();
}

RouteTable::VersionCheck RouteTable::check_version(std::string_view cluster,
                                                   std::string_view address,
                                                   const wire::DataVersion& version) {
    MutexLock lock(mutex_);
    const auto live = live_.find(Place{std::string(cluster), std::string(address)});
    if (live == live_.end()) return {};
    live->second.last_update_ms = clock_.steady_ms();
    return {live->second.version != version, live->second.version};
}

}  // namespace kx::namesrv
