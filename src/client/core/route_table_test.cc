// SPDX-License-Identifier: Apache-2.0
//
// Routes: asked once however many want them, kept, compared, digested.
#include "client/core/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"

namespace kx::client {
namespace {

using testing::eventually;
using testing::options_for;
using testing::OwnCore;
using testing::ScriptedServer;
using ::testing::ElementsAre;

constexpr std::int32_t kGetRoute = 105;

/// A name server whose routes a test sets as JSON bodies.
class Routes : public ScriptedServer {
public:
    Routes() {
        on(319, [](net::Request& request) { request.ok_body(""); });
        on(kGetRoute, [this](net::Request& request) {
            const auto topic = request.command().fields.find("topic").value_or("");
            MutexLock lock(bodies_mutex_);
            const auto found = bodies_.find(std::string(topic));
            if (found == bodies_.end())
                return request.refuse(wire::ResponseCode::kTopicNotExist, "unknown");
            if (held_) return waiting_.push_back(request.defer());
            request.ok_body(found->second);
        });
        start();
    }
    ~Routes() override { shut_down(); }
    void set(const std::string& topic, const std::string& body) {
        MutexLock lock(bodies_mutex_);
        bodies_[topic] = body;
    }
    void hold() {
        MutexLock lock(bodies_mutex_);
        held_ = true;
    }
    void let_go(const std::string& body) {
        MutexLock lock(bodies_mutex_);
        held_ = false;
        for (net::Responder& one : waiting_) {
            const std::array<Slice, 1> slices{Slice::own(body)};
            net::Reply reply;
            reply.body = slices;
            one.send(reply);
        }
        waiting_.clear();
    }

private:
    Mutex bodies_mutex_;
    bool held_ KX_GUARDED_BY(bodies_mutex_) = false;
    std::vector<net::Responder> waiting_ KX_GUARDED_BY(bodies_mutex_);
    std::map<std::string, std::string> bodies_ KX_GUARDED_BY(bodies_mutex_);
};

std::string route_json(std::string_view queues, std::string_view more = "") {
    return fmt::format(
        R"({{"brokerDatas":[{{"brokerAddrs":{{"0":"127.0.0.1:1","1":"127.0.0.1:2"}},)"
        R"("brokerName":"a","cluster":"c"}},{{"brokerAddrs":{{"1":"127.0.0.1:3"}},)"
        R"("brokerName":"b","cluster":"c"}}],"filterServerTable":{{}},"queueDatas":[{}]{}}})",
        queues, more);
}

constexpr std::string_view kQueuesOfA =
    R"({"brokerName":"a","perm":6,"readQueueNums":3,"writeQueueNums":2,"topicSysFlag":0})";
constexpr std::string_view kQueuesOfB =
    R"({"brokerName":"b","perm":6,"readQueueNums":1,"writeQueueNums":1,"topicSysFlag":0})";

RouteTable::Outcome ask_route(OwnCore& core, const std::string& topic, RouteUse use,
                              std::int32_t new_topic_queues = 4, bool refresh = true) {
    auto promise = std::make_shared<std::promise<RouteTable::Outcome>>();
    core.on_home([&] {
        const auto done = [promise](RouteTable::Outcome outcome) {
            promise->set_value(std::move(outcome));
        };
        if (refresh)
            core->routes().refresh(topic, use, new_topic_queues, done);
        else
            core->routes().get(topic, use, new_topic_queues, done);
    });
    return promise->get_future().get();
}

std::vector<std::string> names_of(const Route& route, const std::vector<RouteQueue>& queues) {
    std::vector<std::string> names;
    for (const RouteQueue& queue : queues)
        names.push_back(fmt::format("{}:{}", route.brokers[queue.broker].name, queue.id));
    return names;
}

TEST(RouteTable, PublishesToMastersAndReadsFromAll) {
    Routes server;
    server.set("T", route_json(fmt::format("{},{}", kQueuesOfA, kQueuesOfB)));
    OwnCore core(options_for(server.address()));
    const auto route = ask_route(core, "T", RouteUse::kRead);
    ASSERT_TRUE(route);
    EXPECT_THAT(names_of(**route, (*route)->publish), ElementsAre("a:0", "a:1"));
    EXPECT_THAT(names_of(**route, (*route)->subscribe), ElementsAre("a:0", "a:1", "a:2", "b:0"));
}

TEST(RouteTable, AsksOnceForAllWhoWantToKnow) {
    Routes server;
    server.set("T", route_json(kQueuesOfA));
    server.hold();
    OwnCore core(options_for(server.address()));
    std::atomic<int> answered{0};
    core.on_home([&] {
        for (int i = 0; i < 50; ++i) {
            core->routes().refresh("T", RouteUse::kRead, 4,
                                   [&](const RouteTable::Outcome& outcome) {
                                       answered += outcome ? 1 : 0;
                                   });
        }
    });
    ASSERT_TRUE(eventually([&] { return server.asked(kGetRoute) == 1; }));
    server.let_go(route_json(kQueuesOfA));
    EXPECT_TRUE(eventually([&] { return answered == 50; }));
    EXPECT_EQ(server.asked(kGetRoute), 1);
    EXPECT_TRUE(ask_route(core, "T", RouteUse::kSend, 4, false));
    EXPECT_EQ(server.asked(kGetRoute), 1);
}

TEST(RouteTable, GivesNewTopicsTheDefaultTopicsRoute) {
    Routes server;
    server.set("TBW102",
               route_json(R"({"brokerName":"a","perm":7,"readQueueNums":8,"writeQueueNums":8})"));
    OwnCore core(options_for(server.address()));
    const auto unknown = ask_route(core, "New", RouteUse::kRead);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().text(), "No route info of this topic: New");
    EXPECT_EQ(unknown.error().code(), kNoRoute);
    const auto route = ask_route(core, "New", RouteUse::kSend, 2);
    ASSERT_TRUE(route);
    EXPECT_TRUE((*route)->from_default_topic);
    EXPECT_THAT(names_of(**route, (*route)->publish), ElementsAre("a:0", "a:1"));
    // Then it is there: the guess is replaced.
    server.set("New", route_json(kQueuesOfA));
    EXPECT_FALSE((*ask_route(core, "New", RouteUse::kSend))->from_default_topic);
}

TEST(RouteTable, KeepsTheObjectWhileNothingChanges) {
    Routes server;
    server.set("T", route_json(fmt::format("{},{}", kQueuesOfA, kQueuesOfB)));
    OwnCore core(options_for(server.address()));
    const auto first = ask_route(core, "T", RouteUse::kRead);
    server.set("T", route_json(fmt::format("{},{}", kQueuesOfB, kQueuesOfA)));
    EXPECT_EQ(*ask_route(core, "T", RouteUse::kRead), *first);
    server.set("T", route_json(kQueuesOfA));
    EXPECT_NE(*ask_route(core, "T", RouteUse::kRead), *first);
}

TEST(RouteTable, FollowsTheOrderConfiguration) {
    Routes server;
    server.set("T", route_json(kQueuesOfA, R"(,"orderTopicConf":"a:3;gone:2")"));
    OwnCore core(options_for(server.address()));
    const auto route = ask_route(core, "T", RouteUse::kRead);
    ASSERT_TRUE(route);
    EXPECT_THAT(names_of(**route, (*route)->publish), ElementsAre("a:0", "a:1", "a:2"));
}

TEST(RouteTable, ChoosesAddresses) {
    Routes server;
    server.set("T", route_json(kQueuesOfA));
    OwnCore core(options_for(server.address()));
    ASSERT_TRUE(ask_route(core, "T", RouteUse::kRead));
    core.on_home([&] {
        const RouteTable& routes = core->routes();
        EXPECT_EQ(routes.master_of("a"), "127.0.0.1:1");
        EXPECT_EQ(routes.master_of("b"), "");
        EXPECT_EQ(routes.master_of("nobody"), "");
        EXPECT_EQ(routes.address_to_read("a", 1, true), "127.0.0.1:2");
        EXPECT_EQ(routes.address_to_read("a", 5, true), "");
        EXPECT_EQ(routes.address_to_read("a", 5, false), "127.0.0.1:1");
        EXPECT_EQ(routes.address_to_read("b", 0, false), "127.0.0.1:3");
        EXPECT_EQ(routes.address_to_read("nobody", 0, false), "");
        EXPECT_EQ(routes.broker_at("127.0.0.1:3"), "b");
        EXPECT_EQ(routes.broker_at("127.0.0.1:9"), "");
    });
}

TEST(RouteTable, TellsOfUnreadableAnswers) {
    Routes server;
    server.set("T", R"({"brokerDatas":[)");
    OwnCore core(options_for(server.address()));
    const auto route = ask_route(core, "T", RouteUse::kRead);
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().kind(), kerolox::ErrorKind::protocol);
}

}  // namespace
}  // namespace kx::client
