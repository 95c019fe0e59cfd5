// SPDX-License-Identifier: Apache-2.0
//
// What a client lets one see and change: hooks, trace, metrics, log, namespaces, the VIP channel.
#include <atomic>

#include "suite/push_world.h"

namespace suite {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class View : public PushWorld {
protected:
    static Client client_with(const ClientOptions& options) {
        auto made = Client::create(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return *made;
    }
    static Producer producer_of(const Client& client, const std::string& group) {
        auto made = client.producer(ProducerOptions(group).send_timeout(15s));
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
};

class Witness : public kerolox::Interceptor {
public:
    Status before_send(const kerolox::SendContext& context) override {
        ++before_sends;
        if (context.message.tag() == "forbidden") {
            return Error(ErrorKind::client, "nobody sends this");
        }
        return {};
    }
    void after_send(const kerolox::SendContext& context) override {
        if (context.result != nullptr && *context.result) ++good_sends;
    }
    void before_consume(const kerolox::ConsumeContext&) override { ++before_consumes; }
    void after_consume(const kerolox::ConsumeContext& context) override {
        if (context.success) ++good_consumes;
    }
    bool keep(std::string_view, const MessageView& message) override {
        return message.text() != "dropped";
    }
    void before_request(kerolox::RemotingContext& context) override {
        ++requests;
        context.fields.emplace_back("colour", "blue");
    }
    void after_response(const kerolox::RemotingAnswer&) override { ++answers; }

    std::atomic<int> before_sends{0};
    std::atomic<int> good_sends{0};
    std::atomic<int> before_consumes{0};
    std::atomic<int> good_consumes{0};
    std::atomic<int> requests{0};
    std::atomic<int> answers{0};
};

TEST_F(View, InterceptorsSeeForbidAndFilter) {
    const std::string to = topic("t", 1);
    const auto witness = std::make_shared<Witness>();
    const Client seen = client_with(options().interceptor(witness));
    Producer sender = producer_of(seen, name("p"));
    ASSERT_OK(sender.send(Message(to, "kept")).get());
    ASSERT_OK(sender.send(Message(to, "dropped")).get());
    const auto forbidden = sender.send(Message(to, "x").tag("forbidden")).get();
    ASSERT_FALSE(forbidden);
    EXPECT_THAT(forbidden.error().describe(), HasSubstr("nobody sends this"));
    EXPECT_EQ(witness->before_sends, 3);
    EXPECT_TRUE(eventually([&] { return witness->good_sends == 2; }));
    EXPECT_GT(witness->requests, 0);
    EXPECT_GT(witness->answers, 0);
    Inbox inbox;
    PushConsumer consumer = consume(seen, push_options(to).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"kept"}));
    EXPECT_TRUE(eventually([&] { return witness->good_consumes == 1; }));
    EXPECT_EQ(witness->before_consumes, 1);
}

TEST_F(View, TraceTellsOfSendsAndConsumption) {
    const std::string to = topic("t", 1);
    const Client traced = client_with(options().trace(true));
    Producer sender = producer_of(traced, name("p"));
    const auto receipt = sender.send(Message(to, "traced").key("k7")).get();
    ASSERT_OK(receipt);
    Inbox inbox;
    PushConsumer consumer = consume(traced, push_options(to).on_messages(into(inbox)));
    ASSERT_TRUE(inbox.gets_exactly({"traced"}));
    Inbox traces;
    PushOptions options(name("traces"));
    options.subscribe("RMQ_SYS_TRACE_TOPIC").start_from(StartFrom::first).on_messages(into(traces));
    PushConsumer reader = consume(options);
    const std::string id(receipt->message_id());
    const auto told = [&](std::string_view kind) {
        return std::ranges::any_of(traces.texts(), [&](const std::string& text) {
            return text.find(std::string(kind) + "\1") != std::string::npos &&
                   text.find(id) != std::string::npos;
        });
    };
    EXPECT_TRUE(eventually([&] { return told("Pub"); })) << "no record of the send";
    EXPECT_TRUE(eventually([&] { return told("SubBefore"); })) << "no record before consumption";
    EXPECT_TRUE(eventually([&] { return told("SubAfter"); })) << "no record after consumption";
}

TEST_F(View, NamespaceWrapsNamesOnTheWireAlone) {
    const std::string plain = name("t");
    make_topic("space1%" + plain, 1);
    const Client spaced = client_with(options().name_space("space1"));
    Producer sender = producer_of(spaced, name("p"));
    const auto receipt = sender.send(Message(plain, "inside")).get();
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->queue().topic, plain);
    EXPECT_EQ(read_texts("space1%" + plain, 1), Texts{"inside"});
    Inbox inbox;
    PushConsumer consumer = consume(spaced, push_options(plain).on_messages(into(inbox)));
    ASSERT_TRUE(inbox.gets_exactly({"inside"}));
    EXPECT_EQ(inbox.messages()[0].topic(), plain);
}

TEST_F(View, VipChannelSends) {
    const std::string to = topic("t", 1);
    const Client vip = client_with(options().vip_channel(true));
    Producer sender = producer_of(vip, name("p"));
    ASSERT_OK(sender.send(Message(to, "fast port")).get());
    EXPECT_EQ(read_texts(to, 1), Texts{"fast port"});
}

TEST_F(View, FaultDetectorLeavesAHealthyBrokerAlone) {
    const std::string to = topic("t");
    ProducerOptions careful = producer_options();
    careful.avoid_faulty_brokers(true, true);
    Producer sender = producer(careful);
    send_all(sender, to, numbered("m", 100));
    EXPECT_EQ(read_set(to, 100), as_set(numbered("m", 100)));
}

TEST_F(View, MetricsCountSends) {
    class Counting : public kerolox::MetricsSink {
    public:
        void record(const kerolox::Metric&) override { ++records; }
        std::atomic<int> records{0};
    };
    const std::string to = topic("t", 1);
    const auto sink = std::make_shared<Counting>();
    const Client counted = client_with(options().metrics(sink));
    Producer sender = producer_of(counted, name("p"));
    ASSERT_OK(sender.send(Message(to, "x")).get());
    EXPECT_TRUE(eventually([&] { return sink->records > 0; }));
}

TEST_F(View, LogLinesGoToTheSink) {
    std::mutex lock;
    std::vector<std::string> lines;
    const auto keep = [&](const kerolox::LogRecord& record) {
        const std::lock_guard guard(lock);
        lines.emplace_back(record.text);
    };
    {
        // A life without trouble has nothing to tell.
        const Client logged = client_with(options()
                                              .name_servers("127.0.0.1:1")
                                              .require_name_server(false)
                                              .log(keep, kerolox::LogLevel::debug));
        Producer sender = producer_of(logged, name("p"));
        ASSERT_FALSE(sender.send(Message(name("t"), "x"), {.timeout = 2s}).get());
    }
    const std::lock_guard guard(lock);
    EXPECT_FALSE(lines.empty());
}

TEST_F(View, OffsetStoreOfTheApplicationIsUsed) {
    class Kept : public kerolox::OffsetStore {
    public:
        void read(
            std::string_view, const Queue& queue,
            kerolox::UniqueFunction<void(Result<std::optional<std::int64_t>>)> done) override {
            const std::lock_guard guard(lock);
            const auto found = offsets.find(queue);
            done(found == offsets.end() ? std::optional<std::int64_t>() : found->second);
        }
        void write(std::string_view, std::span<const kerolox::QueueOffset> written,
                   kerolox::UniqueFunction<void(Status)> done) override {
            {
                const std::lock_guard guard(lock);
                for (const auto& one : written) offsets[one.queue] = one.offset;
            }
            done({});
        }
        std::mutex lock;
        std::map<Queue, std::int64_t> offsets;
    };
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    const auto store = std::make_shared<Kept>();
    store->offsets[{from, "broker-a", 0}] = 4;
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from).offset_store(store).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"m-4", "m-5", "m-6", "m-7", "m-8", "m-9"}));
    EXPECT_OK(consumer.close().get());
    const std::lock_guard guard(store->lock);
    EXPECT_EQ((store->offsets[{from, "broker-a", 0}]), 10);
}

}  // namespace
}  // namespace suite
