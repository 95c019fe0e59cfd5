// SPDX-License-Identifier: Apache-2.0
//
// Who serves which topic: what brokers registered, and the routes that clients get from it. Memory
// only; after a restart brokers fill it again within one registration period.
//
// What always holds: a broker name without an address has no queue data; queue data names brokers
// of brokers_ only. Broker names are global: the cluster of a name is whoever registered it first.
// Source: protocol.md 5, in the order given there.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/sync.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/registration.h"
#include "wire/refusal.h"

namespace kx::namesrv {

/// A broker without a word for so long is gone, unless it registered with a time of its own.
inline constexpr std::int64_t kBrokerTimeoutMs = 120'000;

inline constexpr std::int64_t kMasterId = 0;

/// The keys of the configuration that change what the table does.
struct RouteRules {
    bool support_acting_master = false;
    bool delete_topic_with_registration = false;
};

/// Debian's absl::string_view is not std::string_view, so its own hash does not take one.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};
template <class Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, std::equal_to<>>;

struct Registration {
    std::string broker_name;
    std::string address;
    std::string cluster;
    std::string ha_address;
    std::int64_t broker_id = 0;
    std::optional<std::int64_t> timeout_ms;
    std::optional<bool> acting_master;  ///< absent: a broker that does not know of it
    std::optional<std::string> zone_name;
    std::optional<std::vector<std::string>> filter_servers;
    wire::TopicTable topics;
    std::uint64_t connection = 0;  ///< closing it withdraws the broker
};

/// The smallest id of a broker group is another one now; `notify` are the addresses to tell.
struct MinIdChange {
    std::int64_t min_id = 0;
    std::string min_address;
    std::string offline_address;  ///< empty unless somebody left
    std::string ha_address;       ///< empty unless a new smallest registered
    std::vector<std::string> notify;
};

struct Registered {
    std::string master_address;  ///< empty unless a slave's master is live
    std::string ha_address;
    std::string outdated_by;  ///< who holds the id with a later state; then nothing was taken
    std::optional<MinIdChange> change;
};

struct Withdrawn {
    std::vector<MinIdChange> changes;
    std::vector<std::string> addresses;      ///< of brokers, for the log
    std::vector<std::uint64_t> connections;  ///< of those who fell silent: to be closed
};

struct TableSizes {
    std::size_t topics = 0;
    std::size_t brokers = 0;
    std::size_t clusters = 0;
    std::size_t live = 0;
};

/// Thread-safe; one lock, held for memory work only.
class RouteTable {
public:
    explicit RouteTable(const Clock& clock) : clock_(clock) {}

    // --- brokers come and go ---------------------------------------------------------------

    wire::Outcome<Registered> register_broker(Registration registration, const RouteRules& rules);
    Withdrawn unregister(std::string_view cluster, std::string_view name, std::string_view address,
                         std::int64_t id);
    /// The connection closed: brokers that registered over it, and over no later one, are gone.
    Withdrawn connection_closed(std::uint64_t connection);
    /// Withdraws who did not report within its timeout.
    Withdrawn expire();
    /// A heartbeat; nothing happens when the broker is unknown.
    void touch(std::string_view cluster, std::string_view address);

    struct VersionCheck {
        bool changed = true;
        std::optional<wire::DataVersion> stored;
    };
    /// Compares with the broker's registered version; counts as a heartbeat.
    VersionCheck check_version(std::string_view cluster, std::string_view address,
                               const wire::DataVersion& version);

    // --- routes ----------------------------------------------------------------------------

    /// Nothing when the topic has no queues, or none of its brokers is known.
    std::optional<wire::TopicRoute> route(std::string_view topic, const RouteRules& rules) const;
    wire::ClusterInfo cluster_info() const;
    wire::BrokerMemberGroup members(std::string_view cluster, std::string_view name) const;

    // --- topics ----------------------------------------------------------------------------

    std::vector<std::string> topics() const;
    std::vector<std::string> topics_of_cluster(std::string_view cluster) const;
    /// The names that are also topics: clusters and brokers; and some broker's address.
    wire::TopicList system_topics() const;
    enum class UnitKind : char { kUnit, kUnitSub, kUnitSubWithoutUnit };
    std::vector<std::string> unit_topics(UnitKind kind) const;
    /// Without a cluster: everywhere.
    void remove_topic(std::string_view topic, std::string_view cluster);
    /// Adds or replaces entries of known brokers; stops at the first unknown one.
    void add_topic(std::string_view topic, const std::vector<wire::QueueData>& queues);
    /// Both return the number of topics touched.
    std::int32_t wipe_write_permission(std::string_view broker);
    std::int32_t add_write_permission(std::string_view broker);

    TableSizes sizes() const;

private:
    using Queues = std::map<std::string, wire::QueueData, std::less<>>;  // by broker name
    using Mappings = std::map<std::string, wire::TopicQueueMappingInfo>;

    /// An address within a cluster: what a live entry belongs to.
    struct Place {
        std::string cluster;
        std::string address;
        auto operator<=>(const Place&) const = default;
    };
    struct Live {
        std::int64_t last_update_ms = 0;  // steady
        std::int64_t timeout_ms = 0;
        wire::DataVersion version;
        std::uint64_t connection = 0;
        std::string ha_address;
    };
    using Broker = wire::BrokerData;
    struct Leaving {
        Place place;
        std::string name;
        std::int64_t id = 0;
    };

    /// The address that holds the id with a later state, or nullptr.
    const std::string* holder_of(const Registration& incoming, const Broker& broker) const
        KX_REQUIRES(mutex_);
    void take_topics(const Registration& incoming, const Broker& broker, bool first, bool prime,
                     const RouteRules& rules) KX_REQUIRES(mutex_);
    void drop_missing_topics(const Registration& incoming) KX_REQUIRES(mutex_);
    void take_mappings(const Registration& incoming) KX_REQUIRES(mutex_);
    bool version_changed(const Place& place, const wire::DataVersion& version) const
        KX_REQUIRES(mutex_);
    Leaving leaving_at(const Place& place) const KX_REQUIRES(mutex_);
    Withdrawn withdraw(const std::vector<Leaving>& leaving) KX_REQUIRES(mutex_);
    void withdraw_topics(const std::set<std::string>& removed, const std::set<std::string>& reduced)
        KX_REQUIRES(mutex_);
    void remove_broker_name(const std::string& name) KX_REQUIRES(mutex_);

    const Clock& clock_;
    mutable Mutex mutex_;
    TextMap<Queues> topics_ KX_GUARDED_BY(mutex_);
    std::map<std::string, Broker, std::less<>> brokers_ KX_GUARDED_BY(mutex_);
    std::map<std::string, std::set<std::string>, std::less<>> clusters_ KX_GUARDED_BY(mutex_);
    std::map<Place, Live> live_ KX_GUARDED_BY(mutex_);
    std::map<Place, std::vector<std::string>> filter_servers_ KX_GUARDED_BY(mutex_);
    TextMap<Mappings> mappings_ KX_GUARDED_BY(mutex_);
};

/// Leaves the brokers of `zone` in the route, and those without a master (protocol.md 5.5).
void keep_zone(wire::TopicRoute& route, std::string_view zone);

}  // namespace kx::namesrv
