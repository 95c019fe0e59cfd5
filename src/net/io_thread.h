// SPDX-License-Identifier: Apache-2.0
//
// Io threads: one io_context each, and a connection belongs to one of them for life. A thread ticks
// every 50 ms for deadlines (never a timer per request) and runs its turn-end hooks after each
// batch of frames it handled.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/codec.h"

namespace kx::net {

class Connection;

/// Counted by the thread itself, read by whoever scrapes.
struct IoProbe {
    std::atomic<std::int64_t> frames_in{0};
    std::atomic<std::int64_t> frames_out{0};
    std::atomic<std::int64_t> bytes_in{0};
    std::atomic<std::int64_t> bytes_out{0};
    std::atomic<std::int64_t> closed_idle{0};
    std::atomic<std::int64_t> closed_slow{0};
    std::atomic<std::int64_t> closed_malformed{0};
    std::atomic<std::int64_t> connections{0};

    static void add(std::atomic<std::int64_t>& counter, std::int64_t by) {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
};

class IoThread {
public:
    explicit IoThread(const Clock& clock);

    boost::asio::io_context& context() { return context_; }
    const Clock& clock() const { return clock_; }
    wire::HeaderDecoder& decoder() { return decoder_; }
    IoProbe& probe() { return probe_; }
    const IoProbe& probe() const { return probe_; }
    bool is_current() const {
        return std::this_thread::get_id() == id_.load(std::memory_order_relaxed);
    }
    /// Between start() and the end of stop(): whatever is posted to the context will run.
    bool is_running() const { return running_.load(std::memory_order_acquire); }
    /// On this thread: whether stop() closed the connections already.
    bool is_stopping() const { return stopping_; }

    // Any thread, but not from within a hook; in force when the call returns. `owner` is for
    // remove_hooks() alone.
    /// `hook` runs on this thread after every turn that handled frames.
    void on_turn_end(const void* owner, std::function<void()> hook);
    /// `hook` runs on this thread every 50 ms.
    void on_tick(const void* owner, std::function<void()> hook);
    /// No hook of this owner runs any more.
    void remove_hooks(const void* owner);

    void start(const std::string& name);
    /// Closes its connections and joins. Whoever has other work in the context (acceptors, calls)
    /// ends it first; what is still there after 5 s is dropped, with an error in the log.
    void stop();

    // For connections, on this thread.
    void attach(std::shared_ptr<Connection> connection);
    void detach(const std::shared_ptr<Connection>& connection);
    void end_turn();
    /// Runs `work`, which answers many requests of many connections, as one turn: what it says to
    /// a connection leaves in one system call, not one an answer.
    template <class Work>
    void run_turn(Work&& work) {
        const bool outermost = !std::exchange(gathers_, true);
        work();
        if (!outermost) return;
        gathers_ = false;
        end_gathering();
    }
    bool gathers() const { return gathers_; }
    void flush_later(std::shared_ptr<Connection> connection) {
        to_flush_.push_back(std::move(connection));
    }
    /// Any thread. Counts the connections on their way as well: many may be accepted before the
    /// first of them is attached.
    std::int64_t connection_count() const {
        return probe_.connections.load(std::memory_order_relaxed) +
               expected_.load(std::memory_order_relaxed);
    }
    /// Any thread: +1 for a connection on its way here, -1 when it has come or will not come.
    void expect(int connections) { expected_.fetch_add(connections, std::memory_order_relaxed); }

private:
    struct HookOf {
        const void* owner;
        std::function<void()> run;
    };
    void schedule_tick();
    void tick();
    void end_gathering();
    /// Runs `work` on this thread and waits for it; at once when the thread does not run.
    void run_here(const std::function<void()>& work);

    const Clock& clock_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer ticker_;
    wire::HeaderDecoder decoder_;
    IoProbe probe_;
    std::vector<HookOf> turn_end_;
    std::vector<HookOf> ticks_;
    std::unordered_set<std::shared_ptr<Connection>> connections_;
    std::thread thread_;
    std::promise<void> finished_;
    std::atomic<std::thread::id> id_{};
    std::atomic<bool> running_{false};
    std::atomic<std::int64_t> expected_{0};
    bool stopping_ = false;
    bool gathers_ = false;
    std::vector<std::shared_ptr<Connection>> to_flush_;
};

/// The io threads of a process.
class IoPool {
public:
    /// `count` 0: one per core.
    IoPool(std::size_t count, const Clock& clock);
    ~IoPool() { stop(); }

    void start();
    void stop();
    std::size_t size() const { return threads_.size(); }
    IoThread& at(std::size_t index) { return *threads_[index]; }
    const IoThread& at(std::size_t index) const { return *threads_[index]; }
    IoThread& least_loaded();

private:
    std::vector<std::unique_ptr<IoThread>> threads_;
    bool running_ = false;
};

}  // namespace kx::net
