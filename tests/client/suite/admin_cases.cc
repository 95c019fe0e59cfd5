// SPDX-License-Identifier: Apache-2.0
//
// Administration: topics, groups, offsets, messages, servers.
#include <algorithm>

#include "suite/world.h"

namespace suite {
namespace {

using kerolox::Admin;
using kerolox::GroupConfig;
using kerolox::StartFrom;
using kerolox::Target;
using kerolox::TopicConfig;
using ::testing::Contains;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int32_t kNoMessage = 208;
constexpr std::int32_t kTopicNotExist = 17;

class Administration : public World {
protected:
    Admin admin() { return client().admin(); }
    static const std::string& at() { return setting().broker; }
    static Target everywhere() { return Target::broker(at()); }
    template <class T>
    static void all_succeeded(const Result<std::vector<kerolox::PerBroker<T>>>& many) {
        ASSERT_OK(many);
        EXPECT_THAT(*many, Not(IsEmpty()));
        for (const auto& one : *many) EXPECT_OK(one.result);
    }
    /// A running group that has consumed what is there.
    kerolox::PushConsumer group_of(const std::string& topic, Inbox& inbox) {
        kerolox::PushOptions options(name("g"));
        options.subscribe(topic).start_from(StartFrom::first);
        options.on_messages([&inbox](const MessageBatch& batch) {
            inbox.put(batch);
            return kerolox::ConsumeResult::success();
        });
        auto made = client().push_consumer(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    static Queue only_queue(const std::string& topic) { return {topic, "broker-a", 0}; }
};

TEST_F(Administration, TopicsAreMadeSeenChangedAndDeleted) {
    const std::string made = name("t");
    TopicConfig config{.name = made, .read_queues = 3, .write_queues = 2};
    all_succeeded(admin().create_topic(config, everywhere()).get());
    const auto kept = admin().topic_config(made, at()).get();
    ASSERT_OK(kept);
    EXPECT_EQ(kept->name, made);
    EXPECT_EQ(kept->read_queues, 3);
    EXPECT_EQ(kept->write_queues, 2);
    ASSERT_TRUE(eventually([&] { return admin().route(made).get().has_value(); }));
    const auto route = admin().route(made).get();
    ASSERT_OK(route);
    ASSERT_THAT(route->queues, SizeIs(1));
    EXPECT_EQ(route->queues[0].read_queues, 3);
    EXPECT_EQ(route->queues[0].broker, "broker-a");
    ASSERT_THAT(route->brokers, SizeIs(1));
    EXPECT_EQ(route->brokers[0].addresses.at(0), at());
    const auto listed = admin().topics().get();
    ASSERT_OK(listed);
    EXPECT_THAT(*listed, Contains(made));
    const auto of_cluster = admin().topics_of_cluster("DefaultCluster").get();
    ASSERT_OK(of_cluster);
    EXPECT_THAT(*of_cluster, Contains(made));
    const auto configs = admin().topic_configs(at()).get();
    ASSERT_OK(configs);
    EXPECT_TRUE(std::ranges::any_of(*configs, [&](const auto& one) { return one.name == made; }));

    config.permission = kerolox::kPermissionRead;
    all_succeeded(admin().create_topic(config, Target::cluster("DefaultCluster")).get());
    EXPECT_EQ(admin().topic_config(made, at()).get().value().permission, kerolox::kPermissionRead);

    all_succeeded(admin().delete_topic(made, Target::cluster("DefaultCluster")).get());
    EXPECT_TRUE(eventually([&] {
        const auto gone = admin().route(made).get();
        return !gone && gone.error().code() == kTopicNotExist;
    }));
    EXPECT_FALSE(admin().topic_config(made, at()).get());
}

TEST_F(Administration, BadTopicsAreRefused) {
    for (const char* bad : {"", "a topic", "TBW102"}) {
        const auto made = admin().create_topic({.name = bad}, everywhere()).get();
        EXPECT_TRUE(!made || !made->front().result) << bad;
    }
}

TEST_F(Administration, ClusterIsSeen) {
    const auto view = admin().cluster().get();
    ASSERT_OK(view);
    EXPECT_THAT(view->clusters.at("DefaultCluster"), Contains("broker-a"));
    ASSERT_THAT(view->brokers, Not(IsEmpty()));
    EXPECT_EQ(view->brokers[0].addresses.at(0), at());
    EXPECT_EQ(admin().name_servers(), std::vector<std::string>{setting().name_servers});
}

TEST_F(Administration, TopicStatisticsCount) {
    const std::string to = topic("t", 2);
    send_all(to, numbered("m", 10));
    ASSERT_THAT(read(to, 10), SizeIs(10));
    const auto stats = admin().topic_stats(to).get();
    ASSERT_OK(stats);
    ASSERT_THAT(*stats, SizeIs(2));
    std::int64_t sum = 0;
    for (const auto& queue : *stats) {
        EXPECT_EQ(queue.min_offset, 0);
        EXPECT_GT(queue.last_update.time_since_epoch().count(), 0);
        sum += queue.max_offset;
    }
    EXPECT_EQ(sum, 10);
}

TEST_F(Administration, GroupsAreMadeSeenAndDeleted) {
    const std::string made = name("g");
    GroupConfig config{.name = made, .retry_queues = 2, .max_retries = 5};
    all_succeeded(admin().create_group(config, everywhere()).get());
    const auto kept = admin().group_config(made, at()).get();
    ASSERT_OK(kept);
    EXPECT_EQ(kept->name, made);
    EXPECT_EQ(kept->retry_queues, 2);
    EXPECT_EQ(kept->max_retries, 5);
    const auto all = admin().group_configs(at()).get();
    ASSERT_OK(all);
    EXPECT_TRUE(std::ranges::any_of(*all, [&](const auto& one) { return one.name == made; }));
    all_succeeded(admin().delete_group(made, everywhere(), true).get());
    EXPECT_TRUE(eventually([&] {
        const auto rest = admin().group_configs(at()).get();
        return rest &&
               std::ranges::none_of(*rest, [&](const auto& one) { return one.name == made; });
    }));
}

TEST_F(Administration, ARunningGroupIsSeen) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    Inbox inbox;
    auto consumer = group_of(from, inbox);
    ASSERT_TRUE(inbox.gets_exactly(numbered("m", 10)));
    ASSERT_TRUE(eventually([&] {
        const auto seen = admin().connections(name("g")).get();
        return seen && !seen->clients.empty();
    }));
    const auto seen = admin().connections(name("g")).get();
    ASSERT_OK(seen);
    EXPECT_EQ(seen->clients[0].client_id, client().id());
    EXPECT_EQ(seen->model, kerolox::GroupModel::clustering);
    EXPECT_EQ(seen->start_from, StartFrom::first);
    EXPECT_TRUE(eventually([&] {
        const auto groups = admin().groups_of_topic(from).get();
        return groups && std::ranges::count(*groups, name("g")) == 1;
    }));
    EXPECT_OK(consumer.close().get());
    EXPECT_TRUE(eventually([&] {
        const auto progress = admin().progress(name("g"), from).get();
        return progress && progress->queues.size() == 1 &&
               progress->queues[0].consumer_offset == 10 && progress->queues[0].broker_offset == 10;
    }));
    const auto topics = admin().topics_of_group(name("g")).get();
    ASSERT_OK(topics);
    EXPECT_THAT(*topics, Contains(from));
}

TEST_F(Administration, ProducersAreSeen) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(to, "x")).get());
    EXPECT_TRUE(eventually([&] {
        const auto seen = admin().producers(name("producers"), to).get();
        return seen && seen->size() == 1 && seen->front().client_id == client().id();
    }));
}

TEST_F(Administration, ARunningConsumerTellsOfItself) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    Inbox inbox;
    auto consumer = group_of(from, inbox);
    ASSERT_TRUE(inbox.gets_exactly(numbered("m", 10)));
    const std::string id(client().id());
    ASSERT_TRUE(
        eventually([&] { return admin().consumer_snapshot(name("g"), id).get().has_value(); }));
    const auto snapshot = admin().consumer_snapshot(name("g"), id).get();
    ASSERT_OK(snapshot);
    EXPECT_THAT(snapshot->properties, Contains(Key("PROP_CLIENT_VERSION")));
    EXPECT_THAT(snapshot->subscriptions, Contains(Key(from)));
    EXPECT_TRUE(std::ranges::any_of(snapshot->queues,
                                    [&](const auto& queue) { return queue.queue.topic == from; }));
}

TEST_F(Administration, AMessageIsConsumedDirectly) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    const auto receipt = sender.send(Message(from, "once")).get();
    ASSERT_OK(receipt);
    Inbox inbox;
    auto consumer = group_of(from, inbox);
    ASSERT_TRUE(inbox.gets_exactly({"once"}));
    Result<kerolox::ConsumeOutcome> outcome = Error(ErrorKind::internal, "never asked");
    ASSERT_TRUE(eventually([&] {
        outcome = admin()
                      .consume_directly(name("g"), std::string(client().id()), from,
                                        std::string(receipt->offset_id()))
                      .get();
        return outcome.has_value();
    })) << outcome.error().describe();
    EXPECT_EQ(outcome->result, "CR_SUCCESS");
    EXPECT_EQ(inbox.texts(), (Texts{"once", "once"}));
}

TEST_F(Administration, OffsetsAreReadAndSet) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    const Queue queue = only_queue(from);
    EXPECT_EQ(admin().min_offset(queue).get().value_or(-7), 0);
    // A message is acknowledged before its queue has it.
    EXPECT_TRUE(eventually([&] { return admin().max_offset(queue).get().value_or(-7) == 10; }));
    EXPECT_EQ(admin().offset_for_time(queue, {}).get().value_or(-7), 0);
    const auto earliest = admin().earliest_time(queue).get();
    ASSERT_OK(earliest);
    EXPECT_EQ(*earliest, read(from, 10).front().store_time());
    all_succeeded(admin().create_group({.name = name("g")}, everywhere()).get());
    EXPECT_LE(admin().committed(name("g"), queue).get().value_or(7), 0);
    ASSERT_OK(admin().set_offset(name("g"), queue, 6).get());
    EXPECT_EQ(admin().committed(name("g"), queue).get().value_or(-7), 6);
}

TEST_F(Administration, OffsetsOfARunningGroupAreReset) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    Inbox inbox;
    auto consumer = group_of(from, inbox);
    ASSERT_TRUE(inbox.gets_exactly(numbered("m", 10)));
    ASSERT_TRUE(eventually([&] {
        const auto reset = admin().reset_offset(name("g"), from, {}).get();
        return reset &&
               std::ranges::all_of(*reset, [](const auto& one) { return one.result.has_value(); });
    }));
    EXPECT_TRUE(eventually([&] { return inbox.size() >= 20; }, 60s)) << inbox.size();
}

TEST_F(Administration, OffsetsOfAnotherGroupAreTaken) {
    KX_NEEDS(clone_offset);
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    for (const char* group : {"g", "h"}) {
        all_succeeded(admin().create_group({.name = name(group)}, everywhere()).get());
    }
    ASSERT_OK(admin().set_offset(name("g"), only_queue(from), 6).get());
    all_succeeded(admin().clone_offset(name("g"), name("h"), from).get());
    EXPECT_EQ(admin().committed(name("h"), only_queue(from)).get().value_or(-7), 6);
}

TEST_F(Administration, AMessageIsViewedByItsOffsetId) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "look").key("k")).get();
    ASSERT_OK(receipt);
    const auto seen = admin().view(to, std::string(receipt->offset_id())).get();
    ASSERT_OK(seen);
    EXPECT_EQ(seen->text(), "look");
    EXPECT_EQ(seen->id(), receipt->message_id());
    EXPECT_FALSE(admin().view(to, "nonsense").get());
}

TEST_F(Administration, MessagesAreFoundByUniqueIdAndKey) {
    KX_NEEDS(query_by_key);
    const std::string to = topic("t", 1);
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "look").key("needle").key("other")).get();
    ASSERT_OK(receipt);
    ASSERT_OK(sender.send(Message(to, "hay").key("straw")).get());
    EXPECT_TRUE(eventually([&] {
        const auto seen = admin().view(to, std::string(receipt->message_id())).get();
        return seen && seen->text() == "look";
    }));
    const auto found = admin().query(to, "needle", 10).get();
    ASSERT_OK(found);
    ASSERT_THAT(*found, SizeIs(1));
    EXPECT_EQ(found->front().text(), "look");
    const auto nothing = admin().query(to, "nowhere", 10).get();
    EXPECT_TRUE(!nothing ? nothing.error().code() == kNoMessage : nothing->empty());
}

TEST_F(Administration, BrokersAreConfigured) {
    const auto config = admin().broker_config(at()).get();
    ASSERT_OK(config);
    EXPECT_EQ(config->at("brokerName"), "broker-a");
    ASSERT_OK(admin().update_broker_config(at(), {{"defaultTopicQueueNums", "7"}}).get());
    EXPECT_EQ(admin().broker_config(at()).get().value().at("defaultTopicQueueNums"), "7");
    ASSERT_OK(admin()
                  .update_broker_config(
                      at(), {{"defaultTopicQueueNums", config->at("defaultTopicQueueNums")}})
                  .get());
    const auto stats = admin().broker_stats(at()).get();
    ASSERT_OK(stats);
    EXPECT_THAT(*stats, Contains(Key("brokerVersionDesc")));
}

TEST_F(Administration, NameServersAreConfigured) {
    const auto config = admin().name_server_config().get();
    ASSERT_OK(config);
    ASSERT_THAT(*config, SizeIs(1));
    EXPECT_THAT(config->front().result.value(), Contains(Key("listenPort")));
    const std::string space = name("space");
    all_succeeded(admin().kv_put(space, "k", "v").get());
    EXPECT_EQ(admin().kv_get(space, "k").get().value_or(""), "v");
    const auto listed = admin().kv_list(space).get();
    ASSERT_OK(listed);
    EXPECT_EQ(*listed, (kerolox::Properties{{"k", "v"}}));
    all_succeeded(admin().kv_delete(space, "k").get());
    EXPECT_FALSE(admin().kv_get(space, "k").get());
}

TEST_F(Administration, AnyOtherCommandIsRaw) {
    const auto answer = admin().raw(at(), 28, {}, {}).get();
    ASSERT_OK(answer);
    EXPECT_EQ(answer->code, 0);
    EXPECT_GT(answer->body.size(), 0U);
    const auto unknown = admin().raw(at(), 31999, {}, {}).get();
    ASSERT_OK(unknown);
    EXPECT_EQ(unknown->code, 3);
    const auto name_server = admin().raw({}, 106, {}, {}).get();
    ASSERT_OK(name_server);
    EXPECT_EQ(name_server->code, 0);
}

TEST_F(Administration, WrongAddressesFailInTime) {
    const Stopwatch watch;
    EXPECT_FALSE(admin().with_timeout(2s).broker_config("127.0.0.1:1").get());
    EXPECT_LT(watch.elapsed(), 8s);
    EXPECT_FALSE(admin().route(name("nowhere")).get());
    EXPECT_FALSE(admin().connections(name("nobody")).get());
}

}  // namespace
}  // namespace suite
