// SPDX-License-Identifier: Apache-2.0
//
// For tests of the client's core: a server that answers as the test says, a log that is kept, and
// options that lead to them.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/core/access.h"
#include "client/core/client_core.h"
#include "client/fake_servers.h"
#include "kerolox/client.hpp"

namespace kx::client::testing {

constexpr int kPatienceMs = 10'000;

inline bool eventually(const std::function<bool()>& condition, int timeout_ms = kPatienceMs) {
    const std::int64_t deadline = system_clock().steady_ms() + timeout_ms;
    while (!condition()) {
        if (system_clock().steady_ms() >= deadline) return false;
        ::poll(nullptr, 0, 1);
    }
    return true;
}

/// The system's times, moved as a test says.
class SkewedClock final : public Clock {
public:
    std::int64_t wall_ms() const override {
        return system_clock().wall_ms() + wall_skew_ms_ + skew_ms_;
    }
    std::int64_t steady_ns() const override {
        return system_clock().steady_ns() + skew_ms_ * 1'000'000;
    }
    /// Time passes.
    void advance_ms(std::int64_t by) { skew_ms_ += by; }
    /// Somebody sets the wall clock.
    void jump_ms(std::int64_t by) { wall_skew_ms_ += by; }

private:
    std::atomic<std::int64_t> wall_skew_ms_{0};
    std::atomic<std::int64_t> skew_ms_{0};
};

/// What a request carried, kept.
struct SeenRequest {
    std::int32_t code = 0;
    std::map<std::string, std::string> fields;
    std::string body;
};

/// Answers what the test says; whoever asks for anything else is told that it is not supported.
class ScriptedServer : public FakeServer {
public:
    explicit ScriptedServer(net::ConnectionLimits limits = {}) : FakeServer(std::move(limits)) {}
    ~ScriptedServer() override { shut_down(); }

    using FakeServer::start;
    /// Set before start().
    void on(std::int32_t code, std::function<void(net::Request&)> answer) {
        serve(code, [this, answer = std::move(answer)](net::Request& request) {
            {
                MutexLock lock(seen_mutex_);
                SeenRequest seen{request.code(), {}, std::string(request.body())};
                for (const ExtField& field : request.command().fields.rows())
                    seen.fields[std::string(field.key)] = field.value;
                seen_.push_back(std::move(seen));
            }
            answer(request);
        });
    }
    std::vector<SeenRequest> seen(std::int32_t code) const {
        MutexLock lock(seen_mutex_);
        std::vector<SeenRequest> found;
        for (const SeenRequest& one : seen_)
            if (one.code == code) found.push_back(one);
        return found;
    }

private:
    mutable Mutex seen_mutex_;
    std::vector<SeenRequest> seen_ KX_GUARDED_BY(seen_mutex_);
};

/// A log sink that remembers.
class KeptLog {
public:
    kerolox::LogSink sink() {
        return [lines = lines_](const kerolox::LogRecord& record) {
            MutexLock lock(lines->mutex);
            lines->texts.push_back(
                fmt::format("{} {} {}", to_string(record.level), record.logger, record.text));
            lines->ids.emplace_back(record.client_id);
        };
    }
    bool has(std::string_view part) const { return count(part) > 0; }
    int count(std::string_view part) const {
        MutexLock lock(lines_->mutex);
        int found = 0;
        for (const std::string& text : lines_->texts)
            found += text.find(part) != std::string::npos ? 1 : 0;
        return found;
    }

private:
    struct Lines {
        Mutex mutex;
        std::vector<std::string> texts KX_GUARDED_BY(mutex);
        std::vector<std::string> ids KX_GUARDED_BY(mutex);
    };
    std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

inline kerolox::ClientOptions options_for(const std::string& name_servers) {
    kerolox::ClientOptions options;
    options.name_servers(name_servers).log(nullptr);
    return options;
}

/// The core itself, closed with the test.
class OwnCore {
public:
    explicit OwnCore(const kerolox::ClientOptions& options) {
        auto made = ClientCore::create(*Access::settings(options));
        EXPECT_TRUE(made) << made.error().describe();
        if (made) core_ = std::move(made).value();
    }
    ~OwnCore() {
        if (core_) (void)core_->close(std::chrono::milliseconds(0)).get();
    }
    ClientCore* operator->() const { return core_.get(); }
    ClientCore& operator*() const { return *core_; }

    /// Runs on the home thread and waits for it.
    template <class Work>
    auto on_home(Work work) -> decltype(work()) {
        std::promise<decltype(work())> promise;
        core_->post([&] {
            if constexpr (std::is_void_v<decltype(work())>) {
                work();
                promise.set_value();
            } else {
                promise.set_value(work());
            }
        });
        return promise.get_future().get();
    }
    ClientCore::Reply call(const std::string& address, std::int32_t code,
                           std::int64_t timeout_ms = 3000, std::string body = {}) {
        auto promise = std::make_shared<std::promise<ClientCore::Reply>>();
        core_->post([this, promise, address, code, timeout_ms, body] {
            core_->call(
                address, net::Call(code, body), timeout_ms,
                [promise](ClientCore::Reply reply) { promise->set_value(std::move(reply)); });
        });
        return promise->get_future().get();
    }

private:
    std::shared_ptr<ClientCore> core_;
};

}  // namespace kx::client::testing
