// SPDX-License-Identifier: Apache-2.0
//
// PULL_MESSAGE 11 and LITE_PULL_MESSAGE 361. Source: protocol.md 2.4.
#pragma once

#include "base/field.h"

namespace kx::wire {

/// Bits of PullMessage::sys_flag.
enum PullFlag : std::int32_t {
    kPullCommitOffset = 0x1,
    kPullSuspend = 0x2,
    kPullSubscription = 0x4,
    kPullClassFilter = 0x8,
    kPullLite = 0x10,
};

struct PullMessage {
    std::string_view consumer_group;
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::int64_t queue_offset = 0;
    std::int32_t max_msg_nums = 0;
    std::int32_t sys_flag = 0;
    std::int64_t commit_offset = 0;
    std::int64_t suspend_timeout_millis = 0;
    std::string_view subscription;
    std::int64_t sub_version = 0;
    std::string_view expression_type;
    std::optional<std::int32_t> max_msg_bytes;
    std::optional<std::int32_t> request_source;
    std::string_view proxy_client_id;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&PullMessage::consumer_group>("consumerGroup", "", kRequired),
            field<&PullMessage::topic>("topic", "", kRequired),
            field<&PullMessage::queue_id>("queueId", "", kRequired),
            field<&PullMessage::queue_offset>("queueOffset", "", kRequired),
            field<&PullMessage::max_msg_nums>("maxMsgNums", "", kRequired),
            field<&PullMessage::sys_flag>("sysFlag", "", kRequired),
            field<&PullMessage::commit_offset>("commitOffset", "", kRequired),
            field<&PullMessage::suspend_timeout_millis>("suspendTimeoutMillis", "", kRequired),
            field<&PullMessage::subscription>("subscription"),
            field<&PullMessage::sub_version>("subVersion", "", kRequired),
            field<&PullMessage::expression_type>("expressionType"),
            field<&PullMessage::max_msg_bytes>("maxMsgBytes"),
            field<&PullMessage::request_source>("requestSource"),
            // RocketMQ's own spelling.
            field<&PullMessage::proxy_client_id>("proxyFrowardClientId"),
            field<&PullMessage::broker_name>("bname"),
        };
    }
};

struct PullAnswer {
    std::int64_t suggest_which_broker_id = 0;
    std::int64_t next_begin_offset = 0;
    std::int64_t min_offset = 0;
    std::int64_t max_offset = 0;
    std::optional<std::int64_t> offset_delta;
    std::optional<std::int32_t> topic_sys_flag;
    std::optional<std::int32_t> group_sys_flag;
    std::optional<std::int32_t> forbidden_type;

    static constexpr auto fields() {
        return std::array{
            field<&PullAnswer::suggest_which_broker_id>("suggestWhichBrokerId", "", kRequired),
            field<&PullAnswer::next_begin_offset>("nextBeginOffset", "", kRequired),
            field<&PullAnswer::min_offset>("minOffset", "", kRequired),
            field<&PullAnswer::max_offset>("maxOffset", "", kRequired),
            field<&PullAnswer::offset_delta>("offsetDelta"),
            field<&PullAnswer::topic_sys_flag>("topicSysFlag"),
            field<&PullAnswer::group_sys_flag>("groupSysFlag"),
            field<&PullAnswer::forbidden_type>("forbiddenType"),
        };
    }
};

}  // namespace kx::wire
