// SPDX-License-Identifier: Apache-2.0
//
// Consumer groups as configured (SubscriptionGroupConfig), with creation on first use; kept in
// RocketMQ's subscriptionGroup.json. Source: broker.md 4.4.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/bodies/groups.h"

namespace kx::broker {

using GroupConfigPtr = std::shared_ptr<const wire::SubscriptionGroupConfig>;

class GroupTable {
public:
    virtual ~GroupTable() = default;

    /// Found, or created when autoCreateSubscriptionGroup allows it and the name is valid; or null.
    virtual GroupConfigPtr find_or_create(std::string_view group) = 0;
    /// Null when unknown; never creates.
    virtual GroupConfigPtr find(std::string_view group) const = 0;
    virtual Status update(wire::SubscriptionGroupConfig config) = 0;
    virtual void remove(std::string_view group) = 0;
    /// Whether pulls of `topic` are forbidden for `group` (the forbidden table's read bit).
    virtual bool is_read_forbidden(std::string_view group, std::string_view topic) const = 0;
    virtual wire::SubscriptionGroupTable table() const = 0;
};

}  // namespace kx::broker
