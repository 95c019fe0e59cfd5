// SPDX-License-Identifier: Apache-2.0
//
// What one case works with: a client of its own, names of its own, messages as they arrived.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kerolox/future.hpp"
#include "kerolox/kerolox.hpp"
#include "suite/await.h"
#include "suite/features.h"
#include "suite/raw_request.h"
#include "suite/setting.h"

namespace suite {

using kerolox::Bytes;
using kerolox::Client;
using kerolox::ClientOptions;
using kerolox::Error;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::MessageBatch;
using kerolox::MessageView;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::Queue;
using kerolox::Result;
using kerolox::SendOptions;
using kerolox::SendReceipt;
using kerolox::Status;

using Texts = std::vector<std::string>;

/// "what-0" ... "what-(count-1)"
Texts numbered(std::string_view what, int count);
std::set<std::string> as_set(const Texts& texts);

template <class T>
::testing::AssertionResult succeeded(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().describe();
}

#define ASSERT_OK(...) ASSERT_TRUE(suite::succeeded(__VA_ARGS__))
#define EXPECT_OK(...) EXPECT_TRUE(suite::succeeded(__VA_ARGS__))

/// Messages in order of arrival. Thread-safe.
class Inbox {
public:
    void put(const MessageBatch& batch);
    void put(const MessageView& message);
    std::size_t size() const;
    Texts texts() const;
    std::vector<MessageView> messages() const;
    /// Within the limit each of them arrived, once at least.
    ::testing::AssertionResult gets(const Texts& expected,
                                    std::chrono::milliseconds limit = 60s) const;
    /// The same, and nothing else and nothing twice.
    ::testing::AssertionResult gets_exactly(const Texts& expected,
                                            std::chrono::milliseconds limit = 60s) const;

private:
    mutable std::mutex lock_;
    mutable std::condition_variable arrived_;
    std::vector<MessageView> messages_;
};

/// What secured servers ask of us.
kerolox::TlsOptions own_tls();
kerolox::Credentials credentials_of(const User& user);

class World : public ::testing::Test {
protected:
    /// Routes are looked up each second: what a case makes is seen soon. To secured servers with
    /// all that they ask for.
    static ClientOptions options();
    /// The case's own; made at first use.
    Client& client();
    /// "kxs_Case_what_run"
    static std::string name(std::string_view what);
    /// A new topic.
    static std::string topic(std::string_view what, int queues = 4);
    static void make_topic_as_user(const std::string& topic, int queues);
    ProducerOptions producer_options() const;
    Producer producer();
    Producer producer(const ProducerOptions& options);
    /// Sends them by turns, in order, and waits for all.
    static void send_all(Producer& producer, const std::string& topic, const Texts& texts);
    void send_all(const std::string& topic, const Texts& texts);
    /// Everything in the topic, queue by queue, once there are so many.
    std::vector<MessageView> read(const std::string& topic, std::size_t count);
    Texts read_texts(const std::string& topic, std::size_t count);
    std::set<std::string> read_set(const std::string& topic, std::size_t count);

private:
    std::optional<Client> client_;
    std::optional<Producer> producer_;
    std::optional<kerolox::PullConsumer> reader_;
};

}  // namespace suite
