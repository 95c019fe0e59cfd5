// SPDX-License-Identifier: Apache-2.0
//
// The address this host is known by (client.md 3.1, clientIP).
#pragma once

#include <string>

#include "model/message.h"

namespace kx::client {

/// The first public IPv4 address, else the last private one, else the first public IPv6 in
/// brackets, else any; interfaces that are down, virtual or point to point don't count.
std::string own_address_text();

/// Four bytes that other hosts know this one by, as UNIQ_KEY carries them; loopback without any.
model::HostPort own_host();

}  // namespace kx::client
