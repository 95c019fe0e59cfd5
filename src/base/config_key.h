// SPDX-License-Identifier: Apache-2.0
//
// The rows of configuration. A config struct is plain members with their defaults; its keys() lists
// one row per member. Reading files, the environment and options, hot update, printing, `config
// explain` and docs/config.md all follow from the rows (config_table.h).
//
//   struct StoreConfig {
//       std::int32_t flush_interval_commit_log = 500;
//       static std::span<const ConfigRow> keys();
//   };
//   constexpr ConfigRow kKeys[] = {
//       key<&StoreConfig::flush_interval_commit_log>(
//           "flushIntervalCommitLog", KeyTier::kA, "pause between two flushes", kMs, kLive),
//   };
//
// The default is the member's initializer and nowhere else. Members are int32_t, int64_t, double,
// bool, std::string, or an enum over int with kChoices in the order of its enumerators.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace kx {

enum class KeyType : std::uint8_t { kInt, kLong, kDouble, kBool, kText, kChoice };

/// How RocketMQ's users depend on it: ordinary broker, advanced feature, JVM or internal.
enum class KeyTier : std::uint8_t { kA, kB, kC };

enum class KeyState : std::uint8_t {
    kWorks,      ///< does what RocketMQ's does
    kLater,      ///< accepted; its feature is not in this version
    kNoMeaning,  ///< accepted; this program has no such thing
};

struct ConfigRow {
    std::string_view name;  ///< Java's spelling
    std::string_view meaning;
    const void* (*at)(const void* config) = nullptr;  ///< the member within its struct
    std::string_view unit{};
    std::string_view choices{};       ///< "A|B|C"
    std::string_view alias{};         ///< a second spelling that files may use
    std::string_view default_note{};  ///< where the default comes from, when the host decides
    std::string_view reason{};        ///< why it has no meaning
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    KeyType type = KeyType::kText;
    KeyTier tier = KeyTier::kA;
    KeyState state = KeyState::kWorks;
    bool live = false;       ///< a change takes effect in the running server
    bool important = false;  ///< printed by -m
    bool nullable = false;   ///< empty stands for Java's null: not printed
    bool secret = false;     ///< the value is never shown to people
};

// --- what a row may say besides its name, tier and meaning ----------------------------------

namespace config_detail {

struct Unit {
    std::string_view text;
    constexpr void apply(ConfigRow& row) const { row.unit = text; }
};
struct Flag {
    bool ConfigRow::* flag;
    constexpr void apply(ConfigRow& row) const { row.*flag = true; }
};
struct Later {
    constexpr void apply(ConfigRow& row) const { row.state = KeyState::kLater; }
};

template <class>
struct MemberOf;
template <class Class, class Value>
struct MemberOf<Value Class::*> {
    using ClassType = Class;
    using ValueType = Value;
};

template <class Value>
constexpr KeyType type_of() {
    if constexpr (std::is_enum_v<Value>) {
        static_assert(std::is_same_v<std::underlying_type_t<Value>, int>, "choices are ints");
        return KeyType::kChoice;
    } else if constexpr (std::is_same_v<Value, std::int32_t>) {
        return KeyType::kInt;
    } else if constexpr (std::is_same_v<Value, std::int64_t>) {
        return KeyType::kLong;
    } else if constexpr (std::is_same_v<Value, double>) {
        return KeyType::kDouble;
    } else if constexpr (std::is_same_v<Value, bool>) {
        return KeyType::kBool;
    } else {
        static_assert(std::is_same_v<Value, std::string>, "no type of a configuration key");
        return KeyType::kText;
    }
}

}  // namespace config_detail

inline constexpr config_detail::Unit kMs{"ms"};
inline constexpr config_detail::Unit kSeconds{"s"};
inline constexpr config_detail::Unit kMinutes{"min"};
inline constexpr config_detail::Unit kHours{"h"};
inline constexpr config_detail::Unit kDays{"days"};
inline constexpr config_detail::Unit kBytes{"bytes"};
inline constexpr config_detail::Unit kPercent{"%"};
inline constexpr config_detail::Unit kPages{"pages of 4 KiB"};

inline constexpr config_detail::Flag kLive{&ConfigRow::live};
inline constexpr config_detail::Flag kImportant{&ConfigRow::important};
inline constexpr config_detail::Flag kNullable{&ConfigRow::nullable};
inline constexpr config_detail::Flag kSecret{&ConfigRow::secret};
inline constexpr config_detail::Later kLater{};

struct NoMeaning {
    std::string_view reason;
    constexpr void apply(ConfigRow& row) const {
        row.state = KeyState::kNoMeaning;
        row.reason = reason;
    }
};
struct Choices {
    std::string_view names;
    constexpr void apply(ConfigRow& row) const { row.choices = names; }
};
struct Alias {
    std::string_view name;
    constexpr void apply(ConfigRow& row) const { row.alias = name; }
};
struct HostDefault {
    std::string_view note;
    constexpr void apply(ConfigRow& row) const { row.default_note = note; }
};
struct Range {
    std::int64_t min;
    std::int64_t max;
    constexpr void apply(ConfigRow& row) const {
        row.min = min;
        row.max = max;
    }
};
inline constexpr Range kPort{0, 65'535};

// Reasons that many of Java's keys share.
inline constexpr NoMeaning kUnread{"RocketMQ itself reads it nowhere"};
inline constexpr NoMeaning kOnIoThreads{"requests run on the io threads, see ioThreads"};
inline constexpr NoMeaning kNoQueues{"requests wait in no queue, see bytesInFlightPerConnection"};
inline constexpr NoMeaning kNoPool{"the mapped log needs no pool of buffers to write through"};
inline constexpr NoMeaning kFlushesAll{"each flush takes all there is, at each interval"};

template <auto Member, class... More>
constexpr ConfigRow key(std::string_view name, KeyTier tier, std::string_view meaning,
                        More... more) {
    using Class = typename config_detail::MemberOf<decltype(Member)>::ClassType;
    using Value = typename config_detail::MemberOf<decltype(Member)>::ValueType;
    ConfigRow row{.name = name, .meaning = meaning};
    row.at = [](const void* config) -> const void* {
        return &(static_cast<const Class*>(config)->*Member);
    };
    row.type = config_detail::type_of<Value>();
    row.tier = tier;
    (more.apply(row), ...);
    return row;
}

// --- one value --------------------------------------------------------------------------------

/// How strict a boolean is: at the start anything but true and false is an error; a live update
/// takes anything else for false, as Java does.
enum class Strictness : bool { kStrict, kAsJava };

/// Sets the row's member of `config` from text (trimmed). Fails, leaving the member alone, when the
/// text is no value of the row's type or lies outside its range: "abc" is no whole number.
Status set_value(const ConfigRow& row, void* config, std::string_view text,
                 Strictness strictness = Strictness::kStrict);

/// The member's value as Java prints it.
std::string value_text(const ConfigRow& row, const void* config);

/// "int", "long", "double", "boolean", "String", or the choices: "ASYNC_MASTER|SYNC_MASTER|SLAVE".
std::string_view type_text(const ConfigRow& row);
/// "works", "accepted, its feature is not in this version", or "no meaning here: reason".
std::string state_text(const ConfigRow& row);

/// "flushIntervalCommitLog" -> "KEROLOX_FLUSH_INTERVAL_COMMIT_LOG"; "brokerIP1" -> "..BROKER_IP1".
std::string environment_name(std::string_view key);

}  // namespace kx
