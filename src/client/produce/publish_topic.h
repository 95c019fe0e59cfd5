// SPDX-License-Identifier: Apache-2.0
//
// The queues a topic can be written to, and whose turn it is (client.md 8). On the home thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/core/peer.h"
#include "client/core/route.h"
#include "client/produce/fault_table.h"
#include "client/produce/send_job.h"

namespace kx::client {

class ClientCore;

struct PublishTarget {
    Peer* peer = nullptr;
    std::string broker;
    std::int32_t queue_id = 0;
};

struct PublishTopic {
    RoutePtr route;  ///< null: not known yet
    std::vector<PublishTarget> targets;
    /// The same as the application sees them; selectors look at them on other threads.
    std::shared_ptr<const std::vector<kerolox::Queue>> queues;
    std::uint32_t next = 0;
    bool asking = false;
    std::int64_t fetched_ms = 0;
    std::vector<SendJob*> waiting;  ///< for the route

    void use(ClientCore& core, const std::string& topic, const RoutePtr& fresh);
    /// The next queue by turns, of another broker than `last` (empty: any will do) and of one that
    /// can be reached where there is one. Null without queues.
    const PublishTarget* by_turns(std::string_view last);
    /// The same, leaving out brokers that were slow or failed, while there are others.
    const PublishTarget* by_turns(std::string_view last, const FaultTable& faults);
    const PublishTarget* find(const kerolox::Queue& queue) const;

private:
    template <class Wanted>
    const PublishTarget* next_that(Wanted wanted);
};

/// Where sends to a broker's master go: its port - 2 when the VIP channel is on.
std::string send_address(const ClientCore& core, const std::string& master);

/// Java's String.hashCode of the key, modulo the number of queues; or a ring of them.
std::size_t queue_for_key(std::string_view key, std::size_t queues, kerolox::KeySpread spread);

}  // namespace kx::client
