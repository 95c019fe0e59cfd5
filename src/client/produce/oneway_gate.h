// SPDX-License-Identifier: Apache-2.0
//
// Oneway sends get no answer that would slow their sender down: while a connection has enough to
// send already, they wait here and keep their permits, so that back-pressure reaches the sender.
// On the home thread.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>

#include "client/produce/send_job.h"
#include "net/connection.h"

namespace kx::client {

class OnewayGate {
public:
    /// `write` sends a job that waited, or fails it.
    explicit OnewayGate(std::function<void(SendJob*)> write) : write_(std::move(write)) {}

    /// False: it waits for its turn, which comes as well when the connection closes.
    bool admits(SendJob* job, net::Connection& connection);

private:
    void go_on(Peer* peer);
    void go_on_later(Peer* peer, net::Connection& connection);

    const std::function<void(SendJob*)> write_;
    std::unordered_map<Peer*, std::deque<SendJob*>> waiting_;
    bool going_on_ = false;
};

}  // namespace kx::client
