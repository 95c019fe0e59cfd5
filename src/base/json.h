// SPDX-License-Identifier: Apache-2.0
//
// JSON as RocketMQ writes it: fastjson's dialect. The reader takes bare integer keys ({0:"x"}) and
// object keys ({{"queueId":0}:1}, kept as JSON text); the writer produces both where asked. The
// writer does not sort: tables list members in the order they are emitted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace kx {

/// A parsed value. Objects keep the order of the text; the last of equal keys wins in find().
class Json {
public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;

    /// What a peer sends may have this many values and names: they take 40 bytes and more each,
    /// so that 16 MiB of "0,0,0" would become hundreds.
    static constexpr std::size_t kElementsMax = 1'000'000;
    /// For our own files.
    static constexpr std::size_t kAnyNumber = ~std::size_t{0};

    /// kTooLarge when there are more elements than `elements_max`.
    static Result<Json> parse(std::string_view text, std::size_t elements_max = kElementsMax);

    Json() = default;
    explicit Json(bool value) : value_(value) {}
    explicit Json(std::int64_t value) : value_(value) {}
    explicit Json(double value) : value_(value) {}
    explicit Json(std::string value) : value_(std::move(value)) {}
    explicit Json(Array value) : value_(std::move(value)) {}
    explicit Json(Object value) : value_(std::move(value)) {}

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    const bool* as_bool() const { return std::get_if<bool>(&value_); }
    const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&value_); }
    const double* as_double() const { return std::get_if<double>(&value_); }
    const std::string* as_text() const { return std::get_if<std::string>(&value_); }
    const Array* as_array() const { return std::get_if<Array>(&value_); }
    const Object* as_object() const { return std::get_if<Object>(&value_); }

    /// Null when this is no object or has no such member.
    const Json* find(std::string_view key) const;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// Quotes bare integer keys and object keys, so that any JSON parser takes the text.
std::string quote_bare_keys(std::string_view text);

/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
public:
    enum class Style : char {
        kCompact,   ///< bodies
        kStandard,  ///< compact, integer keys quoted: the name server's answer to new clients
        kPretty,    ///< config files: tabs, ",\n", no space after ":"
    };

    explicit JsonWriter(std::string& out, Style style = Style::kCompact)
        : out_(out), style_(style) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    void key(std::string_view name);
    void int_key(std::int64_t key);
    /// `json` becomes the key as it is: fastjson's map keys that are objects.
    void raw_key(std::string_view json);

    void text(std::string_view value);
    void number(std::int64_t value);
    void number(double value);
    void boolean(bool value);
    void null();
    /// `json` becomes the value as it is.
    void raw(std::string_view json);

    Style style() const { return style_; }

private:
    void open(char bracket);
    void close(char bracket);
    void before_value();
    void new_line();

    std::string& out_;
    Style style_;
    int depth_ = 0;
    bool first_ = true;
    bool after_key_ = false;
};

}  // namespace kx
