// SPDX-License-Identifier: Apache-2.0
//
// Shapes that several bodies and config files share. Source: protocol.md 2.2, storage.md 1.4.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "base/json_members.h"

namespace kx::wire {

/// Which state of a table somebody has; equal only when all three are.
struct DataVersion {
    std::int64_t counter = 0;
    std::int64_t state_version = 0;
    std::int64_t timestamp = 0;

    bool operator==(const DataVersion&) const = default;
    void next(std::int64_t now_ms) {
        ++counter;
        timestamp = now_ms;
    }

    static constexpr auto members() {
        return std::array{
            member<&DataVersion::counter>("counter"),
            member<&DataVersion::state_version>("stateVersion"),
            member<&DataVersion::timestamp>("timestamp"),
        };
    }
};

/// RocketMQ's MessageQueue; also a map key.
struct QueueKey {
    std::string broker_name;
    std::int32_t queue_id = 0;
    std::string topic;

    auto operator<=>(const QueueKey&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&QueueKey::broker_name>("brokerName"),
            member<&QueueKey::queue_id>("queueId"),
            member<&QueueKey::topic>("topic"),
        };
    }
};

/// Permission bits of topics and brokers.
enum Permission : std::int32_t { kInherit = 1, kWrite = 2, kRead = 4, kPriority = 8 };

struct TopicConfig {
    std::map<std::string, std::string> attributes;
    bool order = false;
    std::int32_t perm = kRead | kWrite;
    std::int32_t read_queue_nums = 16;
    std::string topic_filter_type = "SINGLE_TAG";
    std::string topic_name;
    std::int32_t topic_sys_flag = 0;
    std::int32_t write_queue_nums = 16;

    bool operator==(const TopicConfig&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&TopicConfig::attributes>("attributes"),
            member<&TopicConfig::order>("order"),
            member<&TopicConfig::perm>("perm"),
            member<&TopicConfig::read_queue_nums>("readQueueNums"),
            member<&TopicConfig::topic_filter_type>("topicFilterType"),
            member<&TopicConfig::topic_name>("topicName"),
            member<&TopicConfig::topic_sys_flag>("topicSysFlag"),
            member<&TopicConfig::write_queue_nums>("writeQueueNums"),
        };
    }
};

struct KvTable {
    std::map<std::string, std::string> table;

    static constexpr auto members() { return std::array{member<&KvTable::table>("table")}; }
};

}  // namespace kx::wire
