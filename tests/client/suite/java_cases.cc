// SPDX-License-Identifier: Apache-2.0
//
// Beside the unmodified Java client, which the driver runs and which obeys lines (java/Peer.java).
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "suite/push_world.h"

namespace suite {
namespace {

using kerolox::Decision;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, by);) parts.push_back(part);
    return parts;
}

class Java : public PushWorld {
protected:
    struct Seen {
        std::string text, tag, keys, property;
        int queue = -1;
    };

    void SetUp() override {
        if (std::getenv("KX_SUITE_JAVA") == nullptr) GTEST_SKIP() << "no Java peer here";
    }
    /// What follows "ok".
    static std::string java(const std::string& command) {
        const std::string answer = raw_line(std::getenv("KX_SUITE_JAVA"), command, 60);
        EXPECT_EQ(answer.substr(0, 2), "ok") << command << ": " << answer;
        return answer.size() > 3 ? answer.substr(3) : "";
    }
    static std::vector<Seen> seen_by(const std::string& id) {
        std::vector<Seen> seen;
        for (const std::string& word : split(java("messages " + id), ' ')) {
            const auto parts = split(word, ';');
            if (parts.size() != 5) continue;
            seen.push_back({parts[0], parts[1], parts[2], parts[3], std::stoi(parts[4])});
        }
        return seen;
    }
    static Texts texts_of(const std::vector<Seen>& seen) {
        Texts texts;
        for (const Seen& one : seen) texts.push_back(one.text);
        return texts;
    }
    static std::vector<Seen> awaited(const std::string& id, std::size_t count) {
        std::vector<Seen> seen;
        EXPECT_TRUE(eventually(
            [&] {
                seen = seen_by(id);
                return seen.size() >= count;
            },
            60s))
            << seen.size() << " of " << count;
        return seen;
    }
    /// Queues as "broker-a:0", sorted.
    static Texts described(const std::vector<Queue>& queues) {
        Texts texts;
        for (const Queue& queue : queues) {
            texts.push_back(queue.broker + ":" + std::to_string(queue.id));
        }
        std::ranges::sort(texts);
        return texts;
    }

    /// Two members of Java and two of ours: together they own each queue once, and read all.
    void share(const std::string& from, const std::string& java_options,
               const std::function<std::shared_ptr<kerolox::AllocateStrategy>(int)>& make,
               const std::function<std::string(int)>& java_extra = {}) {
        const std::string group = name("g");
        std::vector<Inbox> inboxes(2);
        std::vector<Client> clients;
        std::vector<PushConsumer> ours;
        for (int i = 0; i < 2; ++i) {
            const std::string more = java_extra ? " " + java_extra(i) : "";
            java("consume " + name("j" + std::to_string(i)) + " " + group + " " + from + " " +
                 java_options + more);
            clients.push_back(another_client());
            ours.push_back(
                consume(clients.back(), push_options(from).strategy(make(i)).on_messages(
                                            into(inboxes[static_cast<std::size_t>(i)]))));
        }
        const auto route = client().admin().route(from).get();
        ASSERT_OK(route);
        std::size_t queues = 0;
        for (const auto& part : route->queues) queues += static_cast<std::size_t>(part.read_queues);
        Texts all;
        EXPECT_TRUE(eventually(
            [&] {
                all.clear();
                for (const PushConsumer& member : ours) {
                    for (const std::string& one : described(member.assignment())) {
                        all.push_back(one);
                    }
                }
                for (int i = 0; i < 2; ++i) {
                    for (const std::string& one :
                         split(java("queues " + name("j" + std::to_string(i))), ',')) {
                        all.push_back(one);
                    }
                }
                return all.size() == queues && as_set(all).size() == queues;
            },
            90s))
            << ::testing::PrintToString(all);
        send_all(from, numbered("m", 120));
        std::set<std::string> texts;
        EXPECT_TRUE(eventually(
            [&] {
                texts.clear();
                for (const Inbox& inbox : inboxes) {
                    for (const std::string& text : inbox.texts()) texts.insert(text);
                }
                for (int i = 0; i < 2; ++i) {
                    for (const Seen& one : seen_by(name("j" + std::to_string(i)))) {
                        texts.insert(one.text);
                    }
                }
                return texts.size() >= 120;
            },
            60s));
        EXPECT_EQ(texts, as_set(numbered("m", 120)));
        for (int i = 0; i < 2; ++i) java("close " + name("j" + std::to_string(i)));
    }
};

TEST_F(Java, MixedGroupSharesByAverage) {
    share(topic("t", 8), "strategy=average", [](int) { return kerolox::strategy::average(); });
}

TEST_F(Java, MixedGroupSharesByCircle) {
    share(topic("t", 8), "strategy=circle",
          [](int) { return kerolox::strategy::average_by_circle(); });
}

TEST_F(Java, MixedGroupSharesByConsistentHash) {
    share(topic("t", 8), "strategy=hash", [](int) { return kerolox::strategy::consistent_hash(); });
}

TEST_F(Java, MixedGroupSharesByNearbyRoom) {
    share(topic("t", 8), "strategy=nearby", [](int) {
        return kerolox::strategy::machine_room_nearby(
            kerolox::strategy::average(), [](const Queue&) { return std::string("here"); },
            [](std::string_view) { return std::string("here"); });
    });
}

TEST_F(Java, MixedGroupSharesWhatIsFixed) {
    const std::string from = topic("t", 4);
    share(
        from, "strategy=fixed",
        [&](int i) { return kerolox::strategy::fixed({{from, "broker-a", i + 2}}); },
        [](int i) { return "queues=" + std::to_string(i); });
}

TEST_F(Java, MixedGroupSharesByMachineRoom) {
    const std::string from = name("t");
    const auto view = client().admin().cluster().get();
    ASSERT_OK(view);
    const auto room = std::ranges::find_if(
        view->brokers, [](const auto& broker) { return broker.name == "room1@broker"; });
    ASSERT_NE(room, view->brokers.end());
    const kerolox::TopicConfig config{.name = from, .read_queues = 8, .write_queues = 8};
    ASSERT_OK(client()
                  .admin()
                  .create_topic(config, kerolox::Target::broker(room->addresses.at(0)))
                  .get());
    ASSERT_TRUE(eventually([&] { return client().admin().route(from).get().has_value(); }));
    share(from, "strategy=room", [](int) { return kerolox::strategy::machine_room({"room1"}); });
}

TEST_F(Java, ReadsWhatWeSend) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    ASSERT_OK(
        sender.send(Message(to, "plain").tag("A").key("k1").key("k2").property("p", "v")).get());
    std::vector<Message> batch;
    for (const std::string& text : numbered("b", 5)) {
        batch.push_back(Message(to, text).tag("B").property("p", text));
    }
    ASSERT_OK(sender.send_batch(std::move(batch)).get());
    int next = 0;
    for (const auto type :
         {kerolox::Compression::zlib, kerolox::Compression::lz4, kerolox::Compression::zstd}) {
        ProducerOptions packing(name("p" + std::to_string(++next)));
        packing.compression(type, 5, 1000).send_timeout(15s);
        Producer packed = producer(packing);
        const std::string text = "packed" + std::to_string(next) + std::string(5000, 'x');
        ASSERT_OK(packed.send(Message(to, text)).get());
    }
    const std::string id = name("j");
    java("consume " + id + " " + name("g") + " " + to);
    const auto seen = awaited(id, 9);
    ASSERT_THAT(seen, SizeIs(9));
    EXPECT_EQ(seen[0].text, "plain");
    EXPECT_EQ(seen[0].tag, "A");
    EXPECT_EQ(seen[0].keys, "k1+k2");
    EXPECT_EQ(seen[0].property, "v");
    std::set<std::string> texts = as_set(texts_of(seen));
    for (const std::string& text : numbered("b", 5)) EXPECT_EQ(texts.count(text), 1U) << text;
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(texts.count("packed" + std::to_string(i) + std::string(5000, 'x')), 1U) << i;
    }
    java("close " + id);
}

TEST_F(Java, WeReadWhatItSends) {
    const std::string from = topic("t", 1);
    java("send " + from + " plain 3 tag=A keys=k1 property=v");
    java("batch " + from + " b 5");
    for (const char* type : {"ZLIB", "LZ4", "ZSTD"}) {
        java("send " + from + " " + type + " 1 pad=5000 compress=" + type);
    }
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    Texts expected = numbered("plain", 3);
    for (const std::string& text : numbered("b", 5)) expected.push_back(text);
    for (const char* type : {"ZLIB", "LZ4", "ZSTD"}) {
        expected.push_back(std::string(type) + "-0" + std::string(5000, 'x'));
    }
    ASSERT_TRUE(inbox.gets_exactly(expected));
    for (const MessageView& message : inbox.messages()) {
        EXPECT_OK(message.body_status());
        if (message.text() != "plain-0") continue;
        EXPECT_EQ(message.tag(), "A");
        EXPECT_EQ(message.keys(), "k1");
        EXPECT_EQ(message.property("p"), "v");
    }
}

TEST_F(Java, FiltersByTagWhatWeSendAndTheReverse) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    for (const char* tag : {"A", "B", "C"}) {
        ASSERT_OK(sender.send(Message(to, std::string("ours") + tag).tag(tag)).get());
    }
    java("send " + to + " theirs 1 tag=B");
    const std::string id = name("j");
    java("consume " + id + " " + name("gj") + " " + to + " tags=A||C");
    EXPECT_EQ(texts_of(awaited(id, 2)), (Texts{"oursA", "oursC"}));
    java("close " + id);
    Inbox inbox;
    PushConsumer consumer = consume(push_options(to, Filter::tags("B")).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"oursB", "theirs-0"}));
}

TEST_F(Java, PutsAKeyIntoTheQueueWeDo) {
    const std::string to = topic("t", 4);
    Producer sender = producer();
    const std::string id = name("j");
    java("consume " + id + " " + name("g") + " " + to + " orderly=yes");
    for (const char* key : {"order-1", "order-2", "a", "zürich", "polygenelubricants"}) {
        java("send " + to + " " + key + " 3 shard=" + key);
        const auto receipt =
            sender.send_ordered(key, Message(to, std::string(key) + "-ours")).get();
        ASSERT_OK(receipt);
        EXPECT_TRUE(eventually(
            [&] {
                const auto seen = seen_by(id);
                return std::ranges::count_if(seen, [&](const Seen& one) {
                           return one.text.starts_with(key) && one.text != key &&
                                  one.queue == receipt->queue().id;
                       }) >= 4;
            },
            30s))
            << key;
    }
    java("close " + id);
}

TEST_F(Java, DelayedMessagesGoBothWays) {
    KX_NEEDS(delay);
    const std::string to = topic("t", 1);
    Inbox inbox;
    PushConsumer consumer = consume(push_options(to).on_messages(into(inbox)));
    const std::string id = name("j");
    java("consume " + id + " " + name("gj") + " " + to);
    java("send " + to + " theirs 1 delay=1");
    ASSERT_OK(producer().send(Message(to, "ours").delay_level(1)).get());
    EXPECT_TRUE(inbox.gets_exactly({"theirs-0", "ours"}));
    awaited(id, 2);
    java("close " + id);
}

TEST_F(Java, ItsTransactionIsCheckedByOurMember) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    std::atomic<int> asked{0};
    auto member = client().transaction_producer(
        kerolox::TransactionOptions(name("p"), [&](const MessageView& half) {
            // It may ask for our own as well, when the check overtakes the commit.
            if (half.text() == "half") ++asked;
            return Decision::commit;
        }));
    ASSERT_OK(member);
    // The broker must know the member before it asks the group.
    ASSERT_OK(member->send(Message(to, "own"), [](const SendReceipt&) { return Decision::commit; })
                  .get());
    java("half " + name("p") + " " + to + " half");
    EXPECT_EQ(read_set(to, 2), (std::set<std::string>{"own", "half"}));
    EXPECT_GE(asked, 1);
}

TEST_F(Java, OurTransactionIsCheckedByItsMember) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    java("check " + name("p") + " " + to);
    {
        auto ours = client().transaction_producer(kerolox::TransactionOptions(
            name("p"), [](const MessageView&) { return Decision::unknown; }));
        ASSERT_OK(ours);
        ASSERT_OK(
            ours->send(Message(to, "half"), [](const SendReceipt&) { return Decision::unknown; })
                .get());
        EXPECT_OK(ours->close().get());
    }
    EXPECT_EQ(read_texts(to, 1), Texts{"half"});
}

TEST_F(Java, RequestsGoBothWays) {
    KX_NEEDS(request_reply);
    const std::string to_java = topic("tojava", 1);
    const std::string to_us = topic("tous", 1);
    const std::string id = name("j");
    java("consume " + id + " " + name("gj") + " " + to_java + " replies=yes");
    Producer asker = producer();
    const auto answer =
        asker.request(Message(to_java, "question"), SendOptions{.timeout = 20s}).get();
    ASSERT_OK(answer);
    EXPECT_EQ(answer->text(), "answer:question");
    java("close " + id);

    Producer replier = producer(ProducerOptions(name("repliers")).send_timeout(15s));
    PushConsumer consumer = consume(push_options(to_us).on_messages([&](const MessageBatch& batch) {
        for (const MessageView& message : batch) {
            EXPECT_OK(replier.reply(message, Bytes("ours:" + std::string(message.text()))).get());
        }
        return ConsumeResult::success();
    }));
    EXPECT_EQ(java("request " + to_us + " question"), "ours:question");
}

TEST_F(Java, BroadcastOffsetsOfOneAreReadByTheOther) {
    const std::string from = topic("t", 2);
    const char* directory = std::getenv("KX_SUITE_OFFSETS");
    ASSERT_NE(directory, nullptr);
    const std::string instance = name("same");
    send_all(from, numbered("first", 10));
    {
        auto made = Client::create(options().instance_name(instance).local_offset_dir(directory));
        ASSERT_OK(made);
        Inbox inbox;
        PushConsumer consumer = consume(
            *made,
            push_options(from).model(kerolox::GroupModel::broadcasting).on_messages(into(inbox)));
        ASSERT_TRUE(inbox.gets_exactly(numbered("first", 10)));
        EXPECT_OK(consumer.close().get());
    }
    send_all(from, numbered("second", 10));
    const std::string id = name("j");
    java("consume " + id + " " + name("g") + " " + from + " broadcasting=yes instance=" + instance);
    EXPECT_EQ(as_set(texts_of(awaited(id, 10))), as_set(numbered("second", 10)));
    java("close " + id);
    send_all(from, numbered("third", 10));
    auto made = Client::create(options().instance_name(instance).local_offset_dir(directory));
    ASSERT_OK(made);
    Inbox inbox;
    PushConsumer consumer = consume(
        *made,
        push_options(from).model(kerolox::GroupModel::broadcasting).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(numbered("third", 10)));
}

TEST_F(Java, OrderedGroupHandsLocksOver) {
    const std::string from = topic("t", 4);
    Inbox inbox;
    PushConsumer ours =
        consume(push_options(from).on_messages_in_order([&](const MessageBatch& batch) {
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    const std::string id = name("j");
    java("consume " + id + " " + name("g") + " " + from + " orderly=yes");
    ASSERT_TRUE(eventually(
        [&] {
            return ours.assignment().size() == 2 && split(java("queues " + id), ',').size() == 2;
        },
        90s));
    send_all(from, numbered("m", 80));
    EXPECT_TRUE(eventually([&] { return inbox.size() + seen_by(id).size() >= 80; }, 60s));
    std::set<std::string> texts = as_set(inbox.texts());
    for (const Seen& one : seen_by(id)) texts.insert(one.text);
    EXPECT_EQ(texts, as_set(numbered("m", 80)));
    java("close " + id);
    EXPECT_TRUE(eventually([&] { return ours.assignment().size() == 4; }, 90s));
}

}  // namespace
}  // namespace suite
