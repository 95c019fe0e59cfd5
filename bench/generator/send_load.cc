// SPDX-License-Identifier: Apache-2.0

#include "generator/send_load.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace kx::bench {
namespace {

constexpr int64_t kFree = -1;
constexpr int64_t kFarAway = std::numeric_limits<int64_t>::max();
constexpr int64_t kIdleWaitNs = kNsPerSecond / 20;
constexpr int64_t kSilenceNs = 15 * kNsPerSecond;
// How long the open loop waits for the last answers; what is missing then counts as so late.
constexpr int64_t kRestNs = 5 * kNsPerSecond;
// An open loop against a server that cannot follow: requests behind these bounds wait unsent,
// with their latency running, instead of filling the memory.
constexpr size_t kOpenSlots = 1u << 17;
constexpr size_t kUnsentBound = 4u << 20;

size_t slots_of(const Options& options) { return options.rate > 0 ? kOpenSlots : options.inflight; }

int64_t to_ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

}  // namespace

SendLoad::SendLoad(const Options& options)
    : options_(options), frames_(options), due_ns_(slots_of(options), kFree) {
    for (int i = 0; i < options_.connections; ++i) {
        const int socket = connect_to(options_.address);
        connections_.push_back(std::make_unique<Connection>(poller_, socket));
    }
    for (size_t slot = due_ns_.size(); slot-- > 0;) {
        free_slots_.push_back(static_cast<uint32_t>(slot));
    }
}

void SendLoad::run() {
    create_topic();
    const bool by_count = options_.messages > 0;
    const int64_t begin = now_ns() + (by_count ? 0 : to_ns(options_.warmup));
    Window window(begin, by_count ? kFarAway : begin + to_ns(options_.seconds), options_.watch);
    options_.rate > 0 ? run_open(window) : run_closed(window);
    wait_for_rest(window);
    print_report("send", report_, window);
}

// A broker creates an unknown topic with its first message. One answered send before the load keeps
// the creation out of the figures, and shows an unfit broker at once.
void SendLoad::create_topic() {
    Window probe(0, kFarAway, 0);
    last_answer_ns_ = now_ns();
    issue(*connections_.front(), last_answer_ns_);
    connections_.front()->flush();
    while (free_slots_.size() < due_ns_.size()) serve(probe, kIdleWaitNs, false);
    if (!report_.errors.empty()) {
        throw std::runtime_error("the first send was refused with code " +
                                 std::to_string(report_.errors.begin()->first));
    }
    report_ = Report{};
}

void SendLoad::run_closed(Window& window) {
    const int64_t now = now_ns();
    window.tick(now);
    for (size_t i = 0; i < options_.inflight; ++i) {
        issue(*connections_[i % connections_.size()], now);
    }
    for (const auto& connection : connections_) connection->flush();
    while (!window.is_over()) {
        serve(window, kIdleWaitNs, true);
        if (options_.messages > 0 && report_.count >= options_.messages) window.close();
    }
}

void SendLoad::run_open(Window& window) {
    const int64_t start = now_ns();
    const double interval_ns = 1e9 / options_.rate;
    uint64_t next = 0;
    const auto due = [&] {
        return start + static_cast<int64_t>(static_cast<double>(next) * interval_ns);
    };
    while (!window.is_over()) {
        const int64_t now = now_ns();
        window.tick(now);
        for (; due() <= now; ++next) {
            Connection& connection = *connections_[next % connections_.size()];
            if (!can_issue(connection)) break;
            issue(connection, due());
        }
        for (const auto& connection : connections_) connection->flush();
        const bool is_held = due() <= now;
        serve(window, is_held ? kIdleWaitNs : std::max<int64_t>(due() - now_ns(), 0), false);
    }
}

void SendLoad::wait_for_rest(Window& window) {
    const int64_t end = now_ns() + kRestNs;
    while (free_slots_.size() < due_ns_.size() && now_ns() < end) {
        serve(window, kIdleWaitNs, false);
    }
    const int64_t now = now_ns();
    for (const int64_t due : due_ns_) {
        if (due == kFree || due < window.begin_ns() || due >= window.end_ns()) continue;
        ++report_.unanswered;
        report_.latency.record(now - due);
    }
}

bool SendLoad::can_issue(const Connection& connection) const {
    return !free_slots_.empty() && connection.unsent() < kUnsentBound;
}

void SendLoad::issue(Connection& connection, int64_t due_ns) {
    const uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    due_ns_[slot] = due_ns;
    frames_.write_next(connection.append(frames_.size()), slot);
}

void SendLoad::serve(Window& window, int64_t limit_ns, bool refill) {
    for (const Poller::Ready& ready : poller_.wait(limit_ns)) {
        if (ready.readable) {
            if (!ready.owner->fill()) throw std::runtime_error("the server closed a connection");
            // One look at the clock serves all answers of a read: they were there together.
            const int64_t now = now_ns();
            window.tick(now);
            ready.owner->drain([&](const Frame& response) {
                complete(response, now, window);
                last_answer_ns_ = now;
                if (refill && !window.is_over()) issue(*ready.owner, now);
            });
        }
        ready.owner->flush();
    }
    const int64_t now = now_ns();
    window.tick(now);
    frames_.set_born_ms(wall_ms());
    if (now - last_answer_ns_ > kSilenceNs) throw std::runtime_error("no answer for 15 s");
}

void SendLoad::complete(const Frame& response, int64_t now, const Window& window) {
    const int64_t slot = opaque_.required(response.header) - kOpaqueBase;
    if (slot < 0 || static_cast<size_t>(slot) >= due_ns_.size() ||
        due_ns_[static_cast<size_t>(slot)] == kFree) {
        throw std::runtime_error("an answer to no request: " + std::string(response.header));
    }
    const int64_t due = due_ns_[static_cast<size_t>(slot)];
    due_ns_[static_cast<size_t>(slot)] = kFree;
    free_slots_.push_back(static_cast<uint32_t>(slot));

    const int64_t code = code_.required(response.header);
    if (code != 0) {
        if (due >= window.begin_ns()) ++report_.errors[code];
        return;
    }
    if (window.is_open()) ++report_.count;
    // The open loop looks at the sends that were due in the stretch, however late their answers.
    const bool is_measured =
        options_.rate > 0 ? due >= window.begin_ns() && due < window.end_ns() : window.is_open();
    if (is_measured) report_.latency.record(now - due);
}

}  // namespace kx::bench
