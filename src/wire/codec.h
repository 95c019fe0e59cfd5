// SPDX-License-Identifier: Apache-2.0
//
// Frames: cutting them from a stream, decoding their headers, writing new ones.
//
//   0  4  L, the bytes that follow this field: 4 + H + body length
//   4  4  high byte: header encoding (0 JSON, 1 ROCKETMQ); low 24 bits: header length H
//   8  H  header
//   8+H   body
//
// Source: protocol.md 1.3-1.6.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/field.h"
#include "base/result.h"
#include "wire/command.h"

namespace kx::wire {

/// Bytes of the first frame in `bytes`, length field included; 0 when the length field is not
/// there yet. Fails when no frame can begin with these bytes: the connection is to be closed.
Result<std::size_t> frame_size(std::string_view bytes);

/// Decodes headers; owns the memory that unescaped text needs. One per io thread.
class HeaderDecoder {
public:
    /// `frame` is one whole frame as frame_size() measured it. kMalformed: close the connection.
    /// kUnsupported: a JSON array as header, which RocketMQ ignores without closing.
    Status decode(std::string_view frame, Command& command);

private:
    char* arena_for(std::size_t size);

    std::unique_ptr<char[]> arena_;
    std::size_t arena_size_ = 0;
};

Status decode_json_header(std::string_view header, char* arena, Command& command);
Status decode_binary_header(std::string_view header, Command& command);

/// What a header is written from. `rows` and `header` describe the command's own fields.
struct HeaderParts {
    Encoding encoding = Encoding::kJson;
    std::int32_t code = 0;
    Language language = Language::kCpp;
    std::int32_t version = kVersion;
    std::int32_t opaque = 0;
    std::int32_t flag = 0;
    std::optional<std::string_view> remark;
    std::span<const FieldRow> rows;
    const void* header = nullptr;  ///< null: no own fields
    Names names = Names::kLong;
    std::span<const ExtField> extra;

    template <class Header>
    HeaderParts& with(const Header& own) {
        rows = rows_of<Header>();
        header = &own;
        return *this;
    }
};

/// Appends a frame up to its header; the body, of exactly `body_bytes`, is the caller's to append
/// or to send behind it. Fails when a value does not fit the encoding or the frame the protocol.
Status append_frame_head(Buffer& out, const HeaderParts& parts, std::size_t body_bytes);

void append_json_header(Buffer& out, const HeaderParts& parts);
Status append_binary_header(Buffer& out, const HeaderParts& parts);

}  // namespace kx::wire
