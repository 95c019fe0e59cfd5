// SPDX-License-Identifier: Apache-2.0
//
// A histogram of durations in nanoseconds: 128 buckets for each power of two, so that a percentile
// is never off by more than 0.8 %, and recording is one increment. The maximum is exact.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace kx::bench {

class Histogram {
public:
    void record(int64_t ns) {
        const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 0));
        ++buckets_[bucket_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }

    uint64_t count() const { return count_; }
    double max_us() const { return static_cast<double>(max_) / 1000.0; }

    /// The smallest duration that at least `part` (0 to 1) of all records do not exceed.
    double percentile_us(double part) const {
        const auto wanted = static_cast<uint64_t>(std::ceil(part * static_cast<double>(count_)));
        uint64_t seen = 0;
        for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
            seen += buckets_[bucket];
            if (seen >= wanted && seen > 0) {
                return static_cast<double>(std::min(highest_in(bucket), max_)) / 1000.0;
            }
        }
        return 0;
    }

private:
    static constexpr size_t kPerPower = 128;

    // Below 256 a bucket is one nanosecond; above, `shift` low bits are dropped, which leaves a
    // number of [128, 256) and places the bucket behind those of all smaller shifts.
    static size_t bucket_of(uint64_t value) {
        const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - 8);
        return static_cast<size_t>(shift) * kPerPower + static_cast<size_t>(value >> shift);
    }

    static uint64_t highest_in(size_t bucket) {
        if (bucket < 2 * kPerPower) return bucket;
        const size_t shift = bucket / kPerPower - 1;
        const uint64_t kept = bucket - shift * kPerPower;
        return ((kept + 1) << shift) - 1;
    }

    std::array<uint64_t, 58 * kPerPower> buckets_{};
    uint64_t count_ = 0;
    uint64_t max_ = 0;
};

}  // namespace kx::bench
