// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.h"

#include "base/bytes.h"

namespace kx::wire {

Result<std::size_t> frame_size(std::string_view bytes) {
    if (bytes.size() < 4) return 0;
    const auto length = load_be<std::int32_t>(bytes.data());
    if (length < 4 || length > kFrameBytesMax - 4)
        return fail(Errc::kMalformed, "a frame length of {} is not within 4 and {}", length,
                    kFrameBytesMax - 4);
    if (bytes.size() >= 8) {
        const auto word = load_be<std::uint32_t>(bytes.data() + 4);
        const std::uint32_t header_bytes = word & 0xFFFFFF;
        if ((word >> 24) > 1)
            return fail(Errc::kMalformed, "the header encoding {} is unknown", word >> 24);
        if (header_bytes > static_cast<std::uint32_t>(length - 4))
            return fail(Errc::kMalformed, "a header of {} bytes is longer than its frame of {}",
                        header_bytes, length);
        if (header_bytes == 0) return fail(Errc::kMalformed, "the header is empty");
    }
    return static_cast<std::size_t>(length) + 4;
}

char* HeaderDecoder::arena_for(std::size_t size) {
    if (arena_size_ < size) {
        arena_size_ = std::max<std::size_t>(size, 4096);
        arena_ = std::make_unique_for_overwrite<char[]>(arena_size_);
    }
    return arena_.get();
}

Status HeaderDecoder::decode(std::string_view frame, Command& command) {
    const auto word = load_be<std::uint32_t>(frame.data() + 4);
    const std::string_view header = frame.substr(8, word & 0xFFFFFF);
    command.fields.clear();
    command.has_fields = false;
    command.code = command.version = command.opaque = command.flag = 0;
    command.language = Language::kUnknown;
    command.remark = {};
    command.body = frame.substr(8 + header.size());
    if ((word >> 24) == 0) {
        command.encoding = Encoding::kJson;
        return decode_json_header(header, arena_for(header.size()), command);
    }
    command.encoding = Encoding::kBinary;
    return decode_binary_header(header, command);
}

Status append_frame_head(Buffer& out, const HeaderParts& parts, std::size_t body_bytes) {
    const std::size_t start = out.size();
    out.room(8);
    out.commit(8);
    if (parts.encoding == Encoding::kJson) {
        append_json_header(out, parts);
    } else if (auto status = append_binary_header(out, parts); !status) {
        out.resize_down(start);
        return status;
    }
    const std::size_t header_bytes = out.size() - start - 8;
    const std::size_t length = 4 + header_bytes + body_bytes;
    if (header_bytes > 0xFFFFFF || length > static_cast<std::size_t>(kFrameBytesMax) - 4) {
        out.resize_down(start);
        return fail(Errc::kTooLarge, "a frame of {} bytes is over the protocol's bound of {}",
                    length, kFrameBytesMax);
    }
    store_be(out.data() + start, static_cast<std::uint32_t>(length));
    store_be(out.data() + start + 4, (static_cast<std::uint32_t>(parts.encoding) << 24) |
                                         static_cast<std::uint32_t>(header_bytes));
    return {};
}

}  // namespace kx::wire
