// SPDX-License-Identifier: Apache-2.0
//
// As little of the remoting protocol as a load needs. A frame is
//   total length (4, without itself), encoding and header length (4), header, body
// with big-endian numbers; all headers here are JSON (encoding 0). Nothing parses JSON: the few
// numbers that matter are found by their keys.

#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kx::bench {

inline constexpr size_t kLengthBytes = 4;
inline constexpr size_t kPrefixBytes = 8;
inline constexpr uint32_t kMaxFrame = 16u << 20;

/// Every request has an opaque of ten digits, so that it can be patched in place.
inline constexpr int64_t kOpaqueBase = 1'000'000'000;
inline constexpr size_t kOpaqueDigits = 10;

inline uint32_t load_be32(const char* at) {
    uint32_t raw = 0;
    std::memcpy(&raw, at, sizeof(raw));
    return __builtin_bswap32(raw);
}

inline void store_be32(char* at, uint32_t value) {
    const uint32_t raw = __builtin_bswap32(value);
    std::memcpy(at, &raw, sizeof(raw));
}

/// Writes exactly `digits` decimal digits.
inline void store_digits(char* at, size_t digits, uint64_t value) {
    for (size_t i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

inline std::string make_frame(std::string_view header, std::string_view body) {
    std::string frame(kPrefixBytes, '\0');
    store_be32(frame.data(), static_cast<uint32_t>(4 + header.size() + body.size()));
    store_be32(frame.data() + 4, static_cast<uint32_t>(header.size()));
    frame.append(header).append(body);
    return frame;
}

struct Frame {
    std::string_view whole;
    std::string_view header;
    std::string_view body;
};

/// `whole` begins with the total length and is complete.
inline Frame split_frame(std::string_view whole) {
    const uint32_t word = load_be32(whole.data() + 4);
    const size_t header_bytes = word & 0xFFFFFFu;
    if ((word >> 24) != 0 || kPrefixBytes + header_bytes > whole.size()) {
        throw std::runtime_error("a frame without a JSON header");
    }
    return {whole, whole.substr(kPrefixBytes, header_bytes),
            whole.substr(kPrefixBytes + header_bytes)};
}

/// Finds `"key":` in headers that look alike: it tries the places where the key stood last time,
/// counted from the front and from the end, before it searches.
class FieldFinder {
public:
    explicit FieldFinder(std::string_view key) : pattern_('"' + std::string(key) + "\":") {}

    /// The offset just behind the colon (and an opening quote).
    std::optional<size_t> find(std::string_view header) {
        size_t at = from_front_;
        if (!is_at(header, at)) at = header.size() - from_end_;
        if (!is_at(header, at)) at = header.find(pattern_);
        if (at == std::string_view::npos) return std::nullopt;
        from_front_ = at;
        from_end_ = header.size() - at;
        const size_t value = at + pattern_.size();
        return value < header.size() && header[value] == '"' ? value + 1 : value;
    }

    std::optional<int64_t> number(std::string_view header) {
        const std::optional<size_t> at = find(header);
        int64_t value = 0;
        if (!at) return std::nullopt;
        const char* end = header.data() + header.size();
        if (std::from_chars(header.data() + *at, end, value).ec != std::errc{}) return std::nullopt;
        return value;
    }

    int64_t required(std::string_view header) {
        const std::optional<int64_t> value = number(header);
        if (!value) {
            throw std::runtime_error("no " + pattern_ + " in " + std::string(header));
        }
        return *value;
    }

private:
    bool is_at(std::string_view header, size_t at) const {
        return at < header.size() && header.substr(at, pattern_.size()) == pattern_;
    }

    std::string pattern_;
    size_t from_front_ = 0;
    size_t from_end_ = 0;
};

}  // namespace kx::bench
