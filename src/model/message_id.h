// SPDX-License-Identifier: Apache-2.0
//
// The offset message id: where a record is, as upper-case hex of store address, port (4 bytes) and
// commit-log offset (8). 32 characters for IPv4, 56 for IPv6.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/message.h"

namespace kx::model {

struct OffsetId {
    HostPort store_host;
    std::int64_t physical_offset = 0;

    bool operator==(const OffsetId&) const = default;
};

/// The text itself, which every answer to a send and every pulled message has: no memory of its
/// own.
class OffsetIdText {
public:
    OffsetIdText() = default;
    OffsetIdText(const HostPort& store_host, std::int64_t physical_offset);
    std::string_view view() const { return {text_.data(), size_}; }
    operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)

private:
    std::array<char, 56> text_;
    std::uint8_t size_ = 0;
};
inline OffsetIdText encode_offset_id(const HostPort& store_host, std::int64_t physical_offset) {
    return {store_host, physical_offset};
}
Result<OffsetId> decode_offset_id(std::string_view text);

/// Upper-case hex, and back (either case; an odd length or a strange character is kMalformed).
std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view text);

}  // namespace kx::model
