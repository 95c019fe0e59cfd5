// SPDX-License-Identifier: Apache-2.0
//
// The client manager of a running broker, fed by heartbeats. Source: broker.md 3.
//
// A channel is one connection in one group. What changes a group's members or subscriptions tells
// its members with NOTIFY_CONSUMER_IDS_CHANGED, so that they share the queues anew.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <map>
#include <set>
#include <span>

#include "base/clock.h"
#include "base/snapshot.h"
#include "base/sync.h"
#include "broker/clients/client_manager.h"
#include "broker/config.h"
#include "broker/tables/text_map.h"

namespace kx::broker {

class LiveClients final : public ClientManager {
public:
    using NotifyWanted = std::function<bool(std::string_view group)>;

    /// `notify_wanted` tells whether a group's members want to hear of changes.
    LiveClients(Snapshot<BrokerConfig>& config, const Clock& clock, NotifyWanted notify_wanted);

    /// On the connection's io thread. `keep_subscriptions`: a short heartbeat, which only
    /// refreshes the connection. True when the client shall send its subscriptions (again).
    bool register_consumer(const ClientInfo& client, const wire::ConsumerData& data,
                           std::int32_t fingerprint, bool keep_subscriptions);
    void register_producer(const ClientInfo& client, const std::string& group);
    void unregister_consumer(std::uint64_t connection, std::string_view group);
    void unregister_producer(std::uint64_t connection, std::string_view group);
    /// Forgets the connection in all its groups.
    void connection_closed(std::uint64_t connection);
    /// Closes connections that were silent for too long; their end does the rest.
    void sweep();

    PullView pull_view(std::string_view group, std::string_view topic) const override;
    std::vector<std::string> consumer_ids(std::string_view group) const override;
    std::optional<ConsumerGroupInfo> consumer_group(std::string_view group) const override;
    std::vector<ClientInfo> producers(std::string_view group) const override;
    std::vector<std::string> groups_of_topic(std::string_view topic) const override;

    std::map<std::string, std::vector<ClientInfo>> all_producers() const;
    std::size_t consumer_count() const;
    std::size_t producer_count() const;

private:
    using Channels = absl::flat_hash_map<std::uint64_t, ClientInfo>;  // by connection
    struct ConsumerGroup {
        wire::ConsumeType consume_type{};
        wire::MessageModel message_model{};
        wire::ConsumeFromWhere consume_from_where{};
        Channels channels;
        std::map<std::string, SubscriptionPtr, std::less<>> subscriptions;
        std::int32_t fingerprint = 0;
    };
    struct Membership {
        std::set<std::string, std::less<>> consumer_groups;
        std::set<std::string, std::less<>> producer_groups;
    };

    static bool update_subscriptions(ConsumerGroup& group,
                                     std::span<const wire::SubscriptionData> given);
    void leave_consumer_group(std::uint64_t connection, const std::string& group);
    void forget_membership(std::uint64_t connection, std::string_view group, bool consumer)
        KX_REQUIRES(mutex_);
    std::vector<net::ConnectionPtr> members(const ConsumerGroup& group) const;
    void notify(const std::string& group, const std::vector<net::ConnectionPtr>& members) const;

    Snapshot<BrokerConfig>& config_;
    const Clock& clock_;
    const NotifyWanted notify_wanted_;
    mutable Mutex mutex_;
    TextMap<ConsumerGroup> consumers_ KX_GUARDED_BY(mutex_);
    TextMap<Channels> producers_ KX_GUARDED_BY(mutex_);
    absl::flat_hash_map<std::uint64_t, Membership> memberships_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::broker
