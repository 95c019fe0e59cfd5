// SPDX-License-Identifier: Apache-2.0
//
// What travels with every request beside its own fields, and how names carry the older namespace
// (client.md 5.8 and 27).
#pragma once

#include <string>
#include <string_view>

#include "client/core/client_settings.h"

namespace kx::client {

class ClientCore;

bool request_needs_decoration(const kerolox::detail::ClientSettings& settings);
/// In RocketMQ's order: namespace, stream mark, interceptors, signature, zone.
void decorate_request(const ClientCore& core, std::string_view address, std::int32_t code,
                      kerolox::ExtFields& fields, std::string_view body);

/// "ns%topic"; %RETRY% and %DLQ% stay in front; system names and wrapped ones stay as they are.
std::string with_namespace(std::string_view name_space, std::string_view name);
std::string_view without_namespace(std::string_view name_space, std::string_view wire_name);

}  // namespace kx::client
