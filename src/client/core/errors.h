// SPDX-License-Identifier: Apache-2.0
//
// Errors as the public face shows them, made from what the rooms below tell.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "kerolox/result.hpp"
#include "wire/response_codes.h"

namespace kx::client {

/// RocketMQ's client codes (client.md 30).
inline constexpr std::int32_t kConnectFailed = 10'001;
inline constexpr std::int32_t kAccessTimeout = 10'002;
inline constexpr std::int32_t kBrokerNotExist = 10'003;
inline constexpr std::int32_t kNoNameServer = 10'004;
inline constexpr std::int32_t kNoRoute = 10'005;
inline constexpr std::int32_t kNoReply = 10'006;
inline constexpr std::int32_t kCannotReply = 10'007;
inline constexpr std::int32_t kIllegalMessage = 13;

kerolox::Error usage_error(std::string text);
kerolox::Error client_error(std::string text, std::int32_t code = -1);
kerolox::Error closed_error(std::string_view what);
/// A server answered with a code that means no.
kerolox::Error broker_error(std::int32_t code, std::string_view remark, std::string_view address);
/// No connection to `address` came about.
kerolox::Error connect_error(const Error& error, std::string_view address);
/// A request to `address` got no answer.
kerolox::Error call_error(const Error& error, std::string_view address, std::int64_t timeout_ms);
/// A server that drains sent us away over the new connection as well.
kerolox::Error go_away_error(std::string_view address);
/// Something that could not be read or checked on this side.
kerolox::Error local_error(const Error& error);

}  // namespace kx::client
