// SPDX-License-Identifier: Apache-2.0
//
// Who sent what, and how often it arrived. Bodies are "LINE NUMBER"; numbers of a line ascend.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace soak {

class Ledger {
public:
    explicit Ledger(std::size_t lines) : lines_(lines) {}

    /// The next number of a line, and the body that carries it.
    std::string next(std::size_t line);
    void acknowledged(std::string_view body);
    void failed();
    void arrived(std::string_view body);

    struct Sum {
        std::uint64_t sent = 0;
        std::uint64_t acknowledged = 0;
        std::uint64_t failed = 0;
        std::uint64_t arrived = 0;  ///< different ones
        std::uint64_t repeats = 0;
        std::uint64_t missing = 0;  ///< acknowledged, not arrived
        std::uint64_t foreign = 0;  ///< never sent
        std::string first_missing{};
    };
    Sum sum() const;

private:
    struct Entry {
        bool acknowledged = false;
        std::uint8_t arrivals = 0;
    };
    Entry* find(std::string_view body);

    mutable std::mutex lock_;
    std::vector<std::vector<Entry>> lines_;
    std::uint64_t failed_ = 0;
    std::uint64_t repeats_ = 0;
    std::uint64_t foreign_ = 0;
};

}  // namespace soak
