// SPDX-License-Identifier: Apache-2.0
//
// From what producers and consumers tell their interceptors to messages of the trace topic.
#include "client/trace/message_tracer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"
#include "client/core/received.h"
#include "client/produce/receipt.h"
#include "kerolox/producer.hpp"
#include "model/properties.h"
#include "model/record.h"

namespace kx::client {
namespace {

using testing::eventually;
using testing::options_for;
using testing::OwnCore;
using ::testing::HasSubstr;

struct TraceWorld {
    TraceWorld() {
        servers.add_route("RMQ_SYS_TRACE_TOPIC", "a", broker.address(), 1);
    }
    kerolox::ClientOptions options() const {
        return options_for(servers.address()).trace(true).set("traceMsgBatchNum", "10");
    }
    static kerolox::SendReceipt receipt(std::string id) {
        kerolox::detail::ReceiptData data;
        data.message_id = std::move(id);
        data.offset_id = "7F";
        data.region = "DefaultRegion";
        return make_receipt(std::move(data));
    }
    static void tell_sent(OwnCore& core, const kerolox::Message& message, const std::string& id) {
        const kerolox::Result<kerolox::SendReceipt> result = receipt(id);
        kerolox::SendContext context{.group = "PG", .message = message};
        context.address = "127.0.0.1:10911";
        context.took = std::chrono::milliseconds(3);
        context.result = &result;
        for (const auto& one : core->settings().interceptors) one->after_send(context);
    }
    FakeNameServer servers;
    FakeBroker broker{"a"};
};

std::string all_bodies(const FakeBroker& broker) {
    std::string all;
    for (const StoredFake& one : broker.stored(0)) all += one.body;
    std::ranges::replace(all, '\x01', '|');
    return all;
}

TEST(MessageTracer, SendsWhatIsLeftWhenTheClientCloses) {
    TraceWorld world;
    {
        OwnCore core(world.options());
        world.tell_sent(core, kerolox::Message("T", "hello").tag("A").key("k1"), "ID1");
        world.tell_sent(core, kerolox::Message("T", "hello"), "ID2");
        world.tell_sent(core, kerolox::Message("RMQ_SYS_TRACE_TOPIC", "hello"), "ID3");
        EXPECT_EQ(world.broker.stored_count(), 0U);
        EXPECT_TRUE(core->close(std::chrono::seconds(5)).get());
    }
    ASSERT_EQ(world.broker.stored_count(), 1U);
    const std::string text = all_bodies(world.broker);
    EXPECT_THAT(text, HasSubstr("|DefaultRegion|PG|T|ID1|A|k1|127.0.0.1:10911|5|3|0|7F|true"));
    EXPECT_THAT(text, HasSubstr("|DefaultRegion|PG|T|ID2|null|null|"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("ID3")));
    EXPECT_EQ(model::find_property(world.broker.stored(0)[0].properties, "KEYS"), "ID1 k1 ID2");
}

TEST(MessageTracer, SendsFullBatchesAtOnce) {
    TraceWorld world;
    OwnCore core(world.options());
    const kerolox::Message message("T", "x");
    for (int i = 0; i < 20; ++i) world.tell_sent(core, message, fmt::format("ID{}", i));
    EXPECT_TRUE(eventually([&] { return world.broker.stored_count() == 2; }));
}

TEST(MessageTracer, TellsOfConsumingAndLinksItsTwoEnds) {
    TraceWorld world;
    OwnCore core(world.options());
    model::NewMessage fresh;
    fresh.topic = "T";
    fresh.body = "b";
    std::string properties;
    model::append_property(properties, "UNIQ_KEY", "MID");
    model::append_property(properties, "MSG_REGION", "R1");
    fresh.properties = properties;
    const std::string record = model::RecordDraft::make(fresh, {})->encode(0, 0, 0);
    const auto batch = make_batch(decode_messages(record, {}).value());
    kerolox::ConsumeContext context{.group = "CG", .batch = batch};
    for (const auto& one : core->settings().interceptors) one->before_consume(context);
    context.success = false;
    context.outcome = "EXCEPTION";
    context.took = std::chrono::milliseconds(8);
    for (const auto& one : core->settings().interceptors) one->after_consume(context);
    // An end without its beginning says nothing.
    for (const auto& one : core->settings().interceptors) one->after_consume(context);
    EXPECT_TRUE(core->close(std::chrono::seconds(5)).get());
    const std::string text = all_bodies(world.broker);
    const std::size_t before = text.find("SubBefore|");
    ASSERT_NE(before, std::string::npos);
    EXPECT_THAT(text, HasSubstr("|R1|CG|"));
    EXPECT_THAT(text, HasSubstr("|MID|0|null\x02"));
    EXPECT_THAT(text, HasSubstr("|MID|8|false|null|2|"));
    const std::string request = text.substr(text.find("|CG|") + 4, 32);
    EXPECT_THAT(text, HasSubstr("SubAfter|" + request + "|MID"));
    EXPECT_EQ(text.find("SubAfter"), text.rfind("SubAfter"));
}

TEST(MessageTracer, DropsWhatDoesNotFit) {
    TraceWorld world;
    world.broker.swallow_sends();
    OwnCore core(world.options().set("traceMsgBatchNum", "20"));
    const kerolox::Message message("T", "x");
    core.on_home([&] {
        // The home thread is here: nothing leaves meanwhile.
        for (int i = 0; i < 5000; ++i) world.tell_sent(core, message, "ID");
    });
    EXPECT_GT(core->tracer()->dispatcher()->dropped(), 2000);
    EXPECT_TRUE(core->close(std::chrono::milliseconds(50)).get());
}

TEST(MessageTracer, LeavesRequestsUndecorated) {
    TraceWorld world;
    OwnCore core(world.options());
    EXPECT_FALSE(core->decorates());
    EXPECT_NE(core->tracer(), nullptr);
}

}  // namespace
}  // namespace kx::client
