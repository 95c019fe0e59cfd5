// SPDX-License-Identifier: Apache-2.0
//
// The rules for names as RocketMQ's clients word them; brokers use other words
// (model/validators.h).
#pragma once

#include <string_view>

#include "kerolox/result.hpp"

namespace kx::client {

kerolox::Status check_topic(std::string_view topic);
kerolox::Status check_group(std::string_view group);

}  // namespace kx::client
