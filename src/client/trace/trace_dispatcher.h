// SPDX-License-Identifier: Apache-2.0
//
// Carries trace records to the trace topic: by a producer and a client of its own, so that what is
// told about messages never stands in the messages' way, and can still be told while they end.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/core/client_core.h"
#include "client/trace/trace_record.h"

namespace kx::client {

class ProducerCore;

class TraceDispatcher : public std::enable_shared_from_this<TraceDispatcher> {
public:
    /// `host`: the traced client.
    explicit TraceDispatcher(const ClientCore& host);
    ~TraceDispatcher();

    /// Connects nothing yet. Not on an io thread.
    kerolox::Status begin(ClientCore& host);

    /// Any thread. What does not fit the bounded queue is dropped and counted.
    void append(TraceRecord record);
    std::int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    /// The topic records go to, but for the cloud's.
    const std::string& topic() const { return topic_; }
    bool is_cloud() const { return is_cloud_; }

    /// On the host's home thread: sends what is there, and waits until it is sent.
    Awaitable<void> shut(ClientCore& host, std::int64_t grace_ms);

private:
    Awaitable<void> keep();
    void flush();
    void send(const std::string& topic, std::vector<TraceRecord> records);
    void send_one(const std::string& topic, std::string text, const std::vector<std::string>& keys);

    const std::string topic_;
    const bool is_cloud_;
    const std::size_t batch_;
    std::shared_ptr<ClientLease> lease_;
    std::shared_ptr<ProducerCore> producer_;
    std::atomic<std::int64_t> dropped_{0};
    Mutex mutex_;
    std::deque<TraceRecord> queue_ KX_GUARDED_BY(mutex_);
    bool ended_ KX_GUARDED_BY(mutex_) = false;
};

}  // namespace kx::client
