// SPDX-License-Identifier: Apache-2.0
#include "client/consume/subscription.h"

#include <algorithm>
#include <atomic>

#include "client/core/errors.h"
#include "model/java_hash.h"

namespace kx::client {
namespace {

/// Of the whole process: a client that is closed may have told of its own to a group that lives on.
std::atomic<std::int64_t> g_newest_version{0};

constexpr std::string_view kEverything = "*";

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Adds the tags of "A || B"; blank parts don't count.
void add_tags(wire::SubscriptionData& to, std::string_view expression) {
    constexpr std::string_view kOr = "||";
    while (true) {
        const std::size_t end = std::min(expression.find(kOr), expression.size());
        const std::string_view tag = trimmed(expression.substr(0, end));
        if (!tag.empty() && std::ranges::find(to.tags_set, tag) == to.tags_set.end()) {
            to.tags_set.emplace_back(tag);
            to.code_set.push_back(model::java_hash(tag));
        }
        if (end == expression.size()) return;
        expression.remove_prefix(end + kOr.size());
    }
}

}  // namespace

kerolox::Result<wire::SubscriptionData> make_subscription(const std::string& topic,
                                                          const kerolox::Filter& filter,
                                                          std::int64_t version_ms) {
    wire::SubscriptionData made;
    made.topic = topic;
    made.sub_string = filter.expression();
    made.sub_version = version_ms;
    if (filter.is_sql()) {
        if (trimmed(made.sub_string).empty())
            return client_error("subscription exception: Expression can't be null! SQL92");
        made.expression_type = "SQL92";
        return made;
    }
    if (made.sub_string.empty()) made.sub_string = kEverything;
    if (made.sub_string == kEverything) return made;
    add_tags(made, made.sub_string);
    if (made.tags_set.empty()) return client_error("subscription exception: subString split error");
    return made;
}

std::int64_t next_subscription_version(const Clock& clock) {
    const std::int64_t now = clock.wall_ms();
    std::int64_t newest = g_newest_version.load(std::memory_order_relaxed);
    std::int64_t version = 0;
    do {
        version = std::max(now, newest + 1);
    } while (!g_newest_version.compare_exchange_weak(newest, version, std::memory_order_relaxed));
    return version;
}

bool wants(const wire::SubscriptionData& subscription, std::optional<std::string_view> tag) {
    if (subscription.tags_set.empty() || subscription.class_filter_mode) return true;
    return tag && std::ranges::find(subscription.tags_set, *tag) != subscription.tags_set.end();
}

kerolox::Filter filter_of(const wire::SubscriptionData& subscription) {
    return subscription.is_tag_type() ? kerolox::Filter::tags(subscription.sub_string)
                                      : kerolox::Filter::sql(subscription.sub_string);
}

}  // namespace kx::client
