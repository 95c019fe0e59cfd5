// SPDX-License-Identifier: Apache-2.0
#include "client/produce/fault_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"
#include "client/produce/send_rig.h"
#include "kerolox/hooks.hpp"

namespace kx::client {
namespace {

using ::testing::ElementsAre;

TEST(FaultTable, AvoidsABrokerTheLongerTheSlowerItWas) {
    EXPECT_EQ(avoidance_ms(0), 0);
    EXPECT_EQ(avoidance_ms(49), 0);
    EXPECT_EQ(avoidance_ms(50), 0);
    EXPECT_EQ(avoidance_ms(549), 0);
    EXPECT_EQ(avoidance_ms(550), 2'000);
    EXPECT_EQ(avoidance_ms(1'800), 5'000);
    EXPECT_EQ(avoidance_ms(3'000), 6'000);
    EXPECT_EQ(avoidance_ms(5'000), 10'000);
    EXPECT_EQ(avoidance_ms(15'000), 30'000);
    EXPECT_EQ(avoidance_ms(1'000'000), 30'000);
}

TEST(FaultTable, IsolatesForTenSecondsAndOnlyEverLonger) {
    ManualClock clock;
    FaultTable faults(clock);
    EXPECT_TRUE(faults.is_available("a"));
    faults.update("a", 1, true, true);
    EXPECT_FALSE(faults.is_available("a"));
    EXPECT_TRUE(faults.is_reachable("a"));
    clock.advance_ms(5'000);
    faults.update("a", 1, false, true);
    EXPECT_FALSE(faults.is_available("a")) << "a good try does not shorten it";
    faults.update("a", 600, false, true);
    clock.advance_ms(4'999);
    EXPECT_FALSE(faults.is_available("a"));
    clock.advance_ms(1);
    EXPECT_TRUE(faults.is_available("a"));
    EXPECT_TRUE(faults.is_available("b"));
}

TEST(FaultTable, SaysWhomToProbe) {
    ManualClock clock;
    FaultTable faults(clock);
    faults.update("a", 1, true, false);
    faults.update("b", 1, false, true);
    EXPECT_THAT(faults.due_for_probe(2'000), ElementsAre("a", "b"));
    EXPECT_THAT(faults.due_for_probe(2'000), ElementsAre());
    clock.advance_ms(2'000);
    faults.forget("b");
    EXPECT_THAT(faults.due_for_probe(2'000), ElementsAre("a"));
    EXPECT_FALSE(faults.is_reachable("a"));
    faults.mark_reachable("a");
    faults.mark_reachable("nobody");
    EXPECT_TRUE(faults.is_reachable("a"));
}

TEST(FaultTable, KeepsSendsAwayFromABrokerThatFailed) {
    SendRig rig;
    rig.a.script({1});
    kerolox::Producer producer =
        rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true));
    for (int i = 0; i < 40; ++i)
        ASSERT_TRUE(producer.send(kerolox::Message("T", kerolox::Bytes("x"))).get());
    EXPECT_LE(rig.a.sends(), 20U);
    const std::size_t before = rig.a.sends();
    if (before == 0) return;
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(producer.send(kerolox::Message("T", kerolox::Bytes("x"))).get());
    EXPECT_EQ(rig.a.sends(), before) << "it is avoided for ten seconds";
}

kerolox::ClientOptions running_by_clock(std::shared_ptr<const Clock> clock) {
    auto runtime = Access::make<kerolox::Runtime>();
    Access::core(runtime) = RuntimeCore::create({}, std::move(clock)).value();
    kerolox::ClientOptions options;
    options.runtime(runtime).log(nullptr);
    return options;
}

/// Sends by turns: how many of them broker-a got.
std::size_t share_of_a(SendRig& rig, kerolox::Producer& producer, int sends = 8) {
    const std::size_t before = rig.a.sends();
    for (int i = 0; i < sends; ++i) EXPECT_TRUE(producer.send(note()).get());
    return rig.a.sends() - before;
}

TEST(FaultTable, HearsOfEachTryHowLongItTook) {
    const auto clock = std::make_shared<testing::SkewedClock>();
    SendRig rig(running_by_clock(clock));
    kerolox::Producer producer =
        rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true));
    EXPECT_EQ(share_of_a(rig, producer), 4U) << "quick ones count for nothing";
    rig.a.hold();
    const std::size_t before = rig.a.sends();
    auto slow = producer.send_to({"T", "broker-a", 0}, note());
    ASSERT_TRUE(comes_true([&] { return rig.a.sends() > before; }));
    clock->advance_ms(600);
    rig.a.release();
    ASSERT_TRUE(std::move(slow).get());
    EXPECT_EQ(share_of_a(rig, producer), 0U) << "it is avoided for two seconds";
    clock->advance_ms(1'000);
    EXPECT_EQ(share_of_a(rig, producer), 0U);
    clock->advance_ms(1'000);
    EXPECT_EQ(share_of_a(rig, producer), 4U);
}

TEST(FaultTable, IsolatesABrokerThatDoesNotAnswer) {
    for (const std::int32_t act : {ScriptedBroker::kCut, ScriptedBroker::kSwallow}) {
        const auto clock = std::make_shared<testing::SkewedClock>();
        SendRig rig(running_by_clock(clock));
        kerolox::Producer producer =
            rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true));
        rig.a.script({act});
        auto lost = producer.send_to({"T", "broker-a", 0}, note());
        ASSERT_TRUE(comes_true([&] { return rig.a.sends() == 1; }));
        if (act == ScriptedBroker::kSwallow) clock->advance_ms(3'500);
        EXPECT_FALSE(std::move(lost).get());
        EXPECT_EQ(share_of_a(rig, producer), 0U) << act;
        clock->advance_ms(9'000);
        EXPECT_EQ(share_of_a(rig, producer), 0U) << act;
        clock->advance_ms(1'500);
        EXPECT_EQ(share_of_a(rig, producer), 4U) << act;
    }
}

struct VetoOnce : kerolox::Interceptor {
    kerolox::Status before_send(const kerolox::SendContext&) override {
        if (used.exchange(true)) return {};
        return kerolox::Error(kerolox::ErrorKind::client, "not now");
    }
    std::atomic<bool> used{false};
};

TEST(FaultTable, BlamesNoBrokerForWhatFailsHere) {
    SendRig rig(kerolox::ClientOptions().interceptor(std::make_shared<VetoOnce>()).log(nullptr));
    kerolox::Producer producer =
        rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true));
    const auto vetoed = producer.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_FALSE(vetoed);
    EXPECT_EQ(vetoed.error().text(), "not now");
    rig.a.answer_with({{"queueOffset", "no number"}});
    const auto unread = producer.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_FALSE(unread);
    EXPECT_EQ(unread.error().kind(), kerolox::ErrorKind::protocol);
    rig.a.answer_with({});
    EXPECT_EQ(share_of_a(rig, producer), 4U);
}

TEST(FaultTable, TakesAnAvoidedBrokerWhenThereIsNoOther) {
    SendRig rig;
    rig.names.add_route("Lone", "broker-a", rig.a.address(), 1);
    rig.a.script({1, 1});
    kerolox::Producer producer =
        rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true));
    EXPECT_TRUE(producer.send(kerolox::Message("Lone", kerolox::Bytes("x"))).get());
    EXPECT_EQ(rig.a.sends(), 3U);
}

TEST(FaultTable, IsKeptRightByProbes) {
    SendRig rig;
    rig.a.script({1, 1, 1});
    kerolox::Producer producer =
        rig.producer(kerolox::ProducerOptions("P").avoid_faulty_brokers(true, true));
    for (int i = 0; i < 8; ++i)
        ASSERT_TRUE(producer.send(kerolox::Message("T", kerolox::Bytes("x"))).get());
    EXPECT_TRUE(comes_true([&] { return !rig.a.taken(30).empty() || !rig.b.taken(30).empty(); }));
}

}  // namespace
}  // namespace kx::client
