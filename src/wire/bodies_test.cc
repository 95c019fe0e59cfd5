// SPDX-License-Identifier: Apache-2.0
//
// Recorded bodies and config files of RocketMQ 5.4.0 through our own structs: all members are
// read, and written again in the same order. (The entries of a map come in hash order there, and
// sorted here.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/recorded_frames.h"
#include "wire/bodies/clients.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/groups.h"
#include "wire/bodies/heartbeat.h"
#include "wire/bodies/registration.h"
#include "wire/bodies/topics.h"

namespace kx::wire {
namespace {

using kx::testing::RecordedFrame;
using Ordered = nlohmann::ordered_json;

/// Sorts the members of maps, whose keys are data; those of structs keep their order, to be
/// compared. The former are told by the name of the member they are the value of.
Ordered with_sorted_maps(const Ordered& json, const std::string& name = "") {
    static const std::set<std::string> kMaps{
        "topicConfigTable",
        "subscriptionGroupTable",
        "forbiddenTable",
        "offsetTable",
        "groupTopicMap",
        "brokerAddrTable",
        "clusterAddrTable",
        "filterServerTable",
        "attributes",
        "table",
        "subscriptionTable",
        "data",
        "topicQueueMappingDetailMap",
        "topicQueueMappingInfoMap",
    };
    if (json.is_array()) {
        Ordered out = Ordered::array();
        for (const auto& item : json) out.push_back(with_sorted_maps(item));
        // Sets: compared without their order.
        if (name == "tagsSet" || name == "codeSet" || name == "producerDataSet" ||
            name == "consumerDataSet" || name == "subscriptionDataSet")
            std::sort(out.begin(), out.end());
        return out;
    }
    if (!json.is_object()) return json;
    std::vector<std::pair<std::string, Ordered>> members;
    for (const auto& [key, value] : json.items())
        members.emplace_back(key, with_sorted_maps(value, key));
    if (kMaps.contains(name)) std::sort(members.begin(), members.end());
    Ordered out = Ordered::object();
    for (auto& [key, value] : members) out[key] = std::move(value);
    return out;
}

std::string comparable(std::string_view text) {
    return with_sorted_maps(Ordered::parse(quote_bare_keys(text))).dump(1);
}

/// Reads `text` as a Body and writes it again: every member at its place.
template <class Body>
void expect_same(std::string_view text, JsonWriter::Style style = JsonWriter::Style::kCompact) {
    const auto body = from_json<Body>(text);
    ASSERT_TRUE(body) << body.error().text << "\n" << text;
    EXPECT_EQ(comparable(to_json(*body, style)), comparable(text));
}

template <class Body>
int expect_all_same(std::int32_t code, bool requests) {
    int count = 0;
    for (const RecordedFrame& frame : kx::testing::recorded_frames()) {
        if (frame.code != code || frame.is_request != requests || frame.body().empty()) continue;
        expect_same<Body>(frame.body());
        ++count;
    }
    return count;
}

TEST(RecordedBodies, OfRoutesComeBackEqual) {
    EXPECT_GT(expect_all_same<TopicRoute>(105, false), 0);
}
TEST(RecordedBodies, OfClustersComeBackEqual) {
    EXPECT_GT(expect_all_same<ClusterInfo>(106, false), 0);
}
TEST(RecordedBodies, OfHeartbeatsComeBackEqual) {
    EXPECT_GT(expect_all_same<HeartbeatData>(34, true), 0);
}
TEST(RecordedBodies, OfTopicTablesComeBackEqual) {
    EXPECT_GE(expect_all_same<TopicTable>(21, false), 0);
}
TEST(RecordedBodies, OfGroupsComeBackEqual) {
    EXPECT_GT(expect_all_same<SubscriptionGroupConfig>(200, true), 0);
    EXPECT_GT(expect_all_same<SubscriptionGroupList>(225, true), 0);
}
TEST(RecordedBodies, OfTopicListsComeBackEqual) {
    EXPECT_GT(expect_all_same<TopicConfigList>(18, true), 0);
    EXPECT_GT(expect_all_same<TopicList>(305, false), 0);
}
TEST(RecordedBodies, OfTopicConfigsComeBackEqual) {
    EXPECT_GT(expect_all_same<TopicConfig>(351, false), 0);
}
TEST(RecordedBodies, OfClientsComeBackEqual) {
    EXPECT_GT(expect_all_same<ConsumerConnection>(203, false), 0);
    EXPECT_GT(expect_all_same<ProducerConnection>(204, false), 0);
    EXPECT_GT(expect_all_same<ProducerTable>(328, false), 0);
}

template <class Body>
int read_all(std::int32_t code) {
    int count = 0;
    for (const RecordedFrame& frame : kx::testing::recorded_frames()) {
        if (frame.code != code || frame.is_request || frame.body().empty()) continue;
        const auto body = from_json<Body>(frame.body());
        EXPECT_TRUE(body) << frame.body();
        if (body) EXPECT_TRUE(from_json<Body>(to_json(*body))) << to_json(*body);
        ++count;
    }
    return count;
}

TEST(RecordedBodies, WithQueuesAsKeysReadBack) {
    EXPECT_GT(read_all<TopicStats>(202), 0);
    EXPECT_GT(read_all<ResetOffsets>(222), 0);
}

TEST(RecordedBodies, OfStandardRoutesQuoteTheirIntegerKeys) {
    TopicRoute route;
    route.broker_datas.push_back({{{0, "10.0.0.1:10911"}}, "b", "c", false, std::nullopt});
    EXPECT_EQ(to_json(route),
              R"({"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"b",)"
              R"("cluster":"c","enableActingMaster":false}],"filterServerTable":{},)"
              R"("queueDatas":[]})");
    EXPECT_THAT(to_json(route, JsonWriter::Style::kStandard),
                ::testing::HasSubstr(R"("brokerAddrs":{"0":"10.0.0.1:10911"})"));
}

/// One file out of the recorded store.
std::string stored_file(const std::string& name) {
    const std::string command =
        "tar -xzOf '" KX_TEST_DATA "/store-5.4.0-clean.tar.gz' ./config/" + name;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get()))
        text.push_back(static_cast<char>(c));
    EXPECT_FALSE(text.empty()) << name;
    return text;
}

/// Lines without the comma that depends on the order of entries, sorted.
std::vector<std::string> sorted_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        if (line.ends_with(',')) line.pop_back();
        lines.push_back(std::move(line));
        at = end + 1;
    }
    std::ranges::sort(lines);
    return lines;
}

template <class File>
void expect_same_file(const std::string& name) {
    const std::string text = stored_file(name);
    expect_same<File>(text, JsonWriter::Style::kPretty);
    const auto file = from_json<File>(text);
    ASSERT_TRUE(file);
    EXPECT_EQ(sorted_lines(to_json(*file, JsonWriter::Style::kPretty)), sorted_lines(text));
}

struct DelayOffsetFile {
    DataVersion data_version;
    std::map<std::int32_t, std::int64_t> offset_table;
    static constexpr auto members() {
        return std::array{member<&DelayOffsetFile::data_version>("dataVersion"),
                          member<&DelayOffsetFile::offset_table>("offsetTable")};
    }
};

struct TopicsFile {
    DataVersion data_version;
    std::map<std::string, TopicConfig> topic_config_table;
    static constexpr auto members() {
        return std::array{member<&TopicsFile::data_version>("dataVersion"),
                          member<&TopicsFile::topic_config_table>("topicConfigTable")};
    }
};

struct FilterFile {
    std::map<std::string, std::string> filter_data_by_topic;
    static constexpr auto members() {
        return std::array{member<&FilterFile::filter_data_by_topic>("filterDataByTopic")};
    }
};

TEST(StoredConfig, IsReadAndWrittenAsJavaWritesIt) {
    expect_same_file<TopicsFile>("topics.json");
    expect_same_file<SubscriptionGroupTable>("subscriptionGroup.json");
    expect_same_file<ConsumerOffsets>("consumerOffset.json");
    expect_same_file<DelayOffsetFile>("delayOffset.json");
}

TEST(StoredConfig, OfSortedKeysIsWrittenByteForByte) {
    const std::string text = stored_file("delayOffset.json");
    EXPECT_EQ(to_json(*from_json<DelayOffsetFile>(text), JsonWriter::Style::kPretty), text);
    const std::string empty = stored_file("consumerFilter.json");
    EXPECT_EQ(to_json(*from_json<FilterFile>(empty), JsonWriter::Style::kPretty), empty);
}

}  // namespace
}  // namespace kx::wire
