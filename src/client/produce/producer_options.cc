// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "client/core/access.h"
#include "client/core/errors.h"
#include "client/core/name_checks.h"
#include "client/produce/producer_settings.h"
#include "model/names.h"

namespace kx::client {
namespace {

using enum KeyTier;
constexpr NoMeaning kOneLimit{"retryTimesWhenSendFailed counts for every kind of send"};

constexpr ConfigRow kProducerKeys[] = {
    key<&ProducerConfig::producer_group>("producerGroup", kA, "the producer's group"),
    key<&ProducerConfig::create_topic_key>("createTopicKey", kC,
                                           "topic whose queues a new topic copies"),
    key<&ProducerConfig::default_topic_queue_nums>("defaultTopicQueueNums", kA,
                                                   "queues of a topic that a first send creates",
                                                   Range{1, 65'535}),
    key<&ProducerConfig::send_msg_timeout>("sendMsgTimeout", kA, "of a send with all its tries",
                                           kMs, Range{1, 86'400'000}),
    key<&ProducerConfig::send_msg_max_timeout_per_request>(
        "sendMsgMaxTimeoutPerRequest", kB, "of one try while others may follow; -1: what is left",
        kMs, Range{-1, 86'400'000}),
    key<&ProducerConfig::retry_times_when_send_failed>(
        "retryTimesWhenSendFailed", kA, "further tries after the first", Range{0, 1000}),
    key<&ProducerConfig::retry_times_when_send_async_failed>(
        "retryTimesWhenSendAsyncFailed", kB, "tries of asynchronous sends", kOneLimit),
    key<&ProducerConfig::retry_another_broker_when_not_store_ok>(
        "retryAnotherBrokerWhenNotStoreOK", kB, "tries again when stored less safely than asked"),
    key<&ProducerConfig::max_message_size>("maxMessageSize", kA, "largest body", kBytes,
                                           Range{1, 16 * 1024 * 1024}),
    key<&ProducerConfig::compress_msg_body_over_howmuch>("compressMsgBodyOverHowmuch", kA,
                                                         "bodies from this size are compressed",
                                                         kBytes, Range{0, 16 * 1024 * 1024}),
    key<&ProducerConfig::compress_level>("rocketmq.message.compressLevel", kB,
                                         "effort of the compression", Range{0, 22}),
    key<&ProducerConfig::compress_type>("rocketmq.message.compressType", kB, "kind of compression",
                                        Choices{"ZLIB|LZ4|ZSTD|NONE"}),
    key<&ProducerConfig::send_latency_fault_enable>("sendLatencyFaultEnable", kA,
                                                    "slow and failing brokers are avoided",
                                                    Alias{"sendLatencyEnable"}),
    key<&ProducerConfig::start_detector_enable>("startDetectorEnable", kB,
                                                "avoided brokers are probed"),
    key<&ProducerConfig::auto_batch>("autoBatch", kA, "small messages travel together"),
    key<&ProducerConfig::batch_max_delay_ms>(
        "batchMaxDelayMs", kA, "longest wait of a message for others", kMs, Range{1, 30'000}),
    key<&ProducerConfig::batch_max_bytes>("batchMaxBytes", kA, "a batch of this size is sent",
                                          kBytes, Range{1, 2 * 1024 * 1024}),
    key<&ProducerConfig::total_batch_max_bytes>("totalBatchMaxBytes", kA,
                                                "beyond it messages are sent alone", kBytes,
                                                Range{1, std::int64_t{1} << 40}),
    key<&ProducerConfig::enable_backpressure_for_async_mode>("enableBackpressureForAsyncMode", kA,
                                                             "what is under way is bounded"),
    key<&ProducerConfig::back_pressure_for_async_send_num>(
        "backPressureForAsyncSendNum", kA, "messages under way at most", Range{10, 100'000'000}),
    key<&ProducerConfig::back_pressure_for_async_send_size>("backPressureForAsyncSendSize", kA,
                                                            "bytes under way at most", kBytes,
                                                            Range{1 << 20, std::int64_t{1} << 40}),
};

}  // namespace

std::span<const ConfigRow> ProducerConfig::keys() { return kProducerKeys; }

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::CompressionName;
using kx::client::ProducerConfig;

namespace {

template <class To>
To clamp_to(std::uint64_t value) {
    return static_cast<To>(
        std::min<std::uint64_t>(value, std::uint64_t(std::numeric_limits<To>::max())));
}
std::int32_t milliseconds(std::chrono::milliseconds time) {
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(time.count(), -1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

ProducerOptions::ProducerOptions(std::string group)
    : settings_(std::make_unique<detail::ProducerSettings>()) {
    settings_->config.producer_group = std::move(group);
}
ProducerOptions::ProducerOptions(const ProducerOptions& other)
    : settings_(kx::client::copy_of(other.settings_)) {}
ProducerOptions::ProducerOptions(ProducerOptions&&) noexcept = default;
ProducerOptions& ProducerOptions::operator=(const ProducerOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
ProducerOptions& ProducerOptions::operator=(ProducerOptions&&) noexcept = default;
ProducerOptions::~ProducerOptions() = default;

ProducerOptions& ProducerOptions::send_timeout(std::chrono::milliseconds time) {
    settings_->config.send_msg_timeout = milliseconds(time);
    return *this;
}
ProducerOptions& ProducerOptions::try_timeout(std::chrono::milliseconds time) {
    settings_->config.send_msg_max_timeout_per_request = milliseconds(time);
    return *this;
}
ProducerOptions& ProducerOptions::retries(int count) {
    settings_->config.retry_times_when_send_failed = count;
    return *this;
}
ProducerOptions& ProducerOptions::retry_not_stored(bool retry) {
    settings_->config.retry_another_broker_when_not_store_ok = retry;
    return *this;
}
ProducerOptions& ProducerOptions::retry_code(std::int32_t code) {
    settings_->retry_codes.push_back(code);
    return *this;
}
ProducerOptions& ProducerOptions::max_message_size(std::size_t bytes) {
    settings_->config.max_message_size = clamp_to<std::int32_t>(bytes);
    return *this;
}
ProducerOptions& ProducerOptions::compression(Compression type, int level, std::size_t from_bytes) {
    ProducerConfig& config = settings_->config;
    switch (type) {
        case Compression::none: config.compress_type = CompressionName::kNone; break;
        case Compression::zlib: config.compress_type = CompressionName::kZlib; break;
        case Compression::lz4: config.compress_type = CompressionName::kLz4; break;
        case Compression::zstd: config.compress_type = CompressionName::kZstd; break;
    }
    config.compress_level = level;
    config.compress_msg_body_over_howmuch = clamp_to<std::int32_t>(from_bytes);
    return *this;
}
ProducerOptions& ProducerOptions::new_topic_queues(int count) {
    settings_->config.default_topic_queue_nums = count;
    return *this;
}
ProducerOptions& ProducerOptions::avoid_faulty_brokers(bool avoid, bool probe) {
    settings_->config.send_latency_fault_enable = avoid;
    settings_->config.start_detector_enable = probe;
    return *this;
}
ProducerOptions& ProducerOptions::in_flight(std::size_t messages, std::size_t bytes,
                                            BackPressure policy) {
    settings_->config.enable_backpressure_for_async_mode = true;
    settings_->config.back_pressure_for_async_send_num = clamp_to<std::int32_t>(messages);
    settings_->config.back_pressure_for_async_send_size = clamp_to<std::int64_t>(bytes);
    settings_->back_pressure = policy;
    return *this;
}
ProducerOptions& ProducerOptions::auto_batch(AutoBatch bounds) {
    ProducerConfig& config = settings_->config;
    config.auto_batch = true;
    config.batch_max_bytes = clamp_to<std::int32_t>(bounds.bytes);
    config.batch_max_delay_ms = milliseconds(bounds.delay);
    config.total_batch_max_bytes = clamp_to<std::int64_t>(bounds.bytes_waiting);
    settings_->auto_batch_count = bounds.count;
    return *this;
}
ProducerOptions& ProducerOptions::key_spread(KeySpread spread) {
    settings_->key_spread = spread;
    return *this;
}
ProducerOptions& ProducerOptions::topics(std::vector<std::string> topics) {
    settings_->topics = std::move(topics);
    return *this;
}
ProducerOptions& ProducerOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(ProducerConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    return *this;
}

std::vector<ConfigProblem> ProducerOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    const ProducerConfig& config = settings_->config;
    kx::client::check_ranges(ProducerConfig::keys(), &config, problems);
    if (const Status valid = kx::client::check_group(config.producer_group); !valid) {
        problems.push_back(
            {"producerGroup", config.producer_group, std::string(valid.error().text())});
    }
    if (config.producer_group == kx::model::kDefaultProducerGroup) {
        problems.push_back({"producerGroup", config.producer_group,
                            "producerGroup can not equal DEFAULT_PRODUCER, please specify another "
                            "one."});
    }
    if (settings_->auto_batch_count == 0)
        problems.push_back({"autoBatch", "0", "a batch holds at least one message"});
    return problems;
}

std::string ProducerOptions::describe() const {
    return kx::client::describe_options(ProducerConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
