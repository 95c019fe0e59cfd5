// SPDX-License-Identifier: Apache-2.0
//
// Which queues of its topics a member of a group has (client.md 15): looks by itself every 20 s,
// and soon when something changed. On the home thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/core/client_core.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

/// What a consumer does with its share.
class QueueOwner {
public:
    virtual ~QueueOwner() = default;
    /// Topics it subscribes to, as they travel.
    virtual std::set<std::string> subscribed_topics() const = 0;
    /// Its queues of the topic are now `mine`: gives others back, takes new ones. False: try again
    /// soon, a queue could not be taken or given back yet.
    virtual Awaitable<bool> take_share(std::string topic, std::set<kerolox::Queue> mine,
                                       std::vector<kerolox::Queue> all) = 0;
    /// Queues of topics it does not subscribe to any more go.
    virtual Awaitable<void> drop_other_topics(std::set<std::string> topics) = 0;
    virtual bool is_paused() const { return false; }
    /// Brokers share the queues out, and say how messages are got.
    virtual bool asks_broker() const { return false; }
    /// Its queues of the topic that are to be popped; id -1: any queue of the broker.
    virtual void take_pops(const std::string& topic, std::set<kerolox::Queue> queues);
    /// The topic's queues are all popped now, or all pulled; told before they are taken.
    virtual void take_mode(const std::string& topic, bool popped);
};

class Rebalancer {
public:
    struct Options {
        std::string group{};  ///< as it travels
        kerolox::GroupModel model = kerolox::GroupModel::clustering;
        std::shared_ptr<kerolox::AllocateStrategy> strategy{};
    };
    Rebalancer(ClientCore& core, QueueOwner& owner, Options options);

    /// Runs until stop() or the client's end; `life` keeps the owner alive meanwhile.
    Awaitable<void> keep(std::shared_ptr<void> life);
    /// Look soon, however often this is called.
    void wake();
    /// One look, now. True when the share is what it should be.
    Awaitable<bool> once();
    void stop();

private:
    Awaitable<bool> one_topic(std::string topic);
    /// What the broker says, done. Nothing: it leaves the sharing to the members.
    Awaitable<std::optional<bool>> by_broker(std::string topic, std::string address,
                                             std::vector<kerolox::Queue> all);
    Awaitable<kerolox::Result<std::vector<std::string>>> member_ids(std::string topic);

    ClientCore& core_;
    QueueOwner& owner_;
    const Options options_;
    boost::asio::steady_timer timer_;
    bool woken_ = false;
    bool stopped_ = false;
};

}  // namespace kx::client
