// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

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

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

/// As after kill -9: nothing is flushed, nothing is closed.
void end_at_once(int signal_number) { ::_exit(128 + signal_number); }

/// Unblocked on this thread alone: it is the one that takes the signal then.
void let_the_next_kill() {
    const sigset_t set = stop_signals();
    ::signal(SIGTERM, end_at_once);
    ::signal(SIGINT, end_at_once);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

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
        let_the_next_kill();
        return;
    }
}

StopOnSignal::StopOnSignal(std::function<void()> stop)
    : signals_([] {
          const sigset_t set = stop_signals();
          return ::signalfd(-1, &set, SFD_CLOEXEC);
      }()),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this, stop = std::move(stop)] {
          std::array<pollfd, 2> wait{{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
          while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) {
          }
          if (wait[1].revents != 0 || wait[0].revents == 0) return;
          signalfd_siginfo taken{};
          [[maybe_unused]] const ssize_t size = ::read(signals_, &taken, sizeof taken);
          let_the_next_kill();
          stop();
      }) {}

StopOnSignal::~StopOnSignal() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
    thread_.join();
    // From here on a signal has its usual effect, on whatever thread.
    let_the_next_kill();
    ::close(signals_);
    ::close(wake_);
}

}  // namespace kx::cli
