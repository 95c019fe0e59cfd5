// SPDX-License-Identifier: Apache-2.0
//
// Administration against servers that answer what a test wants.
#include "kerolox/admin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/admin/commands.h"
#include "client/fake_servers.h"
#include "kerolox/client.hpp"
#include "model/message_id.h"
#include "model/record.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/running_info.h"
#include "wire/bodies/topics.h"
#include "wire/requests/admin.h"
#include "wire/requests/consumption.h"
#include "wire/requests/offsets.h"
#include "wire/requests/topics.h"

namespace kx::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

/// A server that answers each code as the test says; the others with NOT_SUPPORTED.
class AdminServer : public FakeServer {
public:
    AdminServer() {
        for (const std::int32_t code : kCodes)
            serve(code, [this](net::Request& request) { dispatch(request); });
        start();
    }
    ~AdminServer() override { shut_down(); }  // before the table goes

    void on(std::int32_t code, std::function<void(net::Request&)> answer) {
        MutexLock lock(mutex_);
        answers_[code] = std::move(answer);
    }
    void body(std::int32_t code, std::string text) {
        on(code, [text = std::move(text)](net::Request& request) { request.ok_body(text); });
    }
    void refuse(std::int32_t code, wire::ResponseCode with, std::string remark) {
        on(code, [with, remark = std::move(remark)](net::Request& request) {
            request.refuse(with, remark);
        });
    }

private:
    static constexpr std::array kCodes{12,  14,  15,  17,  18,  21,  25,  26,  28,  29,  30,
                                       31,  32,  33,  100, 101, 102, 105, 106, 200, 201, 202,
                                       203, 204, 205, 206, 207, 208, 215, 216, 219, 222, 224,
                                       300, 307, 309, 314, 318, 319, 327, 343, 351, 352};

    void dispatch(net::Request& request) {
        std::function<void(net::Request&)> answer;
        {
            MutexLock lock(mutex_);
            const auto found = answers_.find(request.code());
            if (found != answers_.end()) answer = found->second;
        }
        if (answer) return answer(request);
        request.refuse(static_cast<wire::ResponseCode>(3), "not served");
    }

    std::map<std::int32_t, std::function<void(net::Request&)>> answers_ KX_GUARDED_BY(mutex_);
};

std::string an_address_nobody_has() {
    FakeBroker gone("gone");
    const std::string address = gone.address();
    gone.shut_down();
    return address;
}

/// A name server and two brokers of one cluster, and a client that administrates them.
struct AdminWorld {
    AdminServer names;
    AdminServer a;
    AdminServer b;
    kerolox::Client client;
    kerolox::Admin admin;

    explicit AdminWorld(kerolox::ClientOptions options = {}) : AdminWorld(std::move(options), {}) {}
    AdminWorld(kerolox::ClientOptions options, std::string b_address) {
        const std::string b_at = b_address.empty() ? b.address() : b_address;
        options.name_servers(names.address()).log([](const kerolox::LogRecord&) {});
        wire::ClusterInfo cluster;
        wire::TopicRoute route;
        for (const auto& [name, address] :
             std::map<std::string, std::string>{{"broker-a", a.address()}, {"broker-b", b_at}}) {
            wire::BrokerData data;
            data.cluster = "C";
            data.broker_name = name;
            data.broker_addrs[0] = address;
            cluster.broker_addr_table[name] = data;
            cluster.cluster_addr_table["C"].insert(name);
            route.broker_datas.push_back(data);
            route.queue_datas.push_back({name, 6, 4, 0, 4});
        }
        names.body(106, to_json(cluster));
        names.on(105, [route](net::Request& request) {
            const auto topic = request.header<wire::TopicName>()->topic;
            if (topic == "T" || topic == "%RETRY%G" || topic == "NS%T" || topic == "%RETRY%NS%G")
                return request.ok_body(to_json(route));
            request.refuse(
                wire::ResponseCode::kTopicNotExist,
                "No topic route info in name server for the topic: " + std::string(topic));
        });
        auto made = kerolox::Client::create(options);
        EXPECT_TRUE(made) << made.error().describe();
        client = std::move(made).value();
        admin = client.admin();
    }
};

std::string a_record(std::string topic, std::string body, std::string properties,
                     std::int64_t offset, std::int64_t store_ms) {
    model::NewMessage fresh;
    fresh.topic = topic;
    fresh.body = body;
    fresh.properties = properties;
    auto draft = model::RecordDraft::make(fresh, {});
    EXPECT_TRUE(draft);
    return draft->encode(offset, offset * 1000, store_ms);
}

std::string with_key(std::string key, std::string unique = "U") {
    return "KEYS\1" + key + "\2UNIQ_KEY\1" + unique + "\2";
}

// --- routes ---

TEST(Admin, ShowsRoutesAndClusters) {
    AdminWorld world;
    const auto route = world.admin.route("T").get();
    ASSERT_TRUE(route) << route.error().describe();
    ASSERT_EQ(route->brokers.size(), 2U);
    EXPECT_EQ(route->brokers[0].name, "broker-a");
    EXPECT_EQ(route->brokers[0].addresses.at(0), world.a.address());
    EXPECT_EQ(route->queues[1].broker, "broker-b");
    EXPECT_EQ(route->queues[1].permission, 6);
    EXPECT_EQ(route->queues[1].write_queues, 4);

    const auto cluster = world.admin.cluster().get();
    ASSERT_TRUE(cluster);
    EXPECT_THAT(cluster->clusters, ElementsAre(Pair("C", ElementsAre("broker-a", "broker-b"))));
    EXPECT_THAT(world.admin.name_servers(), ElementsAre(world.names.address()));
}

TEST(Admin, TellsOfAnUnknownTopicWithTheServersCodeAndText) {
    AdminWorld world;
    const auto route = world.admin.route("Unknown").get();
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(route.error().code(), 17);
    EXPECT_EQ(route.error().text(), "No topic route info in name server for the topic: Unknown");
}

TEST(Admin, ListsTopicsAsTheApplicationNamesThem) {
    AdminWorld world(kerolox::ClientOptions().name_space("NS"));
    world.names.body(206, R"({"topicList":["NS%T","NS%U","Other","%RETRY%NS%G"]})");
    const auto topics = world.admin.topics().get();
    ASSERT_TRUE(topics);
    EXPECT_THAT(*topics, ElementsAre("T", "U", "Other", "%RETRY%NS%G"));
    EXPECT_TRUE(world.admin.route("T").get()) << "asked for as NS%T";
}

TEST(Admin, SaysWhatAServerDoesNotServe) {
    AdminWorld world;
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(stats.error().code(), 3);
    EXPECT_EQ(stats.error().peer(), world.a.address());
}

// --- many brokers ---

TEST(Admin, CreatesATopicAtEveryMasterAndShowsWhereItFailed) {
    AdminWorld world;
    std::string attributes;
    world.a.on(17, [&](net::Request& request) {
        const auto header = request.header<wire::UpdateTopic>();
        EXPECT_EQ(header->topic, "T");
        EXPECT_EQ(header->default_topic, "TBW102");
        EXPECT_EQ(header->read_queue_nums, 3);
        EXPECT_EQ(header->topic_filter_type, "SINGLE_TAG");
        attributes = header->attributes;
        request.ok();
    });
    world.b.refuse(17, wire::ResponseCode::kInvalidParameter, "no room");
    kerolox::TopicConfig config{"T", 3, 4};
    config.attributes = {{"message.type", "DELAY"}, {"-cleanup.policy", ""}, {"+a", "1"}};
    const auto told = world.admin.create_topic(config, kerolox::Target::cluster("C")).get();
    ASSERT_TRUE(told) << told.error().describe();
    ASSERT_EQ(told->size(), 2U);
    EXPECT_EQ((*told)[0].broker, "broker-a");
    EXPECT_TRUE((*told)[0].result);
    EXPECT_EQ((*told)[1].broker, "broker-b");
    EXPECT_EQ((*told)[1].address, world.b.address());
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().code(), 29);
    EXPECT_EQ((*told)[1].result.error().text(), "no room");
    EXPECT_EQ(attributes, "+a=1,-cleanup.policy,+message.type=DELAY");
}

TEST(Admin, KeepsOneBrokersFailureFromTheOthers) {
    AdminWorld world({}, an_address_nobody_has());
    world.a.on(200, [](net::Request& request) { request.ok(); });
    const auto told = world.admin.create_group({"G"}, kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_TRUE((*told)[0].result);
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().kind(), kerolox::ErrorKind::connect);
}

TEST(Admin, RefusesImpossibleNamesAndTargetsItself) {
    AdminWorld world;
    const auto topic = world.admin.create_topic({"no blanks"}, kerolox::Target::everywhere()).get();
    ASSERT_FALSE(topic);
    EXPECT_EQ(topic.error().kind(), kerolox::ErrorKind::usage);
    EXPECT_THAT(std::string(topic.error().text()), HasSubstr("contains illegal characters"));
    const auto group = world.admin.create_group({""}, kerolox::Target::everywhere()).get();
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().text(), "The specified group is blank.");
    const auto cluster = world.admin.create_topic({"T"}, kerolox::Target::cluster("none")).get();
    ASSERT_FALSE(cluster);
    EXPECT_THAT(std::string(cluster.error().text()), HasSubstr("clusterName exists"));
    EXPECT_FALSE(world.admin.create_topic({"T"}, kerolox::Target::broker("")).get());
}

TEST(Admin, NamesABrokerWithoutMaster) {
    AdminWorld world;
    wire::ClusterInfo cluster;
    wire::BrokerData& data = cluster.broker_addr_table["broker-c"];
    data.broker_name = "broker-c";
    data.broker_addrs[1] = world.a.address();
    cluster.cluster_addr_table["C"] = {"broker-c"};
    world.names.body(106, to_json(cluster));
    const auto told = world.admin.create_group({"G"}, kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    EXPECT_EQ((*told)[0].result.error().text(), "The broker[broker-c] not exist");
    EXPECT_EQ((*told)[0].result.error().code(), 10'003);
}

TEST(Admin, EndsInTimeWhenABrokerSaysNothing) {
    AdminWorld world;
    world.a.on(207, [](net::Request& request) { request.ok(); });
    world.b.on(207, [](net::Request& request) { request.no_answer(); });
    const auto told =
        world.admin.with_timeout(100ms).delete_group("G", kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_TRUE((*told)[0].result);
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().kind(), kerolox::ErrorKind::timeout);
}

TEST(Admin, DeletesATopicAtBrokersFirst) {
    AdminWorld world;
    const auto ok = [](net::Request& request) { request.ok(); };
    world.a.on(215, ok);
    world.names.on(216, ok);
    world.b.refuse(215, wire::ResponseCode::kSystemError, "busy");
    auto told = world.admin.delete_topic("T", kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->size(), 2U);
    EXPECT_EQ(world.names.asked(216), 0) << "the topic is still at broker-b";

    told = world.admin.delete_topic("T", kerolox::Target::broker(world.a.address())).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    EXPECT_EQ((*told)[0].broker, "broker-a");
    EXPECT_EQ(world.names.asked(216), 0) << "broker-b was not meant";

    world.b.on(215, ok);
    told = world.admin.delete_topic("T", kerolox::Target::cluster("C")).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 3U);
    EXPECT_EQ((*told)[2].broker, "");
    EXPECT_EQ((*told)[2].address, world.names.address());
    EXPECT_EQ(world.names.asked(216), 1);
}

TEST(Admin, ReadsTopicsPageByPage) {
    AdminWorld world;
    world.a.on(21, [](net::Request& request) {
        const auto header = request.header<wire::GetAllTopics>();
        wire::TopicTable page;
        // The second page comes from a table that changed: the whole begins anew.
        const bool changed = !header->data_version.empty();
        page.data_version.counter = changed ? 2 : 1;
        const bool is_second =
            changed && (header->data_version.find("\"counter\":2") != std::string_view::npos);
        page.topic_config_table[is_second ? "Z" : (changed ? "Y" : "X")].topic_name =
            is_second ? "Z" : (changed ? "Y" : "X");
        wire::AllTopicsAnswer answer;
        answer.total_topic_num = 2;
        const Slice body = Slice::own(to_json(page));
        net::Reply reply;
        reply.body = std::span(&body, 1);
        request.send(reply.with(answer));
    });
    const auto topics = world.admin.topic_configs(world.a.address()).get();
    ASSERT_TRUE(topics) << topics.error().describe();
    ASSERT_EQ(topics->size(), 2U);
    EXPECT_EQ((*topics)[0].name, "Y");
    EXPECT_EQ((*topics)[1].name, "Z");
    EXPECT_EQ(world.a.asked(21), 3);
}

TEST(Admin, MergesTheFiguresOfBrokers) {
    AdminWorld world;
    const auto table = [](const std::string& broker, int max) {
        wire::TopicStats stats;
        stats.offset_table[{broker, 0, "T"}] = {1'000, max, 1};
        return to_json(stats);
    };
    world.a.body(202, table("broker-a", 7));
    world.b.body(202, table("broker-b", 9));
    const auto stats = world.admin.topic_stats("T").get();
    ASSERT_TRUE(stats) << stats.error().describe();
    ASSERT_EQ(stats->size(), 2U);
    EXPECT_EQ((*stats)[0].queue.describe(), "T@broker-a:0");
    EXPECT_EQ((*stats)[0].max_offset, 7);
    EXPECT_EQ((*stats)[1].max_offset, 9);
    EXPECT_EQ((*stats)[1].last_update.time_since_epoch(), 1s);

    // What one broker cannot tell would be missing unseen.
    world.b.refuse(202, wire::ResponseCode::kTopicNotExist, "topic[T] not exist");
    EXPECT_EQ(world.admin.topic_stats("T").get().error().code(), 17);

    const std::string progress =
        R"({"consumeTps":1.5,"offsetTable":{{"brokerName":"X","queueId":0,"topic":"T"}:)"
        R"({"brokerOffset":10,"consumerOffset":4,"lastTimestamp":0,"pullOffset":5}}})";
    world.a.body(208, progress);
    world.b.body(208, R"({"consumeTps":0.5,"offsetTable":{}})");
    const auto group = world.admin.progress("G").get();
    ASSERT_TRUE(group) << group.error().describe();
    EXPECT_EQ(group->consume_tps, 2.0);
    ASSERT_EQ(group->queues.size(), 1U);
    EXPECT_EQ(group->queues[0].broker_offset - group->queues[0].consumer_offset, 6);
    EXPECT_EQ(group->queues[0].last_consumed, std::chrono::system_clock::time_point());

    world.a.body(208, R"({"consumeTps":0.5,"offsetTable":{}})");
    EXPECT_EQ(world.admin.progress("G").get().error().code(), 206);

    world.a.body(300, R"({"groupList":["G2","G1"]})");
    world.b.body(300, R"({"groupList":["G2","G3"]})");
    EXPECT_THAT(*world.admin.groups_of_topic("T").get(), ElementsAre("G1", "G2", "G3"));
}

// --- offsets ---

TEST(Admin, AsksTheQueuesMaster) {
    AdminWorld world;
    world.b.on(30, [](net::Request& request) {
        EXPECT_EQ(request.header<wire::QueueOfTopic>()->queue_id, 2);
        request.ok(wire::OffsetAnswer{42});
    });
    world.b.on(32, [](net::Request& request) { request.ok(wire::TimestampAnswer{-1}); });
    world.b.refuse(14, wire::ResponseCode::kQueryNotFound, "Not found");
    world.b.refuse(31, wire::ResponseCode::kSystemError, "no disk");
    const kerolox::Queue queue{"T", "broker-b", 2};
    EXPECT_EQ(world.admin.max_offset(queue).get().value_or(-5), 42);
    EXPECT_EQ(*world.admin.earliest_time(queue).get(), std::chrono::system_clock::time_point());
    EXPECT_EQ(world.admin.committed("G", queue).get().value_or(-5), -1);
    const auto min = world.admin.min_offset(queue).get();
    ASSERT_FALSE(min);
    EXPECT_EQ(min.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(min.error().code(), 1);
    EXPECT_EQ(min.error().text(), "Invoke Broker[" + world.b.address() + "] exception: no disk");
}

TEST(Admin, KnowsNoBrokerThatNoRouteNames) {
    AdminWorld world;
    for (const kerolox::Queue& queue :
         {kerolox::Queue{"T", "broker-x", 0}, kerolox::Queue{"Unknown", "broker-x", 0}}) {
        const auto offset = world.admin.max_offset(queue).get();
        ASSERT_FALSE(offset);
        EXPECT_EQ(offset.error().code(), 10'003);
        EXPECT_EQ(offset.error().text(), "The broker[broker-x] not exist");
    }
}

TEST(Admin, ResetsOffsetsAsJavaDoes) {
    AdminWorld world(kerolox::ClientOptions().name_space("NS"));
    std::atomic<int> language{-1};
    std::atomic<std::int64_t> timestamp{0};
    world.a.on(222, [&](net::Request& request) {
        language = static_cast<int>(request.command().language);
        const auto header = request.header<wire::ResetOffset>();
        timestamp = header->timestamp;
        EXPECT_EQ(header->group, "NS%G");
        EXPECT_TRUE(header->force);
        request.ok_body(
            R"({"offsetTable":{{"brokerName":"broker-a","queueId":1,"topic":"NS%T"}:17}})");
    });
    world.b.refuse(222, wire::ResponseCode::kConsumerNotOnline, "nobody is there");
    const auto told =
        world.admin.reset_offset("G", "T", std::chrono::system_clock::time_point(5s)).get();
    ASSERT_TRUE(told) << told.error().describe();
    ASSERT_EQ(told->size(), 2U);
    ASSERT_TRUE((*told)[0].result);
    ASSERT_EQ((*told)[0].result->size(), 1U);
    EXPECT_EQ((*told)[0].result->front().queue.describe(), "T@broker-a:1");
    EXPECT_EQ((*told)[0].result->front().offset, 17);
    EXPECT_EQ((*told)[1].result.error().code(), 206);
    EXPECT_EQ(language, 0) << "JAVA";
    EXPECT_EQ(timestamp, 5'000);
    (void)world.admin.reset_offset("G", "T", std::chrono::system_clock::time_point::max()).get();
    EXPECT_EQ(timestamp, -1) << "to the end";
}

TEST(Admin, SaysCppOtherwise) {
    AdminWorld world;
    std::atomic<int> language{-1};
    world.a.on(28, [&](net::Request& request) {
        language = static_cast<int>(request.command().language);
        request.ok_body(R"({"table":{"putTps":"1 2 3"}})");
    });
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->at("putTps"), "1 2 3");
    EXPECT_EQ(language, 1);
}

// --- clients ---

TEST(Admin, ShowsEachConnectedClientOnce) {
    AdminWorld world;
    const std::string at_a =
        R"({"connectionSet":[{"clientAddr":"1.1.1.1:1","clientId":"one","language":"JAVA","version":493}],)"
        R"("consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","consumeType":"CONSUME_PASSIVELY",)"
        R"("messageModel":"BROADCASTING","subscriptionTable":{"T":{"subString":"a > 1","expressionType":"SQL92","topic":"T"}}})";
    world.a.body(203, at_a);
    world.b.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    const auto found = world.admin.connections("G").get();
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->clients.size(), 1U);
    EXPECT_EQ(found->clients[0].client_id, "one");
    EXPECT_EQ(found->clients[0].language, "JAVA");
    EXPECT_EQ(found->model, kerolox::GroupModel::broadcasting);
    EXPECT_EQ(found->start_from, kerolox::StartFrom::first);
    EXPECT_FALSE(found->actively);
    ASSERT_EQ(found->subscriptions.size(), 1U);
    EXPECT_EQ(found->subscriptions[0].second, kerolox::Filter::sql("a > 1"));

    world.b.body(203, at_a);
    EXPECT_EQ(world.admin.connections("G").get()->clients.size(), 1U);

    world.a.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    world.b.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    const auto nobody = world.admin.connections("G").get();
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code(), 206);
}

TEST(Admin, ReadsWhatAConsumerTellsOfItself) {
    AdminWorld world;
    wire::ConsumerRunningInfo info;
    info.jstack = "at main";
    info.properties["PROP_CONSUME_TYPE"] = "CONSUME_PASSIVELY";
    info.mq_table[{"broker-a", 1, "T"}].cached_msg_count = 3;
    info.mq_table[{"broker-a", 1, "T"}].cached_msg_size_in_mib = 2;
    info.mq_table[{"broker-a", 1, "T"}].dropped = true;
    info.status_table["T"].consume_ok_tps = 1.5;
    info.subscription_set.push_back({});
    info.subscription_set.back().topic = "T";
    info.subscription_set.back().sub_string = "A";
    const std::string text = to_json(info);
    EXPECT_THAT(text, HasSubstr("\"droped\":true"));
    world.a.refuse(307, wire::ResponseCode::kSystemError, "The Consumer <G> <c> not online");
    world.b.on(307, [text](net::Request& request) {
        const auto header = request.header<wire::ForClient>();
        EXPECT_EQ(header->client_id, "c");
        EXPECT_TRUE(header->jstack_enable.value_or(false));
        request.ok_body(text);
    });
    const auto snapshot = world.admin.consumer_snapshot("G", "c", true).get();
    ASSERT_TRUE(snapshot) << snapshot.error().describe();
    EXPECT_THAT(snapshot->properties,
                UnorderedElementsAre(Pair("PROP_CONSUME_TYPE", "CONSUME_PASSIVELY"),
                                     Pair("jstack", "at main")));
    ASSERT_EQ(snapshot->queues.size(), 1U);
    EXPECT_EQ(snapshot->queues[0].cached_messages, 3U);
    EXPECT_EQ(snapshot->queues[0].cached_bytes, std::size_t{2} << 20);
    EXPECT_TRUE(snapshot->queues[0].dropped);
    EXPECT_EQ(snapshot->subscriptions[0].second, kerolox::Filter::tags("A"));
    EXPECT_EQ(snapshot->topics[0].consume_ok_tps, 1.5);
}

// --- messages ---

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
    host.port = std::stoi(world.a.address().substr(world.a.address().rfind(':') + 1));
    const std::string id = model::encode_offset_id(host, 4711);
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

TEST(Admin, MakesAConsumerTakeAMessage) {
    AdminWorld world;
    std::string record = a_record("T", "it", with_key("k", "U1"), 3, 1'000);
    world.a.body(12, record);
    world.b.refuse(12, wire::ResponseCode::kQueryNotFound, "can not find message");
    // Records of the fake say that they are stored at 127.0.0.1:0: nobody listens there.
    const auto outcome = world.admin.consume_directly("G", "c", "T", "U1").get();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), kerolox::ErrorKind::connect);
}

// --- servers ---

TEST(Admin, ReadsAndChangesConfigurations) {
    AdminWorld world;
    world.a.body(26, "brokerName=broker-a\nflushDiskType=ASYNC_FLUSH\n");
    std::string changes;
    world.a.on(25, [&](net::Request& request) {
        changes = request.body();
        request.ok();
    });
    const auto config = world.admin.broker_config(world.a.address()).get();
    ASSERT_TRUE(config);
    EXPECT_EQ(config->at("flushDiskType"), "ASYNC_FLUSH");
    EXPECT_TRUE(
        world.admin.update_broker_config(world.a.address(), {{"b", "2"}, {"a", "1"}}).get());
    EXPECT_EQ(changes, "a=1\nb=2\n");
    world.names.body(319, "a=1\n");
    const auto configs = world.admin.name_server_config().get();
    ASSERT_TRUE(configs);
    EXPECT_EQ(configs->front().result->at("a"), "1");
}

TEST(Admin, GivesAnyAnswerToARawQuestion) {
    AdminWorld world;
    world.names.refuse(216, wire::ResponseCode::kTopicNotExist, "no");
    const auto no = world.admin.raw({}, 216, {{"topic", "T"}}, {}).get();
    ASSERT_TRUE(no);
    EXPECT_EQ(no->code, 17);
    EXPECT_EQ(no->remark, "no");
    world.a.on(28, [](net::Request& request) {
        EXPECT_EQ(request.body(), "ask");
        request.ok_body("told");
    });
    const auto told = world.admin.raw(world.a.address(), 28, {}, kerolox::Bytes("ask")).get();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->body.text(), "told");
    // An unknown code too.
    EXPECT_EQ(world.admin.raw(world.a.address(), 4321, {}, {}).get()->code, 3);
}

TEST(Admin, IsClosedWithItsClient) {
    AdminWorld world;
    ASSERT_TRUE(world.client.close().get());
    EXPECT_EQ(world.admin.topics().get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_TRUE(world.admin.name_servers().empty());
}

TEST(Admin, CallsAServersNonsenseAProtocolError) {
    AdminWorld world;
    world.a.body(28, "{{{");
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().kind(), kerolox::ErrorKind::protocol);
    EXPECT_THAT(std::string(stats.error().text()), HasSubstr(world.a.address()));
}

}  // namespace
}  // namespace kx::client
