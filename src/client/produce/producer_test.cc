// SPDX-License-Identifier: Apache-2.0
//
// One message's way to a broker: what travels, which queue it gets, when it is tried again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <set>

#include "base/compress.h"
#include "client/produce/publish_topic.h"
#include "client/produce/send_rig.h"
#include "kerolox/future.hpp"

namespace kx::client {
namespace {

using kerolox::BackPressure;
using kerolox::Bytes;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::Queue;
using kerolox::SendOptions;
using kerolox::SendReceipt;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Message note(std::string body = "hello") { return {"T", Bytes(std::move(body))}; }

std::int64_t ms_since(std::chrono::steady_clock::time_point begun) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun)
        .count();
}

/// A port that takes connections and never says a word; or, full, takes none and refuses none.
class SilentPort {
public:
    explicit SilentPort(bool full = false) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
        ::listen(socket_, full ? 0 : 64);
        socklen_t size = sizeof(address);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        for (int i = 0; full && i < 4; ++i) {
            guests_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            ::connect(guests_.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
        }
    }
    ~SilentPort() {
        ::close(socket_);
        for (const int guest : guests_) ::close(guest);
    }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int socket_;
    std::vector<int> guests_;
    int port_ = 0;
};

// --- what travels ---

TEST(Producer, SendsAMessageAndTellsWhereItIs) {
    SendRig rig;
    rig.a.answer_with({{"MSG_REGION", "r1"}, {"recallHandle", "h"}});
    rig.b.answer_with({{"MSG_REGION", "r1"}, {"recallHandle", "h"}});
    Producer producer = rig.producer();
    const auto sent =
        producer.send(note().tag("A").key("k1").property("color", "red").flag(7)).get();
    ASSERT_TRUE(sent) << sent.error().describe();

    const auto requests = rig.sends();
    ASSERT_EQ(requests.size(), 1U);
    const TakenRequest& request = requests.front();
    EXPECT_EQ(request.code, 310);
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.field("a"), "P");
    EXPECT_EQ(request.field("b"), "T");
    EXPECT_EQ(request.field("c"), "TBW102");
    EXPECT_EQ(request.field("d"), "4");
    EXPECT_EQ(request.field("f"), "0");
    EXPECT_EQ(request.field("h"), "7");
    EXPECT_EQ(request.field("j"), "0");
    EXPECT_EQ(request.field("m"), "false");
    EXPECT_EQ(request.field("n"), sent->queue().broker);
    EXPECT_EQ(request.property("TAGS"), "A");
    EXPECT_EQ(request.property("KEYS"), "k1");
    EXPECT_EQ(request.property("color"), "red");
    EXPECT_EQ(request.property("WAIT"), "true");
    EXPECT_EQ(request.property("UNIQ_KEY"), sent->message_id());
    EXPECT_EQ(sent->message_id().size(), 32U);
    EXPECT_EQ(sent->queue().topic, "T");
    EXPECT_EQ(sent->region(), "r1");
    EXPECT_EQ(sent->recall_handle(), "h");
    EXPECT_EQ(sent->tries(), 1);
    EXPECT_TRUE(sent->stored());
}

TEST(Producer, TellsTheBrokerNotToWaitWhenTheMessageSaysSo) {
    SendRig rig;
    Producer producer = rig.producer();
    ASSERT_TRUE(producer.send(note().wait_store(false)).get());
    EXPECT_EQ(rig.sends().at(0).property("WAIT"), "false");
}

TEST(Producer, CompressesLargeBodiesAndSaysHow) {
    SendRig rig;
    const std::string large(10'000, 'x');
    struct Case {
        kerolox::Compression type;
        Compression format;
        int flag;
    };
    int group = 0;
    for (const Case& one : {Case{kerolox::Compression::zlib, Compression::kZlib, 0x301},
                            Case{kerolox::Compression::lz4, Compression::kLz4, 0x101},
                            Case{kerolox::Compression::zstd, Compression::kZstd, 0x201}}) {
        Producer producer =
            rig.producer(ProducerOptions("C" + std::to_string(group++)).compression(one.type));
        ASSERT_TRUE(producer.send_to({"T", "broker-a", 0}, note(large)).get());
        const TakenRequest last = rig.a.taken().back();
        EXPECT_EQ(last.field("f"), std::to_string(one.flag));
        EXPECT_LT(last.body.size(), large.size());
        EXPECT_EQ(decompress(one.format, last.body, 1 << 20).value_or(""), large);
    }
    Producer plain = rig.producer(ProducerOptions("N").compression(kerolox::Compression::none));
    ASSERT_TRUE(plain.send_to({"T", "broker-a", 0}, note(large)).get());
    EXPECT_EQ(rig.a.taken().back().body, large);
}

TEST(Producer, PutsTheOlderNamespaceOntoNamesAndTakesItOffAgain) {
    kerolox::ClientOptions options;
    options.name_space("N");
    SendRig rig(options);
    rig.names.add_route("N%T", "broker-a", rig.a.address(), 1);
    Producer producer = rig.producer();
    const auto sent = producer.send(note()).get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(rig.a.taken().at(0).field("b"), "N%T");
    EXPECT_EQ(rig.a.taken().at(0).field("a"), "N%P");
    EXPECT_EQ(rig.a.taken().at(0).property("INSTANCE_ID"), "N");
    EXPECT_EQ(sent->queue().topic, "T");
}

TEST(Producer, AsksForTheDefaultTopicsRouteWhenATopicIsNew) {
    SendRig rig;
    rig.names.add_route("TBW102", "broker-b", rig.b.address(), 8);
    Producer producer = rig.producer(ProducerOptions("P").new_topic_queues(3));
    std::set<std::string> queues;
    for (int i = 0; i < 9; ++i) {
        ASSERT_TRUE(producer.send(Message("New", Bytes("x"))).get());
        queues.insert(rig.b.taken().back().field("e"));
    }
    EXPECT_EQ(queues, (std::set<std::string>{"0", "1", "2"}));
    EXPECT_EQ(rig.b.taken().at(0).field("d"), "3");
}

// --- queues ---

TEST(Producer, TakesTheQueuesByTurns) {
    SendRig rig;
    Producer producer = rig.producer();
    std::map<Queue, int> counts;
    for (int i = 0; i < 40; ++i) ++counts[producer.send(note()).get().value().queue()];
    EXPECT_EQ(counts.size(), 4U);
    for (const auto& [queue, count] : counts) EXPECT_EQ(count, 10) << queue.describe();
}

TEST(Producer, KeepsTheMessagesOfOneKeyInOneQueue) {
    SendRig rig;
    Producer producer = rig.producer();
    for (const std::string key : {"a", "order-4711", "polygenelubricants"}) {
        std::set<Queue> queues;
        for (int i = 0; i < 5; ++i)
            queues.insert(producer.send_ordered(key, note()).get().value().queue());
        EXPECT_EQ(queues.size(), 1U) << key;
    }
    EXPECT_EQ(rig.sends().at(0).property("__SHARDINGKEY"), "a");
}

TEST(QueueForKey, IsJavasHashModuloTheQueues) {
    using kerolox::KeySpread;
    EXPECT_EQ(queue_for_key("a", 4, KeySpread::modulo), 97U % 4);
    // Its hash is the smallest number there is, whose absolute value Java cannot express.
    EXPECT_EQ(queue_for_key("polygenelubricants", 3, KeySpread::modulo), 2U);
    EXPECT_EQ(queue_for_key("", 3, KeySpread::modulo), 0U);
}

TEST(QueueForKey, MovesFewKeysOfARingWhenAQueueIsAdded) {
    int moved = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::string key = "key-" + std::to_string(i);
        moved += queue_for_key(key, 8, kerolox::KeySpread::consistent_hash) !=
                 queue_for_key(key, 9, kerolox::KeySpread::consistent_hash);
    }
    EXPECT_GT(moved, 60);
    EXPECT_LT(moved, 180);
}

TEST(Producer, AsksTheSelectorOnAThreadThatMayBlock) {
    SendRig rig;
    Producer producer = rig.producer();
    std::thread::id where;
    const auto sent = producer
                          .send_selected(
                              [&](std::span<const Queue> queues, const Message& message) {
                                  where = std::this_thread::get_id();
                                  EXPECT_EQ(message.body().text(), "hello");
                                  return queues.size() - 1;
                              },
                              note())
                          .get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->queue(), (Queue{"T", "broker-b", 1}));
    EXPECT_NE(where, std::this_thread::get_id());
}

TEST(Producer, TellsWhatASelectorDidWrong) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto none =
        producer
            .send_selected(
                [](std::span<const Queue> queues, const Message&) { return queues.size(); }, note())
            .get();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().text(), "select message queue return null.");
    const auto threw =
        producer
            .send_selected([](std::span<const Queue>, const Message&) -> std::size_t { throw 1; },
                           note())
            .get();
    ASSERT_FALSE(threw);
    EXPECT_EQ(threw.error().text(), "select message queue threw exception.");
    EXPECT_EQ(producer.in_flight(), 0U);
}

TEST(Producer, GivesUpOnASelectorThatBlocks) {
    SendRig rig;
    std::promise<void> go;
    {
        Producer producer = rig.producer();
        auto blocked = producer.send_selected(
            [&](std::span<const Queue>, const Message&) -> std::size_t {
                go.get_future().wait();
                return 0;
            },
            note(), {.timeout = milliseconds(100), .stop = {}});
        const auto result = std::move(blocked).get();
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind(), ErrorKind::timeout);
        EXPECT_EQ(result.error().text(), "sendSelectImpl call timeout");
        EXPECT_TRUE(producer.send(note()).get()) << "others go on";
        go.set_value();
        EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
    }
}

TEST(Producer, SendsToTheQueueThatIsGivenAndOnlyOnce) {
    SendRig rig;
    rig.a.otherwise(1);
    Producer producer = rig.producer();
    const auto sent = producer.send_to({"T", "broker-a", 1}, note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::broker);
    EXPECT_EQ(sent.error().code(), 1);
    EXPECT_EQ(rig.a.sends(), 1U);
    EXPECT_EQ(rig.b.sends(), 0U);
    EXPECT_EQ(rig.a.taken().at(0).field("e"), "1");
}

TEST(Producer, LeavesItToTheBrokerWhetherItHasTheGivenQueue) {
    SendRig rig;
    Producer producer = rig.producer();
    ASSERT_TRUE(producer.send_to({"T", "broker-b", 77}, note()).get());
    EXPECT_EQ(rig.b.taken().at(0).field("e"), "77");
    const auto nobody = producer.send_to({"T", "nobody", 0}, note()).get();
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().text(), "The broker[nobody] not exist");
    EXPECT_EQ(nobody.error().code(), -1);
    const auto other = producer.send_to({"U", "broker-b", 0}, note()).get();
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().text(), "message's topic not equal mq's topic");
}

TEST(Producer, NamesTheQueuesOfATopic) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto queues = producer.queues("T").get();
    ASSERT_TRUE(queues);
    EXPECT_EQ(*queues, (std::vector<Queue>{{"T", "broker-a", 0},
                                           {"T", "broker-a", 1},
                                           {"T", "broker-b", 0},
                                           {"T", "broker-b", 1}}));
}

// --- tries ---

class RetriedCode : public testing::TestWithParam<int> {};

TEST_P(RetriedCode, LeadsToATryAtAnotherBroker) {
    SendRig rig;
    rig.a.otherwise(GetParam());
    Producer producer = rig.producer();
    for (int i = 0; i < 4; ++i) {
        const auto sent = producer.send(note()).get();
        ASSERT_TRUE(sent) << sent.error().describe();
        EXPECT_EQ(sent->queue().broker, "broker-b");
        EXPECT_EQ(sent->brokers_tried().back(), "broker-b");
    }
    EXPECT_EQ(rig.b.sends(), 4U);
    EXPECT_GE(rig.a.sends(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Producer, RetriedCode, testing::Values(17, 14, 1, 2, 16, 204, 205, 1500));

TEST(Producer, TriesNothingAgainThatTheBrokerRefusedForGood) {
    SendRig rig;
    rig.a.otherwise(13);
    rig.b.otherwise(13);
    Producer producer = rig.producer();
    const auto sent = producer.send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::broker);
    EXPECT_EQ(sent.error().code(), 13);
    EXPECT_EQ(sent.error().text(), "as the test wanted");
    EXPECT_EQ(rig.sends().size(), 1U);
    Producer more = rig.producer(ProducerOptions("M").retry_code(13));
    EXPECT_FALSE(more.send(note()).get());
    EXPECT_EQ(rig.sends().size(), 4U);
}

TEST(Producer, TellsHowOftenAndWhereItTried) {
    SendRig rig;
    rig.a.otherwise(2);
    rig.b.otherwise(2);
    Producer producer = rig.producer();
    const auto sent = producer.send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::client);
    EXPECT_EQ(sent.error().code(), 2);
    EXPECT_THAT(std::string(sent.error().text()),
                testing::MatchesRegex("Send \\[3\\] times, still failed, cost \\[[0-9]+\\]ms, "
                                      "Topic: T, BrokersSent: \\[broker-.*\\]"));
    EXPECT_EQ(sent.error().tries(), 3);
    ASSERT_EQ(sent.error().brokers_tried().size(), 3U);
    EXPECT_NE(sent.error().brokers_tried()[0], sent.error().brokers_tried()[1]);
    ASSERT_NE(sent.error().cause(), nullptr);
    EXPECT_EQ(sent.error().cause()->text(), "as the test wanted");
}

TEST(Producer, CountsNoRouteAndNoNameServerByTheirOwnCodes) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto unknown = producer.send(Message("Unknown", Bytes("x"))).get();
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), 10'005);
    EXPECT_EQ(unknown.error().text(), "No route info of this topic: Unknown");
    const auto keyed = producer.send_ordered("k", Message("Unknown", Bytes("x"))).get();
    ASSERT_FALSE(keyed);
    EXPECT_EQ(keyed.error().code(), -1);
    EXPECT_EQ(keyed.error().text(), "No route info for this topic, Unknown");

    auto alone = kerolox::Client::create(
        kerolox::ClientOptions().name_servers("").require_name_server(false));
    ASSERT_TRUE(alone);
    auto nowhere = alone->producer(ProducerOptions("P"));
    ASSERT_TRUE(nowhere);
    const auto sent = nowhere->send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), 10'004);
    EXPECT_EQ(sent.error().text(), "No name server address, please set it.");
}

TEST(Producer, KeepsWhatIsStoredLessSafelyWhenNoTryIsBetter) {
    SendRig rig;
    rig.a.otherwise(12);
    rig.b.otherwise(10);
    Producer once = rig.producer();
    const auto first = once.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->status(), kerolox::StoreStatus::flush_slave_timeout);
    EXPECT_FALSE(first->stored());
    EXPECT_EQ(rig.sends().size(), 1U);

    Producer again = rig.producer(ProducerOptions("R").retry_not_stored(true));
    const auto kept = again.send(note()).get();
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->stored());
    EXPECT_EQ(rig.sends().size(), 4U);

    rig.b.otherwise(0);
    const auto better = again.send(note()).get();
    ASSERT_TRUE(better);
    EXPECT_TRUE(better->stored());

    // Stored somewhere already: a refusal afterwards takes nothing away.
    rig.a.otherwise(11);
    rig.b.otherwise(13);
    for (int i = 0; i < 4; ++i) {
        const auto sent = again.send(note()).get();
        if (sent) EXPECT_EQ(sent->status(), kerolox::StoreStatus::slave_not_available);
    }
}

TEST(Producer, TriesAnotherBrokerWhenAConnectionIsCut) {
    SendRig rig;
    rig.a.script({ScriptedBroker::kCut});
    Producer producer = rig.producer();
    for (int i = 0; i < 4; ++i) {
        const auto sent = producer.send(note()).get();
        ASSERT_TRUE(sent) << sent.error().describe();
    }
    Producer single = rig.producer(ProducerOptions("S").retries(0));
    rig.a.script({ScriptedBroker::kCut});
    rig.b.script({ScriptedBroker::kCut});
    const auto cut = single.send(note()).get();
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), 10'001);
    EXPECT_THAT(std::string(cut.error().cause()->text()), HasSubstr("send request to"));
}

TEST(Producer, TriesAnotherBrokerWhenOneIsGone) {
    SendRig rig;
    Producer producer = rig.producer();
    ASSERT_TRUE(producer.send(note()).get());
    rig.a.shut_down();
    for (int i = 0; i < 8; ++i) {
        const auto sent = producer.send(note()).get();
        ASSERT_TRUE(sent) << sent.error().describe();
        EXPECT_EQ(sent->queue().broker, "broker-b");
    }
    const auto given = producer.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().kind(), ErrorKind::connect);
}

TEST(Producer, FollowsABrokerThatGoesAwayOntoANewConnection) {
    SendRig rig;
    rig.a.script({1500});
    Producer producer = rig.producer();
    const auto sent = producer.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->tries(), 1);
    EXPECT_EQ(rig.a.sends(), 2U);
    rig.a.script({1500, 1500});
    const auto twice = producer.send_to({"T", "broker-a", 0}, note()).get();
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code(), 1500);
}

// --- time ---

TEST(Producer, SpendsNoMoreThanItsTimeOverAllTries) {
    SendRig rig;
    rig.a.otherwise(ScriptedBroker::kSwallow);
    rig.b.otherwise(ScriptedBroker::kSwallow);
    Producer producer = rig.producer(
        ProducerOptions("P").send_timeout(milliseconds(400)).try_timeout(milliseconds(100)));
    const auto begun = std::chrono::steady_clock::now();
    const auto sent = producer.send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::timeout);
    EXPECT_EQ(sent.error().code(), 10'002);
    EXPECT_EQ(sent.error().tries(), 3);
    EXPECT_GE(ms_since(begun), 390);
    EXPECT_LT(ms_since(begun), 900);
    EXPECT_EQ(rig.sends().size(), 3U);
}

TEST(Producer, SaysThatTheTimeWasOverWhenTriesWereLeft) {
    SendRig rig;
    rig.a.otherwise(ScriptedBroker::kSwallow);
    rig.b.otherwise(ScriptedBroker::kSwallow);
    Producer producer = rig.producer(ProducerOptions("P").send_timeout(milliseconds(150)));
    const auto sent = producer.send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::timeout);
    EXPECT_THAT(std::string(sent.error().text()),
                HasSubstr("sendDefaultImpl call timeout: Send [1] times"));
}

TEST(Producer, IsNotHeldUpByANameServerThatIsSilent) {
    SilentPort silent;
    auto client = kerolox::Client::create(
        kerolox::ClientOptions().name_servers(silent.address()).require_name_server(false));
    ASSERT_TRUE(client);
    auto producer = client->producer(ProducerOptions("P").send_timeout(milliseconds(200)));
    ASSERT_TRUE(producer);
    const auto begun = std::chrono::steady_clock::now();
    const auto sent = producer->send(note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::timeout);
    EXPECT_LT(ms_since(begun), 700);
}

TEST(Producer, IsNotHeldUpByAConnectionThatDoesNotComeAbout) {
    SendRig rig;
    const SilentPort full(true);
    rig.names.add_route("Far", "far", full.address(), 1);
    Producer producer = rig.producer();
    const auto begun = std::chrono::steady_clock::now();
    const auto sent =
        producer.send(Message("Far", Bytes("x")), {.timeout = milliseconds(300), .stop = {}}).get();
    ASSERT_FALSE(sent);
    EXPECT_GE(ms_since(begun), 290);
    EXPECT_LT(ms_since(begun), 900);
}

// --- ends from outside ---

TEST(Producer, EndsASendThatIsCancelled) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer producer = rig.producer();
    auto handle = producer.send(note());
    handle.cancel();
    const auto sent = std::move(handle).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::cancelled);

    std::stop_source source;
    auto stopped = producer.send(note(), {.timeout = {}, .stop = source.get_token()});
    source.request_stop();
    EXPECT_EQ(std::move(stopped).get().error().kind(), ErrorKind::cancelled);
    auto late = producer.send(note(), {.timeout = {}, .stop = source.get_token()});
    EXPECT_EQ(std::move(late).get().error().kind(), ErrorKind::cancelled);

    auto patient = producer.send(note()).get_for(milliseconds(30));
    ASSERT_FALSE(patient);
    EXPECT_EQ(patient.error().kind(), ErrorKind::timeout);
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
}

kerolox::Task<std::string> send_two(Producer& producer) {
    const auto first = co_await producer.send(note("1"));
    const auto second = co_await producer.send(note("2"));
    co_return first&& second ? "both" : "not both";
}

TEST(Producer, CanBeUsedInEachStyle) {
    SendRig rig;
    Producer producer = rig.producer();
    EXPECT_TRUE(producer.send(note()).to_future().get());
    EXPECT_EQ(send_two(producer).run(), "both");
    std::promise<bool> called;
    producer.send(note()).then([&](auto result) { called.set_value(result.has_value()); });
    EXPECT_TRUE(called.get_future().get());
    std::promise<std::thread::id> where;
    std::atomic<std::thread::id> executor_thread;
    producer.send(note())
        .via([&](kerolox::UniqueFunction<void()> work) {
            std::thread([&executor_thread, work = std::move(work)]() mutable {
                executor_thread = std::this_thread::get_id();
                work();
            }).detach();
        })
        .then([&](const auto&) { where.set_value(std::this_thread::get_id()); });
    EXPECT_EQ(where.get_future().get(), executor_thread.load());
    producer.send(note()).detach();
    EXPECT_TRUE(producer.send_oneway(note()));
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() == 7; }));
}

TEST(Producer, SurvivesCallbacksThatThrowOrBlock) {
    SendRig rig;
    Producer producer = rig.producer();
    producer.send(note()).then([](const auto&) { throw std::runtime_error("the user's"); });
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::promise<void> blocked;
    producer.send(note()).then([&](const auto&) {
        blocked.set_value();
        gate.wait();
    });
    blocked.get_future().wait();
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(producer.send(note()).get());
    go.set_value();
}

// --- bounds ---

TEST(Producer, FailsOrDropsWhenAsMuchIsUnderWayAsIsAllowed) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer fails = rig.producer(ProducerOptions("F").in_flight(10, 64 << 20, BackPressure::fail));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(fails.send(note()));
    EXPECT_EQ(fails.in_flight(), 10U);
    const auto refused = fails.send(note()).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::too_much_request);
    EXPECT_THAT(std::string(refused.error().text()),
                HasSubstr("send message tryAcquire semaphoreAsyncNum timeout"));
    EXPECT_EQ(fails.send_oneway(note()).error().kind(), ErrorKind::too_much_request);

    Producer drops = rig.producer(ProducerOptions("D").in_flight(10, 64 << 20, BackPressure::drop));
    for (int i = 0; i < 10; ++i) handles.push_back(drops.send(note()));
    EXPECT_TRUE(drops.send_oneway(note()));
    EXPECT_FALSE(drops.send(note()).get());

    Producer waits = rig.producer(ProducerOptions("W").in_flight(10, 64 << 20));
    for (int i = 0; i < 10; ++i) handles.push_back(waits.send(note()));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(waits.send(note(), {.timeout = milliseconds(120), .stop = {}}).get());
    EXPECT_GE(ms_since(begun), 100);
    auto later = std::async(std::launch::async, [&] { return waits.send(note()).get(); });
    EXPECT_EQ(later.wait_for(milliseconds(20)), std::future_status::timeout);
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(later.get());
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
}

TEST(Producer, HasThousandsUnderWayAndLosesNone) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").send_timeout(seconds(30)));
    std::atomic<int> done{0};
    std::atomic<int> failed{0};
    constexpr int kMany = 20'000;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kMany / 4; ++i) {
                producer.send(note()).then([&](const auto& result) {
                    if (!result) ++failed;
                    ++done;
                });
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (done < kMany && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(5));
    EXPECT_EQ(done, kMany);
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(rig.sends().size(), static_cast<std::size_t>(kMany));
    EXPECT_EQ(producer.in_flight(), 0U);
}

// --- the end ---

TEST(Producer, FinishesWhatIsUnderWayWhenItCloses) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer producer = rig.producer();
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 50; ++i) handles.push_back(producer.send(note()));
    auto closing = producer.close(seconds(5));
    EXPECT_EQ(producer.send(note()).get().error().kind(), ErrorKind::closed);
    EXPECT_EQ(producer.send_oneway(note()).error().kind(), ErrorKind::closed);
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() == 50; }));
    EXPECT_FALSE(closing.ready());
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(std::move(closing).get());
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    EXPECT_TRUE(producer.close().get()) << "a second close";
    EXPECT_TRUE(rig.a.asked(35) + rig.b.asked(35) > 0) << "it unregisters";
}

TEST(Producer, CutsOffWhatOutlastsTheGrace) {
    SendRig rig;
    rig.a.otherwise(ScriptedBroker::kSwallow);
    rig.b.otherwise(ScriptedBroker::kSwallow);
    Producer producer = rig.producer(ProducerOptions("P").send_timeout(seconds(30)));
    auto handle = producer.send(note());
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(producer.close(milliseconds(100)).get());
    EXPECT_LT(ms_since(begun), 1500);
    EXPECT_EQ(std::move(handle).get().error().kind(), ErrorKind::cancelled);
}

TEST(Producer, MayBeDestroyedByItsOwnCallback) {
    SendRig rig;
    auto producer = std::make_shared<Producer>(rig.producer());
    std::promise<void> gone;
    Producer& raw = *producer;
    raw.send(note()).then([&gone, mine = std::move(producer)](const auto&) mutable {
        mine.reset();
        gone.set_value();
    });
    EXPECT_EQ(gone.get_future().wait_for(seconds(5)), std::future_status::ready);
    EXPECT_TRUE(comes_true([&] { return rig.client->producer(ProducerOptions("P")).has_value(); }));
}

TEST(Producer, OutlivesTheClientsHandleAndMayBeMovedAway) {
    SendRig rig;
    Producer producer = rig.producer();
    rig.client.reset();
    EXPECT_TRUE(producer.send(note()).get());
    Producer other = std::move(producer);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    EXPECT_EQ(producer.send(note()).get().error().kind(), ErrorKind::usage);
    EXPECT_TRUE(other.send(note()).get());
}

TEST(Producer, RefusesAGroupThatIsTaken) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto again = rig.client->producer(ProducerOptions("P"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().text(),
              "The producer group[P] has been created before, specify another name please.");
    EXPECT_FALSE(rig.client->producer(ProducerOptions("DEFAULT_PRODUCER")));
    EXPECT_FALSE(rig.client->producer(ProducerOptions("")));
    EXPECT_FALSE(rig.client->producer(ProducerOptions(std::string(121, 'g'))));
}

TEST(Producer, RefusesWhatCannotBeSent) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").max_message_size(100));
    const auto error_of = [&](Message message) {
        const auto sent = producer.send(std::move(message)).get();
        return sent ? std::string("sent") : std::string(sent.error().text());
    };
    EXPECT_EQ(error_of(note("")), "the message body length is zero");
    EXPECT_EQ(error_of(note(std::string(101, 'x'))),
              "the message body size over max value, MAX: 100");
    EXPECT_EQ(error_of(Message("", Bytes("x"))), "The specified topic is blank");
    EXPECT_EQ(error_of(Message("a b", Bytes("x"))),
              "The specified topic[a b] contains illegal characters, allowing only "
              "^[%|a-zA-Z0-9_-]+$");
    EXPECT_EQ(error_of(Message(std::string(128, 't'), Bytes("x"))),
              "The specified topic is longer than topic max length 127.");
    EXPECT_EQ(error_of(Message("SCHEDULE_TOPIC_XXXX", Bytes("x"))),
              "Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.");
    EXPECT_EQ(error_of(note().property("big", std::string(33'000, 'p'))),
              "the message properties size over max value, MAX: 32767");
    EXPECT_EQ(error_of(note().property("TAGS", "x")),
              "The Property<TAGS> is used by system, input another please");
    Message moved = note();
    const Message taken = std::move(moved);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    EXPECT_EQ(error_of(std::move(moved)), "the message is null");
    EXPECT_EQ(rig.sends().size(), 0U);
    EXPECT_EQ(producer.in_flight(), 0U);
}

TEST(Producer, LivesInNumbers) {
    SendRig rig;
    std::vector<Producer> producers;
    constexpr int kMany = 1000;
    for (int i = 0; i < kMany; ++i)
        producers.push_back(rig.producer(ProducerOptions("G" + std::to_string(i))));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (Producer& producer : producers) handles.push_back(producer.send(note()));
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    EXPECT_TRUE(rig.client->close().get());
}

TEST(Producer, IsClosedInTheChildOfAFork) {
    SendRig rig;
    auto producer = std::make_unique<Producer>(rig.producer());
    ASSERT_TRUE(producer->send(note()).get());
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(10);
        const auto sent = producer->send(note()).get();
        const bool closed = !sent && sent.error().kind() == ErrorKind::closed;
        producer.reset();
        ::_exit(closed ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(producer->send(note()).get()) << "the parent's goes on";
}

}  // namespace
}  // namespace kx::client
