// SPDX-License-Identifier: Apache-2.0
//
// A route: which queues of a topic can be written or read, and where their brokers are. What a name
// server answers (protocol.md 5.7) is digested once and then shared, immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/bodies/route.h"

namespace kx::client {

struct RouteBroker {
    std::string name;
    std::map<std::int64_t, std::string> addresses;  ///< by broker id; 0 is the master

    /// The address of that id, else of the master, else of the smallest id.
    const std::string& address_or_nearest(std::int64_t id) const;
};

struct RouteQueue {
    std::uint32_t broker = 0;  ///< index into Route::brokers
    std::int32_t id = 0;
};

struct Route {
    std::string topic;
    std::vector<RouteBroker> brokers;  ///< each has an address
    std::vector<RouteQueue> publish;   ///< writable, and their master is there
    std::vector<RouteQueue> subscribe;
    /// The topic is unknown; these are the queues it gets when a first send creates it.
    bool from_default_topic = false;
    /// The topic's configuration names the publish queues, in an order that counts.
    bool ordered = false;
};
using RoutePtr = std::shared_ptr<const Route>;

/// What follows from an answer; names in it that lead nowhere are left out.
Route make_route(std::string_view topic, const wire::TopicRoute& answer);

enum class RouteUse : bool {
    kRead,
    kSend,  ///< an unknown topic gets the route of TBW102, by which brokers create topics
};

}  // namespace kx::client
