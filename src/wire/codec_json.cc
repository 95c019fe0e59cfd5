// SPDX-License-Identifier: Apache-2.0
//
// The JSON header, read in one pass: text without escapes stays where it is in the frame, the rest
// is unescaped into the arena (never longer than the header). What a tolerant reader must take is
// listed in protocol.md 1.5: any order, unknown keys, numbers as text, any kind of field value.
#include <emmintrin.h>

#include <bit>
#include <charconv>
#include <limits>

#include "wire/codec.h"

namespace kx::wire {
namespace {

class HeaderParser {
public:
    HeaderParser(std::string_view text, char* arena)
        : at_(text.data()), end_(text.data() + text.size()), arena_(arena) {}

    Status parse(Command& command);

private:
    Status malformed(std::string_view what) const {
        return fail(Errc::kMalformed, "the JSON header is malformed: {}", what);
    }
    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    }
    /// To the next quote or backslash, or to the end.
    void skip_clean_text() {
        const __m128i quote = _mm_set1_epi8('"');
        const __m128i backslash = _mm_set1_epi8('\\');
        for (; end_ - at_ >= 16; at_ += 16) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
            const int hits = _mm_movemask_epi8(
                _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
            if (hits == 0) continue;
            at_ += std::countr_zero(static_cast<unsigned>(hits));
            return;
        }
        while (at_ < end_ && *at_ != '"' && *at_ != '\\') ++at_;
    }
    bool eat(char c) {
        skip_space();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    char peek() {
        skip_space();
        return at_ < end_ ? *at_ : '\0';
    }

    Status member(std::string_view key, Command& command);
    Status fields(Command& command);
    Status text(std::string_view& value);
    Status unescape(const char* start, std::string_view& value);
    bool hex4(std::uint32_t& code);
    Status unicode_escape();
    /// Any value, as its own JSON text; strings unescaped and without quotes.
    Status any(std::string_view& value, bool& is_null);
    Status number(std::int32_t& value);

    const char* at_;
    const char* end_;
    char* arena_;
};

Status HeaderParser::parse(Command& command) {
    if (peek() == '[') return fail(Errc::kUnsupported, "the header is a JSON array");
    if (!eat('{')) return malformed("no object");
    if (eat('}')) return {};
    do {
        std::string_view key;
        if (peek() != '"') return malformed("a key was expected");
        KX_CHECK(text(key));
        if (!eat(':')) return malformed("a colon was expected");
        KX_CHECK(member(key, command));
    } while (eat(','));
    if (!eat('}')) return malformed("the object does not end");
    return peek() == '\0' && at_ == end_ ? Status{} : malformed("text behind the object");
}

Status HeaderParser::member(std::string_view key, Command& command) {
    if (key == "extFields") return fields(command);
    if (key == "code") return number(command.code);
    if (key == "opaque") return number(command.opaque);
    if (key == "flag") return number(command.flag);
    if (key == "version") return number(command.version);
    std::string_view value;
    bool is_null = false;
    KX_CHECK(any(value, is_null));
    if (key == "language") command.language = language_from(value);
    if (key == "remark" && !is_null) command.remark = value;
    return {};
}

Status HeaderParser::fields(Command& command) {
    if (peek() == 'n') {
        std::string_view ignored;
        bool is_null = false;
        return any(ignored, is_null);
    }
    if (!eat('{')) return malformed("extFields is no object");
    command.has_fields = true;
    if (eat('}')) return {};
    do {
        std::string_view key;
        std::string_view value;
        bool is_null = false;
        if (peek() != '"') return malformed("a field name was expected");
        KX_CHECK(text(key));
        if (!eat(':')) return malformed("a colon was expected");
        KX_CHECK(any(value, is_null));
        if (!is_null) command.fields.add(key, value);
    } while (eat(','));
    return eat('}') ? Status{} : malformed("extFields does not end");
}

Status HeaderParser::text(std::string_view& value) {
    const char* start = ++at_;  // behind the quote
    skip_clean_text();
    if (at_ == end_) return malformed("a string does not end");
    if (*at_ == '\\') return unescape(start, value);
    value = {start, static_cast<std::size_t>(at_ - start)};
    ++at_;
    return {};
}

Status HeaderParser::unescape(const char* start, std::string_view& value) {
    char* const out = arena_;
    while (true) {
        const auto clean = static_cast<std::size_t>(at_ - start);
        std::memcpy(arena_, start, clean);
        arena_ += clean;
        if (at_ == end_) return malformed("a string does not end");
        if (*at_++ == '"') break;
        if (at_ == end_) return malformed("an escape is cut short");
        switch (const char c = *at_++) {
            case 'n': *arena_++ = '\n'; break;
            case 't': *arena_++ = '\t'; break;
            case 'r': *arena_++ = '\r'; break;
            case 'b': *arena_++ = '\b'; break;
            case 'f': *arena_++ = '\f'; break;
            case '"':
            case '\\':
            case '/': *arena_++ = c; break;
            case 'u': KX_CHECK(unicode_escape()); break;
            default: return malformed("an unknown escape");
        }
        start = at_;
        skip_clean_text();
    }
    value = {out, static_cast<std::size_t>(arena_ - out)};
    return {};
}

bool HeaderParser::hex4(std::uint32_t& code) {
    if (end_ - at_ < 4) return false;
    const auto [end, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc{} || end != at_ + 4) return false;
    at_ += 4;
    return true;
}

Status HeaderParser::unicode_escape() {
    std::uint32_t code = 0;
    if (!hex4(code)) return malformed("a bad \\u escape");
    if (code < 0x80) [[likely]] {  // the separators of properties
        *arena_++ = static_cast<char>(code);
        return {};
    }
    if (code >= 0xD800 && code < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
        const char* const before = at_;
        std::uint32_t low = 0;
        at_ += 2;
        if (hex4(low) && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else {
            at_ = before;
        }
    }
    if (code >= 0xD800 && code < 0xE000) code = '?';  // a lone surrogate, as Java encodes it
    const auto put = [this](std::uint32_t byte) { *arena_++ = static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
    return {};
}

Status HeaderParser::any(std::string_view& value, bool& is_null) {
    const char first = peek();
    if (first == '"') return text(value);
    const char* const start = at_;
    if (first == '{' || first == '[') {
        int depth = 0;
        do {
            if (at_ == end_) return malformed("a nested value does not end");
            if (*at_ == '"') {
                for (++at_; at_ < end_ && *at_ != '"'; ++at_)
                    if (*at_ == '\\' && at_ + 1 < end_) ++at_;
                if (at_ == end_) return malformed("a nested string does not end");
            }
            if (*at_ == '{' || *at_ == '[') ++depth;
            if (*at_ == '}' || *at_ == ']') --depth;
            ++at_;
        } while (depth > 0);
        value = {start, static_cast<std::size_t>(at_ - start)};
        return {};
    }
    while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ > ' ') ++at_;
    value = {start, static_cast<std::size_t>(at_ - start)};
    is_null = value == "null";
    if (is_null || value == "true" || value == "false") return {};
    double ignored = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ignored);
    const bool is_number = end == value.data() + value.size() && !value.empty() &&
                           error != std::errc::invalid_argument;
    return is_number ? Status{} : malformed("a value was expected");
}

Status HeaderParser::number(std::int32_t& value) {
    if (const char first = peek(); first == '-' || (first >= '0' && first <= '9')) [[likely]] {
        const auto [end, error] = std::from_chars(at_, end_, value);
        const bool ends = end < end_ && (*end == ',' || *end == '}' || *end <= ' ');
        if (error != std::errc{} || !ends) return malformed("a number does not fit 32 bits");
        at_ = end;
        return {};
    }
    std::string_view digits;
    bool is_null = false;
    KX_CHECK(any(digits, is_null));
    if (is_null) return {};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size())
        return malformed("a number does not fit 32 bits");
    return {};
}

constexpr bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(Buffer& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    char* to = out.room(text.size() * 6);
    char* const start = to;
    for (const char c : text) {
        if (!needs_escape(c)) [[likely]] {
            *to++ = c;
            continue;
        }
        *to++ = '\\';
        switch (c) {
            case '"':
            case '\\': *to++ = c; break;
            case '\n': *to++ = 'n'; break;
            case '\r': *to++ = 'r'; break;
            case '\t': *to++ = 't'; break;
            default:
                *to++ = 'u';
                *to++ = '0';
                *to++ = '0';
                *to++ = kHex[static_cast<unsigned char>(c) >> 4];
                *to++ = kHex[static_cast<unsigned char>(c) & 0xF];
        }
    }
    out.commit(static_cast<std::size_t>(to - start));
}

/// Escapes what a row wrote behind `from`, if it needs it.
void escape_written(Buffer& out, std::size_t from) {
    const std::string_view written = out.view().substr(from);
    for (const char c : written) {
        if (!needs_escape(c)) continue;
        const std::string copy(written);
        out.resize_down(from);
        append_escaped(out, copy);
        return;
    }
}

void append_number(Buffer& out, std::int32_t value) {
    char* at = out.room(16);
    out.commit(static_cast<std::size_t>(std::to_chars(at, at + 16, value).ptr - at));
}

void append_field(Buffer& out, bool& first, std::string_view key) {
    if (!first) out.push_back(',');
    first = false;
    out.push_back('"');
    out.append(key);
    out.append("\":\"");
}

void append_fields(Buffer& out, const HeaderParts& parts) {
    out.append(",\"extFields\":{");
    bool first = true;
    if (parts.header != nullptr) {
        for (const FieldRow& row : parts.rows) {
            const std::string_view name =
                parts.names == Names::kShort && !row.short_name.empty() ? row.short_name : row.name;
            const std::size_t before = out.size();
            const bool was_first = first;
            append_field(out, first, name);
            const std::size_t value_at = out.size();
            if (!row.write(parts.header, out)) {
                out.resize_down(before);
                first = was_first;
                continue;
            }
            if (row.kind == FieldKind::kText) escape_written(out, value_at);
            out.push_back('"');
        }
    }
    for (const ExtField& field : parts.extra) {
        if (field.value.data() == nullptr) continue;  // null, as in a header's own rows
        out.append(first ? std::string_view("\"") : std::string_view(",\""));
        first = false;
        append_escaped(out, field.key);
        out.append("\":\"");
        append_escaped(out, field.value);
        out.push_back('"');
    }
    out.push_back('}');
}

}  // namespace

Status decode_json_header(std::string_view header, char* arena, Command& command) {
    return HeaderParser(header, arena).parse(command);
}

void append_json_header(Buffer& out, const HeaderParts& parts) {
    out.append("{\"code\":");
    append_number(out, parts.code);
    if (parts.header != nullptr || !parts.extra.empty()) append_fields(out, parts);
    out.append(",\"flag\":");
    append_number(out, parts.flag);
    if (const std::string_view language = name_of(parts.language); !language.empty()) {
        out.append(",\"language\":\"");
        out.append(language);
        out.push_back('"');
    }
    out.append(",\"opaque\":");
    append_number(out, parts.opaque);
    if (parts.remark) {
        out.append(",\"remark\":\"");
        append_escaped(out, *parts.remark);
        out.push_back('"');
    }
    out.append(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
    append_number(out, parts.version);
    out.push_back('}');
}

}  // namespace kx::wire
