// SPDX-License-Identifier: Apache-2.0
//
// CONSUMER_SEND_MSG_BACK 36. Source: protocol.md 2.3.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct SendMessageBack {
    std::int64_t offset = 0;  ///< in the commit log
    std::string_view group;
    std::int32_t delay_level = 0;  ///< 0: the broker decides; -1: dead letters
    std::string_view origin_msg_id;
    std::string_view origin_topic;
    bool unit_mode = false;
    std::optional<std::int32_t> max_reconsume_times;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&SendMessageBack::offset>("offset", "", kRequired),
            field<&SendMessageBack::group>("group", "", kRequired),
            field<&SendMessageBack::delay_level>("delayLevel", "", kRequired),
            field<&SendMessageBack::origin_msg_id>("originMsgId"),
            field<&SendMessageBack::origin_topic>("originTopic"),
            field<&SendMessageBack::unit_mode>("unitMode"),
            field<&SendMessageBack::max_reconsume_times>("maxReconsumeTimes"),
            field<&SendMessageBack::broker_name>("bname"),
        };
    }
};

}  // namespace kx::wire
