// SPDX-License-Identifier: Apache-2.0
//
// One frame's header, decoded: who asks what (or answers whom), and the raw header fields. All
// views point into the frame or into the decoder's arena and live until the next frame is decoded.
// Source: protocol.md 1.3-1.11.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/field.h"

namespace kx::wire {

enum class Encoding : std::uint8_t { kJson = 0, kBinary = 1 };

/// Whole frame, length field included (protocol.md 1.3).
inline constexpr std::int32_t kFrameBytesMax = 16 << 20;
/// The release that every frame of ours announces: RocketMQ 5.4.0.
inline constexpr std::int32_t kVersion = 493;

enum class Language : std::uint8_t {
    kJava = 0,
    kCpp,
    kDotnet,
    kPython,
    kDelphi,
    kErlang,
    kRuby,
    kOther,
    kHttp,
    kGo,
    kPhp,
    kOms,
    kRust,
    kNodeJs,
    kUnknown = 255,
};
/// "JAVA", "CPP", ...; empty for kUnknown.
std::string_view name_of(Language language);
Language language_from(std::string_view name);

struct Command {
    std::int32_t code = 0;
    Language language = Language::kUnknown;
    std::int32_t version = 0;
    std::int32_t opaque = 0;
    std::int32_t flag = 0;
    std::string_view remark;  ///< empty when absent
    ExtFields fields;
    bool has_fields = false;  ///< whether extFields were present at all
    Encoding encoding = Encoding::kJson;
    std::string_view body;

    bool is_response() const { return (flag & 1) != 0; }
    bool is_oneway() const { return (flag & 2) != 0; }
};

}  // namespace kx::wire
