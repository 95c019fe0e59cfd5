// SPDX-License-Identifier: Apache-2.0
//
// Where a client's log lines go: the application's sink, from whatever thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "kerolox/log.hpp"

namespace kx::client {

/// One client's log. Any thread; operations keep it longer than the client lives.
class ClientLog {
public:
    ClientLog(kerolox::LogSink sink, kerolox::LogLevel level, std::string client_id)
        : sink_(std::move(sink)), client_id_(std::move(client_id)), level_(level) {}

    kerolox::LogLevel level() const { return level_.load(std::memory_order_relaxed); }
    void set_level(kerolox::LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    bool wants(kerolox::LogLevel level) const { return level >= this->level(); }
    /// Not from within the sink: what the sink itself causes is dropped.
    void write(kerolox::LogLevel level, std::string_view logger, std::string_view text) const;

private:
    const kerolox::LogSink sink_;
    const std::string client_id_;
    std::atomic<kerolox::LogLevel> level_;
};

/// An io thread's own lines, which the rooms below write: they cannot tell whose connection it is
/// about, so the client that has lived there longest gets them. On that thread alone.
class IoThreadLog final : public log::ThreadSink {
public:
    void add(const std::shared_ptr<const ClientLog>& client) { clients_.emplace_back(client); }

    bool has_client() const { return first() != nullptr; }

    log::Level level() const override;
    void write(log::Level level, std::string_view room, std::string_view text) override;

private:
    std::shared_ptr<const ClientLog> first() const;

    std::vector<std::weak_ptr<const ClientLog>> clients_;
};

}  // namespace kx::client
