// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/stored_group_table.h"

#include "base/log.h"
#include "broker/topics/attributes.h"
#include "model/names.h"
#include "model/validators.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

/// The bit of the forbidden table that stops pulls.
constexpr std::int32_t kReadBit = 1 << 2;

std::string groups_path(const BrokerConfig& config) {
    return join_path(config.store_path_root_dir, "config/subscriptionGroup.json");
}

GroupConfigPtr make_group(std::string_view name) {
    auto config = std::make_shared<wire::SubscriptionGroupConfig>();
    config->group_name = name;
    return config;
}

}  // namespace

StoredGroupTable::StoredGroupTable(Snapshot<BrokerConfig>& config, net::Workers& workers,
                                   FileSystem& files, const Clock& clock)
    : config_(config), workers_(workers), clock_(clock), file_(files, groups_path(*config.get())) {
    MutexLock lock(mutex_);
    version_.timestamp = clock.wall_ms();
    for (const std::string_view name :
         {model::kToolsConsumerGroup, model::kFilterServerGroup, model::kSelfTestGroup,
          model::kOnsHttpProxyGroup, model::kOnsApiPullGroup, model::kOnsApiPermissionGroup,
          model::kOnsApiOwnerGroup, model::kTransGroup}) {
        groups_[name] = make_group(name);
    }
}

Status StoredGroupTable::load() {
    wire::SubscriptionGroupTable stored;
    stored.data_version = version();
    KX_CHECK(file_.load(stored));
    MutexLock lock(mutex_);
    for (auto& [name, config] : stored.subscription_group_table) {
        config.group_name = name;
        groups_[name] = std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
    }
    forbidden_ = std::move(stored.forbidden_table);
    version_ = stored.data_version;
    return {};
}

Status StoredGroupTable::persist() {
    return file_.persist(~std::uint64_t{0}, [this] { return image(); });
}

GroupConfigPtr StoredGroupTable::find(std::string_view group) const {
    MutexLock lock(mutex_);
    return find_locked(group);
}

GroupConfigPtr StoredGroupTable::find_locked(std::string_view group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : found->second;
}

bool StoredGroupTable::may_create(std::string_view group) const {
    const auto config = config_.get();
    const bool wanted =
        config->auto_create_subscription_group ||
        (group.starts_with(model::kSystemGroupPrefix) && config->enable_create_sys_group);
    return wanted && model::validate_group(group).has_value();
}

GroupConfigPtr StoredGroupTable::find_or_create(std::string_view group) {
    if (GroupConfigPtr known = find(group)) return known;
    if (!may_create(group)) return nullptr;
    GroupConfigPtr made;
    {
        MutexLock lock(mutex_);
        if (GroupConfigPtr known = find_locked(group)) return known;
        made = groups_[group] = make_group(group);
        changed();
    }
    KX_LOG_LIMITED(info, "broker", "group={} created on first use", group);
    // Losing this write costs nothing: the group would be made again by its next request.
    file_.persist_soon(workers_, [this] { return image(); });
    return made;
}

Status StoredGroupTable::update(wire::SubscriptionGroupConfig config) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        const std::string name = config.group_name;
        groups_[name] = std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
        generation = changed();
    }
    return write(generation);
}

wire::Outcome<void> StoredGroupTable::update_all(
    std::vector<wire::SubscriptionGroupConfig> configs) {
    for (const auto& config : configs) {
        if (const Status valid = model::validate_group(config.group_name); !valid)
            return wire::refuse(ResponseCode::kInvalidParameter, "{}", valid.error().text);
    }
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        for (auto& config : configs) {
            const GroupConfigPtr known = find_locked(config.group_name);
            auto merged =
                change_attributes(group_attributes(), known == nullptr,
                                  known ? known->attributes : Attributes{}, config.attributes);
            if (!merged) return wire::refuse(ResponseCode::kSystemError, "{}", merged.error().text);
            config.attributes = std::move(*merged);
        }
        for (auto& config : configs) {
            const std::string name = config.group_name;
            groups_[name] =
                std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
        }
        generation = changed();
    }
    if (const Status written = write(generation); !written) {
        return wire::refuse(ResponseCode::kSystemError,
                            "the group is changed until a restart, but {}", written.error().text);
    }
    return {};
}

void StoredGroupTable::remove(std::string_view group) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        const bool known = groups_.erase(group) > 0;
        if (forbidden_.erase(std::string(group)) == 0 && !known) return;
        generation = changed();
    }
    if (const Status written = write(generation); !written) {
        log::error("broker", "group={} is deleted until a restart: {}", group,
                   written.error().text);
    }
}

bool StoredGroupTable::is_read_forbidden(std::string_view group, std::string_view topic) const {
    MutexLock lock(mutex_);
    if (forbidden_.empty()) return false;
    const auto topics = forbidden_.find(std::string(group));
    if (topics == forbidden_.end()) return false;
    const auto bits = topics->second.find(std::string(topic));
    return bits != topics->second.end() && (bits->second & kReadBit) != 0;
}

Status StoredGroupTable::set_read_forbidden(std::string_view group, std::string_view topic,
                                            bool forbidden) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        const std::string name(group);
        std::int32_t bits = 0;
        if (const auto topics = forbidden_.find(name); topics != forbidden_.end()) {
            const auto known = topics->second.find(std::string(topic));
            if (known != topics->second.end()) bits = known->second;
        }
        bits = forbidden ? bits | kReadBit : bits & ~kReadBit;
        // RocketMQ drops the whole group's entry when one topic's mask becomes empty.
        if (bits <= 0)
            forbidden_.erase(name);
        else
            forbidden_[name][std::string(topic)] = bits;
        generation = changed();
    }
    return write(generation);
}

std::uint64_t StoredGroupTable::changed() {
    version_.next(clock_.wall_ms());
    return ++generation_;
}

Status StoredGroupTable::write(std::uint64_t generation) {
    return file_.persist(generation, [this] { return image(); });
}

TableFile::Image StoredGroupTable::image() const {
    std::uint64_t generation = 0;
    wire::SubscriptionGroupTable table;
    {
        MutexLock lock(mutex_);
        generation = generation_;
        table = table_locked();
    }
    return {generation, to_json(table, JsonWriter::Style::kPretty)};
}

wire::SubscriptionGroupTable StoredGroupTable::table_locked() const {
    wire::SubscriptionGroupTable table;
    table.data_version = version_;
    table.forbidden_table = forbidden_;
    for (const auto& [name, config] : groups_) table.subscription_group_table[name] = *config;
    return table;
}

wire::SubscriptionGroupTable StoredGroupTable::table() const {
    MutexLock lock(mutex_);
    return table_locked();
}

wire::DataVersion StoredGroupTable::version() const {
    MutexLock lock(mutex_);
    return version_;
}

std::size_t StoredGroupTable::size() const {
    MutexLock lock(mutex_);
    return groups_.size();
}

}  // namespace kx::broker
