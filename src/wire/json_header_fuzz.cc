// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the JSON header alone, and the reading of its fields into structs of every kind.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "wire/codec.h"
#include "wire/requests/pull.h"
#include "wire/requests/send.h"

namespace {

/// A struct that was read can be written, and reads back with the same text.
template <class Header>
void through(const kx::ExtFields& fields, kx::Names names) {
    const auto header = kx::read_header<Header>(fields, names);
    if (!header) return;
    kx::wire::HeaderParts parts;
    parts.with(*header);
    parts.names = names;
    kx::Buffer first;
    append_json_header(first, parts);
    const std::string text(first.view());
    std::string arena(text.size() + 1, '\0');
    kx::wire::Command command;
    if (!decode_json_header(text, arena.data(), command)) std::abort();
    const auto again = kx::read_header<Header>(command.fields, names);
    if (!again) std::abort();
    kx::Buffer second;
    append_json_header(second, kx::wire::HeaderParts(parts).with(*again));
    if (second.view() != first.view()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string header(reinterpret_cast<const char*>(data), size);
    // Exactly as large as promised: unescaped text is never longer than the header.
    const auto arena = std::make_unique<char[]>(size);
    kx::wire::Command command;
    if (!decode_json_header(header, arena.get(), command)) return 0;
    through<kx::wire::SendMessage>(command.fields, kx::Names::kShort);
    through<kx::wire::SendMessage>(command.fields, kx::Names::kLong);
    through<kx::wire::PullMessage>(command.fields, kx::Names::kLong);
    return 0;
}
