// SPDX-License-Identifier: Apache-2.0
//
// The threads behind one or many clients: io threads, and the pool that runs callbacks.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>

#include "client/core/access.h"
#include "client/core/callback_pool.h"
#include "kerolox/client.hpp"
#include "net/io_thread.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

/// What every operation knows of the runtime it belongs to; outlives the threads.
struct Operation::Shared {
    Shared(std::size_t callback_threads, const std::string& name, bool runs_on_io)
        : callbacks(callback_threads, name), on_io(runs_on_io) {}
    kx::client::CallbackPool callbacks;
    const bool on_io;  ///< continuations run on the thread that completes
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

using SharedThreads = kerolox::detail::Access::Shared;

class RuntimeCore {
public:
    static kerolox::Result<std::shared_ptr<RuntimeCore>> create(
        const kerolox::RuntimeOptions& options);
    ~RuntimeCore();

    /// Clients go round the io threads.
    net::IoThread& next_thread() { return pool_.at(next_.fetch_add(1) % pool_.size()); }
    const std::shared_ptr<SharedThreads>& shared() const { return shared_; }
    /// Like shared(), but continuations run on io threads.
    const std::shared_ptr<SharedThreads>& shared_on_io() const { return shared_on_io_; }
    CallbackPool& callbacks() { return shared_->callbacks; }
    /// True on an io thread or a callback thread of this runtime, which must not wait for it.
    bool is_own_thread() const;
    /// In the child of a fork: none of the threads exist there.
    bool is_forked() const { return alive_ != nullptr && *alive_ == 0; }

private:
    explicit RuntimeCore(const kerolox::RuntimeOptions& options);

    net::IoPool pool_;
    std::shared_ptr<SharedThreads> shared_;
    std::shared_ptr<SharedThreads> shared_on_io_;
    std::atomic<std::size_t> next_{0};
    volatile int* alive_ = nullptr;  ///< on a page that a fork's child finds wiped
};

/// True on an io thread of any runtime: nothing may wait there.
bool on_io_thread();

}  // namespace kx::client
