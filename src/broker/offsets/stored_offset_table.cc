// SPDX-License-Identifier: Apache-2.0
#include "broker/offsets/stored_offset_table.h"

#include "base/log.h"

namespace kx::broker {
namespace {

/// "topic@group", in memory that the thread keeps: offsets are looked up on every pull.
std::string_view key_of(std::string_view group, std::string_view topic) {
    thread_local std::string key;
    key.assign(topic);
    key += '@';
    key += group;
    return key;
}

struct KeyParts {
    std::string_view topic;
    std::string_view group;
};

/// Keys of three parts belong to derived tables (broadcast offsets): they have neither.
std::optional<KeyParts> split_key(std::string_view key) {
    const std::size_t at = key.find('@');
    if (at == std::string_view::npos || key.find('@', at + 1) != std::string_view::npos)
        return std::nullopt;
    return KeyParts{key.substr(0, at), key.substr(at + 1)};
}

std::string offsets_path(const BrokerConfig& config) {
    return join_path(config.store_path_root_dir, "config/consumerOffset.json");
}

}  // namespace

StoredOffsetTable::StoredOffsetTable(Snapshot<BrokerConfig>& config, FileSystem& files,
                                     const Clock& clock)
    : config_(config), clock_(clock), file_(files, offsets_path(*config.get())) {
    MutexLock lock(mutex_);
    version_.timestamp = clock.wall_ms();
}

Status StoredOffsetTable::load() {
    wire::ConsumerOffsets stored;
    KX_CHECK(file_.load(stored));
    MutexLock lock(mutex_);
    for (auto& [key, queues] : stored.offset_table) committed_[key] = std::move(queues);
    if (stored.data_version != wire::DataVersion{}) version_ = stored.data_version;
    return {};
}

std::optional<std::int64_t> StoredOffsetTable::find(const Table& table, std::string_view key,
                                                    std::int32_t queue_id) {
    const auto queues = table.find(key);
    if (queues == table.end()) return std::nullopt;
    const auto offset = queues->second.find(queue_id);
    if (offset == queues->second.end()) return std::nullopt;
    return offset->second;
}

void StoredOffsetTable::commit(std::string_view group, std::string_view topic,
                               std::int32_t queue_id, std::int64_t offset, std::string_view peer) {
    std::int64_t before = -1;
    {
        MutexLock lock(mutex_);
        const auto [known, is_new] = committed_[key_of(group, topic)].emplace(queue_id, offset);
        if (!is_new) {
            before = known->second;
            known->second = offset;
        }
        if (before != offset) ++generation_;
        const std::int64_t step = config_.get()->consumer_offset_update_version_step;
        if (++commits_ % std::max<std::int64_t>(1, step) == 0) version_.next(clock_.wall_ms());
    }
    if (offset < before) {
        KX_LOG_LIMITED(warn, "broker",
                       "group={} topic={} queue={} offset goes back from {} to {}"
                       " peer={}",
                       group, topic, queue_id, before, offset, peer);
    }
}

std::optional<std::int64_t> StoredOffsetTable::committed(std::string_view group,
                                                         std::string_view topic,
                                                         std::int32_t queue_id) const {
    MutexLock lock(mutex_);
    return find(committed_, key_of(group, topic), queue_id);
}

void StoredOffsetTable::note_pull(std::string_view group, std::string_view topic,
                                  std::int32_t queue_id, std::int64_t offset) {
    MutexLock lock(mutex_);
    pulled_[key_of(group, topic)][queue_id] = offset;
}

std::optional<std::int64_t> StoredOffsetTable::pulled(std::string_view group,
                                                      std::string_view topic,
                                                      std::int32_t queue_id) const {
    MutexLock lock(mutex_);
    return find(pulled_, key_of(group, topic), queue_id);
}

std::optional<std::int64_t> StoredOffsetTable::take_reset(std::string_view group,
                                                          std::string_view topic,
                                                          std::int32_t queue_id) {
    if (reset_count_.load(std::memory_order_acquire) == 0) return std::nullopt;
    MutexLock lock(mutex_);
    const auto queues = resets_.find(key_of(group, topic));
    if (queues == resets_.end()) return std::nullopt;
    const auto found = queues->second.find(queue_id);
    if (found == queues->second.end()) return std::nullopt;
    const std::int64_t offset = found->second;
    queues->second.erase(found);
    if (queues->second.empty()) resets_.erase(queues);
    reset_count_.fetch_sub(1);
    return offset;
}

std::optional<std::int64_t> StoredOffsetTable::find_reset(std::string_view group,
                                                          std::string_view topic,
                                                          std::int32_t queue_id) const {
    if (reset_count_.load(std::memory_order_acquire) == 0) return std::nullopt;
    MutexLock lock(mutex_);
    return find(resets_, key_of(group, topic), queue_id);
}

bool StoredOffsetTable::has_reset(std::string_view group, std::string_view topic,
                                  std::int32_t queue_id) const {
    return find_reset(group, topic, queue_id).has_value();
}

void StoredOffsetTable::set_reset(std::string_view group, std::string_view topic,
                                  std::int32_t queue_id, std::int64_t offset) {
    MutexLock lock(mutex_);
    const std::string_view key = key_of(group, topic);
    const bool is_new = resets_[key].insert_or_assign(queue_id, offset).second;
    if (is_new) reset_count_.fetch_add(1);
    committed_[key][queue_id] = offset;
    ++generation_;
    if (const auto pulls = pulled_.find(key); pulls != pulled_.end()) pulls->second.erase(queue_id);
}

void StoredOffsetTable::remove_where(const std::function<bool(std::string_view)>& matches) {
    MutexLock lock(mutex_);
    for (Table* table : {&committed_, &pulled_, &resets_})
        absl::erase_if(*table, [&](const auto& entry) { return matches(entry.first); });
    std::int64_t resets = 0;
    for (const auto& entry : resets_) resets += std::ssize(entry.second);
    reset_count_.store(resets);
    ++generation_;
}

void StoredOffsetTable::remove_topic(std::string_view topic) {
    remove_where([topic](std::string_view key) {
        const auto parts = split_key(key);
        return parts && parts->topic == topic;
    });
}

void StoredOffsetTable::remove_group(std::string_view group) {
    remove_where([group](std::string_view key) {
        const auto parts = split_key(key);
        return parts && parts->group == group;
    });
}

std::map<std::int32_t, std::int64_t> StoredOffsetTable::all(std::string_view group,
                                                            std::string_view topic) const {
    MutexLock lock(mutex_);
    const auto found = committed_.find(key_of(group, topic));
    return found == committed_.end() ? Queues{} : found->second;
}

std::set<std::string> StoredOffsetTable::topics_of_group(std::string_view group) const {
    std::set<std::string> topics;
    MutexLock lock(mutex_);
    for (const auto& entry : committed_)
        if (const auto parts = split_key(entry.first); parts && parts->group == group)
            topics.emplace(parts->topic);
    return topics;
}

std::set<std::string> StoredOffsetTable::groups_of_topic(std::string_view topic) const {
    std::set<std::string> groups;
    MutexLock lock(mutex_);
    for (const auto& entry : committed_)
        if (const auto parts = split_key(entry.first); parts && parts->topic == topic)
            groups.emplace(parts->group);
    return groups;
}

wire::ConsumerOffsets StoredOffsetTable::table() const {
    wire::ConsumerOffsets table;
    {
        MutexLock lock(mutex_);
        table.data_version = version_;
        table.offset_table.insert(committed_.begin(), committed_.end());
    }
    for (const auto& entry : table.offset_table)
        if (const auto parts = split_key(entry.first))
            table.group_topic_map[std::string(parts->group)].emplace_back(parts->topic);
    return table;
}

TableFile::Image StoredOffsetTable::image() const {
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        generation = generation_;
    }
    return {generation, to_json(table(), JsonWriter::Style::kPretty)};
}

Status StoredOffsetTable::persist() {
    std::uint64_t generation = 0;
    {
        MutexLock lock(mutex_);
        generation = generation_;
    }
    return file_.persist(generation, [this] { return image(); });
}

}  // namespace kx::broker
