// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pull_call.h"

#include <gtest/gtest.h>

#include "client/consume/fake_group.h"
#include "client/consume/subscription.h"
#include "kerolox/hooks.hpp"

namespace kx::client {
namespace {

using kerolox::PullStatus;

struct Puller {
    explicit Puller(FakeGroup& group) : core(group.core()) {
        subscription = make_subscription("T", kerolox::Filter::all(), 0).value();
        call.group = "G";
        call.queue = {"T", "b", 0};
        call.with_subscription = true;
    }
    kerolox::Result<PullReply> pull() {
        call.subscription = &subscription;
        return core.run<PullReply>(run(core, call)).get();
    }
    static Awaitable<kerolox::Result<PullReply>> run(ClientCore& core, PullCall call) {
        co_return co_await client::pull(core, std::move(call));
    }

    ClientCore& core;
    wire::SubscriptionData subscription;
    PullCall call;
};

/// A pull of a queue nobody's route names asks the name server; this one's is known.
void learn_route(FakeGroup& group) {
    auto ask = [](ClientCore& core) -> Awaitable<kerolox::Result<int>> {
        const auto route = co_await core.routes().get("T", RouteUse::kRead);
        if (!route) co_return route.error();
        co_return 0;
    };
    ASSERT_TRUE(group.core().run<int>(ask(group.core())).get());
}

TEST(PullCall, BringsMessagesWithTheBoundsOfTheirQueue) {
    FakeGroup group;
    group.broker.store("T", 0, "one");
    group.broker.store("T", 0, "two");
    Puller puller(group);
    const auto reply = puller.pull();
    ASSERT_TRUE(reply) << reply.error().describe();
    EXPECT_EQ(reply->status, PullStatus::found);
    EXPECT_EQ(reply->next_offset, 2);
    ASSERT_EQ(reply->messages.size(), 2U);
    EXPECT_EQ(reply->messages[1].text(), "two");
    EXPECT_EQ(reply->messages[1].queue(), (kerolox::Queue{"T", "b", 0}));
    EXPECT_EQ(reply->messages[1].property("MAX_OFFSET"), "2");
    EXPECT_EQ(reply->messages[1].detach().property("MIN_OFFSET"), "0");
}

TEST(PullCall, KnowsTheStatusesFromTheErrors) {
    FakeGroup group;
    learn_route(group);
    group.broker.store("T", 0, "one");
    Puller puller(group);
    puller.call.offset = 1;
    EXPECT_EQ(puller.pull()->status, PullStatus::no_new_message);
    puller.call.offset = 9;
    const auto illegal = puller.pull();
    EXPECT_EQ(illegal->status, PullStatus::offset_illegal);
    EXPECT_EQ(illegal->next_offset, 1);
    group.broker.refuse(11, {20, 24, 215});
    // A refusal carries no offsets, but RETRY_IMMEDIATELY without them is unreadable.
    EXPECT_EQ(puller.pull().error().kind(), kerolox::ErrorKind::protocol);
    const auto refused = puller.pull();
    EXPECT_EQ(refused.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(refused.error().code(), 24);
    EXPECT_EQ(puller.pull().error().code(), 215);
}

TEST(PullCall, LooksAtTagsThatOnlyHashAlike) {
    FakeGroup group;
    group.broker.store("T", 0, "wanted", "TAGS\1AaAa");
    group.broker.store("T", 0, "alike", "TAGS\1BBBB");
    group.broker.store("T", 0, "tagless");
    Puller puller(group);
    puller.subscription = make_subscription("T", kerolox::Filter::tags("AaAa"), 0).value();
    const auto reply = puller.pull();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->next_offset, 3);
    ASSERT_EQ(reply->messages.size(), 1U);
    EXPECT_EQ(reply->messages[0].text(), "wanted");
}

TEST(PullCall, OfAnUnknownBrokerFailsAfterOneLookAtTheRoute) {
    FakeGroup group;
    Puller puller(group);
    puller.call.queue.broker = "gone";
    const int before = group.names.asked(105);
    const auto reply = puller.pull();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().text(), "The broker[gone] not exist");
    EXPECT_EQ(group.names.asked(105), before + 1);
}

class Leaver : public kerolox::Interceptor {
public:
    bool keep(std::string_view, const kerolox::MessageView& message) override {
        if (message.text() == "bad") throw std::runtime_error("as the test wanted");
        return message.text() != "secret";
    }
    void before_request(kerolox::RemotingContext& context) override {
        if (context.code == 11) context.fields.emplace_back("mark", "yes");
    }
};

TEST(PullCall, GoesTheDecoratedWayWhereSomebodyListens) {
    FakeGroup group(1, [](ClientCore::Settings& settings) {
        settings.interceptors.push_back(std::make_shared<Leaver>());
    });
    for (const char* body : {"open", "secret", "bad"}) group.broker.store("T", 0, body);
    Puller puller(group);
    const auto reply = puller.pull();
    ASSERT_TRUE(reply) << reply.error().describe();
    ASSERT_EQ(reply->messages.size(), 2U);
    EXPECT_EQ(reply->messages[0].text(), "open");
    EXPECT_EQ(reply->messages[1].text(), "bad");
    EXPECT_EQ(reply->next_offset, 3);
}

TEST(PullCall, CommitsAtTheMasterOnly) {
    FakeGroup group;
    learn_route(group);
    group.broker.store("T", 0, "one");
    Puller puller(group);
    ASSERT_TRUE(puller.pull());
    EXPECT_EQ(group.broker.committed("T", 0), -1);
    puller.call.commit_offset = 1;
    ASSERT_TRUE(puller.pull());
    EXPECT_EQ(group.broker.committed("T", 0), 1);
}

TEST(PullCall, FailsWhenTheClientCloses) {
    FakeGroup group;
    learn_route(group);
    Puller puller(group);
    puller.call.suspend = true;
    puller.call.suspend_ms = 20'000;
    puller.call.subscription = &puller.subscription;
    auto pending = group.core().run<PullReply>(Puller::run(group.core(), puller.call));
    ASSERT_TRUE(becomes_true([&] { return group.broker.asked(11) == 1; }));
    (void)group.core().close(std::chrono::milliseconds(0)).get();
    EXPECT_FALSE(std::move(pending).get());
}

}  // namespace
}  // namespace kx::client
