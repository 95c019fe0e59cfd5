// SPDX-License-Identifier: Apache-2.0
//
// The offsets that live in config/consumerOffset.json, and those in memory only (pulls, pending
// resets). One short lock: an entry is "topic@group" and its queues. Source: broker.md 9.
#pragma once

#include <set>
#include <vector>

#include "base/clock.h"
#include "base/snapshot.h"
#include "base/sync.h"
#include "broker/config.h"
#include "broker/offsets/offset_table.h"
#include "broker/tables/table_file.h"
#include "broker/tables/text_map.h"
#include "wire/bodies/topics.h"

namespace kx::broker {

class StoredOffsetTable final : public OffsetTable {
public:
    StoredOffsetTable(Snapshot<BrokerConfig>& config, FileSystem& files, const Clock& clock);

    /// Once, before all else.
    Status load();

    void commit(std::string_view group, std::string_view topic, std::int32_t queue_id,
                std::int64_t offset, std::string_view peer) override;
    std::optional<std::int64_t> committed(std::string_view group, std::string_view topic,
                                          std::int32_t queue_id) const override;
    void note_pull(std::string_view group, std::string_view topic, std::int32_t queue_id,
                   std::int64_t offset) override;
    std::optional<std::int64_t> pulled(std::string_view group, std::string_view topic,
                                       std::int32_t queue_id) const;
    std::optional<std::int64_t> take_reset(std::string_view group, std::string_view topic,
                                           std::int32_t queue_id) override;
    bool has_reset(std::string_view group, std::string_view topic,
                   std::int32_t queue_id) const override;
    std::optional<std::int64_t> find_reset(std::string_view group, std::string_view topic,
                                           std::int32_t queue_id) const;
    /// Also sets the committed offset and forgets the pull offset of that queue.
    void set_reset(std::string_view group, std::string_view topic, std::int32_t queue_id,
                   std::int64_t offset) override;
    void remove_topic(std::string_view topic) override;
    void remove_group(std::string_view group) override;
    std::map<std::int32_t, std::int64_t> all(std::string_view group,
                                             std::string_view topic) const override;
    /// Writes the file if anything changed since the last time. Blocks.
    Status persist() override;

    wire::ConsumerOffsets table() const;
    std::set<std::string> topics_of_group(std::string_view group) const;
    std::set<std::string> groups_of_topic(std::string_view topic) const;

private:
    using Queues = std::map<std::int32_t, std::int64_t>;
    using Table = TextMap<Queues>;

    static std::optional<std::int64_t> find(const Table& table, std::string_view key,
                                            std::int32_t queue_id);
    void remove_where(const std::function<bool(std::string_view)>& matches);
    TableFile::Image image() const;

    Snapshot<BrokerConfig>& config_;
    const Clock& clock_;
    TableFile file_;
    mutable Mutex mutex_;
    Table committed_ KX_GUARDED_BY(mutex_);
    Table pulled_ KX_GUARDED_BY(mutex_);
    Table resets_ KX_GUARDED_BY(mutex_);
    std::atomic<std::int64_t> reset_count_{0};  ///< of queues in resets_
    wire::DataVersion version_ KX_GUARDED_BY(mutex_);
    std::int64_t commits_ KX_GUARDED_BY(mutex_) = 0;
    std::uint64_t generation_ KX_GUARDED_BY(mutex_) = 0;
};

}  // namespace kx::broker
