// SPDX-License-Identifier: Apache-2.0
#include "client/route_cache.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <charconv>
#include <future>
#include <random>

#include "base/clock.h"
#include "base/sync.h"
#include "client/remote_error.h"
#include "model/names.h"
#include "net/rpc_client.h"

namespace kx::client {
namespace {

constexpr std::int32_t kGetRoute = 105;
constexpr std::int64_t kTimeoutMs = 3000;
constexpr std::int32_t kPermRead = 4;
constexpr std::int32_t kPermWrite = 2;
/// No topic has as many; a wrong answer must not make us allocate without bound.
constexpr std::int32_t kQueuesMax = 65'536;

struct RouteRequest {
    std::string_view topic;
    bool accept_standard_json_only = true;

    static constexpr auto fields() {
        return std::array{
            field<&RouteRequest::topic>("topic", "", kRequired),
            field<&RouteRequest::accept_standard_json_only>("acceptStandardJsonOnly"),
        };
    }
};

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

struct RouteCache::State {
    struct Entry {
        RoutePtr route;
        std::int64_t fetched_ms = 0;
    };

    net::RpcClient& rpc;
    const std::vector<std::string> name_servers;
    const std::int32_t new_topic_queues;
    std::atomic<std::size_t> current{0};
    Mutex mutex;
    boost::unordered_flat_map<std::string, Entry> entries KX_GUARDED_BY(mutex);
};

/// One question on its way round the name servers.
struct RouteCache::Fetch {
    std::shared_ptr<State> state;
    std::string topic;
    RouteUse use = RouteUse::kRead;
    Callback callback;
    std::size_t tries = 0;
    bool asks_default_topic = false;

    const std::string& asked() const {
        return state->name_servers[state->current.load() % state->name_servers.size()];
    }

    void take(const net::Answer& answer) {
        const auto body = from_json<wire::TopicRoute>(answer.body);
        if (!body) {
            return callback(fail(Errc::kMalformed,
                                 "name server {} answered an unreadable route: {}", asked(),
                                 body.error().text));
        }
        auto route = std::make_shared<Route>(make_route(topic, *body));
        if (asks_default_topic) {
            // What a broker would give the new topic: at most its template's own number of queues.
            route->from_default_topic = true;
            std::erase_if(route->publish, [this](const RouteQueue& queue) {
                return queue.id >= state->new_topic_queues;
            });
        }
        {
            MutexLock lock(state->mutex);
            state->entries[topic] = {route, system_clock().steady_ms()};
        }
        callback(std::move(route));
    }
};

RouteCache::RouteCache(net::RpcClient& rpc, std::string_view name_servers,
                       std::int32_t new_topic_queues)
    : state_(new State{rpc, net::split_addresses(name_servers), new_topic_queues, {}, {}, {}}) {
    state_->current = std::random_device{}() % 1024;
}

void RouteCache::fetch(const std::string& topic, RouteUse use, Callback callback) {
    if (state_->name_servers.empty())
        return callback(fail(Errc::kInvalidArgument, "no name server is given"));
    auto fetch = std::make_shared<Fetch>();
    fetch->state = state_;
    fetch->topic = topic;
    fetch->use = use;
    fetch->callback = std::move(callback);
    ask(fetch);
}

void RouteCache::ask(const std::shared_ptr<Fetch>& fetch) {
    RouteRequest header;
    header.topic = fetch->asks_default_topic ? model::kDefaultTopic : fetch->topic;
    const std::string server = fetch->asked();
    fetch->state->rpc.call(
        server, net::Call(kGetRoute, header), kTimeoutMs,
        [fetch, server](Result<net::Answer> answer) {
            if (!answer) return ask_next(fetch, answer.error());
            if (answer->ok()) return fetch->take(*answer);
            if (answer->code != wire::ResponseCode::kTopicNotExist) {
                const auto code = static_cast<std::int32_t>(answer->code);
                return ask_next(fetch, remote_error("name server " + server, code, answer->remark));
            }
            if (fetch->use == RouteUse::kSend && !fetch->asks_default_topic) {
                fetch->asks_default_topic = true;
                fetch->tries = 0;
                return ask(fetch);
            }
            fetch->callback(fail(
                Errc::kNotFound, "topic {} does not exist{}", fetch->topic,
                fetch->asks_default_topic ? ", and no broker creates topics on a first send" : ""));
        });
}

void RouteCache::ask_next(const std::shared_ptr<Fetch>& fetch, const kx::Error& why) {
    fetch->state->current.fetch_add(1);
    if (++fetch->tries < fetch->state->name_servers.size()) return ask(fetch);
    const Errc code = why.code == Errc::kTimeout ? Errc::kUnavailable : why.code;
    fetch->callback(fail(code, "no name server tells the route of {}: {}", fetch->topic, why.text));
}

Result<RoutePtr> RouteCache::get(const std::string& topic, RouteUse use) {
    {
        MutexLock lock(state_->mutex);
        const auto found = state_->entries.find(topic);
        const bool fresh = found != state_->entries.end() &&
                           system_clock().steady_ms() - found->second.fetched_ms < kFreshMs;
        if (fresh && (use == RouteUse::kSend || !found->second.route->from_default_topic))
            return found->second.route;
    }
    auto promise = std::make_shared<std::promise<Result<RoutePtr>>>();
    auto future = promise->get_future();
    fetch(topic, use, [promise](Result<RoutePtr> route) { promise->set_value(std::move(route)); });
    return future.get();
}

}  // namespace kx::client
