// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what a connection does with bytes: cuts the first frame, decodes it, and holds the decoder
// to its word: what it took can be written in either encoding, and reads back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "wire/codec.h"

namespace {

using namespace kx;
using namespace kx::wire;

Status encode(const Command& command, Encoding encoding, Buffer& out) {
    HeaderParts parts;
    parts.encoding = encoding;
    parts.code = command.code;
    parts.language = command.language;
    parts.version = command.version;
    parts.opaque = command.opaque;
    parts.flag = command.flag;
    if (!command.remark.empty()) parts.remark = command.remark;
    parts.extra = command.fields.rows();
    KX_CHECK(append_frame_head(out, parts, command.body.size()));
    out.append(command.body);
    return {};
}

void check(bool holds) {
    if (!holds) std::abort();
}

void compare(const Command& a, const Command& b, bool skip_empty) {
    check(a.code == b.code && a.opaque == b.opaque && a.flag == b.flag);
    check(a.remark == b.remark && a.body == b.body);
    std::size_t at = 0;
    const auto given = b.fields.rows();
    for (const ExtField& field : a.fields.rows()) {
        if (skip_empty && field.value.empty()) continue;
        check(at < given.size() && given[at].key == field.key && given[at].value == field.value);
        ++at;
    }
    check(at == given.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto frame_bytes = frame_size(input);
    if (!frame_bytes || *frame_bytes == 0 || *frame_bytes > input.size()) return 0;
    // Its own allocation, so that a read behind the frame is seen.
    const std::string frame(input.substr(0, *frame_bytes));

    static HeaderDecoder decoder;
    Command command;
    if (!decoder.decode(frame, command)) return 0;
    check(command.body.size() <= frame.size());

    static HeaderDecoder second;
    for (const Encoding encoding : {Encoding::kJson, Encoding::kBinary}) {
        Buffer out;
        if (!encode(command, encoding, out)) continue;  // does not fit
        check(frame_size(out.view()) && *frame_size(out.view()) == out.size());
        Command again;
        check(second.decode(out.view(), again).has_value());
        compare(command, again, encoding == Encoding::kBinary);
    }
    return 0;
}
