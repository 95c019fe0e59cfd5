// SPDX-License-Identifier: Apache-2.0
//
// Pop, acknowledge, change invisibility (client.md 24): requests, answers, and the check point that
// a popped message carries. On the home thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/core/client_core.h"
#include "kerolox/consumer.hpp"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

/// POP_CK: "ckOffset popTime invisibleTime reviveQueueId retryMark broker queueId offset".
struct PopCheckPoint {
    std::int64_t start_offset = 0;
    std::int64_t pop_time_ms = 0;
    std::int64_t invisible_ms = 0;
    std::int32_t revive_queue = 0;
    char retry_mark = '0';  ///< '0' normal, '1' retry v1, '2' retry v2
    std::string broker{};
    std::int32_t queue_id = 0;
    std::int64_t offset = 0;

    std::string text() const;
    static kerolox::Result<PopCheckPoint> parse(std::string_view text);
};

struct PopCall {
    std::string group{};
    kerolox::Queue queue{};  ///< id -1: any queue of the broker
    std::int32_t max_messages = 32;
    std::int64_t invisible_ms = 60'000;
    std::int64_t poll_ms = 15'000;
    bool from_min = false;  ///< initMode 0, for groups that never popped
    bool in_order = false;
    const wire::SubscriptionData* subscription = nullptr;  ///< required, until awaited
    std::int64_t timeout_ms = 25'000;
};

enum class PopStatus : std::uint8_t { kFound, kPollingFull, kNotFound };

struct PopReply {
    PopStatus status = PopStatus::kNotFound;
    /// Those the filter lets through, each with its pop_check_point; the others are acknowledged.
    std::vector<kerolox::MessageView> messages{};
    std::int64_t pop_time_ms = 0;
    std::int64_t invisible_ms = 0;
};

Awaitable<kerolox::Result<PopReply>> pop(ClientCore& core, PopCall call);
Awaitable<kerolox::Status> pop_ack(ClientCore& core, std::string group, std::string topic,
                                   PopCheckPoint point);
/// In their order: whose acknowledgement went well.
Awaitable<std::vector<kerolox::Status>> pop_ack_batch(ClientCore& core, std::string group,
                                                      std::string topic,
                                                      std::vector<PopCheckPoint> points);
Awaitable<kerolox::Result<PopCheckPoint>> pop_change_invisible(ClientCore& core, std::string group,
                                                               std::string topic,
                                                               PopCheckPoint point,
                                                               std::int64_t invisible_ms);

}  // namespace kx::client
