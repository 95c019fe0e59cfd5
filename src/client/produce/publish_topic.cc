// SPDX-License-Identifier: Apache-2.0
#include "client/produce/publish_topic.h"

#include <algorithm>
#include <random>

#include "client/core/client_core.h"
#include "model/java_hash.h"

namespace kx::client {

void PublishTopic::use(ClientCore& core, const std::string& topic, const RoutePtr& fresh,
                       bool idle) {
    if (route == nullptr) next = std::random_device{}();
    route = fresh;
    fetched_ms = core.clock().steady_ms();
    std::vector<RouteQueue> order = fresh->publish;
    // Sorted by broker name, as every client sees them: keys find the same queue everywhere.
    std::ranges::sort(order, {}, [&](const RouteQueue& queue) {
        return std::pair(std::string_view(fresh->brokers[queue.broker].name), queue.id);
    });
    auto targets = std::make_shared<std::vector<PublishTarget>>();
    queues.clear();
    for (const RouteQueue& queue : order) {
        const RouteBroker& broker = fresh->brokers[queue.broker];
        std::string address = broker.addresses.at(0);
        if (core.config().vip_channel_enabled) {
            const std::size_t colon = address.rfind(':');
            const int port = std::atoi(address.c_str() + colon + 1) - 2;
            address = address.substr(0, colon + 1) + std::to_string(port);
        }
        targets->push_back({&core.peer(address), broker.name, queue.id});
        queues.push_back({std::string(core.user_name(topic)), broker.name, queue.id});
    }
    if (idle) generations.clear();
    generations.push_back(std::move(targets));
}

const PublishTarget* PublishTopic::by_turns(const std::string& last) {
    const auto& all = targets();
    if (all.empty()) return nullptr;
    const PublishTarget* first = nullptr;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const PublishTarget& one = all[(next++ & 0x7fffffffU) % all.size()];
        if (first == nullptr) first = &one;
        if (one.broker != last && !one.peer->is_down()) return &one;
    }
    return first;
}

const PublishTarget* PublishTopic::find(const kerolox::Queue& queue) const {
    for (const PublishTarget& one : targets())
        if (one.queue_id == queue.id && one.broker == queue.broker) return &one;
    return nullptr;
}

std::size_t queue_for_key(std::string_view key, std::size_t count, kerolox::KeySpread spread) {
    const std::int32_t hash = model::java_hash(key);
    if (spread == kerolox::KeySpread::modulo) {
        // Math.abs, which leaves the smallest number negative: Java's selector takes 0 then.
        const std::int64_t value = std::abs(static_cast<std::int64_t>(hash));
        return value > std::numeric_limits<std::int32_t>::max()
                   ? 0
                   : static_cast<std::size_t>(value) % count;
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
