// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pull_settings.h"
#include "client/core/access.h"
#include "model/validators.h"

namespace kx::client {
namespace {

using enum KeyTier;
constexpr NoMeaning kByEachPull{"every pull says how long the broker may wait"};

constexpr ConfigRow kPullKeys[] = {
    key<&PullConfig::consumer_group>("consumerGroup", kA, "the group whose offsets are kept"),
    key<&PullConfig::message_model>("messageModel", kA, "whether members share the messages",
                                    Choices{"CLUSTERING|BROADCASTING"}),
    key<&PullConfig::broker_suspend_max_time_millis>("brokerSuspendMaxTimeMillis", kB,
                                                     "longest wait of a broker", kByEachPull),
    key<&PullConfig::consumer_timeout_millis_when_suspend>(
        "consumerTimeoutMillisWhenSuspend", kA,
        "of a pull that may wait; at least 10 s more than it waits", kMs, Range{1, 86'400'000}),
    key<&PullConfig::consumer_pull_timeout_millis>(
        "consumerPullTimeoutMillis", kA, "of a pull that does not wait", kMs, Range{1, 86'400'000}),
    key<&PullConfig::max_reconsume_times>("maxReconsumeTimes", kA,
                                          "then messages sent back go to the dead letters",
                                          Range{-1, std::numeric_limits<std::int32_t>::max()}),
    key<&PullConfig::enable_rebalance>("enableRebalance", kB,
                                       "whether on_assignment is told of the group's shares"),
};

}  // namespace

std::span<const ConfigRow> PullConfig::keys() { return kPullKeys; }

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::PullConfig;

PullOptions::PullOptions(std::string group) : settings_(std::make_unique<detail::PullSettings>()) {
    settings_->config.consumer_group = std::move(group);
}
PullOptions::PullOptions(const PullOptions& other)
    : settings_(kx::client::copy_of(other.settings_)) {}
PullOptions::PullOptions(PullOptions&&) noexcept = default;
PullOptions& PullOptions::operator=(const PullOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
PullOptions& PullOptions::operator=(PullOptions&&) noexcept = default;
PullOptions::~PullOptions() = default;

PullOptions& PullOptions::model(GroupModel model) {
    settings_->config.message_model = kx::client::choice_of(model);
    return *this;
}
PullOptions& PullOptions::topics(std::vector<std::string> topics) {
    settings_->topics = std::move(topics);
    return *this;
}
PullOptions& PullOptions::strategy(std::shared_ptr<AllocateStrategy> strategy) {
    settings_->strategy = std::move(strategy);
    return *this;
}
PullOptions& PullOptions::offset_store(std::shared_ptr<OffsetStore> store) {
    settings_->offset_store = std::move(store);
    return *this;
}
PullOptions& PullOptions::on_assignment(AssignmentListener listener) {
    settings_->on_assignment = std::move(listener);
    return *this;
}
PullOptions& PullOptions::max_reconsume_times(int times) {
    settings_->config.max_reconsume_times = times;
    return *this;
}
PullOptions& PullOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(PullConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    return *this;
}

std::vector<ConfigProblem> PullOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    kx::client::check_ranges(PullConfig::keys(), &settings_->config, problems);
    kx::client::check_consumer_group(settings_->config.consumer_group, problems);
    for (const std::string& topic : settings_->topics) {
        if (const auto valid = kx::model::validate_topic(topic); !valid)
            problems.push_back({"topics", topic, valid.error().text});
    }
    return problems;
}

std::string PullOptions::describe() const {
    return kx::client::describe_options(PullConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
