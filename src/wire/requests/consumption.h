// SPDX-License-Identifier: Apache-2.0
//
// Questions about groups that consume: 208, 307, 309, 345. Source: protocol.md 2.12, 2.14.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct GetConsumeStats {
    std::string_view consumer_group;
    std::string_view topic;
    std::string_view topic_list;  ///< joined by ';'

    static constexpr auto fields() {
        return std::array{
            field<&GetConsumeStats::consumer_group>("consumerGroup", "", kRequired),
            field<&GetConsumeStats::topic>("topic"),
            field<&GetConsumeStats::topic_list>("topicList"),
        };
    }
};

struct GroupAndTopic {
    std::string_view group;
    std::string_view topic;

    static constexpr auto fields() {
        return std::array{
            field<&GroupAndTopic::group>("group", "", kRequired),
            field<&GroupAndTopic::topic>("topic"),
        };
    }
};

/// GET_CONSUMER_RUNNING_INFO 307 and CONSUME_MESSAGE_DIRECTLY 309: who shall answer them.
struct ForClient {
    std::string_view consumer_group;
    std::string_view client_id;
    std::string_view topic;
    std::string_view msg_id;
    std::optional<bool> jstack_enable;

    static constexpr auto fields() {
        return std::array{
            field<&ForClient::consumer_group>("consumerGroup", "", kRequired),
            field<&ForClient::client_id>("clientId"),
            field<&ForClient::topic>("topic"),
            field<&ForClient::msg_id>("msgId"),
            field<&ForClient::jstack_enable>("jstackEnable"),
        };
    }
};

}  // namespace kx::wire
