// SPDX-License-Identifier: Apache-2.0
//
// The broker's topics: looked up on every send and pull, changed rarely. Each Topic is immutable;
// a change replaces it as a whole. Kept in RocketMQ's topics.json, written on every change.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/sync.h"
#include "store/message_store.h"
#include "wire/bodies/registration.h"
#include "wire/refusal.h"

namespace kx::broker {

class Topic {
public:
    Topic(wire::TopicConfig config, store::MessageStore& store);

    const wire::TopicConfig& config() const { return config_; }
    /// The store's queue, found on first use; it lives as long as this topic. `id` must be within
    /// the larger of both queue counts.
    store::ConsumeQueue& queue(std::int32_t id) const;
    /// The larger of the counts of queues to read and to write.
    std::int32_t queue_count() const { return static_cast<std::int32_t>(queues_.size()); }

private:
    const wire::TopicConfig config_;
    store::MessageStore& store_;
    mutable std::vector<std::atomic<store::ConsumeQueue*>> queues_;
    mutable Mutex finding_;
    mutable std::vector<store::QueuePtr> owned_ KX_GUARDED_BY(finding_);  // those in queues_
};
using TopicPtr = std::shared_ptr<const Topic>;

/// Bits of a topic's sysFlag.
inline constexpr std::int32_t kUnitTopic = 1;
inline constexpr std::int32_t kUnitSubTopic = 2;

/// What a send tells about the topic it wants.
struct TopicWish {
    std::string_view topic{};
    std::string_view default_topic{};
    std::int32_t queue_nums = 4;
    bool unit_mode = false;
    std::string_view peer{};
};

class TopicTable {
public:
    virtual ~TopicTable() = default;

    /// Null when unknown. Cheap: a snapshot and a hash look-up.
    virtual TopicPtr find(std::string_view name) const = 0;
    /// Creates the topic from its default topic when that may be inherited (broker.md 4.3), or a
    /// %RETRY% topic with one queue; null when neither is allowed. Returns after the file is
    /// written and the listeners ran: for workers.
    virtual TopicPtr create_on_send(const TopicWish& wish) = 0;
    /// Finds or creates, as send-back, heartbeats and dead letters do; an existing topic takes
    /// `order` over. Blocks when something changes: for workers.
    virtual TopicPtr create_internal(std::string_view name, std::int32_t queues, std::int32_t perm,
                                     bool order, std::int32_t sys_flag) = 0;
    /// Administrative create or update: `config.attributes` are changes with signed keys. Blocks.
    virtual wire::Outcome<TopicPtr> update(wire::TopicConfig config) = 0;
    /// Takes the configuration out; offsets and queues are the caller's to remove. Blocks.
    virtual void remove(std::string_view name) = 0;
    /// Marks topics ordered as the name server's ORDER_TOPIC_CONFIG tells.
    virtual void set_order(const std::map<std::string, std::string>& order_config) = 0;

    virtual bool is_system(std::string_view name) const = 0;
    virtual std::vector<std::string> system_topics() const = 0;
    /// The whole table with its version, for registration and code 21.
    virtual wire::TopicTable table() const = 0;
    virtual wire::DataVersion version() const = 0;
    /// Called with the names that changed, after the change is visible and written.
    virtual void on_change(std::function<void(const std::vector<std::string>&)> listener) = 0;
};

}  // namespace kx::broker
