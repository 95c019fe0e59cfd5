// SPDX-License-Identifier: Apache-2.0
//
// What public handles have in common at the edges of their lives.
#pragma once

#include <memory>

#include "client/core/errors.h"
#include "kerolox/async.hpp"

namespace kx::client {

/// For a handle that was moved from.
template <class T>
kerolox::Async<T> of_nobody() {
    auto* op = new kerolox::detail::OperationOf<T>();
    op->complete(usage_error("the object was moved away"));
    return kerolox::Async<T>(op);
}

/// In the child of a fork: destroying would touch sockets and locks that the parent still uses.
inline void leave_to_parent(std::shared_ptr<void>& core) {
    new std::shared_ptr<void>(std::move(core));
}

}  // namespace kx::client
