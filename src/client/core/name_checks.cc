// SPDX-License-Identifier: Apache-2.0
#include "client/core/name_checks.h"

#include "client/core/errors.h"
#include "model/names.h"
#include "model/validators.h"

namespace kx::client {
namespace {

constexpr std::string_view kLegalCharacters = "^[%|a-zA-Z0-9_-]+$";

bool is_blank_name(std::string_view name) {
    return name.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace

kerolox::Status check_topic(std::string_view topic) {
    if (is_blank_name(topic)) return client_error("The specified topic is blank");
    // Retry and dead-letter topics hold a whole group's name.
    const bool derived = model::is_retry_topic(topic) || model::is_dlq_topic(topic);
    const std::int64_t longest = derived ? model::kRetryTopicLengthMax : model::kTopicLengthMax;
    if (static_cast<std::int64_t>(topic.size()) > longest) {
        return client_error(
            fmt::format("The specified topic is longer than topic max length {}.", longest));
    }
    if (model::has_legal_name_characters(topic)) return {};
    return client_error(
        fmt::format("The specified topic[{}] contains illegal characters, allowing only {}", topic,
                    kLegalCharacters));
}

kerolox::Status check_group(std::string_view group) {
    if (is_blank_name(group)) return client_error("the specified group is blank");
    if (static_cast<std::int64_t>(group.size()) > model::kGroupLengthMax) {
        return client_error(
            fmt::format("the specified group[{}] is longer than group max length: {}.", group,
                        model::kGroupLengthMax));
    }
    if (model::has_legal_name_characters(group)) return {};
    return client_error(
        fmt::format("the specified group[{}] contains illegal characters, allowing only {}", group,
                    kLegalCharacters));
}

}  // namespace kx::client
