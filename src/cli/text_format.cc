// SPDX-License-Identifier: Apache-2.0
#include "cli/text_format.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/json.h"

namespace kx::cli {
namespace {

constexpr std::string_view kFields = "tqokTisSb";

/// What lies at the bottom of an error.
const kerolox::Error& root_of(const kerolox::Error& error) {
    const kerolox::Error* root = &error;
    while (root->cause() != nullptr) root = root->cause();
    return *root;
}

std::string_view hint_for(const kerolox::Error& error) {
    switch (exit_code_of(error)) {
        case kUnreachable:
            return root_of(error).kind() == kerolox::ErrorKind::timeout
                       ? "the server is there but does not answer: look at its log"
                       : "is a server running? `kerolox dev` starts one; -n HOST:PORT or "
                         "NAMESRV_ADDR names another";
        case kDenied: return "ask who runs the server for the permission";
        case kNotFound: return "check the name, or create it first";
        default: return {};
    }
}

std::optional<char> escape(char letter) {
    switch (letter) {
        case 'n': return '\n';
        case 't': return '\t';
        case 'r': return '\r';
        case '0': return '\0';
        case '\\': return '\\';
        default: return std::nullopt;
    }
}

/// U+FFFD for whatever is no UTF-8, so that JSON stays JSON.
std::string as_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string out;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x80)
            out.push_back(c);
        else
            out.append("\xEF\xBF\xBD");
    }
    return out;
}

/// Takes a number of `digits_max` digits or less off the front; false when there is none.
bool take_number(std::string_view& text, std::size_t digits_max, int& value) {
    const std::string_view head = text.substr(0, digits_max);
    const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), value);
    if (error != std::errc{} || value < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - head.data()));
    return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// ".5", ":789": as many milliseconds; three digits at most.
bool take_milliseconds(std::string_view& text, int& value) {
    const std::size_t before = text.size();
    if (!take_number(text, 3, value)) return false;
    for (std::size_t digits = before - text.size(); digits < 3; ++digits) value *= 10;
    return true;
}

std::optional<std::int64_t> ago(std::string_view text, std::int64_t now_ms) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc{} || unit.size() != 1 || count < 0 || count > 1'000'000'000)
        return std::nullopt;
    switch (unit[0]) {
        case 's': return now_ms - count * 1000;
        case 'm': return now_ms - count * 60'000;
        case 'h': return now_ms - count * 3'600'000;
        case 'd': return now_ms - count * 86'400'000;
        default: return std::nullopt;
    }
}

std::optional<std::int64_t> calendar_time(std::string_view text) {
    std::tm tm{};
    int milliseconds = 0;
    if (!take_number(text, 4, tm.tm_year) || !take_char(text, "-") ||
        !take_number(text, 2, tm.tm_mon) || !take_char(text, "-") ||
        !take_number(text, 2, tm.tm_mday))
        return std::nullopt;
    if (take_char(text, "T #")) {
        if (!take_number(text, 2, tm.tm_hour) || !take_char(text, ":") ||
            !take_number(text, 2, tm.tm_min))
            return std::nullopt;
        if (take_char(text, ":")) {
            if (!take_number(text, 2, tm.tm_sec)) return std::nullopt;
            if (take_char(text, ".:") && !take_milliseconds(text, milliseconds))
                return std::nullopt;
        }
    }
    const bool utc = take_char(text, "Z");
    const bool sane = text.empty() && tm.tm_year >= 1970 && tm.tm_mon >= 1 && tm.tm_mon <= 12 &&
                      tm.tm_mday >= 1 && tm.tm_mday <= 31 && tm.tm_hour <= 23 && tm.tm_min <= 59 &&
                      tm.tm_sec <= 60;
    if (!sane) return std::nullopt;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_isdst = -1;
    const std::time_t seconds = utc ? ::timegm(&tm) : std::mktime(&tm);
    return static_cast<std::int64_t>(seconds) * 1000 + milliseconds;
}

}  // namespace

int exit_code_of(const kerolox::Error& error) {
    using enum kerolox::ErrorKind;
    constexpr std::int32_t kTopicNotExist = 17;
    constexpr std::int32_t kNoRoute = 10'005;
    constexpr std::int32_t kNoPermission = 16;
    if (error.code() == kTopicNotExist || error.code() == kNoRoute) return kNotFound;
    if (error.code() == kNoPermission) return kDenied;
    const kerolox::ErrorKind kind = root_of(error).kind();
    return kind == connect || kind == timeout || kind == send_request ? kUnreachable : kFailed;
}

bool may_colour(int file_descriptor) {
    const char* no_colour = std::getenv("NO_COLOR");
    return ::isatty(file_descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

void complain(std::string_view command, std::string_view text) {
    const bool colour = may_colour(STDERR_FILENO);
    const std::string line = fmt::format("{}kerolox {}:{} {}\n", colour ? "\x1b[31m" : "", command,
                                         colour ? "\x1b[0m" : "", text);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

void complain(std::string_view command, const kerolox::Error& error) {
    const std::string_view hint = hint_for(error);
    complain(command,
             hint.empty() ? error.describe() : fmt::format("{}; {}", error.describe(), hint));
}

void tell(std::string_view command, std::string_view text) {
    const std::string line = fmt::format("kerolox {}: {}\n", command, text);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

Result<TextFormat> TextFormat::parse(std::string_view format) {
    TextFormat made;
    std::string literal;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char mark = format[i];
        if (mark != '%' && mark != '\\') {
            literal.push_back(mark);
            continue;
        }
        if (++i == format.size())
            return fail(Errc::kInvalidArgument, "the format ends with a lone '{}'", mark);
        const char letter = format[i];
        if (mark == '\\') {
            const auto meant = escape(letter);
            if (!meant)
                return fail(Errc::kInvalidArgument, "'\\{}' in the format means nothing", letter);
            literal.push_back(*meant);
        } else if (letter == '%') {
            literal.push_back('%');
        } else if (kFields.find(letter) != std::string_view::npos) {
            if (!literal.empty()) made.pieces_.push_back({0, std::move(literal)});
            literal.clear();
            made.pieces_.push_back({letter, {}});
        } else {
            return fail(Errc::kInvalidArgument,
                        "'%{}' in the format means nothing: there are %k %t %s %o %q %T %i %S %b",
                        letter);
        }
    }
    if (!literal.empty()) made.pieces_.push_back({0, std::move(literal)});
    return made;
}

namespace {

std::int64_t ms_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void TextFormat::append(std::string& out, const kerolox::MessageView& message) const {
    for (const Piece& piece : pieces_) {
        switch (piece.field) {
            case 't': out.append(message.topic()); break;
            case 'q': out.append(std::to_string(message.queue().id)); break;
            case 'o': out.append(std::to_string(message.queue_offset())); break;
            case 'k': out.append(message.keys().value_or("")); break;
            case 'T': out.append(message.tag().value_or("")); break;
            case 'i': out.append(message.id()); break;
            case 's': out.append(message.text()); break;
            case 'S': out.append(utc_text(ms_of(message.store_time()))); break;
            case 'b': out.append(message.queue().broker); break;
            default: out.append(piece.literal);
        }
    }
}

void append_message_json(std::string& out, const kerolox::MessageView& message) {
    JsonWriter json(out, JsonWriter::Style::kStandard);
    const auto text = [&json](std::string_view name, std::string_view value) {
        json.key(name);
        json.text(as_utf8(value));
    };
    const auto number = [&json](std::string_view name, std::int64_t value) {
        json.key(name);
        json.number(value);
    };
    json.begin_object();
    text("topic", message.topic());
    text("broker", message.queue().broker);
    number("queueId", message.queue().id);
    number("offset", message.queue_offset());
    text("msgId", message.id());
    text("offsetMsgId", message.offset_id());
    text("keys", message.keys().value_or(""));
    text("tags", message.tag().value_or(""));
    number("flag", message.flag());
    number("sysFlag", message.sys_flag());
    number("bornTimestamp", ms_of(message.born_time()));
    text("bornHost", message.born_host());
    number("storeTimestamp", ms_of(message.store_time()));
    text("storeHost", message.store_host());
    number("reconsumeTimes", message.reconsume_times());
    json.key("properties");
    json.begin_object();
    for (const auto& [name, value] : message.properties()) text(as_utf8(name), value);
    json.end_object();
    if (is_utf8(message.text()))
        text("body", message.text());
    else
        text("bodyBase64", base64(message.text()));
    json.end_object();
    out.push_back('\n');
}

std::string utc_text(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm tm{};
    ::gmtime_r(&seconds, &tm);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, wall_ms % 1000);
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms) {
    if (!text.empty() && text.front() == '-') return ago(text.substr(1), now_ms);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) {
        constexpr std::size_t kDigitsOfSeconds = 10;
        return text.size() <= kDigitsOfSeconds ? number * 1000 : number;
    }
    return calendar_time(text);
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t more = lead < 0x80   ? 0
                                 : lead < 0xC2 ? 9
                                 : lead < 0xE0 ? 1
                                 : lead < 0xF0 ? 2
                                 : lead < 0xF5 ? 3
                                               : 9;
        if (more == 9 || text.size() - i <= more) return false;
        std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
        i += more + 1;
    }
    return true;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out.push_back(k <= group.size() ? kLetters[bits >> (18 - 6 * k) & 63] : '=');
    }
    return out;
}

}  // namespace kx::cli
