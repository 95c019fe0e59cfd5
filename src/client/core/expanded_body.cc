// SPDX-License-Identifier: Apache-2.0
#include "client/core/expanded_body.h"

#include "base/compress.h"

namespace kx::client {

Result<std::string> expand_body(std::string_view body, std::int32_t sys_flag) {
    switch ((sys_flag & model::kCompressionMask) >> 8) {
        case 0:  // clients that knew but one type
        case 3: return decompress(Compression::kZlib, body, kBodyBytesMax);
        case 1: return decompress(Compression::kLz4, body, kBodyBytesMax);
        case 2: return decompress(Compression::kZstd, body, kBodyBytesMax);
        default: return fail(Errc::kMalformed, "the type of its compression is unknown");
    }
}

void show_expanded(ReceivedMessage& message) {
    auto plain = expand_body(message.record.body, message.record.sys_flag);
    if (!plain) {
        message.body_problem = plain.error().text;
        return;
    }
    message.expanded = std::move(*plain);
    // Without an expanded body the record's is shown.
    if (message.expanded.empty()) message.record.body = {};
}

}  // namespace kx::client
