// SPDX-License-Identifier: Apache-2.0
//
// Routes: which queues of a topic can be written or read, and where their brokers are, as name
// servers answer (protocol.md 5.7). An answer is digested once and then shared, immutable.
//
// A client asks the name servers in turn, from one chosen by chance, stays with the one that
// answers, and believes it when it says that a topic is unknown.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/bodies/route.h"

namespace kx::net {
class RpcClient;
}

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

/// Any thread may call; callbacks run on an io thread. The RpcClient must outlive the cache, and be
/// stopped before it.
class RouteCache {
public:
    using Callback = std::function<void(Result<RoutePtr>)>;

    /// Any answer younger than this is taken from the cache by get().
    static constexpr std::int64_t kFreshMs = 30'000;

    /// `new_topic_queues`: how many queues a topic is wanted to have that a send creates.
    RouteCache(net::RpcClient& rpc, std::string_view name_servers, std::int32_t new_topic_queues);

    /// Fails with kNotFound for an unknown topic, kUnavailable when no name server answers.
    void fetch(const std::string& topic, RouteUse use, Callback callback);
    /// The same from the cache where it is fresh. Blocks; not on an io thread.
    Result<RoutePtr> get(const std::string& topic, RouteUse use);

private:
    struct State;
    struct Fetch;
    static void ask(const std::shared_ptr<Fetch>& fetch);
    static void ask_next(const std::shared_ptr<Fetch>& fetch, const Error& why);

    std::shared_ptr<State> state_;
};

}  // namespace kx::client
