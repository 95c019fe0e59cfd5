// SPDX-License-Identifier: Apache-2.0
//
// Administration of topics and offsets: 18, 351, 202, 43, 222. Source: protocol.md 2.2.
#pragma once

#include "wire/bodies/registration.h"

namespace kx::wire {

struct TopicConfigList {
    std::vector<TopicConfig> topic_config_list;

    static constexpr auto members() {
        return std::array{member<&TopicConfigList::topic_config_list>("topicConfigList")};
    }
};

struct TopicOffset {
    std::int64_t last_update_timestamp = 0;
    std::int64_t max_offset = 0;
    std::int64_t min_offset = 0;

    static constexpr auto members() {
        return std::array{
            member<&TopicOffset::last_update_timestamp>("lastUpdateTimestamp"),
            member<&TopicOffset::max_offset>("maxOffset"),
            member<&TopicOffset::min_offset>("minOffset"),
        };
    }
};

struct TopicStats {
    std::map<QueueKey, TopicOffset> offset_table;
    double topic_put_tps = 0;

    static constexpr auto members() {
        return std::array{
            member<&TopicStats::offset_table>("offsetTable"),
            member<&TopicStats::topic_put_tps>("topicPutTps"),
        };
    }
};

/// consumerOffset.json and the answer of 43. Keys are "topic@group"; the list of topics by group
/// is derived, and not read.
struct ConsumerOffsets {
    DataVersion data_version;
    std::map<std::string, std::vector<std::string>> group_topic_map;
    std::map<std::string, std::map<std::int32_t, std::int64_t>> offset_table;

    static constexpr auto members() {
        return std::array{
            member<&ConsumerOffsets::data_version>("dataVersion"),
            member<&ConsumerOffsets::group_topic_map>("groupTopicMap"),
            member<&ConsumerOffsets::offset_table>("offsetTable"),
        };
    }
};

struct ResetOffsets {
    std::map<QueueKey, std::int64_t> offset_table;

    static constexpr auto members() {
        return std::array{member<&ResetOffsets::offset_table>("offsetTable")};
    }
};

}  // namespace kx::wire
