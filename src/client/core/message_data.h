// SPDX-License-Identifier: Apache-2.0
//
// What is inside a kerolox::Message.
#pragma once

#include <optional>
#include <string>

#include "kerolox/message.hpp"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct MessageData {
    std::string topic;
    Bytes body;
    std::string properties;  ///< as they travel: name 0x01 value 0x02
    std::int32_t flag = 0;
    bool wait_store = true;
    std::optional<Error> problem;  ///< the first one of the setters
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

/// Names that user properties must not have (client.md 9.5).
bool is_system_property(std::string_view name);

/// A message with this text as its properties, checked by nobody: for forwarding.
kerolox::Message raw_message(std::string topic, kerolox::Bytes body, std::string properties,
                             std::int32_t flag);

}  // namespace kx::client
