// SPDX-License-Identifier: Apache-2.0
#include "model/unique_id.h"

#include <ctime>

#include "base/bytes.h"
#include "model/message_id.h"

namespace kx::model {
namespace {

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
    : clock_(clock) {
    for (std::size_t i = 0; i < (host.is_v6 ? 16U : 4U); ++i) {
        prefix_ += static_cast<char>(host.address[i]);
    }
    put_be<std::int16_t>(prefix_, static_cast<std::int16_t>(process_id));
    put_be<std::int32_t>(prefix_, process_hash);
}

std::string UniqueIdGenerator::next() {
    const std::int64_t now = clock_.wall_ms();
    std::int64_t start = month_start_ms_.load();
    if (now >= month_end_ms_.load() || now < start) {
        start = month_start(now, 0);
        month_start_ms_ = start;
        month_end_ms_ = month_start(now, 1);
    }
    std::string bytes = prefix_;
    put_be<std::int32_t>(bytes, static_cast<std::int32_t>(now - start));
    put_be<std::int16_t>(bytes, static_cast<std::int16_t>(counter_.fetch_add(1)));
    return to_hex(bytes);
}

std::optional<std::int64_t> unique_id_time_ms(std::string_view id, std::int64_t now_ms) {
    if (id.size() != 32 && id.size() != 56) return std::nullopt;
    const Result<std::string> bytes = from_hex(id);
    if (!bytes) return std::nullopt;
    const std::int64_t in_month = load_be<std::int32_t>(bytes->data() + bytes->size() - 6);
    const std::int64_t time = month_start(now_ms, 0) + in_month;
    return time <= now_ms ? time : month_start(now_ms, -1) + in_month;
}

}  // namespace kx::model
