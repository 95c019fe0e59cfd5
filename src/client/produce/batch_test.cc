// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "client/produce/send_rig.h"
#include "model/batch.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using kerolox::AutoBatch;
using kerolox::Bytes;
using kerolox::Message;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::SendReceipt;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Message item(std::string body) { return {"T", Bytes(std::move(body))}; }

std::vector<Message> numbered(int count, const std::string& body = "m") {
    std::vector<Message> all;
    for (int i = 0; i < count; ++i) all.push_back(item(body + std::to_string(i)));
    return all;
}

std::vector<std::string> bodies_of(const TakenRequest& request) {
    std::vector<std::string> bodies;
    if (request.code != 320) return {request.body};
    const auto items = model::split_batch(request.body);
    for (const auto& one : *items) bodies.emplace_back(one.body);
    return bodies;
}

TEST(Batch, TravelsInOneRequestAndGivesEachMessageAReceipt) {
    SendRig rig;
    Producer producer = rig.producer();
    std::vector<Message> messages = numbered(3);
    messages[1].tag("B").flag(9);
    const auto sent = producer.send_batch(std::move(messages)).get();
    ASSERT_TRUE(sent) << sent.error().describe();
    ASSERT_EQ(sent->size(), 3U);
    const auto requests = rig.sends();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].code, 320);
    EXPECT_EQ(requests[0].field("m"), "true");
    EXPECT_EQ(requests[0].field("f"), "0");
    EXPECT_NE(requests[0].property("UNIQ_KEY"), "");
    EXPECT_EQ(requests[0].property("WAIT"), "true");
    const auto split = model::split_batch(requests[0].body);
    ASSERT_TRUE(split);
    ASSERT_EQ(split->size(), 3U);
    EXPECT_EQ((*split)[1].flag, 9);
    EXPECT_EQ(model::property_or_empty((*split)[1].properties, "TAGS"), "B");
    std::set<std::string> ids;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ((*split)[i].body, "m" + std::to_string(i));
        EXPECT_EQ(model::property_or_empty((*split)[i].properties, "UNIQ_KEY"),
                  (*sent)[i].message_id());
        EXPECT_EQ((*sent)[i].queue_offset(), static_cast<std::int64_t>(i));
        EXPECT_EQ((*sent)[i].queue(), (*sent)[0].queue());
        ids.insert(std::string((*sent)[i].offset_id()));
    }
    EXPECT_EQ(ids.size(), 3U);
}

TEST(Batch, SaysWhatCannotTravelTogether) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").max_message_size(1000));
    const auto error_of = [&](Message first, Message second) {
        std::vector<Message> both;
        both.push_back(std::move(first));
        both.push_back(std::move(second));
        const auto sent = producer.send_batch(std::move(both)).get();
        return sent ? std::string("sent") : std::string(sent.error().text());
    };
    EXPECT_THAT(error_of(item("a"), item("b").delay_level(3)),
                "Failed to initiate the MessageBatch: TimeDelayLevel is not supported for "
                "batching");
    EXPECT_THAT(error_of(item("a"), item("b").deliver_after(seconds(3))), HasSubstr("Delay"));
    EXPECT_THAT(error_of(item("a"), Message("U", Bytes("b"))),
                "Failed to initiate the MessageBatch: The topic of the messages in one batch "
                "should be the same");
    EXPECT_THAT(error_of(item("a"), item("b").wait_store(false)),
                "Failed to initiate the MessageBatch: The waitStoreMsgOK of the messages in one "
                "batch should the same");
    EXPECT_THAT(error_of(Message("%RETRY%g", Bytes("a")), Message("%RETRY%g", Bytes("b"))),
                "Failed to initiate the MessageBatch: Retry Group is not supported for batching");
    EXPECT_THAT(error_of(item("a"), item("")),
                "Failed to initiate the MessageBatch: the message body length is zero");
    EXPECT_THAT(error_of(item(std::string(500, 'a')), item(std::string(500, 'b'))),
                "the message body size over max value, MAX: 1000");
    EXPECT_FALSE(producer.send_batch({}).get());
    EXPECT_EQ(rig.sends().size(), 0U);
}

TEST(Batch, IsTriedAgainAsAWhole) {
    SendRig rig;
    rig.a.otherwise(2);
    Producer producer = rig.producer();
    for (int i = 0; i < 4; ++i) {
        const auto sent = producer.send_batch(numbered(5)).get();
        ASSERT_TRUE(sent) << sent.error().describe();
        EXPECT_EQ(sent->at(4).queue().broker, "broker-b");
    }
    rig.b.otherwise(13);
    EXPECT_FALSE(producer.send_batch(numbered(5)).get());
    EXPECT_EQ(producer.in_flight(), 0U);
}

TEST(Batch, IsCutIntoAsManyAsTheLimitAsksFor) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").max_message_size(1000));
    const auto sent = producer.send_batches(numbered(50, std::string(80, 'x'))).get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->size(), 50U);
    const auto requests = rig.sends();
    EXPECT_GT(requests.size(), 5U);
    std::set<std::string> ids;
    for (const TakenRequest& request : requests) {
        EXPECT_LE(request.body.size(), 1000U);
        const auto split = model::split_batch(request.body);
        for (const auto& one : *split)
            ids.emplace(model::property_or_empty(one.properties, "UNIQ_KEY"));
    }
    EXPECT_EQ(ids.size(), 50U);
    for (const SendReceipt& receipt : *sent)
        EXPECT_TRUE(ids.contains(std::string(receipt.message_id())));

    EXPECT_FALSE(producer.send_batches(numbered(1, std::string(1000, 'x'))).get());
    rig.a.otherwise(13);
    rig.b.otherwise(13);
    const auto failed = producer.send_batches(numbered(50, std::string(80, 'x'))).get();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), 13);
    EXPECT_EQ(rig.sends().size(), requests.size() + 1) << "the first failure ends it";
}

// --- messages that wait for each other ---

TEST(AutoBatch, JoinsWhatComesTogether) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").auto_batch(
        AutoBatch{.bytes = 32 * 1024, .count = 1024, .delay = milliseconds(30)}));
    ASSERT_TRUE(producer.send(item("first, for the route")).get());
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 100; ++i)
        handles.push_back(producer.send(item(std::to_string(i)).key("k" + std::to_string(i % 3))));
    std::set<std::string> ids;
    std::map<kerolox::Queue, std::set<std::int64_t>> offsets;
    for (auto& handle : handles) {
        const auto sent = std::move(handle).get();
        ASSERT_TRUE(sent) << sent.error().describe();
        ids.emplace(sent->message_id());
        offsets[sent->queue()].insert(sent->queue_offset());
    }
    EXPECT_EQ(ids.size(), 100U);
    std::size_t places = 0;
    for (const auto& [queue, set] : offsets) places += set.size();
    EXPECT_EQ(places, 100U);
    EXPECT_LT(rig.sends().size(), 30U);
    std::vector<std::string> bodies;
    for (const TakenRequest& request : rig.sends())
        for (std::string& body : bodies_of(request)) bodies.push_back(std::move(body));
    EXPECT_EQ(bodies.size(), 101U);
    const auto requests = rig.sends();
    const auto batch = std::ranges::find(requests, 320, &TakenRequest::code);
    ASSERT_NE(batch, requests.end());
    EXPECT_THAT(batch->property("KEYS"), ::testing::AnyOf("k0 k1 k2", "k1 k2 k0", "k2 k0 k1"));
}

TEST(AutoBatch, SendsAGroupWhenItIsFullOrOldEnough) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").auto_batch(
        AutoBatch{.bytes = 2'000, .count = 5, .delay = milliseconds(30'000)}));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(producer.send(item("x")));
    // The very first ones may have waited for the route and gone alone.
    EXPECT_TRUE(comes_true([&] { return !rig.sends().empty(); }));
    for (int i = 0; i < 5; ++i) handles.push_back(producer.send(item(std::string(700, 'y'))));
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() >= 2; }));
    EXPECT_TRUE(producer.close(seconds(5)).get()) << "the end sends what waits";
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    std::size_t messages = 0;
    for (const TakenRequest& request : rig.sends()) messages += bodies_of(request).size();
    EXPECT_EQ(messages, 15U);
}

TEST(AutoBatch, KeepsApartWhatMustNotMix) {
    SendRig rig;
    Producer producer =
        rig.producer(ProducerOptions("P").auto_batch(AutoBatch{.delay = milliseconds(20)}));
    ASSERT_TRUE(producer.send(item("route")).get());
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 4; ++i) {
        handles.push_back(producer.send(item("a").tag("A")));
        handles.push_back(producer.send(item("b").tag("B")));
        handles.push_back(producer.send(item("w").wait_store(false)));
        handles.push_back(producer.send(item("d").delay_level(1)));
        handles.push_back(producer.send_ordered("k", item("o")));
        handles.push_back(producer.send_to({"T", "broker-a", 1}, item("q")));
        handles.push_back(producer.send(item(std::string(9'000, 'z'))));
    }
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    for (const TakenRequest& request : rig.sends()) {
        const auto bodies = bodies_of(request);
        EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 1U);
        if (request.code != 320) continue;
        EXPECT_THAT(bodies[0], ::testing::AnyOf("a", "b", "w", "q"));
        if (bodies[0] == "q") EXPECT_EQ(request.field("e"), "1");
        if (bodies[0] == "w") EXPECT_EQ(request.property("WAIT"), "false");
    }
}

TEST(AutoBatch, TellsEachMessageWhenTheBatchFails) {
    SendRig rig;
    rig.a.otherwise(13);
    rig.b.otherwise(13);
    Producer producer =
        rig.producer(ProducerOptions("P").auto_batch(AutoBatch{.delay = milliseconds(20)}));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 20; ++i) handles.push_back(producer.send(item("x")));
    for (auto& handle : handles) {
        const auto sent = std::move(handle).get();
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code(), 13);
    }
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
}

TEST(AutoBatch, LetsCancelledMessagesOut) {
    SendRig rig;
    Producer producer =
        rig.producer(ProducerOptions("P").auto_batch(AutoBatch{.delay = milliseconds(60)}));
    ASSERT_TRUE(producer.send(item("route")).get());
    auto kept = producer.send(item("kept"));
    auto other = producer.send(item("other"));
    auto dropped = producer.send(item("dropped"));
    dropped.cancel();
    EXPECT_TRUE(std::move(kept).get());
    EXPECT_TRUE(std::move(other).get());
    EXPECT_FALSE(std::move(dropped).get());
    for (const TakenRequest& request : rig.sends())
        EXPECT_THAT(bodies_of(request), ::testing::Not(::testing::Contains("dropped")));
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
}

TEST(AutoBatch, SendsAloneWhatIsBeyondItsBound) {
    SendRig rig;
    Producer producer = rig.producer(
        ProducerOptions("P").auto_batch(AutoBatch{.delay = milliseconds(200), .bytes_waiting = 1}));
    EXPECT_TRUE(producer.send(item("x")).get());
    EXPECT_EQ(rig.sends().at(0).code, 310);
    ProducerOptions wrong("W");
    wrong.auto_batch(AutoBatch{.bytes = 3 * 1024 * 1024, .count = 0, .delay = seconds(31)});
    EXPECT_EQ(wrong.validate().size(), 3U);
}

}  // namespace
}  // namespace kx::client
