// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>

#include "client/consume/lite_settings.h"
#include "client/consume/subscription.h"
#include "client/core/access.h"

namespace kx::client {
namespace {

using enum KeyTier;
constexpr NoMeaning kNoPullThreads{"pulls need no threads of their own"};
constexpr NoMeaning kNeverBlocks{"every pull may wait at the broker"};
constexpr NoMeaning kSaidByPoll{"poll() says how long it waits"};
constexpr std::int64_t kDayMs = 86'400'000;

constexpr ConfigRow kLiteKeys[] = {
    key<&LitePullConfig::consumer_group>("consumerGroup", kA, "the group that shares messages"),
    key<&LitePullConfig::message_model>("messageModel", kA, "whether members share the messages",
                                        Choices{"CLUSTERING|BROADCASTING"}),
    key<&LitePullConfig::consume_from_where>(
        "consumeFromWhere", kA, "where a queue without a committed offset begins",
        Choices{"CONSUME_FROM_LAST_OFFSET|CONSUME_FROM_FIRST_OFFSET|CONSUME_FROM_TIMESTAMP"}),
    key<&LitePullConfig::consume_timestamp>("consumeTimestamp", kA,
                                            "yyyyMMddHHmmss, for CONSUME_FROM_TIMESTAMP",
                                            HostDefault{"half an hour before the start"}),
    key<&LitePullConfig::broker_suspend_max_time_millis>(
        "brokerSuspendMaxTimeMillis", kA, "longest wait of a broker", kMs, Range{0, kDayMs}),
    key<&LitePullConfig::consumer_timeout_millis_when_suspend>(
        "consumerTimeoutMillisWhenSuspend", kA, "of a pull", kMs, Range{1, kDayMs}),
    key<&LitePullConfig::consumer_pull_timeout_millis>(
        "consumerPullTimeoutMillis", kB, "of a pull that does not wait", kNeverBlocks),
    key<&LitePullConfig::auto_commit>("autoCommit", kA, "what poll() returned counts as consumed"),
    key<&LitePullConfig::auto_commit_interval_millis>("autoCommitIntervalMillis", kA,
                                                      "pause between two such commits", kMs,
                                                      Range{1'000, kDayMs}),
    key<&LitePullConfig::pull_thread_nums>("pullThreadNums", kB, "threads", kNoPullThreads),
    key<&LitePullConfig::pull_batch_size>("pullBatchSize", kA, "messages a pull may bring",
                                          Range{1, 1'024}),
    key<&LitePullConfig::pull_threshold_for_all>(
        "pullThresholdForAll", kA, "messages cached of all queues", Range{1, 100'000'000}),
    key<&LitePullConfig::consume_max_span>("consumeMaxSpan", kA,
                                           "distance of the offsets cached of one queue",
                                           Range{1, std::numeric_limits<std::int32_t>::max()}),
    key<&LitePullConfig::pull_threshold_for_queue>(
        "pullThresholdForQueue", kA, "messages cached of one queue", Range{1, 65'535}),
    key<&LitePullConfig::pull_threshold_size_for_queue>("pullThresholdSizeForQueue", kA,
                                                        "MiB cached of one queue", Range{1, 1'024}),
    key<&LitePullConfig::poll_timeout_millis>("pollTimeoutMillis", kB, "of a poll", kSaidByPoll),
    key<&LitePullConfig::topic_metadata_check_interval_millis>(
        "topicMetadataCheckIntervalMillis", kA, "pause between two looks at a topic's queues", kMs,
        Range{100, kDayMs}),
};

template <class To>
To limited(std::uint64_t value) {
    return static_cast<To>(
        std::min<std::uint64_t>(value, std::uint64_t(std::numeric_limits<To>::max())));
}

}  // namespace

std::span<const ConfigRow> LitePullConfig::keys() { return kLiteKeys; }

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::limited;
using kx::client::LitePullConfig;

LitePullOptions::LitePullOptions(std::string group)
    : settings_(std::make_unique<detail::LitePullSettings>()) {
    settings_->config.consumer_group = std::move(group);
}
LitePullOptions::LitePullOptions(const LitePullOptions& other)
    : settings_(kx::client::copy_of(other.settings_)) {}
LitePullOptions::LitePullOptions(LitePullOptions&&) noexcept = default;
LitePullOptions& LitePullOptions::operator=(const LitePullOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
LitePullOptions& LitePullOptions::operator=(LitePullOptions&&) noexcept = default;
LitePullOptions::~LitePullOptions() = default;

LitePullOptions& LitePullOptions::subscribe(std::string topic, Filter filter) {
    settings_->subscriptions.emplace_back(std::move(topic), std::move(filter));
    return *this;
}
LitePullOptions& LitePullOptions::model(GroupModel model) {
    settings_->config.message_model = kx::client::choice_of(model);
    return *this;
}
LitePullOptions& LitePullOptions::start_from(StartFrom from) {
    settings_->config.consume_from_where = kx::client::choice_of(from);
    return *this;
}
LitePullOptions& LitePullOptions::start_from(std::chrono::system_clock::time_point time) {
    settings_->config.consume_from_where = kx::client::StartChoice::kTimestamp;
    settings_->start_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    settings_->config.consume_timestamp = kx::client::consume_time_text(*settings_->start_ms);
    return *this;
}
LitePullOptions& LitePullOptions::auto_commit(std::chrono::milliseconds interval) {
    settings_->config.auto_commit = interval.count() != 0;
    if (settings_->config.auto_commit)
        settings_->config.auto_commit_interval_millis = interval.count();
    return *this;
}
LitePullOptions& LitePullOptions::pull_batch(std::size_t messages) {
    settings_->config.pull_batch_size = limited<std::int32_t>(messages);
    return *this;
}
LitePullOptions& LitePullOptions::cache_limit_per_queue(std::size_t messages, std::size_t mebibytes,
                                                        std::size_t span) {
    settings_->config.pull_threshold_for_queue = limited<std::int32_t>(messages);
    settings_->config.pull_threshold_size_for_queue = limited<std::int32_t>(mebibytes);
    settings_->config.consume_max_span = limited<std::int32_t>(span);
    return *this;
}
LitePullOptions& LitePullOptions::cache_limit(std::size_t messages) {
    settings_->config.pull_threshold_for_all = limited<std::int64_t>(messages);
    return *this;
}
LitePullOptions& LitePullOptions::strategy(std::shared_ptr<AllocateStrategy> strategy) {
    settings_->strategy = std::move(strategy);
    return *this;
}
LitePullOptions& LitePullOptions::offset_store(std::shared_ptr<OffsetStore> store) {
    settings_->offset_store = std::move(store);
    return *this;
}
LitePullOptions& LitePullOptions::on_assignment(AssignmentListener listener) {
    settings_->on_assignment = std::move(listener);
    return *this;
}
LitePullOptions& LitePullOptions::on_topic_change(
    std::function<void(std::string_view, std::span<const Queue>)> listener) {
    settings_->on_topic_change = std::move(listener);
    return *this;
}
LitePullOptions& LitePullOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(LitePullConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    if (java_key == "consumeTimestamp") settings_->start_ms.reset();
    return *this;
}

std::vector<ConfigProblem> LitePullOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    const LitePullConfig& config = settings_->config;
    kx::client::check_ranges(LitePullConfig::keys(), &config, problems);
    kx::client::check_consumer_group(config.consumer_group, problems);
    if (!config.consume_timestamp.empty() &&
        !kx::client::parse_consume_time(config.consume_timestamp)) {
        problems.push_back(
            {"consumeTimestamp", config.consume_timestamp,
             fmt::format("consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but "
                         "received {}",
                         config.consume_timestamp)});
    }
    if (config.consumer_timeout_millis_when_suspend < config.broker_suspend_max_time_millis) {
        problems.push_back({"consumerTimeoutMillisWhenSuspend",
                            std::to_string(config.consumer_timeout_millis_when_suspend),
                            "Long polling mode, the consumer consumerTimeoutMillisWhenSuspend must "
                            "greater than brokerSuspendMaxTimeMillis"});
    }
    for (const auto& [topic, filter] : settings_->subscriptions) {
        if (topic.empty()) {
            problems.push_back(
                {"subscription", topic, "subscribe exception: Topic can not be null or empty."});
        } else if (const auto made = kx::client::make_subscription(topic, filter, 0); !made) {
            problems.push_back({"subscription", topic, std::string(made.error().text())});
        }
    }
    return problems;
}

std::string LitePullOptions::describe() const {
    return kx::client::describe_options(LitePullConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
