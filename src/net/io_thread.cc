// SPDX-License-Identifier: Apache-2.0
#include "net/io_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/log.h"
#include "net/connection.h"

namespace kx::net {

IoThread::IoThread(const Clock& clock)
    : clock_(clock), work_(boost::asio::make_work_guard(context_)), ticker_(context_) {}

void IoThread::start(const std::string& name) {
    running_.store(true, std::memory_order_release);
    thread_ = std::thread([this, name] {
        pthread_setname_np(pthread_self(), name.c_str());
        id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        schedule_tick();
        context_.run();
        id_.store({}, std::memory_order_relaxed);  // the system may give the id to another thread
        finished_.set_value();
    });
}

void IoThread::stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] {
        stopping_ = true;
        ticker_.cancel();
        const auto open = connections_;
        for (const auto& connection : open) connection->close("the server stops");
        work_.reset();
    });
    constexpr std::chrono::seconds kPatience{5};
    if (finished_.get_future().wait_for(kPatience) != std::future_status::ready) {
        log::error("net", "an io thread still had work when it was stopped; it is left undone");
        context_.stop();
    }
    thread_.join();
    running_.store(false, std::memory_order_release);
    // What was posted by other threads after run() returned must not outlive the thread's owner.
    context_.restart();
    context_.poll();
}

void IoThread::attach(std::shared_ptr<Connection> connection) {
    IoProbe::add(probe_.connections, 1);
    connections_.insert(std::move(connection));
}

void IoThread::detach(const std::shared_ptr<Connection>& connection) {
    if (connections_.erase(connection) > 0) IoProbe::add(probe_.connections, -1);
}

void IoThread::end_turn() {
    for (const HookOf& hook : turn_end_) hook.run();
}

void IoThread::end_gathering() {
    for (const auto& connection : to_flush_) connection->flush_gathered();
    to_flush_.clear();
    end_turn();
}

void IoThread::run_here(const std::function<void()>& work) {
    if (!is_running() || is_current()) return work();
    std::promise<void> done;
    boost::asio::post(context_, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

void IoThread::on_turn_end(const void* owner, std::function<void()> hook) {
    run_here([&] { turn_end_.push_back({owner, std::move(hook)}); });
}

void IoThread::on_tick(const void* owner, std::function<void()> hook) {
    run_here([&] { ticks_.push_back({owner, std::move(hook)}); });
}

void IoThread::remove_hooks(const void* owner) {
    const auto is_owners = [owner](const HookOf& hook) { return hook.owner == owner; };
    run_here([&] {
        std::erase_if(turn_end_, is_owners);
        std::erase_if(ticks_, is_owners);
    });
}

void IoThread::schedule_tick() {
    constexpr std::chrono::milliseconds kTick{50};
    ticker_.expires_after(kTick);
    ticker_.async_wait([this](const boost::system::error_code& error) {
        if (error || stopping_) return;
        tick();
        schedule_tick();
    });
}

void IoThread::tick() {
    const std::int64_t now = clock_.steady_ms();
    std::vector<std::shared_ptr<Connection>> due;
    for (const auto& connection : connections_)
        if (connection->wants_tick(now)) due.push_back(connection);
    for (const auto& connection : due) connection->tick(now);
    for (const HookOf& hook : ticks_) hook.run();
}

IoPool::IoPool(std::size_t count, const Clock& clock) {
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<IoThread>(clock));
}

void IoPool::start() {
    running_ = true;
    for (std::size_t i = 0; i < threads_.size(); ++i) threads_[i]->start("io-" + std::to_string(i));
}

void IoPool::stop() {
    if (!running_) return;
    running_ = false;
    for (const auto& thread : threads_) thread->stop();
}

IoThread& IoPool::least_loaded() {
    return **std::ranges::min_element(
        threads_, {}, [](const auto& thread) { return thread->connection_count(); });
}

}  // namespace kx::net
