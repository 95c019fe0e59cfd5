// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

namespace kx {
namespace {

constexpr int kDepthMax = 200;

/// fastjson's mark for an object that occurred before: {"$ref":"$.a"}. It counts as null.
bool is_reference(const Json::Object& members) {
    return members.size() == 1 && members[0].first == "$ref" && members[0].second.as_text();
}

Json convert(simdjson::dom::element element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
        case element_type::NULL_VALUE: return Json();
        case element_type::BOOL: return Json(bool(element));
        case element_type::INT64: return Json(std::int64_t(element));
        case element_type::UINT64: return Json(static_cast<double>(std::uint64_t(element)));
        case element_type::DOUBLE: return Json(double(element));
        case element_type::STRING: return Json(std::string(std::string_view(element)));
        case element_type::ARRAY: {
            Json::Array items;
            for (auto item : simdjson::dom::array(element)) items.push_back(convert(item));
            return Json(std::move(items));
        }
        case element_type::OBJECT: {
            Json::Object members;
            for (auto [key, value] : simdjson::dom::object(element))
                members.emplace_back(std::string(key), convert(value));
            if (is_reference(members)) return Json();
            return Json(std::move(members));
        }
    }
    return Json();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The index just behind the string that opens at `at`, or the end of the text.
std::size_t skip_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return text.size();
}

/// The index just behind the object that opens at `at`, or the end of the text.
std::size_t skip_object(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        if (text[at] == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (text[at] == '{') ++depth;
        if (text[at] == '}' && --depth == 0) return at + 1;
        ++at;
    }
    return text.size();
}

/// Every value but the first follows one of these; so does every name, but for white space.
bool has_more_elements(std::string_view text, std::size_t elements_max) {
    if (text.size() / 2 < elements_max) return false;  // each takes a byte and a separator
    std::size_t elements = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ',' || c == ':' || c == '[' || c == '{') {
            if (++elements > elements_max) return true;
        }
        at = c == '"' ? skip_string(text, at) : at + 1;
    }
    return false;
}

}  // namespace

std::string quote_bare_keys(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8 + 16);
    std::vector<char> open;  // brackets we are inside of
    bool expect_key = false;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (is_space(c)) {
            out.push_back(c);  // "1 2" must not become 12
            ++at;
            continue;
        }
        std::size_t end = at + 1;
        if (c == '"') {
            end = skip_string(text, at);
            out.append(text.substr(at, end - at));
        } else if (expect_key && c == '{') {
            end = skip_object(text, at);
            append_json_string(out, text.substr(at, end - at));
        } else if (expect_key && (c == '-' || is_digit(c))) {
            while (end < text.size() && is_digit(text[end])) ++end;
            const bool is_number = is_digit(text[end - 1]);
            if (is_number) out.push_back('"');
            out.append(text.substr(at, end - at));
            if (is_number) out.push_back('"');
        } else {
            out.push_back(c);
            if (c == '{' || c == '[') open.push_back(c);
            if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
        }
        expect_key =
            (c == '{' && end == at + 1) || (c == ',' && !open.empty() && open.back() == '{');
        at = end;
    }
    return out;
}

Result<Json> Json::parse(std::string_view text, std::size_t elements_max) {
    if (text.empty()) return fail(Errc::kMalformed, "not valid JSON: it is empty");
    if (has_more_elements(text, elements_max)) {
        return fail(Errc::kTooLarge, "JSON of {} bytes has more than {} elements", text.size(),
                    elements_max);
    }
    simdjson::dom::parser parser;
    const std::size_t capacity = std::max<std::size_t>(text.size(), 64) + 64;
    const simdjson::error_code allocated = parser.allocate(capacity, kDepthMax);
    if (allocated) return fail(Errc::kTooLarge, "JSON of {} bytes is too large", text.size());
    simdjson::dom::element root;
    if (parser.parse(text.data(), text.size()).get(root)) {
        const std::string quoted = quote_bare_keys(text);
        if (const auto error = parser.parse(quoted).get(root))
            return fail(Errc::kMalformed, "not valid JSON: {}", simdjson::error_message(error));
    }
    return convert(root);
}

const Json* Json::find(std::string_view key) const {
    const Object* members = as_object();
    if (members == nullptr) return nullptr;
    for (auto member = members->rbegin(); member != members->rend(); ++member)
        if (member->first == key) return &member->second;
    return nullptr;
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    out.push_back('"');
    for (const char c : text) {
        switch (c) {
            case '"': out.append("\\\""); break;
            case '\\': out.append("\\\\"); break;
            case '\b': out.append("\\b"); break;
            case '\f': out.append("\\f"); break;
            case '\n': out.append("\\n"); break;
            case '\r': out.append("\\r"); break;
            case '\t': out.append("\\t"); break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out.append("\\u00");
                    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
                    out.push_back(kHex[static_cast<unsigned char>(c) & 0xF]);
                } else {
                    out.push_back(c);
                }
        }
    }
    out.push_back('"');
}

void JsonWriter::new_line() {
    out_.push_back('\n');
    out_.append(static_cast<std::size_t>(depth_), '\t');
}

void JsonWriter::before_value() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (depth_ == 0) return;
    if (!first_) out_.push_back(',');
    first_ = false;
    if (style_ == Style::kPretty) new_line();
}

void JsonWriter::open(char bracket) {
    before_value();
    out_.push_back(bracket);
    ++depth_;
    first_ = true;
}

void JsonWriter::close(char bracket) {
    // fastjson prints an empty map as three lines; an empty list stays "[]".
    if (style_ == Style::kPretty && first_ && bracket == '}') new_line();
    --depth_;
    if (style_ == Style::kPretty && (!first_ || bracket == '}')) new_line();
    out_.push_back(bracket);
    first_ = false;
}

void JsonWriter::key(std::string_view name) {
    before_value();
    append_json_string(out_, name);
    out_.push_back(':');
    after_key_ = true;
}

void JsonWriter::int_key(std::int64_t number) {
    before_value();
    const bool quoted = style_ == Style::kStandard;
    if (quoted) out_.push_back('"');
    out_.append(std::to_string(number));
    if (quoted) out_.push_back('"');
    out_.push_back(':');
    after_key_ = true;
}

void JsonWriter::raw_key(std::string_view json) {
    before_value();
    out_.append(json);
    out_.push_back(':');
    after_key_ = true;
}

void JsonWriter::text(std::string_view value) {
    before_value();
    append_json_string(out_, value);
}

void JsonWriter::number(std::int64_t value) {
    before_value();
    out_.append(std::to_string(value));
}

void JsonWriter::number(double value) {
    before_value();
    char digits[32];
    if (!std::isfinite(value)) {
        out_.append("null");
        return;
    }
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
    // Java prints a double with a fraction, always: readers may tell 0 from 0.0.
    if (std::string_view(digits, end).find_first_of(".eE") == std::string_view::npos)
        out_.append(".0");
}

void JsonWriter::boolean(bool value) {
    before_value();
    out_.append(value ? "true" : "false");
}

void JsonWriter::null() {
    before_value();
    out_.append("null");
}

void JsonWriter::raw(std::string_view json) {
    before_value();
    out_.append(json);
}

}  // namespace kx
