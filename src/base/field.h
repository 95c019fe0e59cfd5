// SPDX-License-Identifier: Apache-2.0
//
// The table engine of request headers. A header is a plain struct whose fields() lists its rows:
// wire name, short name (V2's letter, or empty), required or not. Reading, writing, validation and
// the documentation follow from the rows; the engine itself is type-erased.
//
//   struct GetMaxOffset {
//       std::string_view topic;
//       std::int32_t queue_id = 0;
//       static constexpr auto fields() {
//           return std::array{field<&GetMaxOffset::topic>("topic", "", kRequired),
//                             field<&GetMaxOffset::queue_id>("queueId", "", kRequired)};
//       }
//   };
//
// Members are std::string_view, int32_t, int64_t, bool, double, or std::optional of these. Views
// read from a frame live as long as the frame's handling; who keeps a header longer copies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace kx {

/// A name and its value as they travel: everything is text.
struct ExtField {
    std::string_view key;
    std::string_view value;
};

/// The fields of one header, in the order they came. Two dozen live inline, more on the heap.
class ExtFields {
public:
    ExtFields() {}
    void add(std::string_view key, std::string_view value) {
        if (size_ < kInline) {
            inline_[size_] = {key, value};
        } else {
            if (size_ == kInline) spilled_.assign(inline_.begin(), inline_.end());
            spilled_.push_back({key, value});
        }
        ++size_;
    }
    void clear() {
        size_ = 0;
        spilled_.clear();
    }
    std::span<const ExtField> rows() const {
        return size_ <= kInline ? std::span<const ExtField>(inline_.data(), size_)
                                : std::span<const ExtField>(spilled_);
    }
    std::size_t size() const { return size_; }
    /// The last one of that name wins, as in a map that is filled in order.
    std::optional<std::string_view> find(std::string_view key) const {
        const auto all = rows();
        for (std::size_t i = all.size(); i-- > 0;)
            if (all[i].key == key) return all[i].value;
        return std::nullopt;
    }

private:
    static constexpr std::size_t kInline = 24;
    union {  // not initialised: every frame that is decoded makes one of these
        std::array<ExtField, kInline> inline_;
    };
    std::vector<ExtField> spilled_;
    std::size_t size_ = 0;
};

enum class FieldKind : char { kText = 'S', kInt = 'I', kLong = 'L', kBool = 'B', kDouble = 'D' };

inline constexpr bool kRequired = true;
inline constexpr bool kOptional = false;

/// One row of a header's table.
struct FieldRow {
    std::string_view name;
    std::string_view short_name;
    bool required;
    FieldKind kind;
    /// False when `text` is no value of the field's kind.
    bool (*read)(void* header, std::string_view text);
    /// False when the field is absent; otherwise its text was appended.
    bool (*write)(const void* header, Buffer& out);
};

/// Which of a row's two names is used.
enum class Names : bool { kLong, kShort };

/// Fills `header` from `fields`; unknown fields are skipped. Fails on a missing required field and
/// on a value that does not parse, naming the field.
Status read_fields(std::span<const FieldRow> rows, const ExtFields& fields, void* header,
                   Names names = Names::kLong);

template <class Header>
std::span<const FieldRow> rows_of() {
    static constexpr auto rows = Header::fields();
    return rows;
}

template <class Header>
Result<Header> read_header(const ExtFields& fields, Names names = Names::kLong) {
    Header header;
    KX_CHECK(read_fields(rows_of<Header>(), fields, &header, names));
    return header;
}

namespace field_detail {

bool parse(std::string_view text, std::string_view& value);
bool parse(std::string_view text, std::int32_t& value);
bool parse(std::string_view text, std::int64_t& value);
bool parse(std::string_view text, bool& value);
bool parse(std::string_view text, double& value);
template <class T>
bool parse(std::string_view text, std::optional<T>& value) {
    return parse(text, value.emplace());
}

bool print(std::string_view value, Buffer& out);
bool print(const std::string& value, Buffer& out);
bool print(std::int32_t value, Buffer& out);
bool print(std::int64_t value, Buffer& out);
bool print(bool value, Buffer& out);
bool print(double value, Buffer& out);
template <class T>
bool print(const std::optional<T>& value, Buffer& out) {
    return value.has_value() && print(*value, out);
}

constexpr FieldKind kind_of(const std::string_view*) { return FieldKind::kText; }
constexpr FieldKind kind_of(const std::string*) { return FieldKind::kText; }
constexpr FieldKind kind_of(const std::int32_t*) { return FieldKind::kInt; }
constexpr FieldKind kind_of(const std::int64_t*) { return FieldKind::kLong; }
constexpr FieldKind kind_of(const bool*) { return FieldKind::kBool; }
constexpr FieldKind kind_of(const double*) { return FieldKind::kDouble; }
template <class T>
constexpr FieldKind kind_of(const std::optional<T>*) {
    return kind_of(static_cast<const T*>(nullptr));
}

template <class>
struct MemberOf;
template <class Class, class Value>
struct MemberOf<Value Class::*> {
    using ClassType = Class;
    using ValueType = Value;
};

}  // namespace field_detail

template <auto Member>
constexpr FieldRow field(std::string_view name, std::string_view short_name = {},
                         bool required = kOptional) {
    using Class = typename field_detail::MemberOf<decltype(Member)>::ClassType;
    using Value = typename field_detail::MemberOf<decltype(Member)>::ValueType;
    return FieldRow{
        name,
        short_name,
        required,
        field_detail::kind_of(static_cast<const Value*>(nullptr)),
        [](void* header, std::string_view text) {
            return field_detail::parse(text, static_cast<Class*>(header)->*Member);
        },
        [](const void* header, Buffer& out) {
            return field_detail::print(static_cast<const Class*>(header)->*Member, out);
        },
    };
}

/// Joins two tables: a header's own rows and the ones it inherits.
template <std::size_t A, std::size_t B>
constexpr std::array<FieldRow, A + B> operator+(const std::array<FieldRow, A>& a,
                                                const std::array<FieldRow, B>& b) {
    std::array<FieldRow, A + B> all{};
    for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
    for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
    return all;
}

}  // namespace kx
