// SPDX-License-Identifier: Apache-2.0
//
// The ROCKETMQ header: code 2, language 1, version 2, opaque 4, flag 4, remark 4 + n, fields 4 + n;
// a field is name 2 + n, value 4 + n. Source: protocol.md 1.6.
#include "base/bytes.h"
#include "wire/codec.h"

namespace kx::wire {

Status decode_binary_header(std::string_view header, Command& command) {
    ByteReader in(header);
    command.code = in.read<std::int16_t>();
    command.language = static_cast<Language>(in.read<std::uint8_t>());
    command.version = in.read<std::int16_t>();
    command.opaque = in.read<std::int32_t>();
    command.flag = in.read<std::int32_t>();
    command.remark = in.take(in.read<std::int32_t>());
    const std::string_view block = in.take(in.read<std::int32_t>());
    if (!in.ok()) {
        return fail(Errc::kMalformed, "a binary header of {} bytes is cut short", header.size());
    }

    command.has_fields = !block.empty();
    ByteReader entries(block);
    while (entries.left() > 0) {
        const std::string_view key = entries.take(entries.read<std::int16_t>());
        const std::string_view value = entries.take(entries.read<std::int32_t>());
        if (!entries.ok()) return fail(Errc::kMalformed, "a binary header's fields are cut short");
        if (!value.empty()) command.fields.add(key, value);  // zero length means null
    }
    return {};
}

namespace {

Status append_entry(Buffer& out, std::string_view key, std::string_view value) {
    if (key.size() > 0x7FFF)
        return fail(Errc::kTooLarge, "a header field's name has {} bytes", key.size());
    put_be(out, static_cast<std::int16_t>(key.size()));
    out.append(key);
    put_be(out, static_cast<std::int32_t>(value.size()));
    out.append(value);
    return {};
}

}  // namespace

Status append_binary_header(Buffer& out, const HeaderParts& parts) {
    if (parts.code > 0x7FFF || parts.code < -0x8000)
        return fail(Errc::kUnsupported, "the code {} does not fit the binary header", parts.code);
    put_be(out, static_cast<std::int16_t>(parts.code));
    put_be(out, static_cast<std::uint8_t>(parts.language));
    put_be(out, static_cast<std::int16_t>(parts.version));
    put_be(out, parts.opaque);
    put_be(out, parts.flag);
    const std::string_view remark = parts.remark.value_or(std::string_view{});
    put_be(out, static_cast<std::int32_t>(remark.size()));
    out.append(remark);

    const std::size_t length_at = out.size();
    put_be(out, std::int32_t{0});
    if (parts.header != nullptr) {
        for (const FieldRow& row : parts.rows) {
            const std::string_view name =
                parts.names == Names::kShort && !row.short_name.empty() ? row.short_name : row.name;
            const std::size_t entry_at = out.size();
            KX_CHECK(append_entry(out, name, {}));
            const std::size_t value_at = out.size();
            if (!row.write(parts.header, out)) {
                out.resize_down(entry_at);
                continue;
            }
            store_be(out.data() + value_at - 4, static_cast<std::int32_t>(out.size() - value_at));
        }
    }
    for (const ExtField& field : parts.extra) {
        if (field.value.data() == nullptr) continue;
        KX_CHECK(append_entry(out, field.key, field.value));
    }
    store_be(out.data() + length_at, static_cast<std::int32_t>(out.size() - length_at - 4));
    return {};
}

}  // namespace kx::wire
