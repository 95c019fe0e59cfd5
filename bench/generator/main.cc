// SPDX-License-Identifier: Apache-2.0
//
// The neutral load generator of the macro benchmarks: it loads any RocketMQ-compatible broker over
// the remoting protocol and prints one line of JSON. One thread, prepared frames and next to no
// parsing, so that its own cost stays far below that of any broker.

#include <sys/prctl.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "generator/options.h"
#include "generator/pull_load.h"
#include "generator/send_load.h"

int main(int argc, char** argv) {
    using namespace kx::bench;
    // The kernel may wake a sleeper 50 us late by default: the whole interval at 20,000 a second.
    prctl(PR_SET_TIMERSLACK, 1);
    try {
        const Options options = parse_options(argc, argv);
        if (options.mode == "send") {
            SendLoad(options).run();
        } else {
            PullLoad(options).run();
        }
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "generator: %s\n%s", error.what(), kUsage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "generator: %s\n", error.what());
        return 1;
    }
    return 0;
}
