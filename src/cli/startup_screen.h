// SPDX-License-Identifier: Apache-2.0
//
// What a server tells when it is ready, on one screen: where it listens, where its data is, what an
// acknowledged message survives, how long recovery took, and which limits of the machine are low.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kx::cli {

class StartupScreen {
public:
    explicit StartupScreen(std::string title) : title_(std::move(title)) {}

    void row(std::string name, std::string text) {
        rows_.emplace_back(std::move(name), std::move(text));
    }
    void print() const;

private:
    std::string title_;
    std::vector<std::pair<std::string, std::string>> rows_;
};

/// One sentence for each limit that will hurt: open files, mapped areas.
std::vector<std::string> low_limits();

/// "12.3 GiB".
std::string human_bytes(std::int64_t bytes);

}  // namespace kx::cli
