// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "client/consume/fake_group.h"
#include "kerolox/client.hpp"
#include "model/properties.h"
#include "model/record.h"
#include "wire/bodies/pop.h"
#include "wire/requests/pop.h"

namespace kx::client {
namespace {

using namespace std::chrono_literals;
using kerolox::PopOptions;
using kerolox::PopRequest;

/// Pops whatever a test gives it to pop, once.
class FakePopBroker : public FakeServer {
public:
    FakePopBroker() {
        serve(200'050, [this](net::Request& request) { on_pop(request); });
        serve(200'051, [this](net::Request& request) {
            const auto header = request.header<wire::AckMessage>();
            MutexLock lock(mutex_);
            acks_.push_back(fmt::format("{} {} {} {}", header->topic, header->queue_id,
                                        header->offset, header->extra_info));
            request.ok();
        });
        serve(200'151, [this](net::Request& request) {
            MutexLock lock(mutex_);
            acks_.emplace_back(request.body());
            request.ok();
        });
        serve(200'053, [](net::Request& request) {
            wire::InvisibleTimeAnswer answer;
            answer.pop_time = 7'000;
            answer.invisible_time = request.header<wire::ChangeInvisibleTime>()->invisible_time;
            answer.revive_qid = 5;
            request.ok(answer);
        });
        serve(35, [](net::Request& request) { request.ok(); });
        start();
    }
    ~FakePopBroker() override { shut_down(); }

    void add(const std::string& topic, std::int32_t queue, std::int64_t offset,
             const std::string& body, const std::string& properties = {}) {
        model::NewMessage fresh;
        fresh.topic = topic;
        fresh.queue_id = queue;
        fresh.body = body;
        fresh.properties = properties;
        auto draft = model::RecordDraft::make(fresh, {});
        MutexLock lock(mutex_);
        records_ += draft->encode(offset, offset * 1000, 0);
        if (!model::has_property(properties, model::property::kPopCheckPoint)) {
            starts_[queue] = std::min(starts_.try_emplace(queue, offset).first->second, offset);
            offsets_[queue] += fmt::format("{}{}", offsets_[queue].empty() ? "" : ",", offset);
        }
    }
    void say(wire::ResponseCode code) {
        MutexLock lock(mutex_);
        says_ = code;
    }
    std::vector<std::string> acks() const {
        MutexLock lock(mutex_);
        return acks_;
    }

private:
    void on_pop(net::Request& request) {
        MutexLock lock(mutex_);
        if (records_.empty() || says_ != wire::ResponseCode::kSuccess) {
            return request.refuse(
                says_ == wire::ResponseCode::kSuccess ? wire::ResponseCode::kPollingTimeout : says_,
                "NO_MESSAGE_IN_QUEUE");
        }
        std::string starts;
        std::string offsets;
        for (const auto& [queue, start] : starts_) {
            starts += fmt::format("{}0 {} {}", starts.empty() ? "" : ";", queue, start);
            offsets += fmt::format("{}0 {} {}", offsets.empty() ? "" : ";", queue, offsets_[queue]);
        }
        wire::PopAnswer answer;
        answer.pop_time = 5'000;
        answer.invisible_time = request.header<wire::PopMessage>()->invisible_time;
        answer.revive_qid = 2;
        // A real answer has them as soon as one message is of the topic itself.
        answer.start_offset_info = starts.empty() ? "1 0 0" : std::string_view(starts);
        answer.msg_offset_info = starts.empty() ? "1 0 0" : std::string_view(offsets);
        const Slice slice = Slice::own(std::exchange(records_, {}));
        net::Reply reply;
        reply.body = std::span(&slice, 1);
        request.send(reply.with(answer));
        starts_.clear();
        offsets_.clear();
    }

    std::string records_ KX_GUARDED_BY(mutex_);
    std::map<std::int32_t, std::int64_t> starts_ KX_GUARDED_BY(mutex_);
    std::map<std::int32_t, std::string> offsets_ KX_GUARDED_BY(mutex_);
    std::vector<std::string> acks_ KX_GUARDED_BY(mutex_);
    wire::ResponseCode says_ KX_GUARDED_BY(mutex_) = wire::ResponseCode::kSuccess;
};

struct PopWorld {
    explicit PopWorld(bool two_brokers = false) {
        names.add_route("T", "a", a.address(), 4);
        if (two_brokers) names.add_route("T", "b", b.address(), 4);
        client = std::make_unique<kerolox::Client>(
            kerolox::Client::create(kerolox::ClientOptions().name_servers(names.address()))
                .value());
    }
    kerolox::PopConsumer consumer(const PopOptions& options = PopOptions("G")) const {
        return client->pop_consumer(options).value();
    }

    FakeNameServer names;
    FakePopBroker a;
    FakePopBroker b;
    std::unique_ptr<kerolox::Client> client;
};

PopRequest of_topic(std::chrono::milliseconds wait = 0ms) {
    PopRequest request;
    request.topic = "T";
    request.wait = wait;
    return request;
}

TEST(PopConsumer, ReceivesAndAcknowledges) {
    PopWorld world;
    world.a.add("T", 2, 10, "one");
    world.a.add("T", 2, 11, "two");
    auto consumer = world.consumer();
    const auto popped = consumer.receive(of_topic()).get();
    ASSERT_TRUE(popped) << popped.error().describe();
    ASSERT_EQ(popped->size(), 2U);
    const kerolox::PoppedMessage& second = popped.value()[1];
    EXPECT_EQ(second.message.text(), "two");
    EXPECT_EQ(second.message.queue(), (kerolox::Queue{"T", "a", 2}));
    EXPECT_EQ(second.message.property("1ST_POP_TIME"), "5000");
    EXPECT_EQ(second.handle.text(), "10 5000 60000 2 0 a 2 11");
    ASSERT_TRUE(consumer.ack(second.handle).get());
    EXPECT_EQ(world.a.acks(), std::vector<std::string>{"T 2 11 10 5000 60000 2 0 a 2 11"});
    EXPECT_TRUE(consumer.receive(of_topic()).get().value().empty());
}

TEST(PopConsumer, AcknowledgesManyInOneRequestOfEachBroker) {
    PopWorld world;
    for (const std::int64_t offset : {10, 11, 19}) world.a.add("T", 2, offset, "x");
    auto consumer = world.consumer();
    const auto popped = consumer.receive(of_topic()).get().value();
    std::vector<kerolox::ReceiptHandle> handles{popped[0].handle, popped[2].handle};
    handles.push_back(kerolox::ReceiptHandle::parse("T", "9 1 1 0 0 a 0 3").value());
    const auto outcomes = consumer.ack(handles).get().value();
    ASSERT_EQ(outcomes.size(), 3U);
    EXPECT_TRUE(outcomes[0]);
    EXPECT_TRUE(outcomes[1]);
    EXPECT_FALSE(outcomes[2]) << "an offset before its pop's first";
    ASSERT_EQ(world.a.acks().size(), 1U);
    EXPECT_EQ(world.a.acks()[0],
              R"({"acks":[{"b":"AQI=","c":"G","it":60000,"pt":5000,"q":2,"r":"0","rq":2,)"
              R"("so":10,"t":"T"}],"brokerName":"a"})");
}

TEST(PopConsumer, ChangesInvisibilityAndGivesANewHandle) {
    PopWorld world;
    world.a.add("T", 2, 10, "one");
    world.a.add("T", 2, 11, "two");
    auto consumer = world.consumer();
    const auto popped = consumer.receive(of_topic()).get().value();
    const auto next = consumer.change_invisible(popped[1].handle, 30s).get();
    ASSERT_TRUE(next) << next.error().describe();
    EXPECT_EQ(next->text(), "11 7000 30000 5 0 a 2 11");
    EXPECT_EQ(next->topic(), "T");
}

TEST(PopConsumer, KeepsTheCheckPointOfRetriedMessagesAndAcksTheirTopic) {
    PopWorld world;
    world.a.add("T", 0, 3, "again",
                "POP_CK\1"
                "3 4000 60000 1 2 a 0 3\2"
                "1ST_POP_TIME\1"
                "1000");
    world.a.add("T", 0, 8, "older",
                "POP_CK\1"
                "8 4000 60000 1 1 a 0 8");
    auto consumer = world.consumer();
    const auto popped = consumer.receive(of_topic()).get().value();
    ASSERT_EQ(popped.size(), 2U);
    EXPECT_EQ(popped[0].message.topic(), "T");
    EXPECT_EQ(popped[0].message.property("1ST_POP_TIME"), "1000");
    ASSERT_TRUE(consumer.ack(popped[0].handle).get());
    ASSERT_TRUE(consumer.ack(popped[1].handle).get());
    EXPECT_EQ(world.a.acks(), (std::vector<std::string>{"%RETRY%G+T 0 3 3 4000 60000 1 2 a 0 3",
                                                        "%RETRY%G_T 0 8 8 4000 60000 1 1 a 0 8"}));
}

TEST(PopConsumer, AcknowledgesWhatTheFilterLeavesOut) {
    PopWorld world;
    world.a.add("T", 1, 5, "wanted", "TAGS\1AaAa");
    world.a.add("T", 1, 6, "alike", "TAGS\1BBBB");
    auto consumer = world.consumer();
    PopRequest request = of_topic();
    request.filter = kerolox::Filter::tags("AaAa");
    const auto popped = consumer.receive(request).get().value();
    ASSERT_EQ(popped.size(), 1U);
    EXPECT_EQ(popped[0].message.text(), "wanted");
    EXPECT_TRUE(becomes_true([&] { return world.a.acks().size() == 1; }));
    EXPECT_TRUE(world.a.acks()[0].starts_with("T 1 6 "));
}

TEST(PopConsumer, LooksAtEachBrokerBeforeItWaits) {
    PopWorld world(true);
    auto consumer = world.consumer();
    world.b.add("T", 0, 1, "at b");
    EXPECT_EQ(consumer.receive(of_topic(10s)).get().value().at(0).message.text(), "at b");
    world.b.add("T", 0, 2, "at b again");
    EXPECT_EQ(consumer.receive(of_topic(10s)).get().value().at(0).message.text(), "at b again");
    // One that is down is passed over while the other has messages.
    world.a.say(wire::ResponseCode::kSystemError);
    world.b.add("T", 0, 3, "still");
    EXPECT_EQ(consumer.receive(of_topic()).get().value().at(0).message.text(), "still");
    world.b.say(wire::ResponseCode::kSubscriptionGroupNotExist);
    const auto refused = consumer.receive(of_topic(10s)).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), kerolox::ErrorKind::broker);
}

TEST(PopConsumer, GoesOnWaitingWhenABrokerIsFull) {
    PopWorld world;
    world.a.say(wire::ResponseCode::kPollingFull);
    auto consumer = world.consumer();
    auto pending = consumer.receive(of_topic(20s));
    ASSERT_TRUE(becomes_true([&] { return world.a.asked(200'050) >= 2; }));
    world.a.add("T", 0, 1, "at last");
    world.a.say(wire::ResponseCode::kSuccess);
    EXPECT_EQ(std::move(pending).get().value().size(), 1U);
}

TEST(PopConsumer, EndsItsWaitsWhenItCloses) {
    PopWorld world;
    world.a.say(wire::ResponseCode::kPollingFull);
    auto consumer = world.consumer();
    auto pending = consumer.receive(of_topic(20s));
    ASSERT_TRUE(becomes_true([&] { return world.a.asked(200'050) >= 1; }));
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(std::move(pending).get().error().kind(), kerolox::ErrorKind::closed);
}

TEST(PopConsumer, RefusesWhatCannotBe) {
    PopWorld world;
    auto consumer = world.consumer();
    PopRequest many = of_topic();
    many.max_messages = 33;
    EXPECT_EQ(consumer.receive(many).get().error().text(), "popBatchNums Out of range [1, 32]");
    EXPECT_FALSE(consumer.receive(PopRequest()).get());
    EXPECT_FALSE(kerolox::ReceiptHandle::parse("T", "no handle"));
    EXPECT_FALSE(kerolox::ReceiptHandle::parse("", "1 2 3 4 0 b 0 1"));
    EXPECT_FALSE(
        world.client->pop_consumer(PopOptions("H").start_from(kerolox::StartFrom::timestamp)));
    EXPECT_TRUE(PopOptions("H").in_order(true).describe().find("consumeOrderly=true") !=
                std::string::npos);
}

}  // namespace
}  // namespace kx::client
