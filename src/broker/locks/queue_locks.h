// SPDX-License-Identifier: Apache-2.0
//
// Queue locks of ordered consumers: one client of a group holds a queue for 60 s after its last
// word. Memory only. Source: broker.md 10.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/bodies/common.h"

namespace kx::broker {

class QueueLocks {
public:
    virtual ~QueueLocks() = default;

    /// The subset of `queues` that `client_id` holds now.
    virtual std::vector<wire::QueueKey> lock(const std::string& group, const std::string& client_id,
                                             const std::vector<wire::QueueKey>& queues) = 0;
    virtual void unlock(const std::string& group, const std::string& client_id,
                        const std::vector<wire::QueueKey>& queues) = 0;
    /// Whether any client holds an unexpired lock of the group: then it consumes in order.
    virtual bool any_held(std::string_view group) const = 0;
};

}  // namespace kx::broker
