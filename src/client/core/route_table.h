// SPDX-License-Identifier: Apache-2.0
//
// The routes a client uses, and the brokers they name. One question at a time about a topic,
// however many want to know. On the client's home thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/core/awaiting.h"
#include "client/route_cache.h"
#include "kerolox/result.hpp"

namespace kx::client {

class ClientCore;

class RouteTable {
public:
    using Outcome = kerolox::Result<RoutePtr>;
    using Callback = std::function<void(Outcome)>;

    explicit RouteTable(ClientCore& core) : core_(core) {}

    /// Null when it was never fetched, or is unknown.
    RoutePtr cached(std::string_view topic) const;
    /// The cached one, else asks. kSend: an unknown topic gets TBW102's route, at most
    /// `new_topic_queues` of each broker.
    void get(const std::string& topic, RouteUse use, std::int32_t new_topic_queues, Callback done);
    Awaitable<Outcome> get(std::string topic, RouteUse use, std::int32_t new_topic_queues = 4);
    /// Asks, whatever is cached.
    void refresh(const std::string& topic, RouteUse use, std::int32_t new_topic_queues,
                 Callback done);
    Awaitable<Outcome> refresh(std::string topic, RouteUse use, std::int32_t new_topic_queues = 4);
    /// Asks for all of them, one after the other; failures leave what is there.
    Awaitable<void> refresh_all(std::set<std::string> topics);

    /// The address of a broker's id; the master is 0. Empty when it has none.
    std::string address_of(std::string_view broker, std::int64_t id) const;
    std::string master_of(std::string_view broker) const { return address_of(broker, 0); }
    /// `id`, else its neighbour, else anybody there unless `only` (client.md 6.3).
    std::string address_to_read(std::string_view broker, std::int64_t id, bool only) const;
    /// Whose address this is; empty when nobody's.
    std::string broker_at(std::string_view address) const;
    /// Every broker that a route names: name, then addresses by id.
    const std::map<std::string, std::map<std::int64_t, std::string>, std::less<>>& brokers() const {
        return brokers_;
    }
    /// Forgets brokers that no cached route names.
    void drop_unused_brokers();

    /// Of the last heartbeat's answer; 0 when unknown.
    void set_version(std::string_view address, std::int32_t version);
    std::int32_t version_at(std::string_view address) const;

private:
    struct Entry {
        RoutePtr route;
        wire::TopicRoute answer;
    };
    struct Question {
        RouteUse use = RouteUse::kRead;
        std::int32_t new_topic_queues = 4;
        std::vector<Callback> waiting;
    };

    Awaitable<void> ask(std::string topic);
    Awaitable<Outcome> fetch(std::string topic, RouteUse use, std::int32_t new_topic_queues);
    Outcome take(const std::string& topic, wire::TopicRoute answer, bool from_default,
                 std::int32_t new_topic_queues);

    ClientCore& core_;
    std::map<std::string, Entry, std::less<>> entries_;
    std::map<std::string, Question> questions_;
    std::map<std::string, std::map<std::int64_t, std::string>, std::less<>> brokers_;
    std::map<std::string, std::int32_t, std::less<>> versions_;
};

}  // namespace kx::client
