// SPDX-License-Identifier: Apache-2.0
#include "client/produce/publish_topic.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "client/core/client_core.h"
#include "model/java_hash.h"

namespace kx::client {

std::string send_address(const ClientCore& core, const std::string& master) {
    if (!core.config().vip_channel_enabled) return master;
    const std::size_t colon = master.rfind(':');
    const int port = std::atoi(master.c_str() + colon + 1) - 2;
    return master.substr(0, colon + 1) + std::to_string(port);
}

void PublishTopic::use(ClientCore& core, const std::string& topic, const RoutePtr& fresh) {
    if (route == nullptr) next = std::random_device{}();
    route = fresh;
    fetched_ms = core.clock().steady_ms();
    std::vector<RouteQueue> order = fresh->publish;
    // Sorted by broker name, as every client sees them: keys find the same queue everywhere. An
    // ordered topic's configuration names the order itself.
    if (!fresh->ordered) {
        std::ranges::sort(order, {}, [&](const RouteQueue& queue) {
            return std::pair(std::string_view(fresh->brokers[queue.broker].name), queue.id);
        });
    }
    targets.clear();
    auto shown = std::make_shared<std::vector<kerolox::Queue>>();
    for (const RouteQueue& queue : order) {
        const RouteBroker& broker = fresh->brokers[queue.broker];
        const std::string address = send_address(core, broker.addresses.at(0));
        targets.push_back({&core.peer(address), broker.name, queue.id});
        shown->push_back({std::string(core.user_name(topic)), broker.name, queue.id});
    }
    queues = std::move(shown);
}

/// One round at most; null when nothing is wanted.
template <class Wanted>
const PublishTarget* PublishTopic::next_that(Wanted wanted) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const PublishTarget& one = targets[(next++ & 0x7fffffffU) % targets.size()];
        if (wanted(one)) return &one;
    }
    return nullptr;
}

const PublishTarget* PublishTopic::by_turns(std::string_view last) {
    const PublishTarget* first = nullptr;
    const PublishTarget* other = nullptr;
    const PublishTarget* best = next_that([&](const PublishTarget& one) {
        if (first == nullptr) first = &one;
        if (one.broker == last) return false;
        if (other == nullptr) other = &one;
        return !one.peer->is_down();
    });
    if (best != nullptr) return best;
    return other != nullptr ? other : first;
}

const PublishTarget* PublishTopic::by_turns(std::string_view last, const FaultTable& faults) {
    // A retry begins somewhere else, so that not all go to the failed broker's neighbour.
    if (!last.empty()) next = std::random_device{}();
    const PublishTarget* chosen = next_that([&](const PublishTarget& one) {
        return one.broker != last && faults.is_available(one.broker);
    });
    if (chosen != nullptr) return chosen;
    chosen = next_that([&](const PublishTarget& one) {
        return one.broker != last && faults.is_reachable(one.broker);
    });
    if (chosen != nullptr) return chosen;
    return next_that([](const PublishTarget&) { return true; });
}

const PublishTarget* PublishTopic::find(const kerolox::Queue& queue) const {
    for (const PublishTarget& one : targets)
        if (one.queue_id == queue.id && one.broker == queue.broker) return &one;
    return nullptr;
}

std::size_t queue_for_key(std::string_view key, std::size_t count, kerolox::KeySpread spread) {
    const std::int32_t hash = model::java_hash(key);
    if (spread == kerolox::KeySpread::modulo) {
        const std::int64_t rest = std::int64_t{hash} % static_cast<std::int64_t>(count);
        return static_cast<std::size_t>(std::abs(rest));
    }
    // Jump consistent hash: moves 1/n of the keys when a queue is added.
    std::uint64_t state = static_cast<std::uint32_t>(hash) * 0x9E3779B97F4A7C15ULL;
    std::int64_t chosen = -1;
    std::int64_t jump = 0;
    while (jump < static_cast<std::int64_t>(count)) {
        chosen = jump;
        state = state * 2862933555777941757ULL + 1;
        jump = static_cast<std::int64_t>(static_cast<double>(chosen + 1) *
                                         (2147483648.0 / static_cast<double>((state >> 33) + 1)));
    }
    return static_cast<std::size_t>(chosen);
}

}  // namespace kx::client
