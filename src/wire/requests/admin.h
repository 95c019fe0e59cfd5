// SPDX-License-Identifier: Apache-2.0
//
// Administration of the broker and of consumption: 26, 222. Source: protocol.md 2.13, 2.14.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct ConfigAnswer {
    std::string_view version;  ///< DataVersion as JSON

    static constexpr auto fields() {
        return std::array{field<&ConfigAnswer::version>("version", "", kRequired)};
    }
};

/// INVOKE_BROKER_TO_RESET_OFFSET 222.
struct ResetOffset {
    std::string_view group;
    std::string_view topic;
    std::int32_t queue_id = -1;
    std::optional<std::int64_t> offset;
    std::int64_t timestamp = 0;
    bool force = false;

    static constexpr auto fields() {
        return std::array{
            field<&ResetOffset::group>("group", "", kRequired),
            field<&ResetOffset::topic>("topic", "", kRequired),
            field<&ResetOffset::queue_id>("queueId"),
            field<&ResetOffset::offset>("offset"),
            field<&ResetOffset::timestamp>("timestamp"),
            field<&ResetOffset::force>("isForce"),
        };
    }
};

}  // namespace kx::wire
