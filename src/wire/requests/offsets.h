// SPDX-License-Identifier: Apache-2.0
//
// Offsets: committed ones (14, 15), the queue's own (29-32); messages by key (12) and by place
// (33).
// Source: protocol.md 2.4, 2.5.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct QueryConsumerOffset {
    std::string_view consumer_group;
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::optional<bool> set_zero_if_not_found;

    static constexpr auto fields() {
        return std::array{
            field<&QueryConsumerOffset::consumer_group>("consumerGroup", "", kRequired),
            field<&QueryConsumerOffset::topic>("topic", "", kRequired),
            field<&QueryConsumerOffset::queue_id>("queueId", "", kRequired),
            field<&QueryConsumerOffset::set_zero_if_not_found>("setZeroIfNotFound"),
        };
    }
};

struct UpdateConsumerOffset {
    std::string_view consumer_group;
    std::string_view topic;
    std::optional<std::int32_t> queue_id;
    std::optional<std::int64_t> commit_offset;

    static constexpr auto fields() {
        return std::array{
            field<&UpdateConsumerOffset::consumer_group>("consumerGroup", "", kRequired),
            field<&UpdateConsumerOffset::topic>("topic", "", kRequired),
            field<&UpdateConsumerOffset::queue_id>("queueId"),
            field<&UpdateConsumerOffset::commit_offset>("commitOffset"),
        };
    }
};

struct SearchOffset {
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::int64_t timestamp = 0;
    std::string_view boundary_type;

    static constexpr auto fields() {
        return std::array{
            field<&SearchOffset::topic>("topic", "", kRequired),
            field<&SearchOffset::queue_id>("queueId", "", kRequired),
            field<&SearchOffset::timestamp>("timestamp", "", kRequired),
            field<&SearchOffset::boundary_type>("boundaryType"),
        };
    }
};

/// GET_MAX_OFFSET 30, GET_MIN_OFFSET 31, GET_EARLIEST_MSG_STORETIME 32.
struct QueueOfTopic {
    std::string_view topic;
    std::int32_t queue_id = 0;

    static constexpr auto fields() {
        return std::array{
            field<&QueueOfTopic::topic>("topic", "", kRequired),
            field<&QueueOfTopic::queue_id>("queueId", "", kRequired),
        };
    }
};

struct OffsetAnswer {
    std::int64_t offset = 0;

    static constexpr auto fields() {
        return std::array{field<&OffsetAnswer::offset>("offset", "", kRequired)};
    }
};

struct TimestampAnswer {
    std::int64_t timestamp = 0;

    static constexpr auto fields() {
        return std::array{field<&TimestampAnswer::timestamp>("timestamp", "", kRequired)};
    }
};

struct ViewMessage {
    std::string_view topic;
    std::int64_t offset = 0;

    static constexpr auto fields() {
        return std::array{
            field<&ViewMessage::topic>("topic"),
            field<&ViewMessage::offset>("offset", "", kRequired),
        };
    }
};

/// QUERY_MESSAGE 12: by key, within store times.
struct QueryMessage {
    std::string_view topic;
    std::string_view key;
    std::int32_t max_num = 0;
    std::int64_t begin_timestamp = 0;
    std::int64_t end_timestamp = 0;

    static constexpr auto fields() {
        return std::array{
            field<&QueryMessage::topic>("topic", "", kRequired),
            field<&QueryMessage::key>("key", "", kRequired),
            field<&QueryMessage::max_num>("maxNum", "", kRequired),
            field<&QueryMessage::begin_timestamp>("beginTimestamp", "", kRequired),
            field<&QueryMessage::end_timestamp>("endTimestamp", "", kRequired),
        };
    }
};

}  // namespace kx::wire
