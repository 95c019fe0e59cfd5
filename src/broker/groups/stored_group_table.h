// SPDX-License-Identifier: Apache-2.0
//
// The group table that lives in config/subscriptionGroup.json. Groups made on first use are there
// at once and written soon after, by a worker; administrative changes return after the write.
// Source: broker.md 4.4.
#pragma once

#include <span>

#include "base/clock.h"
#include "base/snapshot.h"
#include "broker/config.h"
#include "broker/groups/group_table.h"
#include "broker/tables/table_file.h"
#include "broker/tables/text_map.h"
#include "wire/refusal.h"

namespace kx::broker {

class StoredGroupTable final : public GroupTable {
public:
    StoredGroupTable(Snapshot<BrokerConfig>& config, net::Workers& workers, FileSystem& files,
                     const Clock& clock);

    /// Puts the entries of the file over the predefined groups. Once, before all else.
    Status load();
    Status persist();

    GroupConfigPtr find_or_create(std::string_view group) override;
    GroupConfigPtr find(std::string_view group) const override;
    Status update(wire::SubscriptionGroupConfig config) override;
    /// Requests 200 and 225: names are checked first, attributes are changes with signed keys.
    wire::Outcome<void> update_all(std::vector<wire::SubscriptionGroupConfig> configs);
    void remove(std::string_view group) override;
    bool is_read_forbidden(std::string_view group, std::string_view topic) const override;
    Status set_read_forbidden(std::string_view group, std::string_view topic, bool forbidden);
    wire::SubscriptionGroupTable table() const override;
    wire::DataVersion version() const;
    std::size_t size() const;

private:
    using Forbidden = std::map<std::string, std::map<std::string, std::int32_t>>;
    bool may_create(std::string_view group) const;
    GroupConfigPtr find_locked(std::string_view group) const KX_REQUIRES(mutex_);
    /// After a change: the generation that holds it.
    std::uint64_t changed() KX_REQUIRES(mutex_);
    wire::SubscriptionGroupTable table_locked() const KX_REQUIRES(mutex_);
    Status write(std::uint64_t generation);
    TableFile::Image image() const;

    Snapshot<BrokerConfig>& config_;
    net::Workers& workers_;
    const Clock& clock_;
    TableFile file_;
    mutable Mutex mutex_;
    TextMap<GroupConfigPtr> groups_ KX_GUARDED_BY(mutex_);
    Forbidden forbidden_ KX_GUARDED_BY(mutex_);  ///< group -> topic -> bits
    wire::DataVersion version_ KX_GUARDED_BY(mutex_);
    std::uint64_t generation_ KX_GUARDED_BY(mutex_) = 0;
};

}  // namespace kx::broker
