// SPDX-License-Identifier: Apache-2.0
//
// Every request code of RocketMQ 5.4.0: its name and who serves it. Source: protocol.md 2.1.
// docs/compatibility.md says which of them Kerolox serves so far.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kx::wire {

enum class Server : std::uint8_t {
    kBroker,
    kBrokerMainPort,  ///< not on the fast port
    kNameServer,
    kController,
    kContainer,
    kClient,
    kNobody,  ///< a constant without a handler anywhere
};

struct RequestRow {
    std::int32_t code;
    std::string_view name;
    Server server;
};

std::span<const RequestRow> request_table();
const RequestRow* find_request(std::int32_t code);

/// Why a server that has no handler for it does not serve it, for the remark.
std::string_view explain(const RequestRow& row);

}  // namespace kx::wire
