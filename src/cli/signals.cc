// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"

namespace kx::cli {
namespace {

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/// As after kill -9: nothing is flushed, nothing is closed.
void end_at_once(int signal_number) { ::_exit(128 + signal_number); }

}  // namespace

void block_signals() {
    ::signal(SIGPIPE, SIG_IGN);
    const sigset_t set = handled_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_stop(const std::function<void()>& reload) {
    const sigset_t set = handled_signals();
    while (true) {
        int number = 0;
        if (sigwait(&set, &number) != 0) continue;
        if (number == SIGHUP) {
            reload();
            continue;
        }
        log::info("cli", "signal {} received: stopping; a second one ends at once", number);
        ::signal(SIGTERM, end_at_once);
        ::signal(SIGINT, end_at_once);
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        return;
    }
}

}  // namespace kx::cli
