// SPDX-License-Identifier: Apache-2.0
#include "client/trace/trace_dispatcher.h"

#include <map>
#include <set>

#include "client/core/message_data.h"
#include "client/produce/producer_core.h"
#include "client/trace/message_tracer.h"
#include "model/properties.h"

namespace kx::client {
namespace {

constexpr std::size_t kTraceQueueMax = 2048;
constexpr std::int64_t kTraceFlushMs = 5'000;
constexpr std::int32_t kTraceSendMs = 5'000;
constexpr std::size_t kTraceTextMax = 128'000;
constexpr std::int32_t kTraceBatchMax = 20;
constexpr std::string_view kTraceTopic = "RMQ_SYS_TRACE_TOPIC";
constexpr std::string_view kCloudTracePrefix = "rmq_sys_TRACE_DATA_";

std::string next_trace_group() {
    static std::atomic<int> next{0};
    return fmt::format("_INNER_TRACE_PRODUCER-CLIENT-{}", next.fetch_add(1));
}

/// The same servers, secrets and threads, another name.
ClientCore::Settings tracing_settings(ClientCore& host) {
    ClientCore::Settings settings = host.settings();
    ClientConfig& config = settings.config;
    config.enable_trace = false;
    config.vip_channel_enabled = false;
    config.name_space.clear();
    const std::string& id = host.id();
    config.instance_name = "PID_CLIENT_INNER_TRACE_PRODUCER_" + id.substr(id.find('@') + 1);
    std::erase_if(settings.interceptors, [](const auto& one) {
        return dynamic_cast<const MessageTracer*>(one.get()) != nullptr;
    });
    settings.require_name_server = false;
    settings.runtime = host.shared_runtime();
    settings.metrics.reset();
    return settings;
}

}  // namespace

TraceDispatcher::TraceDispatcher(const ClientCore& host)
    : topic_(host.config().trace_topic.empty() ? std::string(kTraceTopic)
                                               : host.config().trace_topic),
      is_cloud_(host.config().access_channel == "CLOUD"),
      batch_(static_cast<std::size_t>(std::min(host.config().trace_msg_batch_num, kTraceBatchMax))) {
}

TraceDispatcher::~TraceDispatcher() = default;

kerolox::Status TraceDispatcher::begin(ClientCore& host) {
    auto client = ClientCore::create(tracing_settings(host));
    if (!client) return client.error();
    lease_ = std::make_shared<ClientLease>(std::move(client).value());
    ProducerCore::Settings settings;
    settings.config.producer_group = next_trace_group();
    settings.config.send_msg_timeout = kTraceSendMs;
    settings.back_pressure = kerolox::BackPressure::fail;
    auto producer = ProducerCore::create(lease_, settings);
    if (!producer) return producer.error();
    producer_ = std::move(producer).value();
    lease_->core->spawn(keep());
    return {};
}

void TraceDispatcher::append(TraceRecord record) {
    bool full_batch = false;
    {
        MutexLock lock(mutex_);
        if (ended_ || queue_.size() >= kTraceQueueMax) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue_.push_back(std::move(record));
        full_batch = queue_.size() % batch_ == 0;
    }
    if (full_batch) lease_->core->post([self = shared_from_this()] { self->flush(); });
}

/// What is no full batch goes after a while.
Awaitable<void> TraceDispatcher::keep() {
    const auto self = shared_from_this();
    ClientCore& client = *lease_->core;
    while (co_await client.sleep(kTraceFlushMs)) flush();
}

void TraceDispatcher::flush() {
    std::map<std::string, std::map<std::string, std::vector<TraceRecord>>> groups;
    {
        MutexLock lock(mutex_);
        for (TraceRecord& record : queue_) {
            const std::string to =
                is_cloud_ ? std::string(kCloudTracePrefix) + record.region : topic_;
            groups[to][record.topic].push_back(std::move(record));
        }
        queue_.clear();
    }
    for (auto& [to, by_topic] : groups)
        for (auto& [topic, records] : by_topic) send(to, std::move(records));
}

void TraceDispatcher::send(const std::string& topic, std::vector<TraceRecord> records) {
    std::string text;
    std::vector<std::string> keys;
    std::set<std::string> known;
    std::size_t count = 0;
    for (TraceRecord& record : records) {
        text += record.text;
        for (std::string& key : record.keys)
            if (known.insert(key).second) keys.push_back(std::move(key));
        if (++count < batch_ && text.size() < kTraceTextMax) continue;
        send_one(topic, std::exchange(text, {}), keys);
        keys.clear();
        known.clear();
        count = 0;
    }
    if (!text.empty()) send_one(topic, std::move(text), keys);
}

void TraceDispatcher::send_one(const std::string& topic, std::string text,
                               const std::vector<std::string>& keys) {
    std::string joined;
    for (const std::string& key : keys) {
        if (!joined.empty()) joined += ' ';
        joined += key;
    }
    std::string properties;
    model::append_property(properties, model::property::kKeys, joined);
    producer_
        ->send(raw_message(topic, kerolox::Bytes(std::move(text)), std::move(properties), 0), {})
        .then([self = shared_from_this()](const kerolox::Result<kerolox::SendReceipt>& sent) {
            if (sent) return;
            self->dropped_.fetch_add(1, std::memory_order_relaxed);
            self->lease_->core->log(kerolox::LogLevel::warn, "trace", "a trace was not sent: {}",
                                    sent.error().describe());
        });
}

Awaitable<void> TraceDispatcher::shut(ClientCore& host, std::int64_t grace_ms) {
    const auto self = shared_from_this();
    {
        MutexLock lock(mutex_);
        ended_ = true;
    }
    if (producer_ == nullptr) co_return;
    lease_->core->post([self] { self->flush(); });
    const std::int64_t deadline =
        host.clock().steady_ms() + std::min<std::int64_t>(grace_ms, kTraceSendMs);
    constexpr std::int64_t kLookMs = 2;
    const auto is_done = [&] {
        MutexLock lock(mutex_);
        return queue_.empty() && producer_->in_flight() == 0;
    };
    // One look at least: flush() may not have run yet.
    while (co_await host.sleep(kLookMs))
        if (is_done() || host.clock().steady_ms() >= deadline) break;
    producer_->close(std::chrono::milliseconds(0)).detach();
    lease_->core->close(std::chrono::milliseconds(0)).detach();
}

}  // namespace kx::client
