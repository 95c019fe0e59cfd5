// SPDX-License-Identifier: Apache-2.0
//
// BATCH_ACK_MESSAGE 200151. Source: protocol.md 2.9.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_members.h"

namespace kx::wire {

/// Messages of one pop of one queue.
struct BatchAck {
    std::string bit_set;  ///< base64: bit i acknowledges start_offset + i, lowest bits first
    std::string consumer_group;
    std::int64_t invisible_time = 0;
    std::int64_t pop_time = 0;
    std::int32_t queue_id = 0;
    std::string retry = "0";
    std::int32_t revive_queue_id = 0;
    std::int64_t start_offset = 0;
    std::string topic;

    static constexpr auto members() {
        return std::array{
            member<&BatchAck::bit_set>("b"),
            member<&BatchAck::consumer_group>("c"),
            member<&BatchAck::invisible_time>("it"),
            member<&BatchAck::pop_time>("pt"),
            member<&BatchAck::queue_id>("q"),
            member<&BatchAck::retry>("r"),
            member<&BatchAck::revive_queue_id>("rq"),
            member<&BatchAck::start_offset>("so"),
            member<&BatchAck::topic>("t"),
        };
    }
};

struct BatchAckRequest {
    std::vector<BatchAck> acks;
    std::string broker_name;

    static constexpr auto members() {
        return std::array{
            member<&BatchAckRequest::acks>("acks"),
            member<&BatchAckRequest::broker_name>("brokerName"),
        };
    }
};

}  // namespace kx::wire
