// SPDX-License-Identifier: Apache-2.0
#include "base/field.h"

#include <algorithm>
#include <bitset>
#include <charconv>

#include "base/assert.h"

namespace kx {

Status read_fields(std::span<const FieldRow> rows, const ExtFields& fields, void* header,
                   Names names) {
    constexpr std::size_t kRowsMax = 64;
    KX_ASSERT(rows.size() <= kRowsMax, "a header of {} rows", rows.size());
    std::bitset<kRowsMax> seen;
    // Senders write fields in much the order of the table, so the search goes on from the last hit.
    std::size_t start = 0;
    for (const ExtField& given : fields.rows()) {
        for (std::size_t step = 0; step < rows.size(); ++step) {
            std::size_t at = start + step;
            if (at >= rows.size()) at -= rows.size();
            const FieldRow& row = rows[at];
            const std::string_view name =
                names == Names::kShort && !row.short_name.empty() ? row.short_name : row.name;
            if (name != given.key) continue;
            if (!row.read(header, given.value)) {
                return fail(Errc::kMalformed, "the header field {} is not a number: '{}'", row.name,
                            given.value.substr(0, 64));
            }
            seen.set(at);
            start = at + 1;
            break;
        }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].required && !seen.test(i))
            return fail(Errc::kMalformed, "the header field {} is missing", rows[i].name);
    }
    return {};
}

namespace field_detail {
namespace {

template <class T>
bool parse_number(std::string_view text, T& value) {
    const bool signed_twice = text.size() > 1 && text[0] == '+' && text[1] == '-';
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !signed_twice;
}

template <class T>
bool print_number(T value, Buffer& out) {
    char* at = out.room(32);
    out.commit(static_cast<std::size_t>(std::to_chars(at, at + 32, value).ptr - at));
    return true;
}

}  // namespace

bool parse(std::string_view text, std::string_view& value) {
    value = text;
    return true;
}
bool parse(std::string_view text, std::int32_t& value) { return parse_number(text, value); }
bool parse(std::string_view text, std::int64_t& value) { return parse_number(text, value); }
bool parse(std::string_view text, double& value) { return parse_number(text, value); }
bool parse(std::string_view text, bool& value) {
    // Java's parseBoolean: anything but "true", in any case, is false.
    constexpr std::string_view kTrue = "true";
    value = std::ranges::equal(text, kTrue, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return true;
}

bool print(std::string_view value, Buffer& out) {
    if (value.data() == nullptr) return false;  // a default view means "null", "" means empty
    out.append(value);
    return true;
}
bool print(const std::string& value, Buffer& out) {
    out.append(value);
    return true;
}
bool print(std::int32_t value, Buffer& out) { return print_number(value, out); }
bool print(std::int64_t value, Buffer& out) { return print_number(value, out); }
bool print(double value, Buffer& out) { return print_number(value, out); }
bool print(bool value, Buffer& out) {
    out.append(value ? std::string_view("true") : std::string_view("false"));
    return true;
}

}  // namespace field_detail
}  // namespace kx
