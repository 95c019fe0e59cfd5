// SPDX-License-Identifier: Apache-2.0
#include "client/core/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"
#include "wire/requests/clients.h"

namespace kx::client {
namespace {

using testing::eventually;
using testing::options_for;
using testing::OwnCore;
using testing::ScriptedServer;

/// A member that only beats.
class BeatingConsumer : public ConsumerMember {
public:
    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override { topics.insert("T"); }
    void add_to_heartbeat(wire::HeartbeatData& beat) const override {
        wire::ConsumerData data;
        data.group_name = group_;
        wire::SubscriptionData subscription;
        subscription.topic = "T";
        subscription.sub_string = tags;
        subscription.sub_version = ++version_;
        data.subscription_data_set.push_back(subscription);
        beat.consumer_data_set.push_back(data);
    }
    void on_route(const std::string&, const RoutePtr&) override {}
    Awaitable<void> shut(std::int64_t) override { co_return; }
    void rebalance_soon() override {}
    void persist_offsets() override {}
    void reset_offsets(const std::string&, std::map<kerolox::Queue, std::int64_t>) override {}
    std::map<kerolox::Queue, std::int64_t> offsets(std::string_view) const override { return {}; }
    kerolox::ConsumerSnapshot snapshot() const override { return {}; }
    void consume_directly(kerolox::MessageView, std::string, net::Responder) override {}

    std::string tags = "*";

private:
    std::string group_ = "CG";
    mutable std::int64_t version_ = 0;
};

class BeatingProducer : public ProducerMember {
public:
    const std::string& group() const override { return group_; }
    void add_topics(std::set<std::string>& topics) const override { topics.insert("T"); }
    void add_to_heartbeat(wire::HeartbeatData& beat) const override {
        beat.producer_data_set.push_back({group_});
    }
    void on_route(const std::string&, const RoutePtr&) override {}
    Awaitable<void> shut(std::int64_t) override { co_return; }
    bool check_transaction(TransactionCheck) override { return false; }

private:
    std::string group_ = "PG";
};

class BeatenBroker : public ScriptedServer {
public:
    BeatenBroker() {
        on(34, [this](net::Request& request) {
            if (silent) return request.no_answer();
            wire::HeartbeatAnswer answer;
            answer.supports_v2 = true;
            answer.sub_change = sub_change;
            request.ok(answer);
        });
        start();
    }
    ~BeatenBroker() override { shut_down(); }
    wire::HeartbeatData last() const {
        return from_json<wire::HeartbeatData>(seen(34).back().body).value();
    }
    std::atomic<bool> sub_change{false};
    std::atomic<bool> silent{false};
};

struct BeatWorld {
    explicit BeatWorld(bool v2) : core(options(v2)) {
        servers.add_route("T", "a", master.address(), 1);
    }
    kerolox::ClientOptions options(bool v2) const {
        auto made = options_for(servers.address());
        made.set("useHeartbeatV2", v2 ? "true" : "false")
            .set("enableHeartbeatChannelEventListener", "false")
            .api_timeout(std::chrono::milliseconds(500))
            .heartbeat_interval(std::chrono::hours(1));
        return made;
    }
    bool beat() {
        return core->run<int>([](ClientCore& own) -> Awaitable<kerolox::Result<int>> {
                       (void)co_await own.routes().refresh("T", RouteUse::kRead);
                       co_return co_await own.heartbeat().to_all() ? 1 : 0;
                   }(*core))
                   .get()
                   .value() == 1;
    }
    template <class M>
    std::shared_ptr<M> join() {
        auto member = std::make_shared<M>();
        core.on_home([&] {
            if constexpr (std::is_base_of_v<ConsumerMember, M>)
                EXPECT_TRUE(core->add_consumer(member));
            else
                EXPECT_TRUE(core->add_producer(member));
        });
        return member;
    }
    FakeNameServer servers;
    BeatenBroker master;
    OwnCore core;
};

TEST(Heartbeat, IsSilentWithoutMembers) {
    BeatWorld world(false);
    EXPECT_FALSE(world.beat());
    EXPECT_EQ(world.master.asked(34), 0);
}

TEST(Heartbeat, TellsWhoIsThere) {
    BeatWorld world(false);
    const auto producer = world.join<BeatingProducer>();
    const auto consumer = world.join<BeatingConsumer>();
    ASSERT_TRUE(world.beat());
    const auto beat = world.master.last();
    EXPECT_EQ(beat.client_id, world.core->id());
    ASSERT_EQ(beat.producer_data_set.size(), 1U);
    EXPECT_EQ(beat.producer_data_set[0].group_name, "PG");
    ASSERT_EQ(beat.consumer_data_set.size(), 1U);
    EXPECT_EQ(beat.consumer_data_set[0].subscription_data_set.size(), 1U);
    EXPECT_FALSE(beat.without_sub);
    EXPECT_EQ(beat.heartbeat_fingerprint, 0);
    EXPECT_GT(world.core.on_home([&] {
        return world.core->routes().version_at(world.master.address());
    }),
              0);
}

TEST(Heartbeat, GoesToMastersAloneWithoutConsumer) {
    BeatWorld world(false);
    const BeatenBroker slave;
    wire::TopicRoute route;
    const auto producer = world.join<BeatingProducer>();
    world.servers.add_slave("T", "a", 1, slave.address());
    ASSERT_TRUE(world.beat());
    EXPECT_EQ(world.master.asked(34), 1);
    EXPECT_EQ(slave.asked(34), 0);
    const auto consumer = world.join<BeatingConsumer>();
    ASSERT_TRUE(world.beat());
    EXPECT_EQ(slave.asked(34), 1);
}

TEST(Heartbeat, LeavesOutWhatTheBrokerKnows) {
    BeatWorld world(true);
    const auto consumer = world.join<BeatingConsumer>();
    ASSERT_TRUE(world.beat());
    const auto full = world.master.last();
    EXPECT_FALSE(full.without_sub);
    EXPECT_NE(full.heartbeat_fingerprint, 0);
    ASSERT_TRUE(world.beat());
    const auto brief = world.master.last();
    EXPECT_TRUE(brief.without_sub);
    EXPECT_TRUE(brief.consumer_data_set.at(0).subscription_data_set.empty());
    EXPECT_EQ(brief.heartbeat_fingerprint, full.heartbeat_fingerprint);
    // The broker forgot: the next one is full again.
    world.master.sub_change = true;
    ASSERT_TRUE(world.beat());
    EXPECT_TRUE(world.master.last().without_sub);
    world.master.sub_change = false;
    ASSERT_TRUE(world.beat());
    EXPECT_FALSE(world.master.last().without_sub);
    // A new subscription as well.
    world.core.on_home([&] { consumer->tags = "A"; });
    ASSERT_TRUE(world.beat());
    EXPECT_FALSE(world.master.last().without_sub);
}

TEST(Heartbeat, GoesOnBesideABrokerThatStalls) {
    BeatWorld world(false);
    BeatenBroker stalled;
    stalled.silent = true;
    world.servers.add_route("T", "b", stalled.address(), 1);
    const auto producer = world.join<BeatingProducer>();
    const std::int64_t start = system_clock().steady_ms();
    EXPECT_TRUE(world.beat());
    EXPECT_LT(system_clock().steady_ms() - start, 5'000);
    EXPECT_EQ(world.master.asked(34), 1);
    EXPECT_EQ(stalled.asked(34), 1);
}

}  // namespace
}  // namespace kx::client
