// SPDX-License-Identifier: Apache-2.0
//
// When a send is tried again, and how long it may take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/produce/send_rig.h"

namespace kx::client {
namespace {

using kerolox::Bytes;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::Producer;
using kerolox::ProducerOptions;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

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

// --- tries ---

class RetriedCode : public ::testing::TestWithParam<int> {};

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

INSTANTIATE_TEST_SUITE_P(Producer, RetriedCode,
                         ::testing::Values(17, 14, 1, 2, 16, 204, 205, 1500));

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
                ::testing::MatchesRegex("Send \\[3\\] times, still failed, cost \\[[0-9]+\\]ms, "
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
    const auto begun = now_ms();
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
    const auto begun = now_ms();
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
    const auto begun = now_ms();
    const auto sent =
        producer.send(Message("Far", Bytes("x")), {.timeout = milliseconds(300), .stop = {}}).get();
    ASSERT_FALSE(sent);
    EXPECT_GE(ms_since(begun), 290);
    EXPECT_LT(ms_since(begun), 900);
}

}  // namespace
}  // namespace kx::client
