// SPDX-License-Identifier: Apache-2.0
//
// CONSUMER_SEND_MSG_BACK 36: a message that could not be consumed comes again later.
// Source: protocol.md 2.4.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct SendBack {
    std::int64_t offset = 0;  ///< in the commit log
    std::string_view group;
    std::int32_t delay_level = 0;
    std::string_view origin_msg_id;
    std::string_view origin_topic;
    bool unit_mode = false;
    std::optional<std::int32_t> max_reconsume_times;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&SendBack::offset>("offset", "", kRequired),
            field<&SendBack::group>("group", "", kRequired),
            field<&SendBack::delay_level>("delayLevel", "", kRequired),
            field<&SendBack::origin_msg_id>("originMsgId"),
            field<&SendBack::origin_topic>("originTopic"),
            field<&SendBack::unit_mode>("unitMode"),
            field<&SendBack::max_reconsume_times>("maxReconsumeTimes"),
            field<&SendBack::broker_name>("bname"),
        };
    }
};

}  // namespace kx::wire
