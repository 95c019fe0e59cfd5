// SPDX-License-Identifier: Apache-2.0
//
// What a consumer wants of a topic, as heartbeats and pulls carry it (client.md 14.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

/// `topic` as it travels. "A || B" becomes tags and their hashes; everything is "*".
kerolox::Result<wire::SubscriptionData> make_subscription(const std::string& topic,
                                                          const kerolox::Filter& filter,
                                                          std::int64_t version_ms);

/// Brokers keep the subscription of the highest version. It is the time of day, as in every
/// RocketMQ client, but within this process none is given twice or after a higher one, whoever sets
/// the clock back. Any thread.
std::int64_t next_subscription_version(const Clock& clock);

/// The exact look at the tag that the broker's hash only guessed.
bool wants(const wire::SubscriptionData& subscription, std::optional<std::string_view> tag);

kerolox::Filter filter_of(const wire::SubscriptionData& subscription);

}  // namespace kx::client
