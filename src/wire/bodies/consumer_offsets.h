// SPDX-License-Identifier: Apache-2.0
//
// Offsets that brokers set in a running consumer, and ask it for: 220, 221.
// Source: protocol.md 2.2.
#pragma once

#include "wire/bodies/topics.h"

namespace kx::wire {

/// RESET_CONSUMER_CLIENT_OFFSET 220 for clients that are not written in Java; those get
/// ResetOffsets.
struct ResetOffsetList {
    struct Item {
        std::string broker_name;
        std::int64_t offset = 0;
        std::int32_t queue_id = 0;
        std::string topic;

        static constexpr auto members() {
            return std::array{
                member<&Item::broker_name>("brokerName"),
                member<&Item::offset>("offset"),
                member<&Item::queue_id>("queueId"),
                member<&Item::topic>("topic"),
            };
        }
    };
    std::vector<Item> offset_table;

    static constexpr auto members() {
        return std::array{member<&ResetOffsetList::offset_table>("offsetTable")};
    }
};

/// GET_CONSUMER_STATUS_FROM_CLIENT 221, and what a broker gathers from them (223).
struct OffsetsOfClient {
    std::map<std::string, std::map<QueueKey, std::int64_t>> consumer_table;
    std::map<QueueKey, std::int64_t> message_queue_table;

    static constexpr auto members() {
        return std::array{
            member<&OffsetsOfClient::consumer_table>("consumerTable"),
            member<&OffsetsOfClient::message_queue_table>("messageQueueTable"),
        };
    }
};

}  // namespace kx::wire
