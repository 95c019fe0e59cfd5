// SPDX-License-Identifier: Apache-2.0
//
// Every function of kerolox::Admin once against real servers. tests/compat/admin_tour.py starts
// them, and a consumer written in Java that is online meanwhile; without it this test is skipped.
// What comes back is printed, to be compared with what mqadmin says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>

#include "base/clock.h"
#include "kerolox/admin.hpp"
#include "kerolox/client.hpp"
#include "kerolox/producer.hpp"

namespace kx::client {
namespace {

using namespace std::chrono_literals;
using WallClock = std::chrono::system_clock;

std::string in_ms(WallClock::time_point time) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

// What each kind of value says in one line.
std::string told(std::int64_t value) { return std::to_string(value); }
std::string told(std::int32_t value) { return std::to_string(value); }
std::string told(const std::string& value) { return value; }
std::string told(WallClock::time_point value) { return in_ms(value); }
std::string told(const kerolox::QueueOffset& value) {
    return value.queue.describe() + "=" + told(value.offset);
}
std::string told(const kerolox::QueueStats& value) {
    return value.queue.describe() + " [" + told(value.min_offset) + ", " + told(value.max_offset) +
           ") at " + in_ms(value.last_update);
}
std::string told(const kerolox::QueueProgress& value) {
    return value.queue.describe() + " broker " + told(value.broker_offset) + " consumer " +
           told(value.consumer_offset) + " pull " + told(value.pull_offset) + " at " +
           in_ms(value.last_consumed);
}
std::string told(const kerolox::ConnectedClient& value) {
    return value.client_id + " " + value.address + " " + value.language + " " + told(value.version);
}
std::string told(const kerolox::MessageView& value) {
    return std::string(value.id()) + " " + std::string(value.offset_id()) + " " +
           value.queue().describe() + " +" + told(value.queue_offset()) + " '" +
           std::string(value.text()) + "' keys=" + std::string(value.keys().value_or(""));
}
std::string told(const kerolox::Filter& value) { return value.expression(); }
std::string told(const kerolox::QueueState& value) {
    return value.queue.describe() + " committed " + told(value.committed) + " last pull " +
           in_ms(value.last_pull);
}
std::string told(const kerolox::TopicStatistics& value) {
    return value.topic + " ok tps " + std::to_string(value.consume_ok_tps);
}
template <class A, class B>
std::string told(const std::pair<A, B>& value);
template <class T>
std::string told(const kerolox::PerBroker<T>& value);
template <class T>
std::string told(const std::vector<T>& list);
std::string told(const kerolox::Properties& list);
std::string told(const kerolox::TopicConfig& value) {
    return value.name + " " + told(value.read_queues) + "/" + told(value.write_queues) + " perm " +
           told(value.permission) + " order " + told(value.ordered) + " " + told(value.attributes);
}
std::string told(const kerolox::GroupConfig& value) {
    return value.name + " retries " + told(value.max_retries) + " queues " +
           told(value.retry_queues) + " enabled " + told(value.consume_enabled) + " ordered " +
           told(value.ordered) + " timeout " + told(value.consume_timeout_minutes);
}
std::string told(const kerolox::TopicRoute::Broker& value) {
    std::string text = value.cluster + "/" + value.name;
    for (const auto& [id, address] : value.addresses) text += " " + told(id) + "=" + address;
    return text;
}
std::string told(const kerolox::TopicRoute::Queues& value) {
    return value.broker + " " + told(value.read_queues) + "/" + told(value.write_queues) +
           " perm " + told(value.permission);
}
template <class A, class B>
std::string told(const std::pair<A, B>& value) {
    return told(value.first) + "=" + told(value.second);
}
template <class T>
std::string told(const std::vector<T>& list) {
    std::string text = "(" + std::to_string(list.size()) + ")";
    for (const T& item : list) text += "\n      " + told(item);
    return text;
}
std::string told(const kerolox::Properties& list) {
    std::string text = "{" + std::to_string(list.size()) + "}";
    std::size_t shown = 0;
    for (const auto& [key, value] : list)
        if (++shown <= 4) text += " " + key + "=" + value;
    return text;
}
std::string told(const kerolox::TopicRoute& value) {
    return told(value.brokers) + told(value.queues);
}
std::string told(const kerolox::ClusterView& value) {
    std::string text = told(value.brokers);
    for (const auto& [name, members] : value.clusters) text += " " + name + told(members);
    return text;
}
std::string told(const kerolox::GroupProgress& value) {
    return "tps " + std::to_string(value.consume_tps) + " " + told(value.queues);
}
std::string told(const kerolox::GroupConnections& value) {
    return told(value.clients) + told(value.subscriptions) + " model " +
           told(static_cast<int>(value.model)) + " from " +
           told(static_cast<int>(value.start_from)) + " actively " + told(value.actively);
}
std::string told(const kerolox::ConsumerSnapshot& value) {
    return told(value.properties) + told(value.subscriptions) + told(value.queues) +
           told(value.topics);
}
std::string told(const kerolox::ConsumeOutcome& value) {
    return value.result + " order " + told(value.ordered) + " " + value.remark;
}
std::string told(const kerolox::Admin::Answer& value) {
    return "code " + told(value.code) + " '" + value.remark + "' " +
           std::to_string(value.body.size()) + " bytes";
}
template <class T>
std::string told(const kerolox::PerBroker<T>& value) {
    std::string text = "at '" + value.broker + "' " + value.address + ": ";
    if (!value.result) return text + value.result.error().describe();
    if constexpr (std::is_void_v<T>) {
        return text + "ok";
    } else {
        return text + told(*value.result);
    }
}

template <class T>
std::vector<kerolox::Error> errors_in(const T&) {
    return {};
}
template <class T>
std::vector<kerolox::Error> errors_in(const std::vector<kerolox::PerBroker<T>>& list) {
    std::vector<kerolox::Error> errors;
    for (const auto& one : list)
        if (!one.result) errors.push_back(one.result.error());
    return errors;
}

struct Tour {
    bool expect_all = false;
    int calls = 0;
    int failed = 0;

    /// Prints what came; a failure must be NOT_SUPPORTED, and that only where not all is served.
    template <class T>
    std::optional<T> call(std::string_view name, kerolox::Async<T> async) {
        const kerolox::Result<T> result = finish(name, std::move(async));
        if (!result) return std::nullopt;
        std::cout << told(*result) << "\n";
        for (const kerolox::Error& error : errors_in(*result)) check(name, error);
        return *result;
    }
    void call(std::string_view name, kerolox::Async<void> async) {
        if (finish(name, std::move(async))) std::cout << "ok\n";
    }

private:
    template <class T>
    kerolox::Result<T> finish(std::string_view name, kerolox::Async<T> async) {
        auto result = std::move(async).get();
        ++calls;
        std::cout << "  " << name << ": ";
        if (result) return result;
        std::cout << "FAILED " << result.error().describe() << "\n";
        check(name, result.error());
        return result;
    }
    void check(std::string_view name, const kerolox::Error& error) {
        ++failed;
        EXPECT_FALSE(expect_all) << name << ": " << error.describe();
        EXPECT_EQ(error.kind(), kerolox::ErrorKind::broker) << name;
        EXPECT_EQ(error.code(), 3) << name;
    }
};

/// Polls until `holds` does: brokers register and index a little later than they answer.
void wait_until(const std::function<bool()>& holds) {
    const std::int64_t until = system_clock().steady_ms() + 20'000;
    std::promise<void> nobody;
    const std::future<void> never = nobody.get_future();
    while (!holds() && system_clock().steady_ms() < until) never.wait_for(50ms);
}

struct World {
    Tour tour{};
    kerolox::Client client{};
    kerolox::Admin admin{};
    std::string address{};
    std::string broker{};
    std::string cluster{};
    kerolox::Queue queue{};
    WallClock::time_point begin{std::chrono::milliseconds(system_clock().wall_ms())};
};

void go_to_topics_and_groups(World& world) {
    auto& [tour, client, admin, address, broker, cluster, queue, begin] = world;
    kerolox::TopicConfig topic{"Tour", 2, 2};
    topic.attributes["message.type"] = "NORMAL";
    tour.call("create_topic", admin.create_topic(topic, kerolox::Target::cluster(cluster)));
    tour.call("create_group",
              admin.create_group({.name = "tour-made"}, kerolox::Target::broker(address)));
    wait_until([&] { return world.admin.route("Tour").get().has_value(); });
    tour.call("route", admin.route("Tour"));
    tour.call("topics", admin.topics());
    tour.call("topics_of_cluster", admin.topics_of_cluster(cluster));
    tour.call("topic_config", admin.topic_config("Tour", address));
    tour.call("topic_configs", admin.topic_configs(address));
    tour.call("group_config", admin.group_config("tour-made", address));
    tour.call("group_configs", admin.group_configs(address));
}

/// Three messages in the queue and a producer that is online.
void go_to_offsets_and_messages(World& world) {
    auto& [tour, client, admin, address, broker, cluster, queue, begin] = world;
    auto producer = client.producer(kerolox::ProducerOptions("tour-producer"));
    ASSERT_TRUE(producer);
    kerolox::SendReceipt last;
    for (int i = 0; i < 3; ++i) {
        kerolox::Message message("Tour", "body " + told(i));
        auto receipt = producer->send_to(queue, std::move(message).key("tour-key")).get();
        ASSERT_TRUE(receipt) << receipt.error().describe();
        last = std::move(*receipt);
    }
    tour.call("topic_stats", admin.topic_stats("Tour"));
    EXPECT_EQ(tour.call("min_offset", admin.min_offset(queue)).value_or(-1), 0);
    EXPECT_EQ(tour.call("max_offset", admin.max_offset(queue)).value_or(-1), 3);
    EXPECT_EQ(tour.call("offset_for_time", admin.offset_for_time(queue, begin)).value_or(-1), 0);
    tour.call("earliest_time", admin.earliest_time(queue));
    EXPECT_EQ(tour.call("committed", admin.committed("tour-made", queue)).value_or(9), -1);
    tour.call("set_offset", admin.set_offset("tour-made", queue, 2));
    EXPECT_EQ(tour.call("committed", admin.committed("tour-made", queue)).value_or(9), 2);
    tour.call("progress", admin.progress("tour-made", "Tour"));
    tour.call("groups_of_topic", admin.groups_of_topic("Tour"));
    tour.call("topics_of_group", admin.topics_of_group("tour-made"));
    wait_until([&] { return world.admin.producers("tour-producer", "Tour").get().has_value(); });
    tour.call("producers", admin.producers("tour-producer", "Tour"));
    wait_until([&] {
        const auto found = world.admin.query("Tour", "tour-key", 8).get();
        return found ? found->size() == 3 : found.error().code() == 3;
    });
    tour.call("query", admin.query("Tour", "tour-key", 8));
    tour.call("view by unique key", admin.view("Tour", std::string(last.message_id())));
    tour.call("view by offset id", admin.view("Tour", std::string(last.offset_id())));
}

/// The consumer in Java: group tour-live on topic TourLive, with one message.
void go_to_clients(World& world) {
    auto& [tour, client, admin, address, broker, cluster, queue, begin] = world;
    const auto live = tour.call("connections", admin.connections("tour-live"));
    ASSERT_TRUE(live);
    const std::string client_id = live->clients.at(0).client_id;
    tour.call("consumer_snapshot", admin.consumer_snapshot("tour-live", client_id));
    tour.call("consume_directly", admin.consume_directly("tour-live", client_id, "TourLive",
                                                         std::getenv("KEROLOX_TOUR_MESSAGE")));
    // Consumers commit from time to time.
    wait_until([&] { return world.admin.progress("tour-live").get().has_value(); });
    tour.call("progress", admin.progress("tour-live"));
    tour.call("reset_offset", admin.reset_offset("tour-live", "TourLive", begin - 1h));
    tour.call("clone_offset", admin.clone_offset("tour-live", "tour-clone", "TourLive", false));
}

void go_to_servers(World& world) {
    auto& [tour, client, admin, address, broker, cluster, queue, begin] = world;
    tour.call("broker_config", admin.broker_config(address));
    tour.call("update_broker_config",
              admin.update_broker_config(address, {{"flushDiskType", "ASYNC_FLUSH"}}));
    tour.call("broker_stats", admin.broker_stats(address));
    tour.call("name_server_config", admin.name_server_config());
    tour.call("update_name_server_config",
              admin.update_name_server_config({{"orderMessageEnable", "false"}}));
    tour.call("kv_put", admin.kv_put("TOUR", "k", "v w"));
    EXPECT_EQ(tour.call("kv_get", admin.kv_get("TOUR", "k")).value_or(""), "v w");
    tour.call("kv_list", admin.kv_list("TOUR"));
    tour.call("kv_delete", admin.kv_delete("TOUR", "k"));
    tour.call("wipe_write_permission", admin.wipe_write_permission(broker));
    tour.call("add_write_permission", admin.add_write_permission(broker));
    tour.call("raw", admin.raw(address, 28, {}, {}));
    tour.call("delete_group", admin.delete_group("tour-made", kerolox::Target::everywhere(), true));
    tour.call("delete_topic", admin.delete_topic("Tour", kerolox::Target::everywhere()));
}

TEST(AdminLive, CallsEveryFunctionOnce) {
    const char* name_server = std::getenv("KEROLOX_TOUR_NAMESRV");
    if (name_server == nullptr) GTEST_SKIP() << "runs by tests/compat/admin_tour.py";
    auto made = kerolox::Client::create(kerolox::ClientOptions().name_servers(name_server));
    ASSERT_TRUE(made) << made.error().describe();
    World world;
    world.tour.expect_all = std::getenv("KEROLOX_TOUR_EXPECT_ALL") != nullptr;
    world.client = std::move(made).value();
    world.admin = world.client.admin();
    const auto cluster = world.tour.call("cluster", world.admin.cluster());
    ASSERT_TRUE(cluster);
    world.address = cluster->brokers.at(0).addresses.at(0);
    world.broker = cluster->brokers.at(0).name;
    world.cluster = cluster->clusters.begin()->first;
    world.queue = {"Tour", world.broker, 0};
    std::cout << "  name_servers: " << told(world.admin.name_servers()) << "\n";
    go_to_topics_and_groups(world);
    go_to_offsets_and_messages(world);
    go_to_clients(world);
    go_to_servers(world);
    std::cout << "  " << world.tour.calls << " calls, " << world.tour.failed << " refused\n";
}

}  // namespace
}  // namespace kx::client
