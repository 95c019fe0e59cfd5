// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a condition nobody notifies about, at most until a deadline.
#pragma once

#include <chrono>
#include <thread>

namespace suite {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

template <class Condition>
bool eventually(Condition&& condition, std::chrono::milliseconds limit = 30s) {
    const auto end = Steady::now() + limit;
    while (true) {
        if (condition()) return true;
        if (Steady::now() > end) return false;
        std::this_thread::sleep_for(10ms);
    }
}

/// For showing that something does not happen: the whole time passes.
template <class Condition>
bool stays(Condition&& condition, std::chrono::milliseconds time) {
    return !eventually([&] { return !condition(); }, time);
}

class Stopwatch {
public:
    std::chrono::milliseconds elapsed() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start_);
    }

private:
    Steady::time_point start_ = Steady::now();
};

}  // namespace suite
