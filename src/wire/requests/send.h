// SPDX-License-Identifier: Apache-2.0
//
// SEND_MESSAGE 10 (long names), SEND_MESSAGE_V2 310 and SEND_BATCH_MESSAGE 320 (one letter each);
// PUSH_REPLY_MESSAGE_TO_CLIENT 326, by which a broker hands a reply on; RECALL_MESSAGE 370.
// Source: protocol.md 2.3.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct SendMessage {
    std::string_view producer_group;
    std::string_view topic;
    std::string_view default_topic;
    std::int32_t default_topic_queue_nums = 0;
    std::int32_t queue_id = 0;
    std::int32_t sys_flag = 0;
    std::int64_t born_timestamp = 0;
    std::int32_t flag = 0;
    std::string_view properties;
    std::int32_t reconsume_times = 0;
    bool unit_mode = false;
    std::optional<std::int32_t> max_reconsume_times;
    bool batch = false;  ///< decides whether the body is a batch; the request code does not
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&SendMessage::producer_group>("producerGroup", "a", kRequired),
            field<&SendMessage::topic>("topic", "b", kRequired),
            field<&SendMessage::default_topic>("defaultTopic", "c", kRequired),
            field<&SendMessage::default_topic_queue_nums>("defaultTopicQueueNums", "d", kRequired),
            field<&SendMessage::queue_id>("queueId", "e", kRequired),
            field<&SendMessage::sys_flag>("sysFlag", "f", kRequired),
            field<&SendMessage::born_timestamp>("bornTimestamp", "g", kRequired),
            field<&SendMessage::flag>("flag", "h", kRequired),
            field<&SendMessage::properties>("properties", "i"),
            field<&SendMessage::reconsume_times>("reconsumeTimes", "j"),
            field<&SendMessage::unit_mode>("unitMode", "k"),
            field<&SendMessage::max_reconsume_times>("maxReconsumeTimes", "l"),
            field<&SendMessage::batch>("batch", "m"),
            field<&SendMessage::broker_name>("bname", "n"),
        };
    }
};

struct SendAnswer {
    std::string_view msg_id;
    std::int32_t queue_id = 0;
    std::int64_t queue_offset = 0;
    std::string_view transaction_id;
    std::string_view batch_uniq_id;

    static constexpr auto fields() {
        return std::array{
            field<&SendAnswer::msg_id>("msgId", "", kRequired),
            field<&SendAnswer::queue_id>("queueId", "", kRequired),
            field<&SendAnswer::queue_offset>("queueOffset", "", kRequired),
            field<&SendAnswer::transaction_id>("transactionId"),
            field<&SendAnswer::batch_uniq_id>("batchUniqId"),
        };
    }
};

struct PushReplyMessage {
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::int32_t sys_flag = 0;
    std::int64_t born_timestamp = 0;
    std::int32_t flag = 0;
    std::string_view properties;
    std::optional<std::int32_t> reconsume_times;
    std::string_view born_host;
    std::string_view store_host;
    std::int64_t store_timestamp = 0;

    static constexpr auto fields() {
        return std::array{
            field<&PushReplyMessage::topic>("topic", "", kRequired),
            field<&PushReplyMessage::queue_id>("queueId", "", kRequired),
            field<&PushReplyMessage::sys_flag>("sysFlag", "", kRequired),
            field<&PushReplyMessage::born_timestamp>("bornTimestamp", "", kRequired),
            field<&PushReplyMessage::flag>("flag", "", kRequired),
            field<&PushReplyMessage::properties>("properties"),
            field<&PushReplyMessage::reconsume_times>("reconsumeTimes"),
            field<&PushReplyMessage::born_host>("bornHost", "", kRequired),
            field<&PushReplyMessage::store_host>("storeHost", "", kRequired),
            field<&PushReplyMessage::store_timestamp>("storeTimestamp", "", kRequired),
        };
    }
};

struct RecallMessage {
    std::string_view producer_group;
    std::string_view topic;
    std::string_view recall_handle;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&RecallMessage::producer_group>("producerGroup"),
            field<&RecallMessage::topic>("topic", "", kRequired),
            field<&RecallMessage::recall_handle>("recallHandle", "", kRequired),
            field<&RecallMessage::broker_name>("bname"),
        };
    }
};

struct RecallAnswer {
    std::string_view msg_id;

    static constexpr auto fields() {
        return std::array{field<&RecallAnswer::msg_id>("msgId", "", kRequired)};
    }
};

}  // namespace kx::wire
