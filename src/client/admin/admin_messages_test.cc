// SPDX-License-Identifier: Apache-2.0
//
// Viewing and querying messages.
#include "client/admin/admin_world.h"
#include "model/message_id.h"
#include "wire/requests/consumption.h"
#include "wire/requests/offsets.h"

namespace kx::client {
namespace {

TEST(Admin, QueriesEveryBrokerAndFiltersByTheExactKey) {
    AdminWorld world;
    std::int64_t end = 0;
    world.a.on(12, [&](net::Request& request) {
        end = request.header<wire::QueryMessage>()->end_timestamp;
        request.ok_body(a_record("T", "late", with_key("one k two"), 1, 2'000) +
                        a_record("T", "same hash", with_key("kk"), 2, 1'500) +
                        a_record("Other", "other topic", with_key("k"), 3, 1'500));
    });
    world.b.body(12, a_record("T", "early", with_key("k"), 7, 1'000));
    const auto found = world.admin.query("T", "k", 10).get();
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0].text(), "early");
    EXPECT_EQ((*found)[0].queue().broker, "broker-b");
    EXPECT_EQ((*found)[1].text(), "late");
    EXPECT_EQ(end, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(world.admin.query("T", "k", 1).get()->size(), 1U);

    world.b.refuse(12, wire::ResponseCode::kSystemError, "broken");
    EXPECT_EQ(world.admin.query("T", "k", 10).get()->size(), 1U) << "of the broker that answers";
}

TEST(Admin, TellsWhyAQueryFoundNothing) {
    AdminWorld world;
    for (AdminServer* broker : {&world.a, &world.b})
        broker->refuse(12, wire::ResponseCode::kQueryNotFound, "can not find message");
    auto found = world.admin.query("T", "k", 10).get();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), 208);
    EXPECT_EQ(found.error().text(), "query message by key finished, but no message.");

    world.b.refuse(12, wire::ResponseCode::kSystemError, "broken");
    found = world.admin.query("T", "k", 10).get();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().text(), "broken") << "the message may be there";

    found = world.admin.query("Unknown", "k", 10).get();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), 17);
    EXPECT_EQ(found.error().text(), "The topic[Unknown] not matched route info");
}

TEST(Admin, ViewsAMessageByItsPlace) {
    AdminWorld world;
    model::HostPort host;
    host.port = world.a.port();
    const std::string id(model::encode_offset_id(host, 4711).view());
    world.a.on(33, [](net::Request& request) {
        EXPECT_EQ(request.header<wire::ViewMessage>()->offset, 4711);
        request.ok_body(a_record("T", "it", with_key("k", "U1"), 3, 1'000));
    });
    const auto message = world.admin.view("T", id).get();
    ASSERT_TRUE(message) << message.error().describe();
    EXPECT_EQ(message->text(), "it");
    EXPECT_EQ(message->id(), "U1");
    EXPECT_EQ(message->queue().broker, "broker-a");
    EXPECT_EQ(message->queue_offset(), 3);
    EXPECT_EQ(world.a.asked(12), 0);

    world.a.refuse(33, wire::ResponseCode::kSystemError,
                   "can not find message by the offset, 4711");
    const auto gone = world.admin.view("T", id).get();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().text(), "can not find message by the offset, 4711");
}

TEST(Admin, ViewsAMessageByItsUniqueKey) {
    AdminWorld world;
    const std::string id = "7F0000010BD873D16E93160F1A3C0000";  // process 0x0BD8
    const auto answer = [&](net::Request& request) {
        const auto header = request.header<wire::QueryMessage>();
        EXPECT_EQ(header->key, id);
        EXPECT_EQ(header->max_num, 32);
        const auto days = (system_clock().wall_ms() - header->begin_timestamp) / 86'400'000;
        EXPECT_EQ(days, 3);
        EXPECT_EQ(request.command().fields.find("_UNIQUE_KEY_QUERY"), "true");
        request.ok_body(a_record("T", "again", with_key("k", id), 2, 2'000) +
                        a_record("T", "first", with_key("k", id), 1, 1'000) +
                        a_record("T", "other", with_key(id, "U"), 0, 500));
    };
    world.a.on(12, answer);
    world.b.refuse(12, wire::ResponseCode::kQueryNotFound, "can not find message");
    const auto message = world.admin.view("T", id).get();
    ASSERT_TRUE(message) << message.error().describe();
    EXPECT_EQ(message->text(), "first");
    EXPECT_EQ(message->id(), id);

    world.a.refuse(12, wire::ResponseCode::kQueryNotFound, "can not find message");
    const auto none = world.admin.view("T", "no id").get();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), 208);
    EXPECT_EQ(none.error().text(), "query message by id finished, but no message.");
}

TEST(Admin, MakesAConsumerTakeAMessageWhereItIsStored) {
    AdminWorld world;
    world.a.refuse(12, wire::ResponseCode::kQueryNotFound, "can not find message");
    world.b.body(12, a_record("T", "it", with_key("k", "U1"), 3, 1'000, world.b.port()));
    world.b.on(309, [](net::Request& request) {
        const auto header = request.header<wire::ForClient>();
        EXPECT_EQ(header->consumer_group, "G");
        EXPECT_EQ(header->client_id, "c");
        EXPECT_EQ(header->msg_id.size(), 32U) << "the offset id";
        request.ok_body(R"({"autoCommit":true,"consumeResult":"CR_LATER","order":false,)"
                        R"("remark":"soon","spentTimeMills":7})");
    });
    const auto outcome = world.admin.consume_directly("G", "c", "T", "U1").get();
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->result, "CR_LATER");
    EXPECT_EQ(outcome->remark, "soon");
    EXPECT_EQ(outcome->took.count(), 7);
    EXPECT_EQ(world.admin.consume_directly("G", "c", "T", "U2").get().error().code(), 208);
}

TEST(Admin, ShowsMessagesWithoutTheirNamespace) {
    AdminWorld world(kerolox::ClientOptions().name_space("NS"));
    world.a.body(12, a_record("NS%T", "it", with_key("k"), 3, 1'000));
    world.b.body(12, a_record("T", "of nobody's namespace", with_key("k"), 3, 1'000));
    const auto found = world.admin.query("T", "k", 10).get();
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().topic(), "T");
    EXPECT_EQ(found->front().queue().topic, "T");
}

}  // namespace
}  // namespace kx::client
