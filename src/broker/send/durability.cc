// SPDX-License-Identifier: Apache-2.0
#include "broker/send/durability.h"

#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace kx::broker {

using wire::ResponseCode;

DurabilityWaiters::DurabilityWaiters(net::IoPool& io, store::MessageStore& store,
                                     SendReplies& replies)
    : store_(store), replies_(replies) {
    for (std::size_t i = 0; i < io.size(); ++i) {
        auto lane = std::make_unique<Lane>();
        lane->thread = &io.at(i);
        io.at(i).on_tick(this, [this, &own = *lane] { expire(own); });
        lanes_.push_back(std::move(lane));
    }
    subscription_ = store_.flushed().subscribe([this](std::int64_t) { flushed_rose(); });
}

DurabilityWaiters::~DurabilityWaiters() {
    store_.flushed().unsubscribe(subscription_);
    for (const auto& lane : lanes_) lane->thread->remove_hooks(this);
}

DurabilityWaiters::Lane& DurabilityWaiters::lane_of(const net::IoThread& thread) {
    for (const auto& lane : lanes_)
        if (lane->thread == &thread) return *lane;
    KX_ASSERT(false, "a connection of a foreign io thread");
    return *lanes_.front();
}

void DurabilityWaiters::add(StoredMessage stored, net::Responder later, std::int64_t deadline_ms) {
    Lane& lane = lane_of(later.connection()->thread());
    KX_ASSERT(lane.thread->is_current(), "a waiter is added on its connection's own thread");
    auto at = lane.waiters.end();
    while (at != lane.waiters.begin() && std::prev(at)->stored.end > stored.end) --at;
    lane.waiters.insert(at, Waiter{std::move(stored), std::move(later), deadline_ms});
    waiting_.fetch_add(1, std::memory_order_relaxed);
    // Announce first, look afterwards: a rise between the two is seen by one side or the other.
    lane.has_waiters.store(true);
    if (store_.flushed().value() >= lane.waiters.front().stored.end) complete(lane);
}

void DurabilityWaiters::flushed_rose() {
    for (const auto& lane : lanes_) {
        if (!lane->has_waiters.load() || lane->posted.exchange(true)) continue;
        boost::asio::post(lane->thread->context(), [this, own = lane.get()] {
            own->posted.store(false);
            own->thread->run_turn([&] { complete(*own); });
        });
    }
}

void DurabilityWaiters::complete(Lane& lane) {
    const std::int64_t flushed = store_.flushed().value();
    while (!lane.waiters.empty() && lane.waiters.front().stored.end <= flushed) {
        Waiter waiter = std::move(lane.waiters.front());
        lane.waiters.pop_front();
        waiting_.fetch_sub(1, std::memory_order_relaxed);
        replies_.accept(waiter.later, ResponseCode::kSuccess, waiter.stored);
    }
    lane.has_waiters.store(!lane.waiters.empty());
}

void DurabilityWaiters::expire(Lane& lane) {
    if (lane.waiters.empty()) return;
    const std::int64_t now = lane.thread->clock().steady_ms();
    const std::string failed = store_.flush_failure();
    std::deque<Waiter> kept;
    for (Waiter& waiter : lane.waiters) {
        if (!failed.empty()) {
            replies_.refuse(waiter.later,
                            {ResponseCode::kServiceNotAvailable,
                             "service not available now; the message is not durable: " + failed});
        } else if (waiter.deadline_ms <= now) {
            replies_.accept(waiter.later, ResponseCode::kFlushDiskTimeout, waiter.stored);
        } else {
            kept.push_back(std::move(waiter));
            continue;
        }
        waiting_.fetch_sub(1, std::memory_order_relaxed);
    }
    lane.waiters.swap(kept);
    lane.has_waiters.store(!lane.waiters.empty());
}

}  // namespace kx::broker
