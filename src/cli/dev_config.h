// SPDX-License-Identifier: Apache-2.0
//
// The keys that only `kerolox dev` has, where name server and broker share one set of keys.
#pragma once

#include <cstdint>
#include <span>

#include "base/config_key.h"

namespace kx::cli {

struct DevKeys {
    std::int32_t namesrv_port = 9'876;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::cli
