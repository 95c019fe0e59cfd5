// SPDX-License-Identifier: Apache-2.0
//
// The loads of `kerolox bench`, one object a connection, each on its own io thread: a sender that
// keeps so many messages in flight or follows a timetable, and a reader.
//
// On a timetable message i is due at start + i / rate, and its latency counts from then, whenever
// it really left: a server that stalls does not make the load wait politely with it.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "cli/bench_command_report.h"
#include "client/thin_consumer.h"
#include "client/thin_producer.h"

namespace kx::cli {

/// The measured stretch, in steady nanoseconds; the end may be moved forward to stop early.
struct BenchWindow {
    std::int64_t begin_ns = 0;
    std::atomic<std::int64_t> end_ns{0};

    bool holds(std::int64_t at_ns) const {
        return at_ns >= begin_ns && at_ns < end_ns.load(std::memory_order_relaxed);
    }
};

struct LoadOptions {
    std::int64_t size = 0;
    std::int64_t inflight_max = 1;
    double rate = 0;
    std::int64_t first_due_ns = 0;  ///< of the timetable
    std::uint64_t stamp = 0;        ///< not 0: bodies carry it and their due time
};

/// What a body of the latency bench begins with: the run's number, the due time.
inline constexpr std::size_t kStampBytes = 16;

class SendLoad {
public:
    SendLoad(client::ClientContext& context, client::ThinProducer& producer, LoadOptions options,
             const BenchWindow& window);

    /// On the io thread, as everything but report().
    void begin() { pump(); }
    /// Sends that are not answered yet.
    std::int64_t in_flight() const { return in_flight_; }
    /// Counts what is still in flight as unanswered; nothing is counted afterwards.
    void close_books();
    void stop();
    const BenchReport& report() const { return report_; }

private:
    void pump();
    bool send_due(std::int64_t now_ns);
    void send_one(std::int64_t due_ns);
    void settle(std::int64_t due_ns, const client::SendOutcome& outcome);
    void pump_at(std::int64_t at_ns);
    Slice body_for(std::int64_t due_ns) const;

    client::ClientContext& context_;
    client::ThinProducer& producer_;
    const LoadOptions options_;
    const BenchWindow& window_;
    const Slice body_;
    boost::asio::steady_timer timer_;
    std::int64_t sent_ = 0;
    std::int64_t in_flight_ = 0;
    std::int64_t due_in_window_ = 0;  ///< sent ones that count, not answered yet
    bool closed_ = false;
    bool timer_runs_ = false;
    BenchReport report_;
};

/// Counts what a consumer reads; with a stamp, how long it was under way.
class ReadLoad : public client::ConsumerListener {
public:
    ReadLoad(const Clock& clock, const BenchWindow& window, std::uint64_t stamp,
             std::function<void()> changed)
        : clock_(clock), window_(window), stamp_(stamp), changed_(std::move(changed)) {}

    void on_started() override;
    bool on_message(const client::Delivery& delivery) override;
    void on_pulled(const client::PullDone& done) override;
    void on_trouble(const Error& error) override;
    void on_finished(const Status& status) override;

    /// Any thread.
    bool has_started() const { return started_; }
    bool has_finished() const { return finished_; }
    /// When the io thread stands still.
    const BenchReport& report() const { return report_; }
    const Status& status() const { return status_; }

private:
    const Clock& clock_;
    const BenchWindow& window_;
    const std::uint64_t stamp_;
    const std::function<void()> changed_;
    std::atomic<bool> started_{false};
    std::atomic<bool> finished_{false};
    BenchReport report_;
    Status status_;
};

}  // namespace kx::cli
