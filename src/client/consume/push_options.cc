// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>
#include <limits>

#include "client/consume/push_settings.h"
#include "client/consume/subscription.h"
#include "client/core/access.h"
#include "client/core/errors.h"
#include "model/names.h"
#include "model/validators.h"

namespace kx::client {
namespace {

using enum KeyTier;
constexpr NoMeaning kFixedPool{"listener threads are made when needed, up to consumeThreadMax"};
constexpr NoMeaning kGraceOfClose{"close() says how long listeners may take"};

constexpr ConfigRow kPushKeys[] = {
    key<&PushConfig::consumer_group>("consumerGroup", kA, "the consumer's group"),
    key<&PushConfig::message_model>("messageModel", kA, "members share the messages, or not",
                                    Choices{"CLUSTERING|BROADCASTING"}),
    key<&PushConfig::consume_from_where>(
        "consumeFromWhere", kA, "where a group without offsets begins",
        Choices{"CONSUME_FROM_LAST_OFFSET|CONSUME_FROM_FIRST_OFFSET|CONSUME_FROM_TIMESTAMP|"
                "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST|CONSUME_FROM_MIN_OFFSET|"
                "CONSUME_FROM_MAX_OFFSET"}),
    key<&PushConfig::consume_timestamp>("consumeTimestamp", kA,
                                        "yyyyMMddHHmmss, for CONSUME_FROM_TIMESTAMP",
                                        HostDefault{"30 minutes before the start"}),
    key<&PushConfig::consume_thread_min>("consumeThreadMin", kA, "threads of the listener",
                                         Range{1, 1000}, kFixedPool),
    key<&PushConfig::consume_thread_max>("consumeThreadMax", kA, "threads of the listener",
                                         Range{1, 1000}),
    key<&PushConfig::adjust_thread_pool_nums_threshold>("adjustThreadPoolNumsThreshold", kC,
                                                        "backlog that adds threads", kUnread),
    key<&PushConfig::consume_concurrently_max_span>(
        "consumeConcurrentlyMaxSpan", kA, "distance of a queue's first and last cached offset",
        Range{1, 65'535}),
    key<&PushConfig::pull_threshold_for_queue>("pullThresholdForQueue", kA,
                                               "messages cached of a queue", Range{1, 65'535}),
    key<&PushConfig::pull_threshold_size_for_queue>("pullThresholdSizeForQueue", kA,
                                                    "MiB cached of a queue", Range{1, 1024}),
    key<&PushConfig::pull_threshold_for_topic>("pullThresholdForTopic", kA,
                                               "messages cached of a topic; -1: no bound",
                                               Range{-1, 6'553'500}),
    key<&PushConfig::pull_threshold_size_for_topic>(
        "pullThresholdSizeForTopic", kA, "MiB cached of a topic; -1: no bound", Range{-1, 102'400}),
    key<&PushConfig::pull_interval>("pullInterval", kA, "pause after a pull that found messages",
                                    kMs, Range{0, 65'535}),
    key<&PushConfig::consume_message_batch_max_size>(
        "consumeMessageBatchMaxSize", kA, "messages the listener gets at once", Range{1, 1024}),
    key<&PushConfig::pull_batch_size>("pullBatchSize", kA, "messages a pull may bring",
                                      Range{1, 1024}),
    key<&PushConfig::pull_batch_size_in_bytes>("pullBatchSizeInBytes", kA, "bytes a pull may bring",
                                               kBytes, Range{1, 1 << 30}),
    key<&PushConfig::post_subscription_when_pull>("postSubscriptionWhenPull", kB,
                                                  "each pull carries the filter"),
    key<&PushConfig::max_reconsume_times>("maxReconsumeTimes", kA,
                                          "then dead letters; -1: 16, ordered without end",
                                          Range{-1, std::numeric_limits<std::int32_t>::max()}),
    key<&PushConfig::suspend_current_queue_time_millis>(
        "suspendCurrentQueueTimeMillis", kA, "rest of an ordered queue after suspend", kMs,
        Range{-1, std::numeric_limits<std::int32_t>::max()}),
    key<&PushConfig::consume_timeout>("consumeTimeout", kA, "of a listener", kMinutes,
                                      Range{1, 1'000'000}),
    key<&PushConfig::pop_invisible_time>("popInvisibleTime", kA, "of popped messages, for others",
                                         kMs, Range{5'000, 300'000}),
    key<&PushConfig::pop_batch_nums>("popBatchNums", kA, "messages a pop may bring", Range{1, 32}),
    key<&PushConfig::pop_threshold_for_queue>(
        "popThresholdForQueue", kB, "popped messages that await their end", Range{1, 65'535}),
    key<&PushConfig::await_termination_millis_when_shutdown>(
        "awaitTerminationMillisWhenShutdown", kB, "for listeners at the end", kMs, kGraceOfClose),
    key<&PushConfig::client_rebalance>("clientRebalance", kA,
                                       "members share queues out themselves; else brokers do"),
};

}  // namespace

std::span<const ConfigRow> PushConfig::keys() { return kPushKeys; }

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::ModelName;
using kx::client::PushConfig;
using kx::client::StartName;

namespace {

std::int32_t fit(std::uint64_t value) {
    return static_cast<std::int32_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

PushOptions::PushOptions(std::string group) : settings_(std::make_unique<detail::PushSettings>()) {
    settings_->config.consumer_group = std::move(group);
}
PushOptions::PushOptions(const PushOptions& other)
    : settings_(kx::client::copy_of(other.settings_)) {}
PushOptions::PushOptions(PushOptions&&) noexcept = default;
PushOptions& PushOptions::operator=(const PushOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
PushOptions& PushOptions::operator=(PushOptions&&) noexcept = default;
PushOptions::~PushOptions() = default;

PushOptions& PushOptions::subscribe(std::string topic, Filter filter) {
    settings_->subscriptions.insert_or_assign(std::move(topic), std::move(filter));
    return *this;
}
PushOptions& PushOptions::on_messages(ConcurrentListener listener) {
    settings_->concurrent = std::move(listener);
    return *this;
}
PushOptions& PushOptions::on_messages_in_order(OrderlyListener listener) {
    settings_->ordered = std::move(listener);
    return *this;
}
PushOptions& PushOptions::on_messages_async(ConcurrentTask listener) {
    settings_->concurrent_task = std::move(listener);
    return *this;
}
PushOptions& PushOptions::on_messages_in_order_async(OrderlyTask listener) {
    settings_->ordered_task = std::move(listener);
    return *this;
}
PushOptions& PushOptions::manual_commit(bool manual) {
    settings_->manual_commit = manual;
    return *this;
}
PushOptions& PushOptions::model(GroupModel model) {
    settings_->config.message_model =
        model == GroupModel::clustering ? ModelName::kClustering : ModelName::kBroadcasting;
    return *this;
}
PushOptions& PushOptions::start_from(StartFrom from) {
    switch (from) {
        case StartFrom::last: settings_->config.consume_from_where = StartName::kLast; break;
        case StartFrom::first: settings_->config.consume_from_where = StartName::kFirst; break;
        case StartFrom::timestamp:
            settings_->config.consume_from_where = StartName::kTimestamp;
            break;
    }
    return *this;
}
PushOptions& PushOptions::start_from(std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    settings_->config.consume_timestamp = kx::client::consume_time_text(ms.count());
    return start_from(StartFrom::timestamp);
}
PushOptions& PushOptions::threads(std::size_t count) {
    settings_->config.consume_thread_min = fit(count);
    settings_->config.consume_thread_max = fit(count);
    return *this;
}
PushOptions& PushOptions::executor(Executor executor) {
    settings_->executor = std::move(executor);
    return *this;
}
PushOptions& PushOptions::batch_size(std::size_t messages) {
    settings_->config.consume_message_batch_max_size = fit(messages);
    return *this;
}
PushOptions& PushOptions::pull_batch(std::size_t messages, std::size_t bytes) {
    settings_->config.pull_batch_size = fit(messages);
    settings_->config.pull_batch_size_in_bytes = fit(bytes);
    return *this;
}
PushOptions& PushOptions::pull_interval(std::chrono::milliseconds time) {
    settings_->config.pull_interval = time.count();
    return *this;
}
PushOptions& PushOptions::cache_limit_per_queue(std::size_t messages, std::size_t mebibytes,
                                                std::size_t span) {
    settings_->config.pull_threshold_for_queue = fit(messages);
    settings_->config.pull_threshold_size_for_queue = fit(mebibytes);
    settings_->config.consume_concurrently_max_span = fit(span);
    return *this;
}
PushOptions& PushOptions::cache_limit_per_topic(std::size_t messages, std::size_t mebibytes) {
    settings_->config.pull_threshold_for_topic = fit(messages);
    settings_->config.pull_threshold_size_for_topic = fit(mebibytes);
    return *this;
}
PushOptions& PushOptions::max_reconsume_times(int times) {
    settings_->config.max_reconsume_times = times;
    return *this;
}
PushOptions& PushOptions::consume_timeout(std::chrono::minutes time) {
    settings_->config.consume_timeout = time.count();
    return *this;
}
PushOptions& PushOptions::suspend_time(std::chrono::milliseconds time) {
    settings_->config.suspend_current_queue_time_millis = time.count();
    return *this;
}
PushOptions& PushOptions::strategy(std::shared_ptr<AllocateStrategy> strategy) {
    settings_->strategy = std::move(strategy);
    return *this;
}
PushOptions& PushOptions::offset_store(std::shared_ptr<OffsetStore> store) {
    settings_->offset_store = std::move(store);
    return *this;
}
PushOptions& PushOptions::on_assignment(AssignmentListener listener) {
    settings_->on_assignment = std::move(listener);
    return *this;
}
PushOptions& PushOptions::assigned_by_broker(bool on) {
    settings_->config.client_rebalance = !on;
    return *this;
}
PushOptions& PushOptions::pop_invisible_time(std::chrono::milliseconds time) {
    settings_->config.pop_invisible_time = time.count();
    return *this;
}
PushOptions& PushOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(PushConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    return *this;
}

std::vector<ConfigProblem> PushOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    const detail::PushSettings& settings = *settings_;
    const PushConfig& config = settings.config;
    const auto refuse = [&](std::string key, std::string value, std::string text) {
        problems.push_back({std::move(key), std::move(value), std::move(text)});
    };
    kx::client::check_ranges(PushConfig::keys(), &config, problems);
    const std::string& group = config.consumer_group;
    if (const auto valid = kx::model::validate_group(group); !valid)
        refuse("consumerGroup", group, valid.error().text);
    if (group == kx::model::kDefaultConsumerGroup) {
        refuse("consumerGroup", group,
               "consumerGroup can not equal DEFAULT_CONSUMER, please specify another one.");
    }
    if (!config.consume_timestamp.empty() &&
        !kx::client::parse_consume_time(config.consume_timestamp)) {
        refuse("consumeTimestamp", config.consume_timestamp,
               fmt::format("consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but "
                           "received {}",
                           config.consume_timestamp));
    }
    for (const auto& [key, value] :
         {std::pair("pullThresholdForTopic", config.pull_threshold_for_topic),
          std::pair("pullThresholdSizeForTopic", config.pull_threshold_size_for_topic)}) {
        if (value == 0) refuse(key, "0", fmt::format("{} Out of range [1, ...], or -1", key));
    }
    if (config.consume_thread_min > config.consume_thread_max) {
        refuse("consumeThreadMin", std::to_string(config.consume_thread_min),
               fmt::format("consumeThreadMin ({}) is larger than consumeThreadMax ({})",
                           config.consume_thread_min, config.consume_thread_max));
    }
    if (settings.strategy == nullptr)
        refuse("allocateMessageQueueStrategy", "", "allocateMessageQueueStrategy is null");
    for (const auto& [topic, filter] : settings.subscriptions) {
        if (const auto made = kx::client::make_subscription(topic, filter, 0); !made)
            refuse("subscription", topic, std::string(made.error().text()));
    }
    const int listeners = (settings.concurrent ? 1 : 0) + (settings.ordered ? 1 : 0) +
                          (settings.concurrent_task ? 1 : 0) + (settings.ordered_task ? 1 : 0);
    if (listeners == 0) refuse("messageListener", "", "messageListener is null");
    if (listeners > 1) refuse("messageListener", "", "messageListener: one of one kind");
    return problems;
}

std::string PushOptions::describe() const {
    return kx::client::describe_options(PushConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
