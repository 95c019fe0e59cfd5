// SPDX-License-Identifier: Apache-2.0
#include "client/produce/oneway_gate.h"

#include "client/core/peer.h"

namespace kx::client {
namespace {

constexpr std::size_t kEnoughBytes = 1 << 20;

}  // namespace

bool OnewayGate::admits(SendJob* job, net::Connection& connection) {
    if (going_on_) return true;
    const auto known = waiting_.find(job->peer);
    if (known != waiting_.end()) {
        known->second.push_back(job);
        return false;
    }
    if (connection.pending_output() <= kEnoughBytes) return true;
    waiting_[job->peer].push_back(job);
    go_on_later(job->peer, connection);
    return false;
}

void OnewayGate::go_on_later(Peer* peer, net::Connection& connection) {
    connection.when_drained([this, peer] { go_on(peer); });
}

void OnewayGate::go_on(Peer* peer) {
    std::deque<SendJob*>& jobs = waiting_[peer];
    while (!jobs.empty()) {
        net::Connection* const connection = peer->ready();
        if (connection != nullptr && connection->pending_output() > kEnoughBytes)
            return go_on_later(peer, *connection);
        SendJob* const job = jobs.front();
        jobs.pop_front();
        going_on_ = true;
        write_(job);
        going_on_ = false;
    }
    waiting_.erase(peer);
}

}  // namespace kx::client
