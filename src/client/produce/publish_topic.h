// SPDX-License-Identifier: Apache-2.0
//
// The queues a topic can be written to, and whose turn it is (client.md 8.1). On the home thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/core/peer.h"
#include "client/produce/send_job.h"
#include "client/route_cache.h"

namespace kx::client {

class ClientCore;

struct PublishTarget {
    Peer* peer = nullptr;
    std::string broker;
    std::int32_t queue_id = 0;
};

struct PublishTopic {
    RoutePtr route;  ///< null: not known yet
    /// Routes that jobs may still point into; the last one counts.
    std::vector<std::shared_ptr<const std::vector<PublishTarget>>> generations;
    std::vector<kerolox::Queue> queues;  ///< the same as the application sees them
    std::uint32_t next = 0;
    bool asking = false;
    std::int64_t fetched_ms = 0;
    std::vector<SendJob*> waiting;  ///< for the route

    const std::vector<PublishTarget>& targets() const { return *generations.back(); }
    /// `idle`: no job points into earlier routes.
    void use(ClientCore& core, const std::string& topic, const RoutePtr& fresh, bool idle);
    /// The next queue by turns, of another broker than `last` and of one that can be reached where
    /// there is one. Null without queues.
    const PublishTarget* by_turns(const std::string& last);
    const PublishTarget* find(const kerolox::Queue& queue) const;
};

/// Java's String.hashCode of the key, modulo the number of queues; or a ring of them.
std::size_t queue_for_key(std::string_view key, std::size_t queues, kerolox::KeySpread spread);

}  // namespace kx::client
