// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_settings.h"
#include "client/core/access.h"

namespace kx::client {
namespace {

using enum KeyTier;

constexpr ConfigRow kPopKeys[] = {
    key<&PopConfig::consumer_group>("consumerGroup", kA, "the group that shares the messages"),
    key<&PopConfig::consume_from_where>(
        "consumeFromWhere", kA, "where a group begins that never popped",
        Choices{"CONSUME_FROM_LAST_OFFSET|CONSUME_FROM_FIRST_OFFSET|CONSUME_FROM_TIMESTAMP"}),
    key<&PopConfig::consume_orderly>("consumeOrderly", kB,
                                     "messages of one queue come one after the other"),
};

}  // namespace

std::span<const ConfigRow> PopConfig::keys() { return kPopKeys; }

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::PopConfig;

PopOptions::PopOptions(std::string group) : settings_(std::make_unique<detail::PopSettings>()) {
    settings_->config.consumer_group = std::move(group);
}
PopOptions::PopOptions(const PopOptions& other) : settings_(kx::client::copy_of(other.settings_)) {}
PopOptions::PopOptions(PopOptions&&) noexcept = default;
PopOptions& PopOptions::operator=(const PopOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
PopOptions& PopOptions::operator=(PopOptions&&) noexcept = default;
PopOptions::~PopOptions() = default;

PopOptions& PopOptions::start_from(StartFrom from) {
    settings_->config.consume_from_where = kx::client::choice_of(from);
    return *this;
}
PopOptions& PopOptions::in_order(bool on) {
    settings_->config.consume_orderly = on;
    return *this;
}
PopOptions& PopOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(PopConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    return *this;
}

std::vector<ConfigProblem> PopOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    kx::client::check_consumer_group(settings_->config.consumer_group, problems);
    if (settings_->config.consume_from_where == kx::client::StartChoice::kTimestamp) {
        problems.push_back({"consumeFromWhere", "CONSUME_FROM_TIMESTAMP",
                            "a group that pops begins at the first or the last message"});
    }
    return problems;
}

std::string PopOptions::describe() const {
    return kx::client::describe_options(PopConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
