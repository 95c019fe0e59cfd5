// SPDX-License-Identifier: Apache-2.0
//
// Consumer offsets: committed ones (consumerOffset.json), pull offsets and pending server-side
// resets (memory only). Any thread. Source: broker.md 9.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kx::broker {

class OffsetTable {
public:
    virtual ~OffsetTable() = default;

    virtual void commit(std::string_view group, std::string_view topic, std::int32_t queue_id,
                        std::int64_t offset, std::string_view peer) = 0;
    virtual std::optional<std::int64_t> committed(std::string_view group, std::string_view topic,
                                                  std::int32_t queue_id) const = 0;
    virtual void note_pull(std::string_view group, std::string_view topic, std::int32_t queue_id,
                           std::int64_t offset) = 0;
    /// The pending reset of that queue, which is taken out. Cheap when there is none at all.
    virtual std::optional<std::int64_t> take_reset(std::string_view group, std::string_view topic,
                                                   std::int32_t queue_id) = 0;
    virtual bool has_reset(std::string_view group, std::string_view topic,
                           std::int32_t queue_id) const = 0;
    virtual void set_reset(std::string_view group, std::string_view topic, std::int32_t queue_id,
                           std::int64_t offset) = 0;
    virtual void remove_topic(std::string_view topic) = 0;
    virtual void remove_group(std::string_view group) = 0;
    /// queue id -> offset of one topic and group.
    virtual std::map<std::int32_t, std::int64_t> all(std::string_view group,
                                                     std::string_view topic) const = 0;
    virtual Status persist() = 0;
};

}  // namespace kx::broker
