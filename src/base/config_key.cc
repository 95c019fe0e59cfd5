// SPDX-License-Identifier: Apache-2.0
#include "base/config_key.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

namespace kx {
namespace {

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\f\v";
    const std::size_t from = text.find_first_not_of(kBlanks);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// The position of `text` in "A|B|C", by name in any case or by number, or -1.
int choice_index(std::string_view choices, std::string_view text) {
    const auto number = parse_number<int>(text);
    for (int index = 0;; ++index) {
        const std::size_t end = choices.find('|');
        if (equal_ignoring_case(choices.substr(0, end), text) || number == index) return index;
        if (end == std::string_view::npos) return -1;
        choices.remove_prefix(end + 1);
    }
}

std::string_view choice_name(std::string_view choices, int index) {
    for (; index > 0; --index) {
        const std::size_t end = choices.find('|');
        if (end == std::string_view::npos) return {};
        choices.remove_prefix(end + 1);
    }
    return choices.substr(0, choices.find('|'));
}

/// The engine is the only one that writes through a row; whoever calls it owns the struct.
template <class T>
T& member(const ConfigRow& row, void* config) {
    return *static_cast<T*>(const_cast<void*>(row.at(config)));
}

template <class T>
Status set_whole_number(const ConfigRow& row, void* config, std::string_view text) {
    const auto value = parse_number<T>(text);
    if (!value) {
        return fail(Errc::kMalformed, "\"{}\" is no whole number of type {}", text, type_text(row));
    }
    if (*value < row.min || *value > row.max) {
        return fail(Errc::kMalformed, "{} is outside {} to {}", text, row.min, row.max);
    }
    member<T>(row, config) = *value;
    return {};
}

Status set_bool(const ConfigRow& row, void* config, std::string_view text, Strictness strictness) {
    const bool is_true = equal_ignoring_case(text, "true");
    if (!is_true && strictness == Strictness::kStrict && !equal_ignoring_case(text, "false"))
        return fail(Errc::kMalformed, "\"{}\" is neither true nor false", text);
    member<bool>(row, config) = is_true;
    return {};
}

Status set_double(const ConfigRow& row, void* config, std::string_view text) {
    const auto value = parse_number<double>(text);
    if (!value || !std::isfinite(*value))
        return fail(Errc::kMalformed, "\"{}\" is no number", text);
    member<double>(row, config) = *value;
    return {};
}

Status set_choice(const ConfigRow& row, void* config, std::string_view text) {
    const int index = choice_index(row.choices, text);
    if (index < 0) return fail(Errc::kMalformed, "\"{}\" is none of {}", text, row.choices);
    // The member is an enum over int: config_detail::type_of() sees to that.
    std::memcpy(const_cast<void*>(row.at(config)), &index, sizeof index);
    return {};
}

}  // namespace

Status set_value(const ConfigRow& row, void* config, std::string_view text, Strictness strictness) {
    text = trim(text);
    switch (row.type) {
        case KeyType::kInt: return set_whole_number<std::int32_t>(row, config, text);
        case KeyType::kLong: return set_whole_number<std::int64_t>(row, config, text);
        case KeyType::kDouble: return set_double(row, config, text);
        case KeyType::kBool: return set_bool(row, config, text, strictness);
        case KeyType::kText: member<std::string>(row, config) = text; return {};
        case KeyType::kChoice: return set_choice(row, config, text);
    }
    return fail(Errc::kInternal, "key {} has no type", row.name);
}

std::string value_text(const ConfigRow& row, const void* config) {
    const void* value = row.at(config);
    switch (row.type) {
        case KeyType::kInt: return fmt::to_string(*static_cast<const std::int32_t*>(value));
        case KeyType::kLong: return fmt::to_string(*static_cast<const std::int64_t*>(value));
        case KeyType::kBool: return *static_cast<const bool*>(value) ? "true" : "false";
        case KeyType::kText: return *static_cast<const std::string*>(value);
        case KeyType::kDouble: {
            std::string text = fmt::to_string(*static_cast<const double*>(value));
            if (text.find_first_of(".e") == std::string::npos) text += ".0";
            return text;
        }
        case KeyType::kChoice: {
            int index = 0;
            std::memcpy(&index, value, sizeof index);
            return std::string(choice_name(row.choices, index));
        }
    }
    return {};
}

std::string_view type_text(const ConfigRow& row) {
    switch (row.type) {
        case KeyType::kInt: return "int";
        case KeyType::kLong: return "long";
        case KeyType::kDouble: return "double";
        case KeyType::kBool: return "boolean";
        case KeyType::kText: return "String";
        case KeyType::kChoice: return row.choices;
    }
    return {};
}

std::string state_text(const ConfigRow& row) {
    switch (row.state) {
        case KeyState::kWorks: return "works";
        case KeyState::kLater: return "accepted, its feature is not in this version";
        case KeyState::kNoMeaning: return fmt::format("no meaning here: {}", row.reason);
    }
    return {};
}

std::string environment_name(std::string_view key) {
    std::string out = "KEROLOX_";
    for (std::size_t i = 0; i < key.size(); ++i) {
        const char c = key[i];
        if (c == '.') {
            out.push_back('_');
            continue;
        }
        if (is_upper(c) && i > 0) {
            const bool after_word = is_lower_or_digit(key[i - 1]);
            const bool ends_acronym = is_upper(key[i - 1]) && i + 1 < key.size() &&
                                      key[i + 1] >= 'a' && key[i + 1] <= 'z';
            if (after_word || ends_acronym) out.push_back('_');
        }
        out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    }
    return out;
}

}  // namespace kx
