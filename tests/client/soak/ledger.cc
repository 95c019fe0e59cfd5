// SPDX-License-Identifier: Apache-2.0
#include "soak/ledger.h"

#include <charconv>

namespace soak {

std::string Ledger::next(std::size_t line) {
    const std::lock_guard guard(lock_);
    lines_[line].emplace_back();
    return std::to_string(line) + " " + std::to_string(lines_[line].size() - 1);
}

Ledger::Entry* Ledger::find(std::string_view body) {
    std::size_t line = 0;
    std::size_t number = 0;
    const char* end = body.data() + body.size();
    const auto first = std::from_chars(body.data(), end, line);
    if (first.ec != std::errc() || first.ptr == end) return nullptr;
    if (std::from_chars(first.ptr + 1, end, number).ec != std::errc()) return nullptr;
    if (line >= lines_.size() || number >= lines_[line].size()) return nullptr;
    return &lines_[line][number];
}

void Ledger::acknowledged(std::string_view body) {
    const std::lock_guard guard(lock_);
    if (Entry* entry = find(body)) entry->acknowledged = true;
}

void Ledger::failed() {
    const std::lock_guard guard(lock_);
    ++failed_;
}

void Ledger::arrived(std::string_view body) {
    const std::lock_guard guard(lock_);
    Entry* entry = find(body);
    if (entry == nullptr) {
        ++foreign_;
        return;
    }
    if (entry->arrivals > 0) ++repeats_;
    if (entry->arrivals < 255) ++entry->arrivals;
}

Ledger::Sum Ledger::sum() const {
    const std::lock_guard guard(lock_);
    Sum sum;
    sum.failed = failed_;
    sum.repeats = repeats_;
    sum.foreign = foreign_;
    for (std::size_t line = 0; line < lines_.size(); ++line) {
        for (std::size_t number = 0; number < lines_[line].size(); ++number) {
            const Entry& entry = lines_[line][number];
            ++sum.sent;
            if (entry.acknowledged) ++sum.acknowledged;
            if (entry.arrivals > 0) ++sum.arrived;
            if (entry.acknowledged && entry.arrivals == 0) {
                if (sum.missing == 0) {
                    sum.first_missing = std::to_string(line) + " " + std::to_string(number);
                }
                ++sum.missing;
            }
        }
    }
    return sum;
}

}  // namespace soak
