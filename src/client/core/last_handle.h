// SPDX-License-Identifier: Apache-2.0
//
// How the last handle of a producer or consumer goes.
#pragma once

#include <memory>

#include "client/core/client_core.h"

namespace kx::client {

/// When its core has closed: the lease on the client goes with the handle, not when whatever is
/// still under way lets go of the core.
template <class Core>
void let_go(std::shared_ptr<void>& handle, Core& core) {
    if (core.client().runtime().is_own_thread()) return;  // it closes by itself
    const auto lease = core.give_up_lease();
    handle.reset();
}

template <class Core>
void close_and_let_go(std::shared_ptr<void>& handle, Core& core) {
    wait_briefly(core.close(std::chrono::seconds(2)), core.client().runtime());
    let_go(handle, core);
}

}  // namespace kx::client
