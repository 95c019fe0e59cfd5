// SPDX-License-Identifier: Apache-2.0
#include "model/unique_id.h"

#include <ctime>

#include "base/bytes.h"
#include "model/message_id.h"

namespace kx::model {
namespace {

constexpr int kCounterBits = 16;
constexpr std::int64_t kCounterMask = (1 << kCounterBits) - 1;
/// A month has less than 2^24 seconds.
constexpr int kLengthBits = 24;
constexpr std::int64_t kLengthMask = (1 << kLengthBits) - 1;

/// Start of the local month that `wall_ms` lies in, or of one `later` months after it.
std::int64_t month_start(std::int64_t wall_ms, int later) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    local.tm_mon += later;
    local.tm_mday = 1;
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = -1;
    return static_cast<std::int64_t>(std::mktime(&local)) * 1000;
}

}  // namespace

UniqueIdGenerator::UniqueIdGenerator(const HostPort& host, std::int32_t process_id,
                                     std::int32_t process_hash, const Clock& clock)
    : process_hash_(process_hash),
      clock_(clock),
      first_month_ms_(month_start(clock.wall_ms(), 0)),
      last_moment_(kCounterMask) {
    for (std::size_t i = 0; i < (host.is_v6 ? 16U : 4U); ++i) {
        prefix_ += static_cast<char>(host.address[i]);
    }
    put_be<std::int16_t>(prefix_, static_cast<std::int16_t>(process_id));
}

std::int64_t UniqueIdGenerator::next_moment() {
    const std::int64_t now = clock_.wall_ms();
    std::int64_t last = last_moment_.load(std::memory_order_relaxed);
    std::int64_t next = 0;
    do {
        next = last + 1;  // where the counter is through, the time goes on
        if (now > last >> kCounterBits) next = now << kCounterBits | (next & kCounterMask);
    } while (!last_moment_.compare_exchange_weak(last, next, std::memory_order_relaxed));
    return next;
}

std::int64_t UniqueIdGenerator::month_start_of(std::int64_t time_ms) {
    const std::int64_t known = month_.load(std::memory_order_relaxed);
    const std::int64_t known_start_ms = (known >> kLengthBits) * 1000;
    const std::int64_t age_ms = time_ms - known_start_ms;
    if (age_ms >= 0 && age_ms < (known & kLengthMask) * 1000) return known_start_ms;
    const std::int64_t start_ms = month_start(time_ms, 0);
    const std::int64_t length = (month_start(time_ms, 1) - start_ms) / 1000;
    month_.store(start_ms / 1000 << kLengthBits | length, std::memory_order_relaxed);
    return start_ms;
}

std::string UniqueIdGenerator::next() {
    constexpr std::int64_t kDayMs = 86'400'000;
    const std::int64_t moment = next_moment();
    const std::int64_t time_ms = moment >> kCounterBits;
    const std::int64_t start_ms = month_start_of(time_ms);
    // No two months begin on one day.
    const std::int64_t hash = process_hash_ + (start_ms - first_month_ms_) / kDayMs;
    std::string bytes = prefix_;
    put_be<std::int32_t>(bytes, static_cast<std::int32_t>(hash));
    put_be<std::int32_t>(bytes, static_cast<std::int32_t>(time_ms - start_ms));
    put_be<std::int16_t>(bytes, static_cast<std::int16_t>(moment & kCounterMask));
    return to_hex(bytes);
}

std::optional<std::int64_t> unique_id_time_ms(std::string_view id, std::int64_t now_ms) {
    if (id.size() != 32 && id.size() != 56) return std::nullopt;
    const Result<std::string> bytes = from_hex(id);
    if (!bytes) return std::nullopt;
    // Without a sign: from the 25th of a month on it needs all its bits.
    const auto in_month =
        static_cast<std::uint32_t>(load_be<std::int32_t>(bytes->data() + bytes->size() - 6));
    const std::int64_t time = month_start(now_ms, 0) + in_month;
    return time <= now_ms ? time : month_start(now_ms, -1) + in_month;
}

}  // namespace kx::model
