// SPDX-License-Identifier: Apache-2.0
//
// The threads behind one or many clients: io threads, and the pool that runs callbacks.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <vector>

#include "client/core/access.h"
#include "client/core/callback_pool.h"
#include "client/core/client_log.h"
#include "kerolox/client.hpp"
#include "net/io_thread.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

/// What every operation knows of the client it belongs to; outlives the client and its threads.
struct Operation::Shared {
    const std::shared_ptr<kx::client::CallbackPool> callbacks;
    const std::shared_ptr<const kx::client::ClientLog> log;
    const bool on_io;  ///< continuations run on the thread that completes
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

using SharedThreads = kerolox::detail::Access::Shared;

class RuntimeCore {
public:
    /// `clock`: null for the system's.
    static kerolox::Result<std::shared_ptr<RuntimeCore>> create(
        const kerolox::RuntimeOptions& options, std::shared_ptr<const Clock> clock = nullptr,
        std::chrono::milliseconds callback_patience = CallbackPool::kPatience);
    ~RuntimeCore();

    /// Clients go round the io threads.
    net::IoThread& next_thread() { return pool_.at(next_.fetch_add(1) % pool_.size()); }
    const std::shared_ptr<CallbackPool>& callback_pool() const { return callbacks_; }
    CallbackPool& callbacks() { return *callbacks_; }
    /// The lines of that thread go to this client, unless an older one is there.
    void log_to(net::IoThread& thread, const std::shared_ptr<const ClientLog>& client);
    /// True on an io thread or a callback thread of this runtime, which must not wait for it.
    bool is_own_thread() const;
    /// In the child of a fork: none of the threads exist there.
    bool is_forked() const { return alive_ != nullptr && *alive_ == 0; }

private:
    RuntimeCore(const kerolox::RuntimeOptions& options, std::shared_ptr<const Clock> clock,
                std::chrono::milliseconds callback_patience);
    /// When no thread of it runs any more.
    void tell_left(CallbackPool::Left left);

    const std::shared_ptr<const Clock> clock_;  ///< null: the system's
    net::IoPool pool_;
    std::vector<std::unique_ptr<IoThreadLog>> logs_;  ///< of each io thread, used there alone
    std::shared_ptr<CallbackPool> callbacks_;
    /// Of each io thread.
    std::vector<std::unique_ptr<CallbackPool::Gathering>> gatherings_;
    std::atomic<std::size_t> next_{0};
    volatile int* alive_ = nullptr;  ///< on a page that a fork's child finds wiped
};

/// True on an io thread of any runtime: nothing may wait there.
bool on_io_thread();

}  // namespace kx::client
