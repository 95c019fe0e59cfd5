// SPDX-License-Identifier: Apache-2.0
#include "model/message_id.h"

#include <cstring>

#include "base/bytes.h"

namespace kx::model {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

void write_hex(std::string_view bytes, char* to) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *to++ = kDigits[byte >> 4];
        *to++ = kDigits[byte & 15];
    }
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string text(bytes.size() * 2, '\0');
    write_hex(bytes, text.data());
    return text;
}

Result<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return fail(Errc::kMalformed, "hex text of odd length");
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return fail(Errc::kMalformed, "hex text has a strange character after position {}", i);
        }
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

OffsetIdText::OffsetIdText(const HostPort& store_host, std::int64_t physical_offset) {
    std::array<char, 28> bytes;
    const std::size_t host_bytes = store_host.is_v6 ? 16 : 4;
    std::memcpy(bytes.data(), store_host.address.data(), host_bytes);
    store_be<std::int32_t>(bytes.data() + host_bytes, store_host.port);
    store_be<std::int64_t>(bytes.data() + host_bytes + 4, physical_offset);
    const std::string_view all(bytes.data(), host_bytes + 12);
    write_hex(all, text_.data());
    size_ = static_cast<std::uint8_t>(all.size() * 2);
}

Result<OffsetId> decode_offset_id(std::string_view text) {
    if (text.size() != 32 && text.size() != 56) {
        return fail(Errc::kMalformed, "message id {} has {} characters, not 32 or 56",
                    text.substr(0, 64), text.size());
    }
    KX_TRY(const std::string bytes, from_hex(text));
    OffsetId id;
    id.store_host.is_v6 = text.size() == 56;
    id.store_host.address = {};
    ByteReader reader(bytes);
    const std::string_view address = reader.take(id.store_host.is_v6 ? 16 : 4);
    std::memcpy(id.store_host.address.data(), address.data(), address.size());
    id.store_host.port = reader.read<std::int32_t>();
    id.physical_offset = reader.read<std::int64_t>();
    return id;
}

}  // namespace kx::model
