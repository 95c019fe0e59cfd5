// SPDX-License-Identifier: Apache-2.0
//
// What the examples share: where the servers are, and a way out when something fails.
#pragma once

#include <kerolox/kerolox.hpp>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace example {

/// The first argument, else NAMESRV_ADDR, else this machine.
inline std::string name_servers(int argc, char** argv) {
    if (argc > 1) return argv[1];
    const char* known = std::getenv("NAMESRV_ADDR");
    return known != nullptr ? known : "127.0.0.1:9876";
}

/// The value; on an error ends the program with its description.
template <class T>
T must(kerolox::Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().describe().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

inline kerolox::Client connect(int argc, char** argv) {
    return must(
        kerolox::Client::create(kerolox::ClientOptions().name_servers(name_servers(argc, argv))));
}

inline void print(std::string_view what, std::string_view text) {
    std::printf("%.*s %.*s\n", static_cast<int>(what.size()), what.data(),
                static_cast<int>(text.size()), text.data());
}

/// Counts what listeners get, until it is enough.
class Tally {
public:
    explicit Tally(std::size_t wanted) : wanted_(wanted) {}
    void add(std::size_t count = 1) {
        const std::lock_guard guard(mutex_);
        seen_ += count;
        changed_.notify_all();
    }
    /// Ends the program when it is not enough within half a minute.
    void wait() {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, std::chrono::seconds(30), [&] { return seen_ >= wanted_; }))
            return;
        std::fprintf(stderr, "only %zu of %zu messages came\n", seen_, wanted_);
        std::exit(1);
    }

private:
    const std::size_t wanted_;
    std::size_t seen_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace example
