// SPDX-License-Identifier: Apache-2.0
//
// What PopOptions collects (client.md 24.5).
#pragma once

#include <span>
#include <string>

#include "client/consume/consumer_parts.h"

namespace kx::client {

struct PopConfig {
    std::string consumer_group;
    StartChoice consume_from_where = StartChoice::kLast;
    bool consume_orderly = false;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct PopSettings {
    kx::client::PopConfig config;
    kx::client::Problems problems;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
