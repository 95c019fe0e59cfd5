// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the JSON reader and the writer: what was read and written again reads as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>

#include "base/json.h"
#include "base/json_members.h"

namespace {

struct Shape {
    std::map<std::int32_t, std::string> by_number;
    std::map<std::string, std::vector<std::int64_t>> by_name;
    std::optional<double> ratio;

    static constexpr auto members() {
        return std::array{
            kx::member<&Shape::by_number>("a"),
            kx::member<&Shape::by_name>("b"),
            kx::member<&Shape::ratio>("c"),
        };
    }
};

void write(kx::JsonWriter& out, const kx::Json& json) {
    if (const auto* members = json.as_object()) {
        out.begin_object();
        for (const auto& [key, value] : *members) {
            out.key(key);
            write(out, value);
        }
        return out.end_object();
    }
    if (const auto* items = json.as_array()) {
        out.begin_array();
        for (const auto& item : *items) write(out, item);
        return out.end_array();
    }
    if (const auto* text = json.as_text()) return out.text(*text);
    if (const auto* number = json.as_int()) return out.number(*number);
    if (const auto* number = json.as_double()) return out.number(*number);
    if (const auto* value = json.as_bool()) return out.boolean(*value);
    out.null();
}

std::string text_of(const kx::Json& json, kx::JsonWriter::Style style) {
    std::string text;
    kx::JsonWriter out(text, style);
    write(out, json);
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto json = kx::Json::parse(input)) {
        const std::string compact = text_of(*json, kx::JsonWriter::Style::kCompact);
        for (const auto style : {kx::JsonWriter::Style::kCompact, kx::JsonWriter::Style::kPretty}) {
            const auto again = kx::Json::parse(text_of(*json, style));
            if (!again || text_of(*again, kx::JsonWriter::Style::kCompact) != compact) std::abort();
        }
    }
    if (const auto shape = kx::from_json<Shape>(input)) {
        const std::string text = kx::to_json(*shape);
        const auto again = kx::from_json<Shape>(text);
        if (!again || kx::to_json(*again) != text) std::abort();
    }
    return 0;
}
