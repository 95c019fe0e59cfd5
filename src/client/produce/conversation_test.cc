// SPDX-License-Identifier: Apache-2.0
//
// What is built upon sends: transactions, requests, recall, the client's own sends; and who looks
// on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/compress.h"
#include "client/core/client_core.h"
#include "client/core/message_data.h"
#include "client/core/received.h"
#include "client/produce/internal_send.h"
#include "client/produce/recall.h"
#include "client/produce/send_rig.h"
#include "model/properties.h"
#include "model/record.h"

namespace kx::client {
namespace {

using kerolox::Bytes;
using kerolox::Decision;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::MessageView;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::SendReceipt;
using kerolox::TransactionOptions;
using kerolox::TransactionProducer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Message letter(std::string body = "letter") { return {"T", Bytes(std::move(body))}; }

kerolox::TransactionChecker knows_nothing() {
    return [](const MessageView&) { return Decision::unknown; };
}

TransactionProducer make_transactions(SendRig& rig, kerolox::TransactionChecker checker) {
    auto made = rig.client->transaction_producer(TransactionOptions("TX", std::move(checker)));
    EXPECT_TRUE(made) << made.error().describe();
    return std::move(made).value();
}

std::vector<TakenRequest> ends_of(const SendRig& rig) {
    auto all = rig.a.taken(37);
    for (TakenRequest& one : rig.b.taken(37)) all.push_back(std::move(one));
    return all;
}

// --- transactions ---

TEST(Transactions, CommitWhatTheApplicationCommits) {
    SendRig rig;
    rig.a.answer_with({{"transactionId", "tx-1"}});
    rig.b.answer_with({{"transactionId", "tx-1"}});
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    std::string seen;
    const auto sent = producer
                          .send(letter().delay_level(3),
                                [&](const SendReceipt& receipt) {
                                    seen = receipt.message_id();
                                    return Decision::commit;
                                })
                          .get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->decision, Decision::commit);
    EXPECT_EQ(sent->receipt.message_id(), seen);
    const TakenRequest half = rig.sends().at(0);
    EXPECT_EQ(half.field("f"), "4");
    EXPECT_EQ(half.property("TRAN_MSG"), "true");
    EXPECT_EQ(half.property("PGROUP"), "TX");
    EXPECT_EQ(half.property("DELAY"), "");
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 1; }));
    const TakenRequest end = ends_of(rig).front();
    EXPECT_EQ(end.field("topic"), "T");
    EXPECT_EQ(end.field("producerGroup"), "TX");
    EXPECT_EQ(end.field("tranStateTableOffset"), "0");
    EXPECT_EQ(end.field("commitLogOffset"), "1000");
    EXPECT_EQ(end.field("commitOrRollback"), "8");
    EXPECT_EQ(end.field("fromTransactionCheck"), "false");
    EXPECT_EQ(end.field("msgId"), seen);
    EXPECT_EQ(end.field("transactionId"), "tx-1");
    EXPECT_EQ(end.field("bname"), sent->receipt.queue().broker);
    EXPECT_EQ(end.remark, "");
}

TEST(Transactions, SayUnknownWhenTheApplicationThrows) {
    SendRig rig;
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    const auto sent =
        producer
            .send(letter(),
                  [](const SendReceipt&) -> Decision { throw std::runtime_error("no disk"); })
            .get();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->decision, Decision::unknown);
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 1; }));
    EXPECT_EQ(ends_of(rig).front().field("commitOrRollback"), "0");
    EXPECT_EQ(ends_of(rig).front().remark, "executeLocalTransactionBranch exception: no disk");
}

TEST(Transactions, AreRolledBackUnrunWhenTheHalfMessageIsNotSafe) {
    SendRig rig;
    rig.a.otherwise(12);
    rig.b.otherwise(10);
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    bool ran = false;
    const auto sent = producer
                          .send(letter(),
                                [&](const SendReceipt&) {
                                    ran = true;
                                    return Decision::commit;
                                })
                          .get();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->decision, Decision::rollback);
    EXPECT_FALSE(ran);
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 1; }));
    EXPECT_EQ(ends_of(rig).front().field("commitOrRollback"), "12");
    EXPECT_FALSE(producer.begin(letter()).get());
}

TEST(Transactions, FailWhenTheHalfMessageCannotBeSent) {
    SendRig rig;
    rig.a.otherwise(13);
    rig.b.otherwise(13);
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    const auto sent =
        producer.send(letter(), [](const SendReceipt&) { return Decision::commit; }).get();
    ASSERT_FALSE(sent);
    EXPECT_THAT(std::string(sent.error().text()), HasSubstr("send message Exception"));
    EXPECT_EQ(sent.error().code(), 13);
    EXPECT_EQ(producer.send(letter(), {}).get().error().text(), "tranExecutor is null");
    EXPECT_EQ(producer.send(letter(""), [](const SendReceipt&) { return Decision::commit; })
                  .get()
                  .error()
                  .code(),
              13);
    EXPECT_EQ(rig.client->transaction_producer(TransactionOptions("N", {})).error().text(),
              "TransactionListener is null");
    EXPECT_TRUE(ends_of(rig).empty());
}

TEST(Transactions, CanBeHeldAsObjects) {
    SendRig rig;
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    {
        auto begun = producer.begin(letter()).get();
        ASSERT_TRUE(begun) << begun.error().describe();
        EXPECT_TRUE(begun->receipt().stored());
        EXPECT_TRUE(begun->commit());
        EXPECT_EQ(begun->rollback().error().kind(), ErrorKind::usage) << "it is over";
    }
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 1; }));
    {
        auto undecided = producer.begin(letter()).get();
    }
    auto third = producer.begin(letter()).get();
    ASSERT_TRUE(third);
    EXPECT_TRUE(third->rollback());
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 2; }));
    EXPECT_TRUE(producer.close().get());
}

std::string half_record(const std::string& group, const std::string& id) {
    model::NewMessage message;
    message.topic = "RMQ_SYS_TRANS_HALF_TOPIC";
    message.body = "half";
    std::string properties;
    model::append_property(properties, "PGROUP", group);
    model::append_property(properties, "UNIQ_KEY", id);
    model::append_property(properties, "REAL_TOPIC", "T");
    message.properties = properties;
    return model::RecordDraft::make(message, {})->encode(5, 1000, 1);
}

std::vector<std::pair<std::string, std::string>> check_fields() {
    return {{"topic", "T"},       {"tranStateTableOffset", "5"}, {"commitLogOffset", "1000"},
            {"msgId", "ID-1"},    {"transactionId", "ID-1"},     {"offsetMsgId", "OFF"},
            {"bname", "broker-a"}};
}

TEST(Transactions, AnswerTheBrokersQuestions) {
    SendRig rig;
    std::atomic<int> asked{0};
    TransactionProducer producer = make_transactions(rig, [&](const MessageView& message) {
        EXPECT_EQ(message.text(), "half");
        EXPECT_EQ(message.id(), "ID-1");
        if (++asked == 1) return Decision::commit;
        throw std::runtime_error("no idea");
    });
    {
        auto begun = producer.begin(letter()).get();
    }
    auto other = producer.begin(letter()).get();  // the brokers take turns
    auto more = producer.begin(letter()).get();
    auto last = producer.begin(letter()).get();
    ASSERT_TRUE(comes_true([&] { return !rig.a.taken(34).empty(); }));
    EXPECT_EQ(rig.a.ask_client(39, check_fields(), half_record("TX", "ID-1"), true), 0);
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 1; }));
    const TakenRequest end = rig.a.taken(37).at(0);
    EXPECT_EQ(end.field("topic"), "T");
    EXPECT_EQ(end.field("commitOrRollback"), "8");
    EXPECT_EQ(end.field("fromTransactionCheck"), "true");
    EXPECT_EQ(end.field("tranStateTableOffset"), "5");
    EXPECT_EQ(end.field("commitLogOffset"), "1000");
    EXPECT_EQ(end.field("msgId"), "ID-1");
    EXPECT_EQ(end.field("transactionId"), "ID-1");
    EXPECT_EQ(end.field("bname"), "broker-a");
    EXPECT_EQ(rig.a.ask_client(39, check_fields(), half_record("TX", "ID-1"), true), 0);
    ASSERT_TRUE(comes_true([&] { return ends_of(rig).size() == 2; }));
    EXPECT_EQ(rig.a.taken(37).at(1).field("commitOrRollback"), "0");
    EXPECT_EQ(rig.a.taken(37).at(1).remark, "checkLocalTransactionState Exception: no idea");
    // Questions that make no sense are survived.
    EXPECT_EQ(rig.a.ask_client(39, check_fields(), half_record("Nobody", "ID-1"), true), 0);
    EXPECT_EQ(rig.a.ask_client(39, check_fields(), "garbage", true), 0);
    EXPECT_EQ(rig.a.ask_client(39, {}, "", true), 0);
    EXPECT_TRUE(producer.close().get());
    EXPECT_EQ(asked, 2);
}

TEST(Transactions, AreNotHeldUpByACheckerThatBlocks) {
    SendRig rig;
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::atomic<int> asked{0};
    auto made = rig.client->transaction_producer(
        TransactionOptions("TX", [&asked, gate](const MessageView&) {
            ++asked;
            gate.wait();
            return Decision::commit;
        }).checkers(1, 2));
    ASSERT_TRUE(made);
    for (int i = 0; i < 4; ++i) (void)made->begin(letter()).get();
    ASSERT_TRUE(comes_true([&] { return !rig.a.taken(34).empty(); }));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(rig.a.ask_client(39, check_fields(), half_record("TX", "ID-1"), true), 0);
    ASSERT_TRUE(comes_true([&] { return asked == 1; }));
    EXPECT_TRUE(made->send(letter(), [](const SendReceipt&) { return Decision::commit; }).get());
    const std::int64_t begun = now_ms();
    EXPECT_TRUE(made->close(milliseconds(100)).get());
    EXPECT_LT(ms_since(begun), 2'000);
    go.set_value();
}

TEST(Transactions, AreCutOffWhenTheApplicationBlocksForEver) {
    SendRig rig;
    std::promise<void> go;
    auto gate = go.get_future().share();
    TransactionProducer producer = make_transactions(rig, knows_nothing());
    std::promise<void> entered;
    auto handle = producer.send(letter(), [&entered, gate](const SendReceipt&) {
        entered.set_value();
        gate.wait();
        return Decision::commit;
    });
    entered.get_future().wait();
    EXPECT_TRUE(producer.close(milliseconds(50)).get());
    EXPECT_EQ(std::move(handle).get().error().kind(), ErrorKind::cancelled);
    go.set_value();
}

// --- requests ---

std::vector<std::pair<std::string, std::string>> reply_fields(const TakenRequest& request,
                                                              std::int32_t sys_flag = 0) {
    std::string properties;
    model::append_property(properties, "CORRELATION_ID", request.property("CORRELATION_ID"));
    model::append_property(properties, "UNIQ_KEY", "R1");
    return {{"producerGroup", "Q"},
            {"topic", "DefaultCluster_REPLY_TOPIC"},
            {"defaultTopic", "TBW102"},
            {"defaultTopicQueueNums", "4"},
            {"queueId", "0"},
            {"sysFlag", std::to_string(sys_flag)},
            {"bornTimestamp", "1700000000000"},
            {"flag", "0"},
            {"properties", properties},
            {"bornHost", "/127.0.0.1:4711"},
            {"storeHost", "/127.0.0.1:10911"},
            {"storeTimestamp", "1700000000001"}};
}

ScriptedBroker& with_send(SendRig& rig) { return rig.a.sends() > 0 ? rig.a : rig.b; }

TEST(Requests, EndWithTheReply) {
    SendRig rig;
    Producer producer = rig.producer();
    auto handle = producer.request(letter("ask"), {.timeout = seconds(5), .stop = {}});
    ASSERT_TRUE(comes_true([&] { return rig.sends().size() == 1; }));
    const TakenRequest request = rig.sends().front();
    EXPECT_EQ(request.property("REPLY_TO_CLIENT"), rig.client->id());
    EXPECT_EQ(request.property("TTL"), "5000");
    EXPECT_EQ(request.property("CORRELATION_ID").size(), 36U);
    ScriptedBroker& broker = with_send(rig);
    ASSERT_TRUE(comes_true([&] { return !broker.taken(34).empty(); }));
    EXPECT_FALSE(handle.ready()) << "that it was sent is no reply";
    const std::string text(8'000, 'r');
    EXPECT_EQ(broker.ask_client(326, reply_fields(request, 0x301),
                                compress(Compression::kZlib, text).value()),
              0);
    const auto reply = std::move(handle).get();
    ASSERT_TRUE(reply) << reply.error().describe();
    EXPECT_EQ(reply->text(), text);
    EXPECT_EQ(reply->id(), "R1");
    EXPECT_EQ(reply->topic(), "DefaultCluster_REPLY_TOPIC");
    EXPECT_EQ(reply->born_host(), "127.0.0.1:4711");
    EXPECT_TRUE(reply->property("ARRIVE_TIME").has_value());
    EXPECT_EQ(broker.ask_client(326, reply_fields(request), "late"), 0) << "nobody waits: fine";
    EXPECT_EQ(broker.ask_client(326, {}, "x"), 1);
}

TEST(Requests, ShowABodyOfAnUnknownCompressionAsItCame) {
    SendRig rig;
    Producer producer = rig.producer();
    auto handle = producer.request(letter("ask"), {.timeout = seconds(5), .stop = {}});
    ASSERT_TRUE(comes_true([&] { return rig.sends().size() == 1; }));
    ScriptedBroker& broker = with_send(rig);
    ASSERT_TRUE(comes_true([&] { return !broker.taken(34).empty(); }));
    const std::string body =
        compress(Compression::kZlib, "zlib, but it says something else").value();
    EXPECT_EQ(broker.ask_client(326, reply_fields(rig.sends().front(), 0x501), body), 0);
    const auto reply = std::move(handle).get();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text(), body);
    EXPECT_THAT(std::string(reply->body_status().error().text()),
                ::testing::HasSubstr("compression is unknown"));
}

TEST(Requests, ShowABodyThatCannotBeExpandedAsItCame) {
    SendRig rig;
    Producer producer = rig.producer();
    auto handle = producer.request(letter("ask"), {.timeout = seconds(5), .stop = {}});
    ASSERT_TRUE(comes_true([&] { return rig.sends().size() == 1; }));
    ScriptedBroker& broker = with_send(rig);
    ASSERT_TRUE(comes_true([&] { return !broker.taken(34).empty(); }));
    EXPECT_EQ(broker.ask_client(326, reply_fields(rig.sends().front(), 0x301), "no zlib"), 0);
    const auto reply = std::move(handle).get();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text(), "no zlib");
    EXPECT_FALSE(reply->body_status());
}

TEST(Requests, EndInTimeWithoutAReply) {
    SendRig rig;
    Producer producer = rig.producer();
    const std::int64_t begun = now_ms();
    const auto none = producer.request(letter(), {.timeout = milliseconds(200), .stop = {}}).get();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), 10'006);
    EXPECT_EQ(none.error().text(),
              "send request message to <T> OK, but wait reply message timeout, 200 ms.");
    EXPECT_LT(ms_since(begun), 600);

    rig.a.otherwise(13);
    rig.b.otherwise(13);
    const auto refused = producer.request(letter(), {.timeout = seconds(2), .stop = {}}).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "send request message to <T> fail");
    EXPECT_EQ(refused.error().code(), 13);

    rig.a.otherwise(ScriptedBroker::kSwallow);
    rig.b.otherwise(ScriptedBroker::kSwallow);
    const auto silent =
        producer.request(letter(), {.timeout = milliseconds(100), .stop = {}}).get();
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().text(), "send request message to <T> fail");
    EXPECT_EQ(silent.error().kind(), ErrorKind::timeout);
    auto handle = producer.request(letter(), {.timeout = seconds(20), .stop = {}});
    EXPECT_TRUE(producer.close(milliseconds(50)).get());
    EXPECT_EQ(std::move(handle).get().error().kind(), ErrorKind::cancelled);
}

MessageView received_with(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::string properties;
    for (const auto& [name, value] : pairs) model::append_property(properties, name, value);
    model::NewMessage message;
    message.topic = "T";
    message.body = "ask";
    message.properties = properties;
    const std::string record = model::RecordDraft::make(message, {})->encode(0, 0, 1);
    return decode_messages(record, {}).value().at(0);
}

TEST(Requests, AreRepliedToThroughTheClustersTopic) {
    SendRig rig;
    rig.names.add_route("C1_REPLY_TOPIC", "broker-a", rig.a.address(), 1);
    Producer producer = rig.producer();
    const MessageView request = received_with({{"CLUSTER", "C1"},
                                               {"CORRELATION_ID", "c-1"},
                                               {"REPLY_TO_CLIENT", "me@1"},
                                               {"TTL", "3000"}});
    ASSERT_TRUE(producer.reply(request, Bytes("answer")).get());
    const TakenRequest sent = rig.a.taken().at(0);
    EXPECT_EQ(sent.code, 325);
    EXPECT_EQ(sent.field("b"), "C1_REPLY_TOPIC");
    EXPECT_EQ(sent.body, "answer");
    EXPECT_EQ(sent.property("MSG_TYPE"), "reply");
    EXPECT_EQ(sent.property("CORRELATION_ID"), "c-1");
    EXPECT_EQ(sent.property("REPLY_TO_CLIENT"), "me@1");
    EXPECT_EQ(sent.property("TTL"), "3000");

    const auto plain = producer.reply(received_with({}), Bytes("answer")).get();
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().code(), 10'007);
    EXPECT_EQ(plain.error().text(),
              "create reply message fail, requestMessage error, property[CLUSTER] is null.");
    EXPECT_EQ(producer.reply(MessageView(), Bytes("a")).get().error().text(),
              "create reply message fail, requestMessage cannot be null.");
}

// --- recall ---

TEST(Recall, ReadsHandles) {
    const auto handle = read_recall_handle("djEgVCBicm9rZXItYSAxNzAwMDAwMDAwMDAwIEFCQw==");
    ASSERT_TRUE(handle);
    EXPECT_EQ(handle->topic, "T");
    EXPECT_EQ(handle->broker, "broker-a");
    EXPECT_EQ(handle->timestamp, "1700000000000");
    EXPECT_EQ(handle->message_id, "ABC");
    for (const char* wrong : {"", "x", "djE=", "????", "djIgVCBiIDEgQQ==", "ZA"}) {
        const auto bad = read_recall_handle(wrong);
        ASSERT_FALSE(bad) << wrong;
        EXPECT_EQ(bad.error().text, "recall handle is invalid");
    }
}

TEST(Recall, AsksTheBrokerOfTheHandle) {
    SendRig rig;
    Producer producer = rig.producer();
    const std::string handle = "djEgVCBicm9rZXItYSAxNzAwMDAwMDAwMDAwIEFCQw==";
    const auto taken = producer.recall("T", handle).get();
    ASSERT_TRUE(taken) << taken.error().describe();
    EXPECT_EQ(*taken, "RECALLED");
    ASSERT_EQ(rig.a.taken(370).size(), 1U);
    const TakenRequest request = rig.a.taken(370).front();
    EXPECT_EQ(request.field("producerGroup"), "P");
    EXPECT_EQ(request.field("topic"), "T");
    EXPECT_EQ(request.field("recallHandle"), handle);
    EXPECT_EQ(request.field("bname"), "broker-a");
    // Of a broker nobody knows: any broker of the topic.
    EXPECT_TRUE(producer.recall("T", "djEgVCBub2JvZHkgMSBBQkM=").get());
    EXPECT_EQ(producer.recall("T", "rubbish").get().error().text(), "recall handle is invalid");
    EXPECT_EQ(producer.recall("%RETRY%g", handle).get().error().text(), "topic is not supported");
    EXPECT_EQ(producer.recall("%DLQ%g", handle).get().error().text(), "topic is not supported");
    EXPECT_FALSE(producer.recall("Unknown", "djEgVCBub2JvZHkgMSBBQkM=").get());
}

// --- the client's own sends ---

TEST(InternalSend, CarriesWhatConsumersSendBack) {
    SendRig rig;
    rig.names.add_route("%RETRY%G", "broker-b", rig.b.address(), 1);
    ClientCore& core = *Access::core_as<ClientLease>(*rig.client).core;
    std::string properties;
    model::append_property(properties, "RECONSUME_TIME", "3");
    model::append_property(properties, "MAX_RECONSUME_TIMES", "16");
    model::append_property(properties, "UNIQ_KEY", "U1");
    auto send = [](ClientCore& client,
                   std::string text) -> Awaitable<kerolox::Result<SendReceipt>> {
        co_return co_await send_internal(
            client, raw_message("%RETRY%G", Bytes("again"), std::move(text), 0));
    };
    for (int i = 0; i < 3; ++i) {
        const auto sent = core.run<SendReceipt>(send(core, properties)).get();
        ASSERT_TRUE(sent) << sent.error().describe();
        EXPECT_EQ(sent->message_id(), "U1");
    }
    const TakenRequest request = rig.b.taken().at(0);
    EXPECT_EQ(request.field("a"), "CLIENT_INNER_PRODUCER");
    EXPECT_EQ(request.field("b"), "%RETRY%G");
    EXPECT_EQ(request.field("j"), "3");
    EXPECT_EQ(request.field("l"), "16");
    EXPECT_EQ(request.property("RECONSUME_TIME"), "3") << "it travels both ways";
    EXPECT_TRUE(rig.b.taken(34).empty()) << "no heartbeat names it";
    EXPECT_TRUE(rig.client->close().get());
}

// --- who looks on ---

class Watcher final : public kerolox::Interceptor {
public:
    kerolox::Status before_send(const kerolox::SendContext& context) override {
        ++before;
        if (context.message.body().text() == "forbidden")
            return kerolox::Error(ErrorKind::client, "not this one");
        if (context.message.body().text() == "throws") throw std::runtime_error("before");
        return {};
    }
    void after_send(const kerolox::SendContext& context) override {
        ++after;
        if (*context.result) {
            ++good;
            last_broker = context.broker;
        }
        attempt = context.attempt;
        throw std::runtime_error("after");
    }
    void end_transaction(const kerolox::EndTransactionContext& context) override {
        ended_from_check = context.from_check;
        ++ended;
    }
    std::atomic<int> before{0};
    std::atomic<int> after{0};
    std::atomic<int> good{0};
    std::atomic<int> attempt{0};
    std::atomic<int> ended{0};
    std::atomic<bool> ended_from_check{true};
    std::string last_broker;
};

class Figures final : public kerolox::MetricsSink {
public:
    void record(const kerolox::Metric& metric) override {
        const std::lock_guard lock(mutex_);
        std::string name(metric.name);
        for (const auto& [label, value] : metric.labels)
            name += "{" + std::string(label) + "=" + std::string(value) + "}";
        sums_[name] += metric.kind == kerolox::Metric::Kind::counter ? metric.value : 1;
    }
    double sum(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return sums_[name];
    }

private:
    std::mutex mutex_;
    std::map<std::string, double> sums_;
};

TEST(SendWatch, InterceptorsSeeEachTryAndMayRefuse) {
    const auto watcher = std::make_shared<Watcher>();
    kerolox::ClientOptions options;
    options.interceptor(watcher).log([](const kerolox::LogRecord&) {});
    SendRig rig(options);
    rig.a.otherwise(2);
    Producer producer = rig.producer();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(producer.send(letter()).get());
    EXPECT_EQ(watcher->before, watcher->after);
    EXPECT_EQ(watcher->good, 4);
    EXPECT_GT(watcher->before, 4) << "tries at broker-a";
    EXPECT_EQ(watcher->last_broker, "broker-b");
    EXPECT_TRUE(producer.send(letter("throws")).get()) << "an exception is no refusal";
    const std::size_t before = rig.sends().size();
    const auto refused = producer.send(letter("forbidden")).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "not this one");
    EXPECT_EQ(rig.sends().size(), before);
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));

    rig.a.otherwise(0);
    TransactionProducer transactions = make_transactions(rig, knows_nothing());
    ASSERT_TRUE(
        transactions.send(letter(), [](const SendReceipt&) { return Decision::commit; }).get());
    EXPECT_TRUE(comes_true([&] { return watcher->ended == 1; }));
    EXPECT_FALSE(watcher->ended_from_check);
}

TEST(SendWatch, FiguresCountSendsAndRetries) {
    const auto figures = std::make_shared<Figures>();
    kerolox::ClientOptions options;
    options.metrics(figures);
    SendRig rig(options);
    Producer producer = rig.producer();
    rig.a.script({2});
    rig.b.script({2});
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(producer.send(letter()).get());
    std::vector<Message> three;
    for (int i = 0; i < 3; ++i) three.push_back(letter());
    ASSERT_TRUE(producer.send_batch(std::move(three)).get());
    rig.a.otherwise(13);
    rig.b.otherwise(13);
    EXPECT_FALSE(producer.send(letter()).get());
    EXPECT_EQ(figures->sum("kerolox_sends_total{result=ok}"), 7);
    EXPECT_EQ(figures->sum("kerolox_sends_total{result=broker}"), 1);
    EXPECT_EQ(figures->sum("kerolox_send_retries_total"), 2);
    EXPECT_EQ(figures->sum("kerolox_send_latency_ms"), 6);
}

}  // namespace
}  // namespace kx::client
