// SPDX-License-Identifier: Apache-2.0
//
// Our answers beside those that RocketMQ 5.4.0 gave to the same kinds of requests: the members of
// the header, the header fields, the remark, and the shape of the body.
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using nlohmann::json;
using testing::consumer;
using testing::heartbeat;

struct RawAnswer {
    json header;
    std::string body;
};

/// One request over a socket of its own, so that nothing of the answer is lost in decoding.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) : socket_(context_) {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    }
    RawAnswer ask(std::int32_t code, const json& fields, const std::string& body) {
        json header{{"code", code},
                    {"flag", 0},
                    {"language", "JAVA"},
                    {"opaque", 1},
                    {"serializeTypeCurrentRPC", "JSON"},
                    {"version", 493}};
        if (!fields.is_null()) header["extFields"] = fields;
        const std::string text = header.dump();
        std::string frame;
        put_be(frame, static_cast<std::int32_t>(4 + text.size() + body.size()));
        put_be(frame, static_cast<std::int32_t>(text.size()));
        boost::asio::write(socket_, boost::asio::buffer(frame + text + body));
        return read();
    }

private:
    RawAnswer read() {
        std::string frame(4, '\0');
        boost::asio::read(socket_, boost::asio::buffer(frame));
        const auto bytes = static_cast<std::size_t>(load_be<std::int32_t>(frame.data()));
        frame.resize(4 + bytes);
        boost::asio::read(socket_, boost::asio::buffer(frame.data() + 4, bytes));
        const auto header_bytes =
            static_cast<std::size_t>(load_be<std::int32_t>(frame.data() + 4) & 0xffffff);
        json header = json::parse(frame.substr(8, header_bytes));
        // The broker may have something to say itself first (40).
        if ((header["flag"].get<int>() & 1) == 0) return read();
        return {std::move(header), frame.substr(8 + header_bytes)};
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_;
};

/// Tables have keys of their own: of them the first entry stands for all.
bool is_table(const std::string& member) {
    return member == "offsetTable" || member == "subscriptionTable" || member == "data" ||
           member == "attributes";
}

json shape_of(const json& value, const std::string& member = "") {
    if (value.is_object()) {
        json shape = json::object();
        for (const auto& [key, item] : value.items()) {
            const json inner = shape_of(item, key);
            if (!is_table(member))
                shape[key] = inner;
            else if (shape.empty())
                shape["*"] = inner;
        }
        return shape;
    }
    if (value.is_array()) return value.empty() ? json::array() : json::array({shape_of(value[0])});
    return value.type_name();
}

json shape_of_text(std::string_view text) {
    if (text.empty()) return nullptr;
    const json parsed = json::parse(quote_bare_keys(text), nullptr, false);
    return parsed.is_discarded() ? json("text") : shape_of(parsed);
}

std::vector<std::string> keys_of(const json& object) {
    std::vector<std::string> keys;
    for (const auto& entry : object.items()) keys.push_back(entry.key());
    return keys;
}

class RecordedAnswers : public testing::BrokerWorld {
protected:
    void SetUp() override {
        BrokerWorld::SetUp();
        start();
        raw_ = std::make_unique<RawClient>(broker_->port());
    }
    void TearDown() override {
        raw_.reset();
        BrokerWorld::TearDown();
    }
    /// A recorded answer with success, the one with the longest body.
    static const kx::testing::RecordedFrame* recorded(std::int32_t code) {
        static const auto frames = kx::testing::recorded_frames();
        const kx::testing::RecordedFrame* best = nullptr;
        for (const auto& frame : frames) {
            if (frame.is_request || frame.code != code || frame.header.at("code") != 0) continue;
            if (best == nullptr || frame.body().size() > best->body().size()) best = &frame;
        }
        return best;
    }
    void same(std::int32_t code, const json& fields = nullptr, const std::string& body = {}) {
        SCOPED_TRACE(code);
        const auto* theirs = recorded(code);
        ASSERT_NE(theirs, nullptr);
        const RawAnswer ours = raw_->ask(code, fields, body);
        EXPECT_EQ(keys_of(ours.header), keys_of(theirs->header)) << ours.header.dump();
        EXPECT_EQ(ours.header["code"], 0) << ours.header.dump();
        EXPECT_EQ(ours.header.value("remark", "-"), theirs->header.value("remark", "-"));
        if (theirs->header.contains("extFields"))
            EXPECT_EQ(keys_of(ours.header["extFields"]), keys_of(theirs->header["extFields"]));
        EXPECT_EQ(shape_of_text(ours.body), shape_of_text(theirs->body())) << ours.body;
    }

    std::unique_ptr<RawClient> raw_;
};

TEST_F(RecordedAnswers, AreLikeOurs) {
    const json topic{{"topic", "orders"}};
    const json queue{{"topic", "orders"}, {"queueId", "0"}};
    const json group{{"consumerGroup", "group"}};
    same(17, {{"topic", "orders"},
              {"defaultTopic", "TBW102"},
              {"readQueueNums", "2"},
              {"writeQueueNums", "2"},
              {"perm", "6"},
              {"topicFilterType", "SINGLE_TAG"},
              {"topicSysFlag", "0"},
              {"order", "false"},
              {"attributes", ""}});
    same(18, json::object(), R"({"topicConfigList":[{"topicName":"bills"}]})");
    same(351, {{"topic", "orders"}, {"lo", "true"}});
    same(305);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(send("orders", 0, "hello").ok());
    same(34, json::object(),
         R"({"clientID":"one","heartbeatFingerprint":0,"withoutSub":false,"consumerDataSet":[)" +
             to_json(consumer("group", {{"orders"}})) +
             R"(],"producerDataSet":[{"groupName":"producers"}]})");
    same(38, group);
    same(14, {{"consumerGroup", "group"}, {"topic", "orders"}, {"queueId", "0"}});
    same(30, queue);
    same(31, queue);
    same(202, topic);
    same(204, {{"producerGroup", "producers"}});
    same(328, json::object());
    same(222, {{"group", "group"},
               {"topic", "orders"},
               {"timestamp", "0"},
               {"isForce", "true"},
               {"queueId", "-1"},
               {"offset", "-1"}});
    // The commit that was recorded came after a reset too.
    same(
        15,
        {{"consumerGroup", "group"}, {"topic", "orders"}, {"queueId", "0"}, {"commitOffset", "1"}});
    same(208, group);
    same(300, topic);
    same(25, nullptr, "waitTimeMillsInPullQueue=5000\n");
    same(26);
    same(200, nullptr, R"({"groupName":"other"})");
    same(225, nullptr, R"({"groupConfigList":[{"groupName":"more"}]})");
    same(207, {{"groupName", "other"}, {"cleanOffset", "true"}});
    same(215, topic);
    same(35, {{"clientID", "one"}, {"consumerGroup", "group"}});
}

TEST_F(RecordedAnswers, OfConnectionsAreLikeOurs) {
    EXPECT_TRUE(create_topic("orders").ok());
    auto data = consumer("group", {{"orders", "TagA || TagB"}});
    data.subscription_data_set[0].tags_set = {"TagA", "TagB"};
    data.subscription_data_set[0].code_set = {2598919, 2598920};
    const auto beat = raw_->ask(34, json::object(), heartbeat("one", data));
    EXPECT_EQ(beat.header["code"], 0);
    const RawAnswer ours = raw_->ask(203, {{"consumerGroup", "group"}}, {});
    const json body = json::parse(ours.body);
    const json theirs = json::parse(recorded(203)->body());
    EXPECT_EQ(keys_of(body), keys_of(theirs));
    EXPECT_EQ(body["connectionSet"][0]["language"], "JAVA");
    EXPECT_EQ(keys_of(body["connectionSet"][0]), keys_of(theirs["connectionSet"][0]));
    EXPECT_EQ(keys_of(body["subscriptionTable"]["orders"]),
              keys_of(theirs["subscriptionTable"].begin().value()));
}

TEST_F(RecordedAnswers, OfRuntimeInformationHaveNoKeyThatIsOursAlone) {
    const json ours = json::parse(raw_->ask(28, nullptr, {}).body)["table"];
    const json theirs = json::parse(recorded(28)->body())["table"];
    for (const auto& entry : ours.items()) {
        if (entry.key().starts_with("commitLogDiskRatio_")) continue;
        EXPECT_TRUE(theirs.contains(entry.key())) << entry.key();
    }
}

}  // namespace
}  // namespace kx::broker
