// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the ROCKETMQ header alone: what was read and written again reads as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/buffer.h"
#include "wire/codec.h"
#include "wire/requests/send.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx::wire;
    const std::string header(reinterpret_cast<const char*>(data), size);
    Command command;
    if (!decode_binary_header(header, command)) return 0;
    static_cast<void>(kx::read_header<SendMessage>(command.fields, kx::Names::kShort));

    HeaderParts parts;
    parts.code = command.code;
    parts.language = command.language;
    parts.version = command.version;
    parts.opaque = command.opaque;
    parts.flag = command.flag;
    parts.remark = command.remark;
    parts.extra = command.fields.rows();
    kx::Buffer out;
    if (!append_binary_header(out, parts)) std::abort();
    Command again;
    if (!decode_binary_header(out.view(), again)) std::abort();
    const auto before = command.fields.rows();
    const auto after = again.fields.rows();
    if (before.size() != after.size() || again.remark != command.remark) std::abort();
    for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i].key != after[i].key || before[i].value != after[i].value) std::abort();
    return 0;
}
