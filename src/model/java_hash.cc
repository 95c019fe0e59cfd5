// SPDX-License-Identifier: Apache-2.0
#include "model/java_hash.h"

namespace kx::model {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// How many bytes a sequence with this lead has, its payload bits, and the least second byte that
/// keeps it from being an over-long form (or the greatest, for surrogates and the end of Unicode).
struct Lead {
    std::size_t length = 0;
    std::uint32_t bits = 0;
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xBF;
};

Lead lead_of(unsigned char c) {
    if (c >= 0xC2 && c <= 0xDF) return {2, c & 0x1FU};
    if (c == 0xE0) return {3, 0, 0xA0, 0xBF};
    if (c == 0xED) return {3, 0x0D, 0x80, 0x9F};
    if (c >= 0xE1 && c <= 0xEF) return {3, c & 0x0FU};
    if (c == 0xF0) return {4, 0, 0x90, 0xBF};
    if (c == 0xF4) return {4, 4, 0x80, 0x8F};
    if (c >= 0xF1 && c <= 0xF3) return {4, c & 0x07U};
    return {};
}

/// Calls `unit` for each UTF-16 code unit; malformed bytes give U+FFFD, one for each maximal part.
template <class Unit>
void for_each_utf16(std::string_view text, Unit&& unit) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            unit(c);
            ++i;
            continue;
        }
        const Lead lead = lead_of(c);
        std::size_t have = 1;
        std::uint32_t code = lead.bits;
        while (have < lead.length && i + have < text.size() && is_continuation(text[i + have])) {
            const auto next = static_cast<unsigned char>(text[i + have]);
            if (have == 1 && (next < lead.second_min || next > lead.second_max)) break;
            code = code << 6 | (next & 0x3FU);
            ++have;
        }
        if (lead.length == 0 || have < lead.length) {
            unit(kReplacement);
        } else if (code >= 0x10000) {
            unit(0xD800U + ((code - 0x10000U) >> 10));
            unit(0xDC00U + ((code - 0x10000U) & 0x3FFU));
        } else {
            unit(code);
        }
        i += have;
    }
}

}  // namespace

std::int32_t java_hash(std::string_view utf8) {
    std::uint32_t hash = 0;
    for_each_utf16(utf8, [&hash](std::uint32_t unit) { hash = 31 * hash + unit; });
    return static_cast<std::int32_t>(hash);
}

std::int64_t utf16_length(std::string_view utf8) {
    std::int64_t length = 0;
    for_each_utf16(utf8, [&length](std::uint32_t) { ++length; });
    return length;
}

}  // namespace kx::model
