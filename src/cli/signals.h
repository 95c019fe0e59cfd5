// SPDX-License-Identifier: Apache-2.0
//
// A server's life, seen by the operating system: the main thread waits here. TERM or INT asks for a
// clean stop, a second one ends the process at once (the next start recovers), HUP asks to read the
// configuration again.
#pragma once

#include <functional>

namespace kx::cli {

/// Call before any thread is started, so that signals reach the waiting thread only.
void block_signals();

/// Returns when TERM or INT came; from then on a second one kills. `reload` runs on HUP.
void wait_for_stop(const std::function<void()>& reload);

}  // namespace kx::cli
