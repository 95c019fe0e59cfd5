// SPDX-License-Identifier: Apache-2.0
//
// One pull, from the request to messages (client.md 17.3 and 17.4). Shared by every consumer that
// pulls. On the home thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "client/core/client_core.h"
#include "kerolox/consumer.hpp"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

struct PullCall {
    std::string group{};     ///< as it travels
    kerolox::Queue queue{};  ///< topic as it travels
    std::int64_t offset = 0;
    std::int32_t max_messages = 32;
    std::int32_t max_bytes = 0x7fffffff;
    std::int64_t commit_offset = 0;  ///< sent along when positive (and not to a slave)
    bool suspend = false;            ///< the broker may wait for a message
    std::int64_t suspend_ms = 0;
    bool with_subscription = false;  ///< the request carries the filter
    bool lite = false;               ///< LITE_PULL_MESSAGE 361 instead of PULL_MESSAGE 11
    const wire::SubscriptionData* subscription = nullptr;  ///< required, until the call returns
    std::int64_t broker_id = 0;  ///< who is to answer: what the last answer suggested
    std::int64_t timeout_ms = 30'000;
};

struct PullReply {
    kerolox::PullStatus status = kerolox::PullStatus::no_new_message;
    std::int64_t next_offset = 0;
    std::int64_t min_offset = 0;
    std::int64_t max_offset = 0;
    std::int64_t suggested_broker_id = 0;
    std::vector<kerolox::MessageView> messages{};  ///< those the filter lets through
};

using PullDone = std::function<void(kerolox::Result<PullReply>)>;

/// Calls back once, on the home thread, never inside this call. An answer with another code than
/// the pull statuses is a `broker` error.
void pull(ClientCore& core, const PullCall& call, PullDone done);
Awaitable<kerolox::Result<PullReply>> pull(ClientCore& core, PullCall call);

/// Whether no interceptor wants the message left out.
bool kept_by_interceptors(const ClientCore& core, std::string_view group,
                          const kerolox::MessageView& message);

}  // namespace kx::client
