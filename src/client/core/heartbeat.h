// SPDX-License-Identifier: Apache-2.0
//
// Heartbeats: brokers learn who is there and what it subscribes to (client.md 7). On the client's
// home thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/core/awaiting.h"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

class ClientCore;

class Heartbeat {
public:
    explicit Heartbeat(ClientCore& core) : core_(core) {}

    /// To every broker; to masters alone when there is no consumer. True when one answered.
    Awaitable<bool> to_all();
    /// To the broker at one address, which has just been connected.
    Awaitable<bool> to_one(std::string address);
    /// Subscriptions changed: the next one is a full one.
    void forget_fingerprints() { fingerprints_.clear(); }
    /// Beats until the client closes.
    Awaitable<void> keep();

    /// What is sent, as it stands now.
    wire::HeartbeatData data() const;

private:
    static Awaitable<void> note(std::shared_ptr<bool> answered, Awaitable<bool> beat);
    Awaitable<bool> send(std::string address, wire::HeartbeatData data);

    ClientCore& core_;
    bool under_way_ = false;
    /// By address: the fingerprint that the broker confirmed (version 2 only).
    std::map<std::string, std::int32_t> fingerprints_;
};

}  // namespace kx::client
