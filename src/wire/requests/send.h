// SPDX-License-Identifier: Apache-2.0
//
// SEND_MESSAGE 10 (long names), SEND_MESSAGE_V2 310 and SEND_BATCH_MESSAGE 320 (one letter each).
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

}  // namespace kx::wire
