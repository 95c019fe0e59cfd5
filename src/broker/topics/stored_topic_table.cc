// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/stored_topic_table.h"

#include <algorithm>

#include "base/log.h"
#include "broker/topics/attributes.h"
#include "model/names.h"
#include "model/validators.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

constexpr std::int32_t kReadWrite = wire::kRead | wire::kWrite;

wire::TopicConfig make_config(std::string_view name, std::int32_t queues, std::int32_t perm) {
    wire::TopicConfig config;
    config.topic_name = name;
    config.read_queue_nums = config.write_queue_nums = queues;
    config.perm = perm;
    return config;
}

bool wants_mixed(const wire::TopicConfig& config) {
    for (const char* key : {"message.type", "+message.type"}) {
        const auto found = config.attributes.find(key);
        if (found != config.attributes.end() && found->second == "MIXED") return true;
    }
    return false;
}

std::string topics_path(const BrokerConfig& config) {
    return join_path(config.store_path_root_dir, "config/topics.json");
}

}  // namespace

StoredTopicTable::StoredTopicTable(Snapshot<BrokerConfig>& config, store::MessageStore& store,
                                   FileSystem& files, const Clock& clock)
    : config_(config),
      store_(store),
      clock_(clock),
      file_(files, topics_path(*config.get())),
      mapping_version_{.timestamp = clock.wall_ms()} {
    state_.update([&](State& state) { state.version.timestamp = clock.wall_ms(); });
    add_built_in();
}

void StoredTopicTable::add_built_in() {
    const auto config = config_.get();
    const auto own_perm = [](bool enabled) {
        return enabled ? wire::kInherit | kReadWrite : std::int32_t{wire::kInherit};
    };
    for (const std::string_view name :
         {model::kDefaultTopic, model::kScheduleTopic, model::kBenchmarkTopic,
          model::kTransHalfTopic, model::kTraceTopic, model::kTransOpHalfTopic,
          model::kTransCheckMaxTimeTopic, model::kSelfTestTopic, model::kOffsetMovedEventTopic,
          model::kCheckPointTopic}) {
        system_.emplace(name);
    }
    add_system(model::kSelfTestTopic, 1, kReadWrite);
    if (config->auto_create_topic_enable) {
        add_system(model::kDefaultTopic, config->default_topic_queue_nums,
                   wire::kInherit | kReadWrite);
    }
    add_system(model::kBenchmarkTopic, 1024, kReadWrite);
    add_system(config->broker_cluster_name, 16, own_perm(config->cluster_topic_enable));
    add_system(config->broker_name, 1, own_perm(config->broker_topic_enable));
    add_system(model::kOffsetMovedEventTopic, 1, kReadWrite);
    add_system(model::kScheduleTopic, 18, kReadWrite);
    if (config->trace_topic_enable) add_system(config->msg_trace_topic_name, 1, kReadWrite);
    add_system(model::reply_topic(config->broker_cluster_name), 1, kReadWrite);
    add_system(fmt::format("{}{}", model::kReviveTopicPrefix, config->broker_cluster_name),
               config->revive_queue_num, kReadWrite);
    add_system(fmt::format("{}{}", model::kSyncMemberTopicPrefix, config->broker_name), 1,
               wire::kInherit);
    add_system(model::kTransHalfTopic, 1, kReadWrite);
    add_system(model::kTransOpHalfTopic, 1, kReadWrite);
    add_system(model::kRocksDbTransHalfTopic, 1, kReadWrite);
    add_system(model::kRocksDbTransOpHalfTopic, 1, kReadWrite);
    if (config->timer_wheel_enable) add_system(model::kTimerTopic, 1, kReadWrite);
}

void StoredTopicTable::add_system(std::string_view name, std::int32_t queues, std::int32_t perm) {
    system_.emplace(name);
    state_.update([&](State& state) {
        state.topics[name] = std::make_shared<const Topic>(make_config(name, queues, perm), store_);
    });
}

Status StoredTopicTable::load() {
    wire::TopicTable stored;
    stored.data_version = version();
    KX_CHECK(file_.load(stored));
    state_.update([&](State& state) {
        for (auto& [name, config] : stored.topic_config_table) {
            config.topic_name = name;
            const std::int32_t queues = std::max(config.read_queue_nums, config.write_queue_nums);
            if (queues > kQueuesPerTopicMax) {
                log::warn("broker", "topic={} of {} has {} queues: passed over", name, file_.path(),
                          queues);
                continue;
            }
            state.topics[name] = std::make_shared<const Topic>(std::move(config), store_);
        }
        state.version = stored.data_version;
    });
    return {};
}

Status StoredTopicTable::persist() {
    return file_.persist(~std::uint64_t{0}, [this] { return image(); });
}

TopicPtr StoredTopicTable::find(std::string_view name) const {
    const auto state = state_.get();
    const auto found = state->topics.find(name);
    return found == state->topics.end() ? nullptr : found->second;
}

TopicPtr StoredTopicTable::create_on_send(const TopicWish& wish) {
    std::uint64_t generation = 0;
    Configs created;
    {
        MutexLock lock(changing_);
        if (TopicPtr topic = find(wish.topic)) return topic;
        auto config = config_on_send(wish);
        if (!config) return nullptr;
        created.push_back(std::move(*config));
        generation = put(created);
    }
    if (const Status written = write(generation); !written) {
        log::error("broker", "topic={} is created but not written: {}", wish.topic,
                   written.error().text);
    }
    const wire::TopicConfig& config = created.front();
    KX_LOG_LIMITED(info, "broker", "topic={} created for a send: queues={} perm={} peer={}",
                   config.topic_name, config.write_queue_nums, config.perm, wish.peer);
    tell(created);
    return find(wish.topic);
}

std::optional<wire::TopicConfig> StoredTopicTable::config_on_send(const TopicWish& wish) const {
    if (!model::validate_topic(wish.topic)) return std::nullopt;
    if (const TopicPtr parent = find(wish.default_topic)) {
        const bool closed =
            wish.default_topic == model::kDefaultTopic && !config_.get()->auto_create_topic_enable;
        if (!closed && (parent->config().perm & wire::kInherit) != 0)
            return inherit(wish, parent->config());
    }
    if (!model::is_retry_topic(wish.topic)) return std::nullopt;
    auto config = make_config(wish.topic, 1, kReadWrite);
    config.topic_sys_flag = wish.unit_mode ? kUnitSubTopic : 0;
    return config;
}

wire::TopicConfig StoredTopicTable::inherit(const TopicWish& wish,
                                            const wire::TopicConfig& parent) const {
    const std::int32_t queues = std::max(0, std::min(wish.queue_nums, parent.write_queue_nums));
    auto config = make_config(wish.topic, queues, parent.perm & ~wire::kInherit);
    config.topic_filter_type = parent.topic_filter_type;
    if (wish.unit_mode)
        config.topic_sys_flag = model::is_retry_topic(wish.topic) ? kUnitSubTopic : kUnitTopic;
    return config;
}

TopicPtr StoredTopicTable::create_internal(std::string_view name, std::int32_t queues,
                                           std::int32_t perm, bool order, std::int32_t sys_flag) {
    const InternalTopic wish{std::string(name), queues, perm, order, sys_flag};
    create_internal_all({&wish, 1});
    return find(name);
}

void StoredTopicTable::create_internal_all(std::span<const InternalTopic> wishes) {
    std::uint64_t generation = 0;
    Configs changed;
    Configs created;
    {
        MutexLock lock(changing_);
        for (const InternalTopic& wish : wishes) {
            const TopicPtr topic = find(wish.name);
            if (wish.is_met_by(topic)) continue;
            wire::TopicConfig config =
                topic ? topic->config()
                      : make_config(wish.name, std::clamp(wish.queues, 0, kQueuesPerTopicMax),
                                    wish.perm);
            config.order = wish.order;
            if (!topic) {
                config.topic_sys_flag = wish.sys_flag;
                created.push_back(config);
            }
            changed.push_back(std::move(config));
        }
        if (changed.empty()) return;
        generation = put(changed);
    }
    if (const Status written = write(generation); !written) {
        log::error("broker", "topic={} is changed but not written: {}", changed.front().topic_name,
                   written.error().text);
    }
    if (!created.empty()) tell(created);
}

wire::Outcome<void> StoredTopicTable::check(const wire::TopicConfig& config) const {
    if (const Status valid = model::validate_topic(config.topic_name); !valid)
        return wire::refuse(ResponseCode::kInvalidParameter, "{}", valid.error().text);
    const auto settings = config_.get();
    if (settings->validate_system_topic_when_update_topic && is_system(config.topic_name)) {
        return wire::refuse(ResponseCode::kInvalidParameter,
                            "The topic[{}] is conflict with system topic.", config.topic_name);
    }
    if (wants_mixed(config) && !settings->enable_mixed_message_type) {
        return wire::refuse(ResponseCode::kInvalidParameter,
                            "MIXED message type is not supported.");
    }
    for (const std::int32_t queues : {config.read_queue_nums, config.write_queue_nums}) {
        if (queues < 0 || queues > kQueuesPerTopicMax) {
            return wire::refuse(ResponseCode::kInvalidParameter,
                                "topic {} cannot have {} queues: 0 to {} are possible",
                                config.topic_name, queues, kQueuesPerTopicMax);
        }
    }
    return {};
}

wire::Outcome<void> StoredTopicTable::merge_attributes(wire::TopicConfig& config) const {
    const TopicPtr known = find(config.topic_name);
    if (config.attributes.contains("+reserve.time")) {
        return wire::refuse(ResponseCode::kSystemError,
                            "Update topic reserveTime not supported: there is no tiered store");
    }
    auto merged =
        change_attributes(topic_attributes(), known == nullptr,
                          known ? known->config().attributes : Attributes{}, config.attributes);
    if (!merged) return wire::refuse(ResponseCode::kSystemError, "{}", merged.error().text);
    config.attributes = std::move(*merged);
    return {};
}

wire::Outcome<TopicPtr> StoredTopicTable::update(wire::TopicConfig config) {
    const std::string name = config.topic_name;
    std::vector<wire::TopicConfig> one;
    one.push_back(std::move(config));
    if (auto done = update_all(std::move(one)); !done) return tl::unexpected(done.error());
    return find(name);
}

wire::Outcome<void> StoredTopicTable::update_all(std::vector<wire::TopicConfig> configs) {
    for (const wire::TopicConfig& config : configs) {
        if (auto passed = check(config); !passed) return passed;
        const TopicPtr known = find(config.topic_name);
        if (known && known->config() == config) return {};
    }
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        for (wire::TopicConfig& config : configs)
            if (auto merged = merge_attributes(config); !merged) return merged;
        generation = put(configs);
    }
    if (const Status written = write(generation); !written) {
        return wire::refuse(ResponseCode::kSystemError,
                            "the topic is changed until a restart, but {}", written.error().text);
    }
    tell(configs);
    return {};
}

void StoredTopicTable::remove(std::string_view name) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        if (!find(name)) return;
        state_.update([&](State& state) {
            state.topics.erase(name);
            state.version.next(clock_.wall_ms());
            generation = ++state.generation;
        });
    }
    if (const Status written = write(generation); !written)
        log::error("broker", "topic={} is deleted until a restart: {}", name, written.error().text);
}

void StoredTopicTable::set_order(const std::map<std::string, std::string>& order_config) {
    std::uint64_t generation = 0;
    {
        MutexLock lock(changing_);
        Configs changed;
        for (const auto& entry : order_config) {
            const TopicPtr topic = find(entry.first);
            if (!topic || topic->config().order) continue;
            changed.push_back(topic->config());
            changed.back().order = true;
        }
        if (changed.empty()) return;
        generation = put(changed);
    }
    if (const Status written = write(generation); !written)
        log::error("broker", "{} could not be written: {}", file_.path(), written.error().text);
}

std::uint64_t StoredTopicTable::put(const Configs& configs) {
    std::uint64_t generation = 0;
    state_.update([&](State& state) {
        for (const wire::TopicConfig& config : configs)
            state.topics[config.topic_name] = std::make_shared<const Topic>(config, store_);
        state.version.next(clock_.wall_ms());
        generation = ++state.generation;
    });
    return generation;
}

void StoredTopicTable::bump_version() {
    state_.update([&](State& state) {
        state.version.next(clock_.wall_ms());
        ++state.generation;
    });
}

Status StoredTopicTable::write(std::uint64_t generation) {
    return file_.persist(generation, [this] { return image(); });
}

TableFile::Image StoredTopicTable::image() const {
    const auto state = state_.get();
    wire::TopicTable table = table_of(*state);
    return {state->generation, to_json(table, JsonWriter::Style::kPretty)};
}

void StoredTopicTable::tell(const Configs& configs) const {
    std::vector<std::string> names;
    names.reserve(configs.size());
    for (const wire::TopicConfig& config : configs) names.push_back(config.topic_name);
    for (const auto& listener : listeners_) listener(names);
}

wire::TopicTable StoredTopicTable::table_of(const State& state) {
    wire::TopicTable table;
    table.data_version = state.version;
    for (const auto& [name, topic] : state.topics) table.topic_config_table[name] = topic->config();
    return table;
}

wire::TopicTable StoredTopicTable::table() const {
    wire::TopicTable table = table_of(*state_.get());
    table.mapping_data_version = mapping_version_;
    table.topic_queue_mapping_detail_map.emplace();
    table.topic_queue_mapping_info_map.emplace();
    return table;
}

wire::DataVersion StoredTopicTable::version() const { return state_.get()->version; }

std::vector<std::string> StoredTopicTable::names() const {
    std::vector<std::string> all;
    const auto state = state_.get();
    for (const auto& entry : state->topics) all.push_back(entry.first);
    return all;
}

bool StoredTopicTable::is_system(std::string_view name) const {
    return name.starts_with(model::kSystemTopicPrefix) || system_.contains(name);
}

std::vector<std::string> StoredTopicTable::system_topics() const {
    return {system_.begin(), system_.end()};
}

void StoredTopicTable::on_change(std::function<void(const std::vector<std::string>&)> listener) {
    listeners_.push_back(std::move(listener));
}

}  // namespace kx::broker
