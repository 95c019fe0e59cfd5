// SPDX-License-Identifier: Apache-2.0

#include "generator/send_frames.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>

#include "common/clock.h"
#include "common/wire.h"

namespace kx::bench {
namespace {

constexpr size_t kBornDigits = 13;
constexpr size_t kSequenceDigits = 8;

std::string header_of(const Options& options, int queue, const std::string& key) {
    const std::string queues = std::to_string(options.queues);
    return R"({"code":310,"extFields":{"a":"bench_producer","b":")" + options.topic +
           R"(","c":"TBW102","d":")" + queues + R"(","e":")" + std::to_string(queue) +
           R"(","f":"0","g":"1000000000000","h":"0","i":"UNIQ_KEY\u0001)" + key +
           R"(\u0002WAIT\u0001true\u0002","j":"0","k":"false","m":"false","n":")" +
           options.broker_name + R"("},"flag":0,"language":"JAVA","opaque":)" +
           std::to_string(kOpaqueBase) + R"(,"serializeTypeCurrentRPC":"JSON","version":493})";
}

/// 127.0.0.1, the process, the time of the start; the sequence number takes the last 8 digits.
std::string unique_key() {
    char key[33];
    std::snprintf(key, sizeof(key), "7F000001%04X%012llX%08X",
                  static_cast<unsigned>(getpid()) & 0xFFFFu,
                  static_cast<unsigned long long>(wall_ms()), 0u);
    return key;
}

// Letters and digits without a short period, so that nothing on the way compresses them well.
std::string body_of(size_t size) {
    std::string body(size, ' ');
    uint64_t state = 88172645463325252u;
    for (char& c : body) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[state >> 59];
    }
    return body;
}

void store_hex(char* at, size_t digits, uint32_t value) {
    for (size_t i = digits; i-- > 0; value >>= 4) at[i] = "0123456789ABCDEF"[value & 15];
}

size_t offset_behind(const std::string& frame, std::string_view pattern) {
    return frame.find(pattern) + pattern.size();
}

}  // namespace

SendFrames::SendFrames(const Options& options) {
    const std::string key = unique_key();
    const std::string body = body_of(options.size);
    for (int queue = 0; queue < options.queues; ++queue) {
        frames_.push_back(make_frame(header_of(options, queue, key), body));
    }
    const std::string& first = frames_.front();
    born_at_ = offset_behind(first, R"("g":")");
    key_at_ = offset_behind(first, key) - kSequenceDigits;
    opaque_at_ = offset_behind(first, R"("opaque":)");
    set_born_ms(wall_ms());
}

void SendFrames::write_next(char* to, uint32_t slot) {
    const std::string& frame = frames_[turn_];
    turn_ = turn_ + 1 < frames_.size() ? turn_ + 1 : 0;
    std::memcpy(to, frame.data(), frame.size());
    store_digits(to + opaque_at_, kOpaqueDigits, static_cast<uint64_t>(kOpaqueBase) + slot);
    store_hex(to + key_at_, kSequenceDigits, sequence_++);
}

void SendFrames::set_born_ms(int64_t ms) {
    if (ms == born_ms_) return;
    born_ms_ = ms;
    for (std::string& frame : frames_) {
        store_digits(frame.data() + born_at_, kBornDigits, static_cast<uint64_t>(ms));
    }
}

}  // namespace kx::bench
