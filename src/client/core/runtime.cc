// SPDX-License-Identifier: Apache-2.0
#include "client/core/runtime.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <thread>

namespace kx::client {
namespace {

/// The runtime whose io thread this is.
thread_local const RuntimeCore* t_io_of = nullptr;

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// Error categories are objects with an end, which comes in the opposite order of their beginnings.
/// A client in a static object closes when main() has returned, and its io threads still name
/// errors then: so the categories must have begun before that object did.
void outlive_static_clients() {
    (void)boost::asio::error::get_system_category();
    (void)boost::asio::error::get_misc_category();
    (void)boost::asio::error::get_netdb_category();
    (void)boost::asio::error::get_addrinfo_category();
}

/// Whoever lets go of the last handle may be one of the threads that must be joined.
void destroy(RuntimeCore* core) {
    // In a fork's child the threads are gone and no join would return: the memory is left alone.
    if (core->is_forked()) return;
    if (core->is_own_thread()) {
        std::thread([core] { delete core; }).detach();
    } else {
        delete core;
    }
}

}  // namespace

bool on_io_thread() { return t_io_of != nullptr; }

bool RuntimeCore::is_own_thread() const { return t_io_of == this || callbacks_->is_current(); }

kerolox::Result<std::shared_ptr<RuntimeCore>> RuntimeCore::create(
    const kerolox::RuntimeOptions& options, std::shared_ptr<const Clock> clock,
    std::chrono::milliseconds callback_patience) {
    constexpr std::size_t kThreadsMax = 1024;
    if (options.io_threads() == 0 || options.io_threads() > kThreadsMax ||
        options.callback_threads() > kThreadsMax) {
        return kerolox::Error(kerolox::ErrorKind::usage,
                              "a runtime has 1 to 1024 io threads and at most 1024 for callbacks");
    }
    outlive_static_clients();
    std::shared_ptr<RuntimeCore> core(new RuntimeCore(options, std::move(clock), callback_patience),
                                      destroy);
    core->alive_ = static_cast<volatile int*>(
        ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (core->alive_ == MAP_FAILED) {
        core->alive_ = nullptr;
        return kerolox::Error(kerolox::ErrorKind::internal, "no memory for a runtime");
    }
    ::madvise(const_cast<int*>(core->alive_), page_bytes(), MADV_WIPEONFORK);
    *core->alive_ = 1;
    core->pool_.start();
    for (std::size_t i = 0; i < core->pool_.size(); ++i) {
        core->logs_.push_back(std::make_unique<IoThreadLog>());
        auto& context = core->pool_.at(i).context();
        core->gatherings_.push_back(std::make_unique<CallbackPool::Gathering>(
            *core->callbacks_, [&context](std::function<void()> work) {
                boost::asio::post(context, std::move(work));
            }));
        boost::asio::post(context, [raw = core.get(), sink = core->logs_.back().get(),
                                    gathering = core->gatherings_.back().get()] {
            t_io_of = raw;
            log::set_thread_sink(sink);
            gathering->begin();
        });
    }
    core->pool_.at(0).on_tick(core.get(), [pool = core->callbacks_] { pool->tick(); });
    return core;
}

RuntimeCore::RuntimeCore(const kerolox::RuntimeOptions& options, std::shared_ptr<const Clock> clock,
                         std::chrono::milliseconds callback_patience)
    : clock_(std::move(clock)), pool_(options.io_threads(), clock_ ? *clock_ : system_clock()) {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t threads = options.callback_threads() > 0 ? options.callback_threads() : cores;
    callbacks_ = std::make_shared<CallbackPool>(threads, options.thread_name(),
                                                CallbackPool::kQueueForOne, callback_patience);
}

void RuntimeCore::log_to(net::IoThread& thread, const std::shared_ptr<const ClientLog>& client) {
    for (std::size_t i = 0; i < pool_.size(); ++i) {
        if (&pool_.at(i) != &thread) continue;
        boost::asio::post(thread.context(), [sink = logs_[i].get(), client] { sink->add(client); });
    }
}

void RuntimeCore::tell_left(CallbackPool::Left left) {
    if (left.stuck == 0) return;
    auto log = std::ranges::find_if(logs_, [](const auto& one) { return one->has_client(); });
    if (log == logs_.end()) log = logs_.begin();
    (*log)->write(log::Level::kWarn, "client",
                  fmt::format("{} callbacks do not return: their threads are left to themselves, "
                              "and {} callbacks that waited are dropped",
                              left.stuck, left.dropped));
}

RuntimeCore::~RuntimeCore() {
    if (alive_ == nullptr) return;
    pool_.stop();
    tell_left(callbacks_->stop());
    ::munmap(const_cast<int*>(alive_), page_bytes());
}

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

Result<Runtime> Runtime::create(const RuntimeOptions& options) {
    auto core = kx::client::RuntimeCore::create(options);
    if (!core) return core.error();
    Runtime runtime;
    runtime.core_ = std::move(core).value();
    return runtime;
}

}  // namespace v1
}  // namespace kerolox
