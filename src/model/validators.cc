// SPDX-License-Identifier: Apache-2.0
#include "model/validators.h"

#include <algorithm>

#include "model/java_hash.h"
#include "model/names.h"

namespace kx::model {
namespace {

bool is_blank(std::string_view name) {
    return name.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

bool is_legal(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%' ||
           c == '|' || c == '-' || c == '_';
}

}  // namespace

bool has_legal_name_characters(std::string_view name) {
    return std::all_of(name.begin(), name.end(), is_legal);
}

Status validate_topic(std::string_view topic) {
    if (is_blank(topic)) return fail(Errc::kInvalidArgument, "The specified topic is blank.");
    if (!has_legal_name_characters(topic)) {
        return fail(Errc::kInvalidArgument,
                    "The specified topic: {}, contains illegal characters, allowing only "
                    "^[%|a-zA-Z0-9_-]+$",
                    topic);
    }
    const std::int64_t length = utf16_length(topic);
    if (is_retry_topic(topic) || is_dlq_topic(topic)) {
        if (length <= kRetryTopicLengthMax) return {};
        return fail(Errc::kInvalidArgument,
                    "The specified topic is DLQ or Retry topic: {}, and it's longer than topic max "
                    "length: {}",
                    topic, kRetryTopicLengthMax);
    }
    if (length <= kTopicLengthMax) return {};
    return fail(Errc::kInvalidArgument,
                "The specified topic: {}, is longer than topic max length: {}", topic,
                kTopicLengthMax);
}

Status validate_group(std::string_view group) {
    if (is_blank(group)) return fail(Errc::kInvalidArgument, "The specified group is blank.");
    if (!has_legal_name_characters(group)) {
        return fail(Errc::kInvalidArgument,
                    "The specified group: {}, contains illegal characters, allowing only "
                    "^[%|a-zA-Z0-9_-]+$",
                    group);
    }
    if (utf16_length(group) <= kGroupLengthMax) return {};
    return fail(Errc::kInvalidArgument,
                "The specified group: {}, is longer than group max length: {}", group,
                kGroupLengthMax);
}

}  // namespace kx::model
