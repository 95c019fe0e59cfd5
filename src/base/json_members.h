// SPDX-License-Identifier: Apache-2.0
//
// The table engine of JSON bodies and config files. A body is a plain struct whose members() lists
// its rows in the order they are emitted; nested structs, vectors and maps follow by themselves.
//
//   struct DataVersion {
//       std::int64_t counter = 0;
//       static constexpr auto members() {
//           return std::array{member<&DataVersion::counter>("counter")};
//       }
//   };
//
// Emitted: null optionals are left out, maps with integer keys have them bare, a map whose key is
// a struct writes the key as a raw object. Read: unknown members are ignored, numbers may come as
// text, a missing or null member keeps its default.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace kx {

struct MemberRow {
    std::string_view name;
    bool (*is_null)(const void* object);
    void (*write)(JsonWriter& out, const void* object);
    Status (*read)(const Json& value, void* object);
};

void write_members(std::span<const MemberRow> rows, JsonWriter& out, const void* object);
Status read_members(std::span<const MemberRow> rows, const Json& value, void* object);

template <class T>
concept HasMembers = requires { T::members(); };
/// An enum that travels by name: `std::string_view to_name(E)` and `std::optional<E> from_name`.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value, std::string_view name) {
    { to_name(value) } -> std::convertible_to<std::string_view>;
    { from_name(name, value) } -> std::same_as<bool>;
};

template <HasMembers T>
std::span<const MemberRow> member_rows() {
    static constexpr auto rows = T::members();
    return rows;
}

namespace json_detail {

Status read_bool(const Json& json, bool& value);
Status read_int(const Json& json, std::int64_t& value);
Status read_double(const Json& json, double& value);
Status read_text(const Json& json, std::string& value);

template <class T>
struct Codec;

template <>
struct Codec<bool> {
    static void write(JsonWriter& out, bool value) { out.boolean(value); }
    static Status read(const Json& json, bool& value) { return read_bool(json, value); }
};
template <std::integral T>
    requires(!std::same_as<T, bool>)
struct Codec<T> {
    static void write(JsonWriter& out, T value) { out.number(static_cast<std::int64_t>(value)); }
    static Status read(const Json& json, T& value) {
        std::int64_t wide = 0;
        KX_CHECK(read_int(json, wide));
        if (!std::in_range<T>(wide)) return fail(Errc::kMalformed, "{} is out of range", wide);
        value = static_cast<T>(wide);
        return {};
    }
};
template <>
struct Codec<double> {
    static void write(JsonWriter& out, double value) { out.number(value); }
    static Status read(const Json& json, double& value) { return read_double(json, value); }
};
template <>
struct Codec<std::string> {
    static void write(JsonWriter& out, const std::string& value) { out.text(value); }
    static Status read(const Json& json, std::string& value) { return read_text(json, value); }
};
/// A value that passes through as it is.
template <>
struct Codec<Json> {
    static Status read(const Json& json, Json& value) {
        value = json;
        return {};
    }
};
template <NamedEnum T>
struct Codec<T> {
    static void write(JsonWriter& out, T value) { out.text(to_name(value)); }
    static Status read(const Json& json, T& value) {
        std::string name;
        KX_CHECK(read_text(json, name));
        if (!from_name(name, value)) return fail(Errc::kMalformed, "'{}' is no known value", name);
        return {};
    }
};
template <HasMembers T>
struct Codec<T> {
    static void write(JsonWriter& out, const T& value) {
        write_members(member_rows<T>(), out, &value);
    }
    static Status read(const Json& json, T& value) {
        return read_members(member_rows<T>(), json, &value);
    }
};
template <class T>
struct Codec<std::optional<T>> {
    static void write(JsonWriter& out, const std::optional<T>& value) {
        if (value)
            Codec<T>::write(out, *value);
        else
            out.null();
    }
    static Status read(const Json& json, std::optional<T>& value) {
        return Codec<T>::read(json, value.emplace());
    }
};
template <class List>
struct ListCodec {
    static void write(JsonWriter& out, const List& list) {
        out.begin_array();
        for (const auto& item : list) Codec<typename List::value_type>::write(out, item);
        out.end_array();
    }
    static Status read(const Json& json, List& list) {
        const Json::Array* items = json.as_array();
        if (items == nullptr) return fail(Errc::kMalformed, "a list was expected");
        list.clear();
        for (const Json& item : *items) {
            if (item.is_null()) continue;
            typename List::value_type value{};
            KX_CHECK(Codec<typename List::value_type>::read(item, value));
            list.insert(list.end(), std::move(value));
        }
        return {};
    }
};
template <class T>
struct Codec<std::vector<T>> : ListCodec<std::vector<T>> {};
template <class T>
struct Codec<std::set<T>> : ListCodec<std::set<T>> {};

template <class Key>
void write_key(JsonWriter& out, const Key& key) {
    if constexpr (std::integral<Key>) {
        out.int_key(key);
    } else if constexpr (HasMembers<Key>) {
        std::string text;
        JsonWriter writer(text);
        Codec<Key>::write(writer, key);
        out.raw_key(text);
    } else {
        out.key(key);
    }
}
template <class Key>
Status read_key(const std::string& text, Key& key) {
    if constexpr (std::integral<Key>) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key);
        if (error != std::errc{} || end != text.data() + text.size())
            return fail(Errc::kMalformed, "the key '{}' is not a number", text);
        return {};
    } else if constexpr (HasMembers<Key>) {
        KX_TRY(const Json json, Json::parse(text));
        return Codec<Key>::read(json, key);
    } else {
        key = text;
        return {};
    }
}
template <class Key, class Value, class Less>
struct Codec<std::map<Key, Value, Less>> {
    using Map = std::map<Key, Value, Less>;
    static void write(JsonWriter& out, const Map& map) {
        out.begin_object();
        for (const auto& [key, value] : map) {
            write_key(out, key);
            Codec<Value>::write(out, value);
        }
        out.end_object();
    }
    static Status read(const Json& json, Map& map) {
        const Json::Object* members = json.as_object();
        if (members == nullptr) return fail(Errc::kMalformed, "an object was expected");
        map.clear();
        for (const auto& [text, item] : *members) {
            if (item.is_null()) continue;
            Key key{};
            KX_CHECK(read_key(text, key));
            Value value{};  // not into map[key]: the last of equal keys replaces the first
            KX_CHECK(Codec<Value>::read(item, value));
            map.insert_or_assign(std::move(key), std::move(value));
        }
        return {};
    }
};

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;

template <class>
struct MemberType;
template <class Class, class Value>
struct MemberType<Value Class::*> {
    using ClassType = Class;
    using ValueType = Value;
};

}  // namespace json_detail

template <auto Member>
constexpr MemberRow member(std::string_view name) {
    using Class = typename json_detail::MemberType<decltype(Member)>::ClassType;
    using Value = typename json_detail::MemberType<decltype(Member)>::ValueType;
    return MemberRow{
        name,
        [](const void* object) {
            if constexpr (json_detail::kIsOptional<Value>) {
                return !(static_cast<const Class*>(object)->*Member).has_value();
            } else {
                static_cast<void>(object);
                return false;
            }
        },
        [](JsonWriter& out, const void* object) {
            json_detail::Codec<Value>::write(out, static_cast<const Class*>(object)->*Member);
        },
        [](const Json& value, void* object) {
            return json_detail::Codec<Value>::read(value, static_cast<Class*>(object)->*Member);
        },
    };
}

template <class T>
std::string to_json(const T& value, JsonWriter::Style style = JsonWriter::Style::kCompact) {
    std::string text;
    JsonWriter out(text, style);
    json_detail::Codec<T>::write(out, value);
    return text;
}

template <class T>
Result<T> from_json(std::string_view text, std::size_t elements_max = Json::kElementsMax) {
    KX_TRY(const Json json, Json::parse(text, elements_max));
    T value{};
    KX_CHECK(json_detail::Codec<T>::read(json, value));
    return value;
}

}  // namespace kx
