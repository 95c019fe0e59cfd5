// SPDX-License-Identifier: Apache-2.0
//
// A histogram of durations after the manner of HDR: each power of two of nanoseconds has 128
// buckets, so that a percentile is off by less than 0.8 %, recording is one increment, and threads
// keep one each, added up at the end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace kx::cli {

class LatencyHistogram {
public:
    void record(std::int64_t ns) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
        ++buckets_[index_of(value)];
        ++count_;
        sum_ += static_cast<double>(value);
        max_ = std::max(max_, value);
    }

    void add(const LatencyHistogram& other) {
        for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        max_ = std::max(max_, other.max_);
    }

    std::uint64_t count() const { return count_; }
    double mean_us() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_) / 1e3; }
    double max_us() const { return static_cast<double>(max_) / 1e3; }

    /// The smallest duration that this share (0 to 1) of all records does not exceed.
    double percentile_us(double share) const {
        const double wanted = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (static_cast<double>(seen) >= wanted)
                return static_cast<double>(std::min(highest_in(i), max_)) / 1e3;
        }
        return 0;
    }

private:
    static constexpr int kBits = 7;
    static constexpr std::size_t kPerPower = std::size_t{1} << kBits;

    /// Values below 256 have a bucket each; of larger ones the leading eight bits count.
    static std::size_t index_of(std::uint64_t value) {
        const int dropped = std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1);
        return static_cast<std::size_t>(dropped) * kPerPower +
               static_cast<std::size_t>(value >> dropped);
    }
    static std::uint64_t highest_in(std::size_t index) {
        if (index < 2 * kPerPower) return index;
        const std::size_t dropped = index / kPerPower - 1;
        const std::uint64_t kept = index - dropped * kPerPower;
        return ((kept + 1) << dropped) - 1;
    }

    std::array<std::uint64_t, (64 - kBits) * kPerPower + kPerPower> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

}  // namespace kx::cli
