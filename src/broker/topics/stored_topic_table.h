// SPDX-License-Identifier: Apache-2.0
//
// The topic table that lives in config/topics.json. Readers take a snapshot; writers take turns,
// publish a new state, write the file, and then tell the listeners. Source: broker.md 4.
#pragma once

#include <span>

#include "base/clock.h"
#include "base/snapshot.h"
#include "broker/config.h"
#include "broker/tables/table_file.h"
#include "broker/tables/text_map.h"
#include "broker/topics/topic_table.h"

namespace kx::broker {

/// More queues than this in one topic would only cost memory.
inline constexpr std::int32_t kQueuesPerTopicMax = 65'536;

/// A topic that the broker itself wants.
struct InternalTopic {
    std::string name;
    std::int32_t queues = 1;
    std::int32_t perm = wire::kRead | wire::kWrite;
    bool order = false;
    std::int32_t sys_flag = 0;

    bool is_met_by(const TopicPtr& topic) const { return topic && topic->config().order == order; }
};

class StoredTopicTable final : public TopicTable {
public:
    StoredTopicTable(Snapshot<BrokerConfig>& config, store::MessageStore& store, FileSystem& files,
                     const Clock& clock);

    /// Puts the entries of topics.json over the built-in ones. Once, before all else.
    Status load();
    /// Writes the file whatever was written before.
    Status persist();

    TopicPtr find(std::string_view name) const override;
    TopicPtr create_on_send(const TopicWish& wish) override;
    TopicPtr create_internal(std::string_view name, std::int32_t queues, std::int32_t perm,
                             bool order, std::int32_t sys_flag) override;
    /// The same for many, in one write.
    void create_internal_all(std::span<const InternalTopic> wishes);
    wire::Outcome<TopicPtr> update(wire::TopicConfig config) override;
    /// Request 18: all are checked first; one that is there already, unchanged, ends the call.
    wire::Outcome<void> update_all(std::vector<wire::TopicConfig> configs);
    void remove(std::string_view name) override;
    void set_order(const std::map<std::string, std::string>& order_config) override;

    bool is_system(std::string_view name) const override;
    std::vector<std::string> system_topics() const override;
    wire::TopicTable table() const override;
    wire::DataVersion version() const override;
    /// A new version without a change of topics: after the broker's permission changed.
    void bump_version();
    void on_change(std::function<void(const std::vector<std::string>&)> listener) override;

    std::vector<std::string> names() const;

private:
    using Topics = TextMap<TopicPtr>;
    struct State {
        Topics topics;
        wire::DataVersion version;
        std::uint64_t generation = 0;
    };
    using Configs = std::vector<wire::TopicConfig>;

    void add_built_in();
    void add_system(std::string_view name, std::int32_t queues, std::int32_t perm);
    wire::Outcome<void> check(const wire::TopicConfig& config) const;
    wire::Outcome<void> merge_attributes(wire::TopicConfig& config) const;
    wire::TopicConfig inherit(const TopicWish& wish, const wire::TopicConfig& parent) const;
    std::optional<wire::TopicConfig> config_on_send(const TopicWish& wish) const;
    /// Publishes the table with `configs` in it; the generation that holds them.
    std::uint64_t put(const Configs& configs) KX_REQUIRES(changing_);
    Status write(std::uint64_t generation);
    void tell(const Configs& configs) const;
    TableFile::Image image() const;
    static wire::TopicTable table_of(const State& state);

    Snapshot<BrokerConfig>& config_;
    store::MessageStore& store_;
    const Clock& clock_;
    TableFile file_;
    const wire::DataVersion mapping_version_;
    TextSet system_;  // filled by the constructor
    Snapshot<State> state_;
    Mutex changing_;
    std::vector<std::function<void(const std::vector<std::string>&)>> listeners_;
};

}  // namespace kx::broker
