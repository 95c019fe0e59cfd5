// SPDX-License-Identifier: Apache-2.0
#include "base/properties.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>

namespace kx {
namespace {

constexpr std::size_t kFileBytesMax = 4ULL << 20;
constexpr std::uint32_t kReplacement = 0xfffd;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors put it in front

void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | (point >> 6));
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | (point >> 12));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | (point >> 18));
        put(0x80 | ((point >> 12) & 0x3f));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    }
}

/// The length of the valid UTF-8 sequence at the front of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;  // longer than needed
    if (first == 0xed && byte(1) > 0x9f) return 0;  // a surrogate
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return length;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string from_latin1(std::string_view text) {
    std::string out;
    for (const char c : text) append_utf8(out, static_cast<unsigned char>(c));
    return out;
}

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

/// Cuts the text into logical lines: comments and blank lines are skipped, continued ones joined.
class LineReader {
public:
    explicit LineReader(std::string_view text) : rest_(text) {}

    /// False at the end. `number` is the natural line on which the logical one begins.
    bool next(std::string& line, int& number) {
        line.clear();
        bool begun = false;
        while (!at_end_) {
            std::string_view natural = natural_line();
            while (!natural.empty() && is_blank(natural.front())) natural.remove_prefix(1);
            if (!begun) {
                // A comment is one line, whatever it ends with.
                if (natural.empty() || natural.front() == '#' || natural.front() == '!') continue;
                begun = true;
                number = number_;
            }
            const std::size_t last = natural.find_last_not_of('\\');
            const std::size_t kept = last == std::string_view::npos ? 0 : last + 1;
            const bool continued = (natural.size() - kept) % 2 == 1;
            line.append(natural.substr(0, natural.size() - (continued ? 1 : 0)));
            if (!continued) return true;
        }
        return begun;
    }

private:
    std::string_view natural_line() {
        ++number_;
        const std::size_t end = rest_.find_first_of("\r\n");
        const std::string_view line = rest_.substr(0, end);
        if (end == std::string_view::npos) {
            at_end_ = true;
            return line;
        }
        const bool pair = rest_[end] == '\r' && end + 1 < rest_.size() && rest_[end + 1] == '\n';
        rest_.remove_prefix(end + (pair ? 2 : 1));
        return line;
    }

    std::string_view rest_;
    int number_ = 0;
    bool at_end_ = false;
};

std::optional<std::uint32_t> hex4(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint32_t>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint32_t>(c - 'A' + 10);
        else
            return std::nullopt;
        value = value * 16 + digit;
    }
    return value;
}

/// The code point of the \u escape whose digits begin at `at`, which moves behind them. Java's
/// escapes are UTF-16: two of them may make one code point.
std::optional<std::uint32_t> take_unicode(std::string_view text, std::size_t& at) {
    const auto unit = hex4(text.substr(at));
    if (!unit) return std::nullopt;
    at += 4;
    if (*unit < 0xd800 || *unit > 0xdfff) return unit;
    if (*unit > 0xdbff || !text.substr(at).starts_with("\\u")) return kReplacement;
    const auto low = hex4(text.substr(at + 2));
    if (!low) return std::nullopt;
    if (*low < 0xdc00 || *low > 0xdfff) return kReplacement;
    at += 6;
    return 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00);
}

/// Undoes the escapes; nothing when a \u lacks its digits.
std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        char c = text[i++];
        if (c != '\\' || i == text.size()) {
            if (c != '\\') out.push_back(c);
            continue;
        }
        c = text[i++];
        switch (c) {
            case 't': out.push_back('\t'); break;
            case 'n': out.push_back('\n'); break;
            case 'r': out.push_back('\r'); break;
            case 'f': out.push_back('\f'); break;
            case 'u': {
                const auto point = take_unicode(text, i);
                if (!point) return std::nullopt;
                append_utf8(out, *point);
                break;
            }
            default: out.push_back(c);
        }
    }
    return out;
}

struct Halves {
    std::string_view key;
    std::string_view value;
};

/// The key ends at the first separator that no '\' protects; one '=' or ':' may follow blanks.
Halves split(std::string_view line) {
    std::size_t end = 0;
    while (end < line.size() && line[end] != '=' && line[end] != ':' && !is_blank(line[end]))
        end += line[end] == '\\' ? 2 : 1;
    end = std::min(end, line.size());
    std::string_view value = line.substr(end);
    const auto skip_blanks = [&value] {
        while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    };
    skip_blanks();
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
        value.remove_prefix(1);
        skip_blanks();
    }
    return {line.substr(0, end), value};
}

void append_escaped(std::string& out, std::string_view text, bool is_key) {
    if (is_key && text.starts_with(kByteOrderMark)) {
        out += "\\uFEFF";  // at the front of a text the reader would drop it
        text.remove_prefix(kByteOrderMark.size());
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        switch (c) {
            case '\\': out += "\\\\"; continue;
            case '\n': out += "\\n"; continue;
            case '\r': out += "\\r"; continue;
            case '\f': out += "\\f"; continue;
            case '\t': out += "\\t"; continue;
            default: break;
        }
        const bool separator = is_key && (c == '=' || c == ':' || c == ' ');
        const bool comment = is_key && i == 0 && (c == '#' || c == '!');
        const bool lost_blank = !is_key && i == 0 && c == ' ';
        if (separator || comment || lost_blank) out.push_back('\\');
        out.push_back(c);
    }
}

}  // namespace

Result<std::vector<Property>> parse_properties(std::string_view text) {
    if (!is_utf8(text)) return parse_properties(from_latin1(text));
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());

    std::vector<Property> all;
    LineReader lines(text);
    std::string line;
    int number = 0;
    while (lines.next(line, number)) {
        const Halves halves = split(line);
        auto key = unescape(halves.key);
        auto value = unescape(halves.value);
        if (!key || !value)
            return fail(Errc::kMalformed, "line {}: \\u needs four hexadecimal digits", number);
        all.push_back({std::move(*key), std::move(*value), number});
    }
    return all;
}

Result<std::vector<Property>> read_properties_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                               &std::fclose);
    if (!file) return fail_errno(errno, path);
    std::string text;
    char chunk[16384];
    std::size_t got = sizeof chunk;
    while (got == sizeof chunk) {
        got = std::fread(chunk, 1, sizeof chunk, file.get());
        text.append(chunk, got);
        if (text.size() > kFileBytesMax)
            return fail(Errc::kTooLarge, "{}: larger than 4 MiB, no configuration file", path);
    }
    if (std::ferror(file.get()) != 0) return fail_errno(errno, path);
    auto parsed = parse_properties(text);
    if (!parsed) return fail(parsed.error().code, "{}: {}", path, parsed.error().text);
    return parsed;
}

std::string write_properties(std::span<const Property> properties) {
    std::vector<const Property*> sorted;
    for (const Property& property : properties) sorted.push_back(&property);
    std::sort(sorted.begin(), sorted.end(), [](const Property* a, const Property* b) {
        return a->key != b->key ? a->key < b->key : a < b;
    });
    std::string out;
    for (const Property* property : sorted) {
        append_escaped(out, property->key, true);
        out.push_back('=');
        append_escaped(out, property->value, false);
        out.push_back('\n');
    }
    return out;
}

}  // namespace kx
