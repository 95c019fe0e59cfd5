// SPDX-License-Identifier: Apache-2.0
//
// Members of one group share the queues of a topic without overlap, by every strategy.
#include <algorithm>

#include "suite/push_world.h"

namespace suite {
namespace {

using ::testing::SizeIs;

class Group : public PushWorld {
protected:
    using Strategy = std::shared_ptr<kerolox::AllocateStrategy>;

    /// Three members, eight queues: soon each queue has exactly one owner, and all get everything.
    void shares(const std::function<Strategy(std::size_t member, const std::string& topic)>& make) {
        const std::string from = topic("t", 8);
        std::vector<Inbox> inboxes(3);
        std::vector<Client> clients;
        std::vector<PushConsumer> members;
        for (std::size_t i = 0; i < inboxes.size(); ++i) {
            clients.push_back(another_client());
            members.push_back(
                consume(clients.back(),
                        push_options(from).strategy(make(i, from)).on_messages(into(inboxes[i]))));
        }
        std::vector<std::size_t> sizes;
        EXPECT_TRUE(eventually(
            [&] {
                std::vector<Queue> all;
                sizes.clear();
                for (const PushConsumer& member : members) {
                    const auto mine = member.assignment();
                    sizes.push_back(mine.size());
                    all.insert(all.end(), mine.begin(), mine.end());
                }
                const std::set<Queue> different(all.begin(), all.end());
                return all.size() == 8 && different.size() == 8;
            },
            60s))
            << ::testing::PrintToString(sizes);
        send_all(from, numbered("m", 160));
        const auto total = [&] {
            std::size_t sum = 0;
            for (const Inbox& inbox : inboxes) sum += inbox.size();
            return sum;
        };
        EXPECT_TRUE(eventually([&] { return total() >= 160; }));
        std::set<std::string> texts;
        for (const Inbox& inbox : inboxes) {
            for (const std::string& text : inbox.texts()) texts.insert(text);
        }
        EXPECT_EQ(texts, as_set(numbered("m", 160)));
        EXPECT_EQ(total(), 160U);
    }
};

TEST_F(Group, SharesByAverage) {
    shares([](std::size_t, const std::string&) { return kerolox::strategy::average(); });
}

TEST_F(Group, SharesByCircle) {
    shares([](std::size_t, const std::string&) { return kerolox::strategy::average_by_circle(); });
}

TEST_F(Group, SharesByConsistentHash) {
    shares([](std::size_t, const std::string&) { return kerolox::strategy::consistent_hash(); });
}

TEST_F(Group, SharesWhatIsFixed) {
    shares([](std::size_t member, const std::string& topic) {
        std::vector<Queue> mine;
        for (int id = 0; id < 8; ++id) {
            if (static_cast<std::size_t>(id) % 3 == member) mine.push_back({topic, "broker-a", id});
        }
        return kerolox::strategy::fixed(std::move(mine));
    });
}

TEST_F(Group, SharesByNearbyMachineRoom) {
    shares([](std::size_t, const std::string&) {
        return kerolox::strategy::machine_room_nearby(
            kerolox::strategy::average(), [](const Queue&) { return std::string("here"); },
            [](std::string_view) { return std::string("here"); });
    });
}

TEST_F(Group, StrategyThatFailsKeepsWhatItHas) {
    class Failing : public kerolox::AllocateStrategy {
    public:
        std::string_view name() const noexcept override { return "FAILING"; }
        Result<std::vector<Queue>> allocate(std::string_view, std::string_view,
                                            std::span<const Queue>,
                                            std::span<const std::string>) const override {
            return Error(ErrorKind::client, "no idea");
        }
    };
    const std::string from = topic("t", 2);
    send_all(from, {"x"});
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from).strategy(std::make_shared<Failing>()).on_messages(into(inbox)));
    EXPECT_TRUE(stays([&] { return consumer.assignment().empty(); }, 2s));
}

TEST_F(Group, MembersComeAndGo) {
    const std::string from = topic("t", 8);
    Inbox inbox;
    PushConsumer stays_on = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(eventually([&] { return stays_on.assignment().size() == 8; }));
    std::size_t sent = 0;
    for (int round = 0; round < 2; ++round) {
        const Client other = another_client();
        PushConsumer guest = consume(other, push_options(from).on_messages(into(inbox)));
        EXPECT_TRUE(eventually([&] { return guest.assignment().size() == 4; }, 60s));
        EXPECT_TRUE(eventually([&] { return stays_on.assignment().size() == 4; }, 60s));
        send_all(from, numbered("r" + std::to_string(round), 80));
        sent += 80;
        EXPECT_TRUE(eventually([&] { return inbox.size() >= sent; }, 60s));
        EXPECT_OK(guest.close().get());
        EXPECT_TRUE(eventually([&] { return stays_on.assignment().size() == 8; }, 60s));
    }
    EXPECT_THAT(as_set(inbox.texts()), SizeIs(sent));
    // A queue that changes hands may repeat what its last owner had not yet committed.
    EXPECT_LE(inbox.size(), sent + 32 * 8);
}

TEST_F(Group, AssignmentListenerIsTold) {
    const std::string from = topic("t", 4);
    std::mutex lock;
    std::vector<Queue> mine;
    std::size_t all = 0;
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from)
                    .on_messages(into(inbox))
                    .on_assignment([&](std::string_view topic, std::span<const Queue> queues,
                                       std::span<const Queue> own) {
                        if (topic != from) return;
                        const std::lock_guard guard(lock);
                        all = queues.size();
                        mine.assign(own.begin(), own.end());
                    }));
    EXPECT_TRUE(eventually([&] {
        const std::lock_guard guard(lock);
        return all == 4 && mine.size() == 4;
    }));
}

TEST_F(Group, BrokerAssignsAndPops) {
    KX_NEEDS(pop_assignment);
    const std::string from = topic("t", 4);
    // SET_MESSAGE_REQUEST_MODE: the group pops this topic.
    const Bytes pops("{\"topic\":\"" + from + "\",\"consumerGroup\":\"" + name("g") +
                     "\",\"mode\":\"POP\",\"popShareQueueNum\":0}");
    const auto set = client().admin().raw(setting().broker, 401, {}, pops).get();
    ASSERT_OK(set);
    ASSERT_EQ(set->code, 0);
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from).assigned_by_broker(true).on_messages(into(inbox)));
    send_all(from, numbered("m", 100));
    EXPECT_TRUE(inbox.gets_exactly(numbered("m", 100)));
}

}  // namespace
}  // namespace suite
