// SPDX-License-Identifier: Apache-2.0
//
// The pop family: 200050, 200051, 200053. Their codes don't fit the binary header.
// Source: protocol.md 2.9.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct PopMessage {
    std::string_view consumer_group;
    std::string_view topic;
    std::int32_t queue_id = -1;
    std::int32_t max_msg_nums = 0;
    std::int64_t invisible_time = 0;
    std::int64_t poll_time = 0;
    std::int64_t born_time = 0;
    std::int32_t init_mode = 0;
    std::string_view exp_type;
    std::string_view exp;
    bool order = false;
    std::string_view attempt_id;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&PopMessage::consumer_group>("consumerGroup", "", kRequired),
            field<&PopMessage::topic>("topic", "", kRequired),
            field<&PopMessage::queue_id>("queueId", "", kRequired),
            field<&PopMessage::max_msg_nums>("maxMsgNums", "", kRequired),
            field<&PopMessage::invisible_time>("invisibleTime", "", kRequired),
            field<&PopMessage::poll_time>("pollTime", "", kRequired),
            field<&PopMessage::born_time>("bornTime", "", kRequired),
            field<&PopMessage::init_mode>("initMode", "", kRequired),
            field<&PopMessage::exp_type>("expType"),
            field<&PopMessage::exp>("exp"),
            field<&PopMessage::order>("order"),
            field<&PopMessage::attempt_id>("attemptId"),
            field<&PopMessage::broker_name>("bname"),
        };
    }
};

struct PopAnswer {
    std::int64_t pop_time = 0;
    std::int64_t invisible_time = 0;
    std::int32_t revive_qid = 0;
    std::int64_t rest_num = 0;
    std::string_view start_offset_info;
    std::string_view msg_offset_info;
    std::string_view order_count_info;

    static constexpr auto fields() {
        return std::array{
            field<&PopAnswer::pop_time>("popTime", "", kRequired),
            field<&PopAnswer::invisible_time>("invisibleTime", "", kRequired),
            field<&PopAnswer::revive_qid>("reviveQid", "", kRequired),
            field<&PopAnswer::rest_num>("restNum", "", kRequired),
            field<&PopAnswer::start_offset_info>("startOffsetInfo"),
            field<&PopAnswer::msg_offset_info>("msgOffsetInfo"),
            field<&PopAnswer::order_count_info>("orderCountInfo"),
        };
    }
};

struct AckMessage {
    std::string_view consumer_group;
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::string_view extra_info;
    std::int64_t offset = 0;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&AckMessage::consumer_group>("consumerGroup", "", kRequired),
            field<&AckMessage::topic>("topic", "", kRequired),
            field<&AckMessage::queue_id>("queueId", "", kRequired),
            field<&AckMessage::extra_info>("extraInfo", "", kRequired),
            field<&AckMessage::offset>("offset", "", kRequired),
            field<&AckMessage::broker_name>("bname"),
        };
    }
};

struct ChangeInvisibleTime {
    std::string_view consumer_group;
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::string_view extra_info;
    std::int64_t offset = 0;
    std::int64_t invisible_time = 0;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&ChangeInvisibleTime::consumer_group>("consumerGroup", "", kRequired),
            field<&ChangeInvisibleTime::topic>("topic", "", kRequired),
            field<&ChangeInvisibleTime::queue_id>("queueId", "", kRequired),
            field<&ChangeInvisibleTime::extra_info>("extraInfo", "", kRequired),
            field<&ChangeInvisibleTime::offset>("offset", "", kRequired),
            field<&ChangeInvisibleTime::invisible_time>("invisibleTime", "", kRequired),
            field<&ChangeInvisibleTime::broker_name>("bname"),
        };
    }
};

struct InvisibleTimeAnswer {
    std::int64_t pop_time = 0;
    std::int64_t invisible_time = 0;
    std::int32_t revive_qid = 0;

    static constexpr auto fields() {
        return std::array{
            field<&InvisibleTimeAnswer::pop_time>("popTime", "", kRequired),
            field<&InvisibleTimeAnswer::invisible_time>("invisibleTime", "", kRequired),
            field<&InvisibleTimeAnswer::revive_qid>("reviveQid", "", kRequired),
        };
    }
};

}  // namespace kx::wire
