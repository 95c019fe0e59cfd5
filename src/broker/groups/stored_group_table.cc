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
    : config_(config),
      workers_(workers),
      clock_(clock),
      file_(files, groups_path(*config.get())) {
    state_.update([&](State& state) {
        state.version.timestamp = clock.wall_ms();
        for (const std::string_view name :
             {model::kToolsConsumerGroup, model::kFilterServerGroup, model::kSelfTestGroup,
              model::kOnsHttpProxyGroup, model::kOnsApiPullGroup, model::kOnsApiPermissionGroup,
              model::kOnsApiOwnerGroup, model::kTransGroup}) {
            state.groups[name] = make_group(name);
        }
    });
}

Status StoredGroupTable::load() {
    wire::SubscriptionGroupTable stored;
    stored.data_version = version();
    KX_CHECK(file_.load(stored));
    state_.update([&](State& state) {
        for (auto& [name, config] : stored.subscription_group_table) {
            config.group_name = name;
            state.groups[name] =
                std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
        }
        state.forbidden = std::move(stored.forbidden_table);
        state.version = stored.data_version;
    });
    return {};
}

Status StoredGroupTable::persist() {
    return file_.persist(~std::uint64_t{0}, [this] { return image(); });
}

GroupConfigPtr StoredGroupTable::find(std::string_view group) const {
    const auto state = state_.get();
    const auto found = state->groups.find(group);
    return found == state->groups.end() ? nullptr : found->second;
}

bool StoredGroupTable::may_create(std::string_view group) const {
    const auto config = config_.get();
    const bool wanted = config->auto_create_subscription_group ||
                        (group.starts_with(model::kSystemGroupPrefix) &&
                         config->enable_create_sys_group);
    return wanted && model::validate_group(group).has_value();
}

GroupConfigPtr StoredGroupTable::find_or_create(std::string_view group) {
    if (GroupConfigPtr known = find(group)) return known;
    if (!may_create(group)) return nullptr;
    GroupConfigPtr made;
    {
        MutexLock lock(changing_);
        if (GroupConfigPtr known = find(group)) return known;
        made = make_group(group);
        change([&](State& state) { state.groups[group] = made; });
    }
    log::info("broker", "group={} created on first use", group);
    // Losing this write costs nothing: the group would be made again by its next request.
    file_.persist_soon(workers_, [this] { return image(); });
    return made;
}

Status StoredGroupTable::update(wire::SubscriptionGroupConfig config) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        generation = change([&](State& state) {
            const std::string name = config.group_name;
            state.groups[name] =
                std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
        });
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
        MutexLock lock(changing_);
        for (auto& config : configs) {
            const GroupConfigPtr known = find(config.group_name);
            auto merged = change_attributes(group_attributes(), known == nullptr,
                                            known ? known->attributes : Attributes{},
                                            config.attributes);
            if (!merged) return wire::refuse(ResponseCode::kSystemError, "{}", merged.error().text);
            config.attributes = std::move(*merged);
        }
        generation = change([&](State& state) {
            for (auto& config : configs) {
                const std::string name = config.group_name;
                state.groups[name] =
                    std::make_shared<const wire::SubscriptionGroupConfig>(std::move(config));
            }
        });
    }
    if (const Status written = write(generation); !written) {
        return wire::refuse(ResponseCode::kSystemError, "the group is changed until a restart, but {}",
                            written.error().text);
    }
    return {};
}

void StoredGroupTable::remove(std::string_view group) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        const auto state = state_.get();
        if (!state->groups.contains(group) && !state->forbidden.contains(std::string(group))) return;
        generation = change([&](State& next) {
            next.groups.erase(group);
            next.forbidden.erase(std::string(group));
        });
    }
    if (const Status written = write(generation); !written)
        log::error("broker", "group={} is deleted until a restart: {}", group, written.error().text);
}

bool StoredGroupTable::is_read_forbidden(std::string_view group, std::string_view topic) const {
    const auto state = state_.get();
    if (state->forbidden.empty()) return false;
    const auto topics = state->forbidden.find(std::string(group));
    if (topics == state->forbidden.end()) return false;
    const auto bits = topics->second.find(std::string(topic));
    return bits != topics->second.end() && (bits->second & kReadBit) != 0;
}

Status StoredGroupTable::set_read_forbidden(std::string_view group, std::string_view topic,
                                            bool forbidden) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        generation = change([&](State& state) {
            const std::string name(group);
            std::int32_t bits = 0;
            if (const auto topics = state.forbidden.find(name); topics != state.forbidden.end()) {
                const auto known = topics->second.find(std::string(topic));
                if (known != topics->second.end()) bits = known->second;
            }
            bits = forbidden ? bits | kReadBit : bits & ~kReadBit;
            // RocketMQ drops the whole group's entry when one topic's mask becomes empty.
            if (bits <= 0) state.forbidden.erase(name);
            else state.forbidden[name][std::string(topic)] = bits;
        });
    }
    return write(generation);
}

template <class Edit>
std::uint64_t StoredGroupTable::change(Edit&& edit) {
    std::uint64_t generation = 0;
    state_.update([&](State& state) {
        edit(state);
        state.version.next(clock_.wall_ms());
        generation = ++state.generation;
    });
    return generation;
}

Status StoredGroupTable::write(std::uint64_t generation) {
    return file_.persist(generation, [this] { return image(); });
}

TableFile::Image StoredGroupTable::image() const {
    const std::uint64_t generation = state_.get()->generation;
    return {generation, to_json(table(), JsonWriter::Style::kPretty)};
}

wire::SubscriptionGroupTable StoredGroupTable::table() const {
    const auto state = state_.get();
    wire::SubscriptionGroupTable table;
    table.data_version = state->version;
    table.forbidden_table = state->forbidden;
    for (const auto& [name, config] : state->groups) table.subscription_group_table[name] = *config;
    return table;
}

wire::DataVersion StoredGroupTable::version() const { return state_.get()->version; }

}  // namespace kx::broker
