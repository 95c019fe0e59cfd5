// SPDX-License-Identifier: Apache-2.0
//
// Stores that a Java broker 5.4.0 wrote (tests/data), one stopped and one killed: what its client
// read from them before must be read here, field by field.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "model/message_id.h"
#include "store/dump.h"
#include "support/store_world.h"

namespace kx::store {
namespace {

using namespace kx::testing;
using Json = nlohmann::json;

std::string data(const std::string& name) { return std::string(KX_TEST_DATA) + "/" + name; }

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = "/tmp/kx_golden_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() { static_cast<void>(posix_file_system().remove(path_)); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::vector<Json> read_lines(const std::string& path) {
    std::vector<Json> lines;
    FILE* const file = ::popen(("zcat " + path).c_str(), "r");
    EXPECT_NE(file, nullptr) << path;
    std::string text;
    char piece[65536];
    for (std::size_t got = 1; got > 0;) {
        got = std::fread(piece, 1, sizeof piece, file);
        text.append(piece, got);
    }
    EXPECT_EQ(::pclose(file), 0) << path;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(Json::parse(text.substr(at, end - at)));
        at = end + 1;
    }
    return lines;
}

StoreOptions golden_options(const std::string& root) {
    StoreOptions options;
    options.root = root;
    options.commit_log_segment_bytes = 1'048'576;
    options.consume_queue_segment_bytes = 2000;
    return options;
}

void expect_equal(const model::RecordView& record, const Json& listed) {
    const bool compressed = (record.sys_flag & model::kCompressed) != 0;
    EXPECT_EQ(record.queue_offset, listed["queueOffset"]);
    EXPECT_EQ(record.physical_offset, listed["commitLogOffset"]);
    EXPECT_EQ(record.total_size, listed["storeSize"]);
    EXPECT_EQ(record.sys_flag & ~model::kCompressed, listed["sysFlag"]);
    EXPECT_EQ(record.flag, listed["flag"]);
    EXPECT_EQ(record.born_timestamp, listed["bornTimestamp"]);
    EXPECT_EQ(record.store_timestamp, listed["storeTimestamp"]);
    EXPECT_EQ(model::to_string(record.born_host), listed["bornHost"].get<std::string>());
    EXPECT_EQ(model::to_string(record.store_host), listed["storeHost"].get<std::string>());
    EXPECT_EQ(record.reconsume_times, listed["reconsumeTimes"]);
    EXPECT_EQ(record.prepared_transaction_offset, listed["preparedTransactionOffset"]);
    EXPECT_EQ(record.body_crc, listed["bodyCRC"]);
    EXPECT_EQ(model::encode_offset_id(record.store_host, record.physical_offset).view(),
              listed["offsetMsgId"].get<std::string>());
    if (!compressed) {
        EXPECT_EQ(record.body.size(), listed["bodyLength"]);
        const std::string head = listed["bodyHead"];
        EXPECT_EQ(record.body.substr(0, head.size()), head);
    }
    std::map<std::string, std::string> properties;
    for (const auto& [name, value] : model::to_pairs(record.properties)) properties[name] = value;
    std::map<std::string, std::string> expected = listed["properties"];
    for (const char* added : {"MIN_OFFSET", "MAX_OFFSET", "CLUSTER"}) {
        properties.erase(added);
        expected.erase(added);
    }
    EXPECT_EQ(properties, expected);
}

void expect_listed(MessageStore& store, const std::vector<Json>& lines, bool grown) {
    int seen = 0;
    for (const Json& line : lines) {
        const std::string topic = line["topic"];
        const QueuePtr queue = store.find_queue(topic, line["queueId"]);
        if (line.contains("queue")) {
            const std::int64_t max = line["max"];
            if (max == 0 && queue == nullptr) continue;
            ASSERT_NE(queue, nullptr) << line;
            EXPECT_EQ(queue->min_offset(), line["min"]) << line;
            // The transaction check went on after the listing.
            const bool may_grow = grown || topic.starts_with("RMQ_SYS_TRANS");
            EXPECT_GE(queue->max_offset(), max) << line;
            if (!may_grow) EXPECT_EQ(queue->max_offset(), max) << line;
            continue;
        }
        ASSERT_NE(queue, nullptr) << line;
        ReadRequest request;
        request.offset = line["queueOffset"];
        request.max_count = 1;
        const ReadResult read = store.read(*queue, request);
        ASSERT_EQ(read.status, ReadStatus::kFound) << line;
        const auto found = records(read);
        ASSERT_EQ(found.size(), 1U);
        expect_equal(found[0], line);
        EXPECT_EQ(store.record_at(line["commitLogOffset"])->bytes.size(), line["storeSize"]);
        ++seen;
    }
    EXPECT_GT(seen, 1000);
}

void check_golden(const std::string& name, bool clean) {
    const TemporaryDirectory directory;
    const std::string unpack =
        "tar xzf " + data("store-5.4.0-" + name + ".tar.gz") + " -C " + directory.path();
    ASSERT_EQ(std::system(unpack.c_str()), 0);
    const std::vector<Json> lines = read_lines(data("store-5.4.0-" + name + ".jsonl.gz"));
    const StoreOptions options = golden_options(directory.path());
    std::map<std::string, std::int64_t> next;
    {
        auto store = open_store(posix_file_system(), options);
        ASSERT_NE(store, nullptr);
        EXPECT_EQ(store->figures().clean_start, clean);
        expect_listed(*store, lines, !clean);
        PutResult last;
        for (int i = 0; i < 500; ++i) {
            const std::string body = "ours " + std::to_string(i) + std::string(3000, 'x');
            last = put(*store, message("Plain", body, i % 4));
            ASSERT_EQ(last.status, PutStatus::kOk) << last.cause;
        }
        wait_dispatched(*store, last);
        ASSERT_TRUE(store->stop());
    }
    DumpOptions check;
    check.root = directory.path();
    const CheckReport report = check_store(posix_file_system(), check);
    EXPECT_TRUE(report.all_well()) << ::testing::PrintToString(report.problems);
    auto store = open_store(posix_file_system(), options);
    ASSERT_NE(store, nullptr);
    EXPECT_TRUE(store->figures().clean_start);
    expect_listed(*store, lines, true);
    std::size_t ours = 0;
    for (int queue = 0; queue < 4; ++queue) {
        for (const std::string& body : bodies(*store, "Plain", queue)) {
            if (body.starts_with("ours ")) ++ours;
        }
    }
    EXPECT_EQ(ours, 500U);
}

TEST(GoldenStore, AStoppedJavaStoreReadsBackAndGoesOn) { check_golden("clean", true); }

TEST(GoldenStore, AKilledJavaStoreReadsBackAndGoesOn) { check_golden("killed", false); }

}  // namespace
}  // namespace kx::store
