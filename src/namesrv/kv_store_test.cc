// SPDX-License-Identifier: Apache-2.0
#include "namesrv/kv_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sim_file_system.h"

namespace kx::namesrv {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::SimFileSystem;

constexpr const char* kPath = "/home/namesrv/kvConfig.json";

std::unique_ptr<KvStore> open(FileSystem& files) {
    auto store = KvStore::open(files, kPath);
    EXPECT_TRUE(store) << store.error().text;
    return store ? std::move(*store) : nullptr;
}

TEST(KvStore, KeepsWhatItAcknowledgedThroughAPowerCut) {
    SimFileSystem disk;
    auto store = open(disk);
    ASSERT_TRUE(store->put("ORDER_TOPIC_CONFIG", "T", "broker-a:4"));
    ASSERT_TRUE(store->put("ns", "k", "v"));
    ASSERT_TRUE(store->remove("ns", "k"));

    const auto after = disk.after_power_loss();
    auto reopened = open(*after);
    EXPECT_EQ(reopened->get("ORDER_TOPIC_CONFIG", "T"), "broker-a:4");
    EXPECT_EQ(reopened->get("ns", "k"), std::nullopt);
    ASSERT_TRUE(reopened->list("ns")) << "an emptied namespace still exists";
    EXPECT_TRUE(reopened->list("ns")->empty());
    EXPECT_FALSE(reopened->list("other"));
}

TEST(KvStore, WritesTheFileAsRocketMqDoes) {
    SimFileSystem disk;
    auto store = open(disk);
    ASSERT_TRUE(store->put("ns", "k", "v"));
    EXPECT_EQ(disk.read_file(kPath).value_or(""), R"({"configTable":{"ns":{"k":"v"}}})");
}

TEST(KvStore, ReadsTheFileOfTheOriginalAndItsBackup) {
    SimFileSystem disk;
    ASSERT_TRUE(disk.make_directories("/home/namesrv"));
    ASSERT_TRUE(disk.write_file(kPath, "{broken"));
    ASSERT_TRUE(disk.write_file(std::string(kPath) + ".bak",
                                R"({"configTable":{"ORDER_TOPIC_CONFIG":{"T":"a:1"}}})"));
    auto store = open(disk);
    EXPECT_THAT(*store->list("ORDER_TOPIC_CONFIG"), ElementsAre(Pair("T", "a:1")));
}

TEST(KvStore, DoesNotChangeWhenItCannotWrite) {
    SimFileSystem disk;
    auto store = open(disk);
    ASSERT_TRUE(store->put("ns", "k", "old"));
    disk.fail_writes(true);
    EXPECT_FALSE(store->put("ns", "k", "new"));
    EXPECT_FALSE(store->remove("ns", "k"));
    EXPECT_EQ(store->get("ns", "k"), "old");
    EXPECT_TRUE(store->remove("ns", "unknown")) << "nothing to write";
}

}  // namespace
}  // namespace kx::namesrv
