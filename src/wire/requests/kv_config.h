// SPDX-License-Identifier: Apache-2.0
//
// The name server's key-value store: 100, 101, 102, 219. A missing namespace or key is refused by
// the handler with RocketMQ's own text, so no row here is required. Source: protocol.md 2.11.
#pragma once

#include "base/field.h"

namespace kx::wire {

/// PUT_KV_CONFIG 100.
struct PutKvConfig {
    std::string_view name_space;
    std::string_view key;
    std::string_view value;

    static constexpr auto fields() {
        return std::array{
            field<&PutKvConfig::name_space>("namespace"),
            field<&PutKvConfig::key>("key"),
            field<&PutKvConfig::value>("value"),
        };
    }
};

/// GET_KV_CONFIG 101, DELETE_KV_CONFIG 102; GET_KVLIST_BY_NAMESPACE 219 has no key.
struct KvConfigKey {
    std::string_view name_space;
    std::string_view key;

    static constexpr auto fields() {
        return std::array{
            field<&KvConfigKey::name_space>("namespace"),
            field<&KvConfigKey::key>("key"),
        };
    }
};

struct KvConfigValue {
    std::string_view value;

    static constexpr auto fields() { return std::array{field<&KvConfigValue::value>("value")}; }
};

}  // namespace kx::wire
