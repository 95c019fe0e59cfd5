// SPDX-License-Identifier: Apache-2.0
#include "broker/clients/live_clients.h"

#include <algorithm>

#include "base/log.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "wire/requests/clients.h"

namespace kx::broker {
namespace {

constexpr std::int32_t kNotifyConsumerIdsChanged = 40;
/// Producers have no key for it in RocketMQ.
constexpr std::int64_t kProducerSilenceMaxMs = 120'000;

/// A new channel is news for the others; a known one is refreshed.
bool put_channel(absl::flat_hash_map<std::uint64_t, ClientInfo>& channels, const ClientInfo& client,
                 std::string_view group) {
    const auto [known, is_new] = channels.emplace(client.connection->id(), client);
    if (is_new) return true;
    if (known->second.client_id != client.client_id) {
        KX_LOG_LIMITED(warn, "broker", "group={} peer={}: client {} is now {} on one connection",
                       group, client.connection->peer(), known->second.client_id, client.client_id);
    }
    known->second = client;
    return false;
}

void send_changed(net::Connection& connection, const std::string& group) {
    wire::ConsumerGroupName header{.consumer_group = group};
    wire::HeaderParts parts;
    parts.encoding = net::answer_encoding();
    parts.code = kNotifyConsumerIdsChanged;
    parts.with(header);
    if (const Status sent = connection.call_oneway(parts, {}); !sent)
        KX_LOG_LIMITED(warn, "broker", "group={} peer={} was not told of a change: {}", group,
                       connection.peer(), sent.error().text);
}

}  // namespace

LiveClients::LiveClients(Snapshot<BrokerConfig>& config, const Clock& clock,
                         NotifyWanted notify_wanted)
    : config_(config), clock_(clock), notify_wanted_(std::move(notify_wanted)) {}

bool LiveClients::register_consumer(const ClientInfo& client, const wire::ConsumerData& data,
                                    std::int32_t fingerprint, bool keep_subscriptions) {
    bool send_again = false;
    bool changed = false;
    bool broadcasting = false;
    std::vector<net::ConnectionPtr> others;
    {
        MutexLock lock(mutex_);
        const bool known = consumers_.contains(data.group_name);
        ConsumerGroup& group = consumers_[data.group_name];
        send_again = known && group.fingerprint != fingerprint;
        // A short heartbeat for a group that this broker knows nothing of (it was restarted, say)
        // would leave the group without subscriptions for ever.
        if (keep_subscriptions && group.subscriptions.empty()) send_again = true;
        group.fingerprint = fingerprint;
        group.consume_type = data.consume_type;
        group.message_model = data.message_model;
        group.consume_from_where = data.consume_from_where;
        changed = put_channel(group.channels, client, data.group_name);
        if (!keep_subscriptions && update_subscriptions(group, data.subscription_data_set))
            changed = true;
        memberships_[client.connection->id()].consumer_groups.insert(data.group_name);
        broadcasting = group.message_model == wire::MessageModel::kBroadcasting;
        if (changed && !broadcasting) others = members(group);
    }
    if (changed && !broadcasting) notify(data.group_name, others);
    return send_again;
}

/// Takes a topic's subscription over when it is newer; topics that are not listed are gone. So two
/// members of one group with different subscriptions erase each other's in turn, as in RocketMQ.
bool LiveClients::update_subscriptions(ConsumerGroup& group,
                                       std::span<const wire::SubscriptionData> given) {
    bool changed = false;
    for (const wire::SubscriptionData& subscription : given) {
        auto& known = group.subscriptions[subscription.topic];
        if (!known) changed = true;
        if (!known || subscription.sub_version > known->sub_version)
            known = std::make_shared<const wire::SubscriptionData>(subscription);
    }
    const auto listed = [&](const std::string& topic) {
        return std::ranges::any_of(given, [&](const auto& data) { return data.topic == topic; });
    };
    const std::size_t gone =
        std::erase_if(group.subscriptions, [&](const auto& entry) { return !listed(entry.first); });
    return changed || gone > 0;
}

void LiveClients::register_producer(const ClientInfo& client, const std::string& group) {
    MutexLock lock(mutex_);
    put_channel(producers_[group], client, group);
    memberships_[client.connection->id()].producer_groups.insert(group);
}

void LiveClients::unregister_consumer(std::uint64_t connection, std::string_view group) {
    leave_consumer_group(connection, std::string(group));
    MutexLock lock(mutex_);
    forget_membership(connection, group, true);
}

void LiveClients::unregister_producer(std::uint64_t connection, std::string_view group) {
    MutexLock lock(mutex_);
    const auto found = producers_.find(group);
    if (found != producers_.end()) {
        found->second.erase(connection);
        if (found->second.empty()) producers_.erase(found);
    }
    forget_membership(connection, group, false);
}

void LiveClients::forget_membership(std::uint64_t connection, std::string_view group,
                                    bool consumer) {
    const auto found = memberships_.find(connection);
    if (found == memberships_.end()) return;
    Membership& membership = found->second;
    auto& groups = consumer ? membership.consumer_groups : membership.producer_groups;
    if (const auto at = groups.find(group); at != groups.end()) groups.erase(at);
    if (membership.consumer_groups.empty() && membership.producer_groups.empty())
        memberships_.erase(found);
}

void LiveClients::leave_consumer_group(std::uint64_t connection, const std::string& group) {
    bool broadcasting = false;
    std::vector<net::ConnectionPtr> others;
    {
        MutexLock lock(mutex_);
        const auto found = consumers_.find(group);
        if (found == consumers_.end() || found->second.channels.erase(connection) == 0) return;
        broadcasting = found->second.message_model == wire::MessageModel::kBroadcasting;
        others = members(found->second);
        if (others.empty()) consumers_.erase(found);
    }
    if (!broadcasting && !others.empty()) notify(group, others);
}

void LiveClients::connection_closed(std::uint64_t connection) {
    Membership left;
    {
        MutexLock lock(mutex_);
        const auto found = memberships_.find(connection);
        if (found == memberships_.end()) return;
        left = std::move(found->second);
        memberships_.erase(found);
    }
    for (const std::string& group : left.producer_groups) unregister_producer(connection, group);
    for (const std::string& group : left.consumer_groups) leave_consumer_group(connection, group);
}

void LiveClients::sweep() {
    const std::int64_t now = clock_.steady_ms();
    const std::int64_t consumer_max = config_.get()->channel_expired_timeout;
    std::map<std::uint64_t, net::ConnectionPtr> silent;
    {
        MutexLock lock(mutex_);
        const auto collect = [&](const Channels& channels, std::int64_t max_ms) {
            for (const auto& [id, client] : channels)
                if (now - client.last_update_ms > max_ms) silent[id] = client.connection;
        };
        for (const auto& entry : consumers_) collect(entry.second.channels, consumer_max);
        for (const auto& entry : producers_) collect(entry.second, kProducerSilenceMaxMs);
    }
    for (const auto& [id, connection] : silent) {
        log::warn("broker", "peer={} sent no heartbeat for too long: closed", connection->peer());
        connection->post([](net::Connection& self) { self.close("no heartbeat for too long"); });
        // Its close listener does the same; this is for a connection that is closed already.
        connection_closed(id);
    }
}

std::vector<net::ConnectionPtr> LiveClients::members(const ConsumerGroup& group) const {
    std::vector<net::ConnectionPtr> all;
    all.reserve(group.channels.size());
    for (const auto& entry : group.channels) all.push_back(entry.second.connection);
    return all;
}

void LiveClients::notify(const std::string& group,
                         const std::vector<net::ConnectionPtr>& members) const {
    if (!config_.get()->notify_consumer_ids_changed_enable || !notify_wanted_(group)) return;
    for (const net::ConnectionPtr& member : members) {
        // On its own thread at once: who caused the change hears of it before its answer.
        if (member->thread().is_current() && member->is_open()) {
            send_changed(*member, group);
        } else {
            member->post([group](net::Connection& self) { send_changed(self, group); });
        }
    }
}

PullView LiveClients::pull_view(std::string_view group, std::string_view topic) const {
    PullView view;
    MutexLock lock(mutex_);
    const auto found = consumers_.find(group);
    if (found == consumers_.end()) return view;
    view.group_online = true;
    view.broadcasting = found->second.message_model == wire::MessageModel::kBroadcasting;
    const auto subscription = found->second.subscriptions.find(topic);
    if (subscription != found->second.subscriptions.end()) view.subscription = subscription->second;
    return view;
}

std::vector<std::string> LiveClients::consumer_ids(std::string_view group) const {
    std::vector<std::string> ids;
    MutexLock lock(mutex_);
    const auto found = consumers_.find(group);
    if (found == consumers_.end()) return ids;
    for (const auto& entry : found->second.channels) ids.push_back(entry.second.client_id);
    return ids;
}

std::optional<ConsumerGroupInfo> LiveClients::consumer_group(std::string_view group) const {
    MutexLock lock(mutex_);
    const auto found = consumers_.find(group);
    if (found == consumers_.end()) return std::nullopt;
    ConsumerGroupInfo info;
    info.consume_type = found->second.consume_type;
    info.message_model = found->second.message_model;
    info.consume_from_where = found->second.consume_from_where;
    for (const auto& entry : found->second.channels) info.clients.push_back(entry.second);
    for (const auto& entry : found->second.subscriptions)
        info.subscriptions.push_back(entry.second);
    return info;
}

std::vector<ClientInfo> LiveClients::producers(std::string_view group) const {
    std::vector<ClientInfo> all;
    MutexLock lock(mutex_);
    const auto found = producers_.find(group);
    if (found == producers_.end()) return all;
    for (const auto& entry : found->second) all.push_back(entry.second);
    return all;
}

std::vector<std::string> LiveClients::groups_of_topic(std::string_view topic) const {
    std::vector<std::string> groups;
    MutexLock lock(mutex_);
    for (const auto& [name, group] : consumers_)
        if (group.subscriptions.contains(topic)) groups.push_back(name);
    return groups;
}

std::map<std::string, std::vector<ClientInfo>> LiveClients::all_producers() const {
    std::map<std::string, std::vector<ClientInfo>> all;
    MutexLock lock(mutex_);
    for (const auto& [group, channels] : producers_)
        for (const auto& entry : channels) all[group].push_back(entry.second);
    return all;
}

std::size_t LiveClients::consumer_count() const {
    std::size_t count = 0;
    MutexLock lock(mutex_);
    for (const auto& entry : consumers_) count += entry.second.channels.size();
    return count;
}

std::size_t LiveClients::producer_count() const {
    std::size_t count = 0;
    MutexLock lock(mutex_);
    for (const auto& entry : producers_) count += entry.second.size();
    return count;
}

}  // namespace kx::broker
