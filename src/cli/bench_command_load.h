// SPDX-License-Identifier: Apache-2.0
//
// The loads of `kerolox bench`: a sender that keeps so many messages in flight or follows a
// timetable, one a client, and a reader.
//
// On a timetable message i is due at start + i / rate, and its latency counts from then, whenever
// it really left: a server that stalls does not make the load wait politely with it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/sync.h"
#include "cli/bench_command_report.h"
#include "cli/topic_reader.h"
#include "kerolox/producer.hpp"

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
    std::string topic{};
    std::int64_t size = 0;
    std::int64_t inflight_max = 1;
    std::int64_t queues = 0;  ///< uses the first so many; 0: all
    double rate = 0;
    std::int64_t first_due_ns = 0;  ///< of the timetable
    std::uint64_t stamp = 0;        ///< not 0: bodies carry it and their due time
};

/// What a body of the latency bench begins with: the run's number, the due time.
inline constexpr std::size_t kStampBytes = 16;

class SendLoad {
public:
    /// Requires: the producer's callbacks run on its client's io thread.
    SendLoad(kerolox::Producer& producer, LoadOptions options, const BenchWindow& window);
    ~SendLoad();

    void begin();
    /// Any thread: sends that are not answered yet, and those that count and were.
    std::int64_t in_flight() const { return in_flight_.load(); }
    std::int64_t answered() const { return answered_.load(); }
    /// Sends no more. What is still in flight counts as unanswered.
    void stop();
    /// When the client is closed.
    const BenchReport& report() const { return report_; }

private:
    void pump();
    void keep_timetable();
    bool may_send(std::int64_t now_ns) const;
    void send_one(std::int64_t due_ns);
    void settle(std::int64_t due_ns, const kerolox::Result<kerolox::SendReceipt>& result);
    kerolox::Bytes body_for(std::int64_t due_ns) const;

    kerolox::Producer& producer_;
    const LoadOptions options_;
    const BenchWindow& window_;
    const kerolox::Bytes body_;
    std::atomic<std::int64_t> in_flight_{0};
    std::atomic<std::int64_t> answered_{0};
    std::atomic<std::int64_t> due_in_window_{0};  ///< sent ones that count, not answered yet
    std::atomic<bool> closed_{false};
    std::uint32_t next_queue_ = 0;
    BenchReport report_;  ///< of the io thread

    Mutex mutex_;
    CondVar changed_;  ///< for the timetable's thread
    std::thread timetable_;
};

/// Counts what is read; with a stamp, how long it was under way.
class ReadLoad : public ReadListener {
public:
    ReadLoad(const BenchWindow& window, std::uint64_t stamp, std::function<void()> changed)
        : window_(window), stamp_(stamp), changed_(std::move(changed)) {}

    void on_started() override;
    bool on_message(const kerolox::MessageView& message) override;
    void on_pulled(const PullDone& done) override;
    void on_trouble(const kerolox::Error& error) override;
    void on_finished(const kerolox::Status& status) override;

    // Any thread.
    bool has_started() const { return started_; }
    bool has_finished() const { return finished_; }
    std::int64_t delivered() const { return delivered_; }
    /// When the reader is gone.
    const BenchReport& report() const { return report_; }
    const kerolox::Status& status() const { return status_; }

private:
    const BenchWindow& window_;
    const std::uint64_t stamp_;
    const std::function<void()> changed_;
    std::atomic<bool> started_{false};
    std::atomic<bool> finished_{false};
    std::atomic<std::int64_t> delivered_{0};
    BenchReport report_;
    kerolox::Status status_;
};

}  // namespace kx::cli
