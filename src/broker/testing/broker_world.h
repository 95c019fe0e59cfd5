// SPDX-License-Identifier: Apache-2.0
//
// A broker on a simulated disk, with a clock that stands still and clients over real sockets; and a
// name server that only writes down what it hears. For tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "broker/broker.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/rpc_client.h"
#include "net/server.h"
#include "support/recorded_frames.h"
#include "support/store_world.h"
#include "wire/bodies/heartbeat.h"

namespace kx::broker::testing {

using kx::testing::eventually;
using kx::testing::SimFileSystem;
using Fields = std::vector<std::pair<std::string, std::string>>;

inline BrokerConfig small_config() {
    BrokerConfig config;
    fill_host_defaults(config);
    config.store_path_root_dir = "/store";
    config.broker_name = "broker-a";
    config.broker_ip1 = config.broker_ip2 = "127.0.0.1";
    config.server.bind_address = "127.0.0.1";
    config.listen_port = 0;
    config.namesrv_addr = "";
    config.mapped_file_size_commit_log = 1 << 20;
    config.mapped_file_size_consume_queue = 2000;
    EXPECT_TRUE(fix_up(config));
    return config;
}

/// A client's connections and the requests that brokers send over them.
class TestClient {
public:
    explicit TestClient(net::IoPool& pool) : router_(system_clock()), client_(pool, router_) {
        const auto notices = router_.add_processor({.name = "notices"});
        for (const std::int32_t code : {40, 220}) {
            router_.serve(code, notices, [this](net::Request& request) {
                MutexLock lock(mutex_);
                auto& heard = heard_[request.code()];
                const auto group = request.command().fields.find("consumerGroup");
                heard.emplace_back(group ? std::string(*group) : std::string(request.body()));
                request.no_answer();
            });
        }
    }

    /// Answers 307, which brokers forward, with what it was asked.
    void answer_running_info() {
        const auto infos = router_.add_processor({.name = "infos"});
        router_.serve(307, infos, [](net::Request& request) {
            const auto client = request.command().fields.find("clientId");
            request.ok_body(fmt::format(R"({{"asked":"{}"}})", client.value_or("nobody")));
        });
    }

    net::Answer ask(const std::string& address, std::int32_t code, Fields fields = {},
                    std::string body = {}) {
        net::Call call(code, std::move(body));
        call.fields = std::move(fields);
        auto answer = client_.call_and_wait(address, std::move(call), 10'000);
        EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
        return answer ? std::move(*answer) : net::Answer{};
    }
    std::vector<std::string> heard(std::int32_t code) const {
        MutexLock lock(mutex_);
        const auto found = heard_.find(code);
        return found == heard_.end() ? std::vector<std::string>{} : found->second;
    }
    void disconnect() { client_.stop(); }

private:
    net::Router router_;
    mutable Mutex mutex_;
    std::map<std::int32_t, std::vector<std::string>> heard_ KX_GUARDED_BY(mutex_);
    net::RpcClient client_;
};

/// Answers everything with success, or as told, and keeps what it was asked.
class ListeningNameServer {
public:
    struct Heard {
        std::int32_t code = 0;
        std::map<std::string, std::string> fields;
        std::string body;
    };

    explicit ListeningNameServer(net::IoPool& pool) : router_(system_clock()) {
        const auto all = router_.add_processor({.name = "all"});
        for (const std::int32_t code : {103, 104, 217, 322}) {
            router_.serve(code, all, [this](net::Request& request) { hear(request); });
        }
        net::ServerOptions options;
        options.bind_address = "127.0.0.1";
        auto listening = net::Server::listen(options, pool, router_);
        EXPECT_TRUE(listening);
        server_ = std::move(*listening);
        port_ = server_->port();
        server_->start();
    }
    void stop() { server_->stop(); }
    std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
    std::vector<Heard> heard(std::int32_t code) const {
        std::vector<Heard> found;
        MutexLock lock(mutex_);
        for (const Heard& one : heard_)
            if (one.code == code) found.push_back(one);
        return found;
    }
    /// The answers to 103 carry this order configuration.
    void set_order_config(std::string json) {
        MutexLock lock(mutex_);
        order_config_ = std::move(json);
    }
    /// The next 103 fails, as with a Java name server that does not know the broker.
    void refuse_next() {
        MutexLock lock(mutex_);
        refuse_next_ = true;
    }

private:
    void hear(net::Request& request) {
        Heard one;
        one.code = request.code();
        for (const ExtField& field : request.command().fields.rows())
            one.fields.emplace(field.key, field.value);
        one.body = request.body();
        std::string body;
        bool refused = false;
        {
            MutexLock lock(mutex_);
            heard_.push_back(std::move(one));
            if (request.code() == 103) {
                body = order_config_;
                refused = std::exchange(refuse_next_, false);
            }
        }
        if (refused)
            return request.refuse(wire::ResponseCode::kSystemError, "register broker failed");
        request.ok_body(std::move(body));
    }

    net::Router router_;
    mutable Mutex mutex_;
    std::vector<Heard> heard_ KX_GUARDED_BY(mutex_);
    std::string order_config_ KX_GUARDED_BY(mutex_);
    bool refuse_next_ KX_GUARDED_BY(mutex_) = false;
    std::unique_ptr<net::Server> server_;
    std::uint16_t port_ = 0;
};

class BrokerWorld : public ::testing::Test {
protected:
    void SetUp() override { pool_.start(); }
    void TearDown() override {
        if (broker_) EXPECT_TRUE(broker_->stop());
        client_.disconnect();
        pool_.stop();
    }

    void start(const BrokerConfig& config = small_config()) {
        BrokerOptions options{.config = config, .clock = &clock_, .files = disk_.get()};
        auto broker = Broker::start(std::move(options), pool_);
        ASSERT_TRUE(broker) << broker.error().text;
        broker_ = std::move(*broker);
    }
    void restart(const BrokerConfig& config = small_config()) {
        ASSERT_TRUE(broker_->stop());
        broker_.reset();
        start(config);
    }
    std::string main_port() const { return fmt::format("127.0.0.1:{}", broker_->port()); }
    std::string fast_port() const { return fmt::format("127.0.0.1:{}", broker_->fast_port()); }
    net::Answer ask(std::int32_t code, Fields fields = {}, std::string body = {}) {
        return client_.ask(main_port(), code, std::move(fields), std::move(body));
    }
    std::int32_t code_of(const net::Answer& answer) const {
        return static_cast<std::int32_t>(answer.code);
    }

    net::Answer create_topic(const std::string& topic, std::int32_t queues = 4,
                             const std::string& attributes = "") {
        return ask(17, {{"topic", topic},
                        {"defaultTopic", "TBW102"},
                        {"readQueueNums", std::to_string(queues)},
                        {"writeQueueNums", std::to_string(queues)},
                        {"perm", "6"},
                        {"topicFilterType", "SINGLE_TAG"},
                        {"topicSysFlag", "0"},
                        {"order", "false"},
                        {"attributes", attributes}});
    }
    net::Answer send(const std::string& topic, std::int32_t queue, const std::string& body,
                     const std::string& default_topic = "TBW102") {
        return ask(310,
                   {{"a", "producers"},
                    {"b", topic},
                    {"c", default_topic},
                    {"d", "4"},
                    {"e", std::to_string(queue)},
                    {"f", "0"},
                    {"g", "1700000000000"},
                    {"h", "0"},
                    {"i", ""},
                    {"j", "0"},
                    {"k", "false"}},
                   body);
    }

    ManualClock clock_;
    std::unique_ptr<SimFileSystem> disk_ = std::make_unique<SimFileSystem>();
    net::IoPool pool_{2, clock_};
    TestClient client_{pool_};
    std::unique_ptr<Broker> broker_;
};

/// The value of an extension field of an answer; empty when it is not there.
inline std::string field_of(const net::Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.fields)
        if (key == name) return value;
    return {};
}

/// A file of config/ that RocketMQ 5.4.0 wrote.
inline std::string java_config_file(const std::string& name) {
    const std::string command =
        "tar -xzOf '" KX_TEST_DATA "/store-5.4.0-clean.tar.gz' ./config/" + name;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> chunk;
    while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe.get()))
        text.append(chunk.data(), got);
    EXPECT_FALSE(text.empty()) << name;
    return text;
}

struct Subscribes {
    std::string topic;
    std::string expression = "*";
    std::int64_t version = 1;
};

inline wire::ConsumerData consumer(const std::string& group,
                                   const std::vector<Subscribes>& topics) {
    wire::ConsumerData data;
    data.group_name = group;
    for (const Subscribes& one : topics) {
        wire::SubscriptionData subscription;
        subscription.topic = one.topic;
        subscription.sub_string = one.expression;
        subscription.sub_version = one.version;
        data.subscription_data_set.push_back(std::move(subscription));
    }
    return data;
}

inline std::string heartbeat(const std::string& client_id, wire::ConsumerData data,
                             std::int32_t fingerprint = 0, bool without_sub = false) {
    wire::HeartbeatData beat;
    beat.client_id = client_id;
    beat.heartbeat_fingerprint = fingerprint;
    beat.without_sub = without_sub;
    beat.consumer_data_set.push_back(std::move(data));
    return to_json(beat);
}

}  // namespace kx::broker::testing
