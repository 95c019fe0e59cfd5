// SPDX-License-Identifier: Apache-2.0
//
// The list of name servers from a web server (client.md 5.9).
#pragma once

#include <string>

#include "client/core/awaiting.h"
#include "client/core/client_settings.h"

namespace kx::client {

class ClientCore;

/// Where the question goes.
struct LookupAddress {
    std::string host;
    std::string port;
    std::string path;
};
LookupAddress lookup_address(const ClientConfig& config);

/// Asks the configured host; empty when there is no good answer, which is logged. Takes 3 s at
/// most. On the client's home thread.
Awaitable<std::string> look_up_name_servers(ClientCore& core);

}  // namespace kx::client
