// SPDX-License-Identifier: Apache-2.0
#include "client/consume/offset_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "client/consume/fake_group.h"
#include "support/temp_file.h"

namespace kx::client {
namespace {

using kerolox::Queue;
using ::testing::HasSubstr;

const Queue kFirst{"T", "b", 0};
const Queue kSecond{"T", "b", 1};

/// What RocketMQ itself writes: keys are objects.
constexpr std::string_view kJavaFile =
    "{\n\t\"offsetTable\":{{\n\t\t\t\"brokerName\":\"b\",\n\t\t\t\"queueId\":0,\n\t\t\t"
    "\"topic\":\"T\"\n\t\t}:42\n\t}\n}";
constexpr std::string_view kTextKeys =
    R"({"offsetTable":{"{\"brokerName\":\"b\",\"queueId\":0,\"topic\":\"T\"}":42}})";

struct LocalFile {
    explicit LocalFile(const std::function<void(ClientCore::Settings&)>& adjust = {})
        : group(1, adjust) {
        const std::string id = group.core().id();
        path = join_path(directory.path(), id.substr(0, id.find('@')) + "@DEFAULT/G/offsets.json");
        EXPECT_TRUE(posix_file_system().make_directories(parent_path(path)));
        table = OffsetTable::local(group.core(), "G", directory.path());
    }
    void write(std::string_view text, std::string_view suffix = "") const {
        EXPECT_TRUE(posix_file_system().write_file(path + std::string(suffix), text));
    }
    std::int64_t read(const Queue& queue, OffsetSource source) {
        return group.core().run<std::int64_t>(table->read(queue, source)).get().value_or(-2);
    }
    kerolox::Status persist(std::set<Queue> queues) {
        auto all = [](OffsetTable& to, std::set<Queue> which) -> Awaitable<kerolox::Result<void>> {
            co_return co_await to.persist(std::move(which));
        };
        return group.core().run<void>(all(*table, std::move(queues))).get();
    }

    test::TempDirectory directory;
    FakeGroup group;
    std::string path;
    std::unique_ptr<OffsetTable> table;
};

TEST(OffsetTable, IncreaseOnlyNeverGoesBack) {
    FakeGroup group;
    const auto table = OffsetTable::remote(group.core(), "G");
    EXPECT_EQ(table->in_memory(kFirst), -1);
    table->update(kFirst, 5, true);
    table->update(kFirst, 3, true);
    EXPECT_EQ(table->in_memory(kFirst), 5);
    table->update(kFirst, 3, false);
    EXPECT_EQ(table->in_memory(kFirst), 3);
}

TEST(OffsetTable, AFrozenOffsetStaysUntilItIsRemoved) {
    FakeGroup group;
    const auto table = OffsetTable::remote(group.core(), "G");
    table->update_and_freeze(kFirst, 7);
    table->update(kFirst, 9, true);
    table->update(kFirst, 1, false);
    EXPECT_EQ(table->in_memory(kFirst), 7);
    table->remove(kFirst);
    table->update(kFirst, 2, true);
    EXPECT_EQ(table->in_memory(kFirst), 2);
}

TEST(OffsetTable, BrokersKeepRemoteOffsetsAndOthersAreForgotten) {
    FakeGroup group(2);
    const auto table = OffsetTable::remote(group.core(), "G");
    const auto read = [&](OffsetSource source) {
        return group.core().run<std::int64_t>(table->read(kFirst, source)).get().value_or(-2);
    };
    EXPECT_EQ(read(OffsetSource::kStore), -1);
    group.broker.set_committed("T", 0, 11);
    EXPECT_EQ(read(OffsetSource::kMemory), -1);
    EXPECT_EQ(read(OffsetSource::kStore), 11);
    EXPECT_EQ(read(OffsetSource::kMemory), 11);
    group.broker.set_committed("T", 0, 12);
    EXPECT_EQ(read(OffsetSource::kMemoryThenStore), 11);

    table->update(kFirst, 20, true);
    table->update(kSecond, 30, true);
    auto persist = [](OffsetTable& to, std::set<Queue> which) -> Awaitable<kerolox::Result<void>> {
        co_return co_await to.persist(std::move(which));
    };
    EXPECT_TRUE(group.core().run<void>(persist(*table, {})).get());
    EXPECT_EQ(table->in_memory(kSecond), 30);  // an empty set means nothing
    EXPECT_TRUE(group.core().run<void>(persist(*table, {kFirst})).get());
    EXPECT_TRUE(becomes_true([&] { return group.broker.committed("T", 0) == 20; }));
    EXPECT_EQ(table->in_memory(kSecond), -1);
    EXPECT_EQ(group.broker.committed("T", 1), -1);
}

TEST(OffsetTable, QuestionsAboutQueuesAreAnswered) {
    FakeGroup group;
    group.broker.store("T", 0, "one");
    group.broker.store("T", 0, "two");
    group.broker.set_min("T", 0, 1);
    ClientCore& core = group.core();
    EXPECT_EQ(core.run<std::int64_t>(query_max_offset(core, kFirst)).get().value_or(-2), 2);
    EXPECT_EQ(core.run<std::int64_t>(query_min_offset(core, kFirst)).get().value_or(-2), 1);
    EXPECT_EQ(core.run<std::int64_t>(query_committed(core, "G", kFirst)).get().value_or(-2), -1);
    const auto nobody = core.run<std::int64_t>(query_max_offset(core, {"T", "nobody", 0})).get();
    ASSERT_FALSE(nobody);
    EXPECT_THAT(std::string(nobody.error().text()), HasSubstr("The broker[nobody] not exist"));
}

TEST(LocalOffsets, BothFormsOfJavasFileAreRead) {
    for (const std::string_view text : {kJavaFile, kTextKeys}) {
        LocalFile file;
        file.write(text);
        ASSERT_TRUE(file.table->load());
        EXPECT_EQ(file.read(kFirst, OffsetSource::kMemory), 42);
        EXPECT_EQ(file.read(kSecond, OffsetSource::kStore), -1);
    }
}

TEST(LocalOffsets, AreWrittenInJavasFormAndMerged) {
    LocalFile file;
    file.write(kTextKeys);
    file.table->update(kSecond, 9, true);
    ASSERT_TRUE(file.persist({kSecond}));
    const auto text = posix_file_system().read_file(file.path);
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("{\"brokerName\":\"b\",\"queueId\":0,\"topic\":\"T\"}:42"));
    EXPECT_THAT(*text, HasSubstr("{\"brokerName\":\"b\",\"queueId\":1,\"topic\":\"T\"}:9"));
    const auto before = posix_file_system().read_file(file.path + ".bak");
    ASSERT_TRUE(before);
    EXPECT_EQ(*before, kTextKeys);
}

TEST(LocalOffsets, ATornFileFallsBackToTheOneBefore) {
    LocalFile file;
    file.write(kJavaFile, ".bak");
    for (const std::string_view torn : {std::string_view(), kJavaFile.substr(0, 40)}) {
        file.write(torn);
        ASSERT_TRUE(file.table->load());
        EXPECT_EQ(file.read(kFirst, OffsetSource::kStore), 42);
    }
}

TEST(LocalOffsets, TwoTornFilesAreAnError) {
    LocalFile file;
    file.write("{\"offset");
    file.write("{\"off", ".bak");
    const auto loaded = file.table->load();
    ASSERT_FALSE(loaded);
    EXPECT_THAT(std::string(loaded.error().text()),
                HasSubstr("readLocalOffset Exception, maybe fastjson version too low"));
}

TEST(LocalOffsets, AMissingFileIsAnEmptyOne) {
    LocalFile file;
    EXPECT_TRUE(file.table->load());
    EXPECT_EQ(file.read(kFirst, OffsetSource::kStore), -1);
}

class FixedStore : public kerolox::OffsetStore {
public:
    void read(
        std::string_view, const Queue& queue,
        kerolox::UniqueFunction<void(kerolox::Result<std::optional<std::int64_t>>)> done) override {
        if (queue.id == 1) throw std::runtime_error("broken");
        done(std::optional<std::int64_t>(written > 0 ? std::optional(written) : std::nullopt));
    }
    void write(std::string_view group, std::span<const kerolox::QueueOffset> offsets,
               kerolox::UniqueFunction<void(kerolox::Status)> done) override {
        last_group = group;
        topic = offsets.front().queue.topic;
        written = offsets.front().offset;
        done({});
    }
    std::int64_t written = 0;
    std::string last_group;
    std::string topic;
};

TEST(CustomOffsets, AStoreSeesTheApplicationsNames) {
    FakeGroup group(1, [](auto& settings) { settings.config.name_space = "NS"; });
    const auto store = std::make_shared<FixedStore>();
    const auto table = OffsetTable::custom(group.core(), "NS%G", store);
    const Queue queue{"NS%T", "b", 0};
    const auto read = [&](const Queue& which) {
        return group.core().run<std::int64_t>(table->read(which, OffsetSource::kStore)).get();
    };
    EXPECT_EQ(read(queue).value_or(-2), -1);
    EXPECT_FALSE(read({"NS%T", "b", 1}));
    table->update(queue, 6, true);
    auto persist = [](OffsetTable& to, Queue one) -> Awaitable<kerolox::Result<void>> {
        std::set<Queue> which{one};
        co_return co_await to.persist(std::move(which));
    };
    EXPECT_TRUE(group.core().run<void>(persist(*table, queue)).get());
    EXPECT_EQ(store->written, 6);
    EXPECT_EQ(store->last_group, "G");
    EXPECT_EQ(store->topic, "T");
}

}  // namespace
}  // namespace kx::client
