// SPDX-License-Identifier: Apache-2.0
#include "client/core/route.h"

#include <algorithm>
#include <charconv>

#include "net/rpc_client.h"

namespace kx::client {
namespace {

constexpr std::int32_t kPermRead = 4;
constexpr std::int32_t kPermWrite = 2;
/// No topic has as many; a wrong answer must not make us allocate without bound.
constexpr std::int32_t kQueuesMax = 65'536;

void add_queues(std::vector<RouteQueue>& to, std::uint32_t broker, std::int32_t count) {
    for (std::int32_t id = 0; id < std::min(count, kQueuesMax); ++id) to.push_back({broker, id});
}

/// "broker-a:4;broker-b:4" names the publish queues of an ordered topic.
void add_ordered(Route& route, const std::map<std::string, std::uint32_t>& masters,
                 std::string_view order) {
    for (const std::string& part : net::split_addresses(order)) {
        const std::size_t colon = part.rfind(':');
        if (colon == std::string::npos) continue;
        const auto broker = masters.find(part.substr(0, colon));
        std::int32_t count = 0;
        std::from_chars(part.data() + colon + 1, part.data() + part.size(), count);
        if (broker != masters.end()) add_queues(route.publish, broker->second, count);
    }
}

}  // namespace

const std::string& RouteBroker::address_or_nearest(std::int64_t id) const {
    const auto found = addresses.find(id);
    return found != addresses.end() ? found->second : addresses.begin()->second;
}

Route make_route(std::string_view topic, const wire::TopicRoute& answer) {
    Route route;
    route.topic = topic;
    std::map<std::string, std::uint32_t> known;
    std::map<std::string, std::uint32_t> masters;
    for (const wire::BrokerData& data : answer.broker_datas) {
        RouteBroker broker{data.broker_name, data.broker_addrs};
        std::erase_if(broker.addresses, [](const auto& entry) { return entry.second.empty(); });
        if (broker.addresses.empty()) continue;
        const auto index = static_cast<std::uint32_t>(route.brokers.size());
        known[broker.name] = index;
        if (broker.addresses.contains(0)) masters[broker.name] = index;
        route.brokers.push_back(std::move(broker));
    }
    const bool ordered = answer.order_topic_conf && !answer.order_topic_conf->empty();
    route.ordered = ordered;
    if (ordered) add_ordered(route, masters, *answer.order_topic_conf);
    for (const wire::QueueData& data : answer.queue_datas) {
        const auto master = masters.find(data.broker_name);
        if (!ordered && master != masters.end() && (data.perm & kPermWrite) != 0)
            add_queues(route.publish, master->second, data.write_queue_nums);
        const auto broker = known.find(data.broker_name);
        if (broker != known.end() && (data.perm & kPermRead) != 0)
            add_queues(route.subscribe, broker->second, data.read_queue_nums);
    }
    return route;
}

}  // namespace kx::client
