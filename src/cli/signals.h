// SPDX-License-Identifier: Apache-2.0
//
// A server's life, seen by the operating system: the main thread waits here. TERM or INT asks for a
// clean stop, a second one ends the process at once (the next start recovers), HUP asks to read the
// configuration again.
#pragma once

#include <functional>
#include <thread>

namespace kx::cli {

/// Call before any thread is started, so that signals reach the waiting thread only.
void block_signals();

/// Returns when TERM or INT came; from then on a second one kills. `reload` runs on HUP.
void wait_for_stop(const std::function<void()>& reload);

/// For commands that come to an end by themselves: while it lives, TERM or INT runs `stop` once, on
/// a thread of its own; a second one kills.
class StopOnSignal {
public:
    /// Requires: block_signals() was called.
    explicit StopOnSignal(std::function<void()> stop);
    ~StopOnSignal();
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;

private:
    const int signals_;  ///< a signalfd
    const int wake_;     ///< an eventfd: the destructor's
    std::thread thread_;
};

}  // namespace kx::cli
