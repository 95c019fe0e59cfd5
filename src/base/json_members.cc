// SPDX-License-Identifier: Apache-2.0
#include "base/json_members.h"

#include <charconv>

namespace kx {

void write_members(std::span<const MemberRow> rows, JsonWriter& out, const void* object) {
    out.begin_object();
    for (const MemberRow& row : rows) {
        if (row.is_null(object)) continue;
        out.key(row.name);
        row.write(out, object);
    }
    out.end_object();
}

Status read_members(std::span<const MemberRow> rows, const Json& value, void* object) {
    if (value.as_object() == nullptr) return fail(Errc::kMalformed, "an object was expected");
    for (const MemberRow& row : rows) {
        const Json* given = value.find(row.name);
        if (given == nullptr || given->is_null()) continue;
        if (auto status = row.read(*given, object); !status) {
            return fail(status.error().code, "{}: {}", row.name, status.error().text);
        }
    }
    return {};
}

namespace json_detail {

Status read_bool(const Json& json, bool& value) {
    if (const bool* given = json.as_bool()) {
        value = *given;
        return {};
    }
    if (const std::int64_t* number = json.as_int(); number && (*number == 0 || *number == 1)) {
        value = *number == 1;
        return {};
    }
    if (const std::string* text = json.as_text(); text && (*text == "true" || *text == "false")) {
        value = *text == "true";
        return {};
    }
    return fail(Errc::kMalformed, "true or false was expected");
}

Status read_int(const Json& json, std::int64_t& value) {
    if (const std::int64_t* given = json.as_int()) {
        value = *given;
        return {};
    }
    if (const std::string* text = json.as_text()) {
        const char* end = text->data() + text->size();
        const auto parsed = std::from_chars(text->data(), end, value);
        if (parsed.ec == std::errc{} && parsed.ptr == end) return {};
    }
    return fail(Errc::kMalformed, "an integer was expected");
}

Status read_double(const Json& json, double& value) {
    if (const double* given = json.as_double()) {
        value = *given;
        return {};
    }
    std::int64_t whole = 0;
    KX_CHECK(read_int(json, whole));
    value = static_cast<double>(whole);
    return {};
}

Status read_text(const Json& json, std::string& value) {
    if (const std::string* given = json.as_text()) {
        value = *given;
        return {};
    }
    if (const std::int64_t* given = json.as_int()) {
        value = std::to_string(*given);
        return {};
    }
    if (const bool* given = json.as_bool()) {
        value = *given ? "true" : "false";
        return {};
    }
    return fail(Errc::kMalformed, "text was expected");
}

}  // namespace json_detail
}  // namespace kx
