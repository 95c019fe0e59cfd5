// SPDX-License-Identifier: Apache-2.0
#include "client/consume/rebalancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/fake_group.h"

namespace kx::client {
namespace {

using kerolox::Queue;
using ::testing::ElementsAre;
using ::testing::SizeIs;

/// Remembers what it was given. All on the home thread, but for the questions.
class Owner : public QueueOwner {
public:
    std::set<std::string> topics{"T"};
    std::atomic<bool> takes{true};
    std::atomic<bool> pauses{false};

    std::set<std::string> subscribed_topics() const override { return topics; }
    bool is_paused() const override { return pauses; }
    Awaitable<bool> take_share(std::string, std::set<Queue> mine, std::vector<Queue> all) override {
        MutexLock lock(mutex_);
        ++looks_;
        mine_ = std::move(mine);
        all_ = std::move(all);
        co_return takes.load();
    }
    Awaitable<void> drop_other_topics(std::set<std::string> others) override {
        MutexLock lock(mutex_);
        kept_ = std::move(others);
        co_return;
    }
    int looks() const {
        MutexLock lock(mutex_);
        return looks_;
    }
    std::set<Queue> mine() const {
        MutexLock lock(mutex_);
        return mine_;
    }
    std::set<std::string> kept() const {
        MutexLock lock(mutex_);
        return kept_;
    }

private:
    mutable Mutex mutex_;
    int looks_ KX_GUARDED_BY(mutex_) = 0;
    std::set<Queue> mine_ KX_GUARDED_BY(mutex_);
    std::vector<Queue> all_ KX_GUARDED_BY(mutex_);
    std::set<std::string> kept_ KX_GUARDED_BY(mutex_);
};

struct World {
    explicit World(
        kerolox::GroupModel model = kerolox::GroupModel::clustering,
        std::shared_ptr<kerolox::AllocateStrategy> strategy = kerolox::strategy::average())
        : group(4) {
        group.broker.add_member(group.core().id());
        rebalancer = std::make_shared<Rebalancer>(
            group.core(), owner, Rebalancer::Options{"G", model, std::move(strategy)});
    }
    ~World() {
        group.core().post([rebalancer = rebalancer] { rebalancer->stop(); });
        (void)group.core().close(std::chrono::seconds(5)).get();
    }
    bool look() {
        auto ask = [](std::shared_ptr<Rebalancer> one) -> Awaitable<kerolox::Result<bool>> {
            co_return co_await one->once();
        };
        return group.core().run<bool>(ask(rebalancer)).get().value_or(false);
    }
    FakeGroup group;
    Owner owner;
    std::shared_ptr<Rebalancer> rebalancer;
};

TEST(Rebalancer, MembersShareAndABroadcasterHasAll) {
    World world;
    EXPECT_TRUE(world.look());
    EXPECT_THAT(world.owner.mine(), SizeIs(4));
    world.group.broker.add_member("zzz@other");
    EXPECT_TRUE(world.look());
    EXPECT_THAT(world.owner.mine(), ElementsAre(Queue{"T", "b", 0}, Queue{"T", "b", 1}));
    EXPECT_THAT(world.owner.kept(), ElementsAre("T"));

    World all(kerolox::GroupModel::broadcasting);
    all.group.broker.add_member("zzz@other");
    EXPECT_TRUE(all.look());
    EXPECT_THAT(all.owner.mine(), SizeIs(4));
    EXPECT_EQ(all.group.broker.asked(38), 0);
}

TEST(Rebalancer, WithoutMembersItKeepsWhatItHas) {
    World world;
    world.group.broker.refuse(38, {1});
    EXPECT_FALSE(world.look());
    EXPECT_EQ(world.owner.looks(), 0);
}

TEST(Rebalancer, AnUnknownTopicHasNoQueues) {
    World world;
    world.owner.topics = {"nowhere"};
    EXPECT_TRUE(world.look());
    EXPECT_EQ(world.owner.looks(), 1);
    EXPECT_THAT(world.owner.mine(), SizeIs(0));
}

class Throwing : public kerolox::AllocateStrategy {
public:
    std::string_view name() const noexcept override { return "THROWS"; }
    kerolox::Result<std::vector<Queue>> allocate(std::string_view, std::string_view,
                                                 std::span<const Queue>,
                                                 std::span<const std::string>) const override {
        throw std::runtime_error("no");
    }
};

TEST(Rebalancer, AStrategyThatThrowsChangesNothing) {
    World world(kerolox::GroupModel::clustering, std::make_shared<Throwing>());
    EXPECT_FALSE(world.look());
    EXPECT_EQ(world.owner.looks(), 0);
}

TEST(Rebalancer, LooksAgainSoonWhenAQueueCouldNotBeTaken) {
    World world;
    world.owner.takes = false;
    world.group.core().post([&] {
        world.group.core().spawn(world.rebalancer->keep(world.rebalancer));
        world.rebalancer->wake();
    });
    EXPECT_TRUE(becomes_true([&] { return world.owner.looks() >= 3; }));
}

TEST(Rebalancer, ManyWakesAreOneLookAndPauseMeansNone) {
    World world;
    world.owner.pauses = true;
    world.group.core().post([&] {
        world.group.core().spawn(world.rebalancer->keep(world.rebalancer));
        world.rebalancer->wake();
    });
    const std::int64_t until = system_clock().steady_ms() + 120;
    EXPECT_TRUE(becomes_true([&] { return system_clock().steady_ms() > until; }));
    EXPECT_EQ(world.owner.looks(), 0);
    world.owner.pauses = false;
    for (int i = 0; i < 100; ++i) world.group.core().post([&] { world.rebalancer->wake(); });
    EXPECT_TRUE(becomes_true([&] { return world.owner.looks() >= 1; }));
    EXPECT_LE(world.owner.looks(), 3);
}

}  // namespace
}  // namespace kx::client
