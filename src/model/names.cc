// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <algorithm>
#include <array>

namespace kx::model {
namespace {

constexpr std::array kSystemTopics = {
    kDefaultTopic,          kScheduleTopic,   kBenchmarkTopic,         kTransHalfTopic,
    kTransOpHalfTopic,      kTraceTopic,      kTransCheckMaxTimeTopic, kSelfTestTopic,
    kOffsetMovedEventTopic, kCheckPointTopic, kRocksDbTransHalfTopic,  kRocksDbTransOpHalfTopic,
};
constexpr std::array kClosedTopics = {
    kScheduleTopic,          kTransHalfTopic, kTransOpHalfTopic,
    kTransCheckMaxTimeTopic, kSelfTestTopic,  kOffsetMovedEventTopic,
};
constexpr std::array kSystemGroups = {
    kToolsConsumerGroup,   kFilterServerGroup,     kSelfTestGroup,    kOnsHttpProxyGroup,
    kOnsApiPullGroup,      kOnsApiPermissionGroup, kOnsApiOwnerGroup, kDefaultProducerGroup,
    kDefaultConsumerGroup, kInnerProducerGroup,
};

template <class Set>
bool contains(const Set& set, std::string_view name) {
    return std::find(set.begin(), set.end(), name) != set.end();
}

std::string concat(std::string_view a, std::string_view b) {
    std::string text(a);
    text += b;
    return text;
}

}  // namespace

std::string retry_topic(std::string_view group) { return concat(kRetryTopicPrefix, group); }
std::string pop_retry_topic(std::string_view topic, std::string_view group) {
    return concat(retry_topic(group) + "_", topic);
}
std::string dlq_topic(std::string_view group) { return concat(kDlqTopicPrefix, group); }
std::string reply_topic(std::string_view cluster) { return concat(cluster, kReplyTopicSuffix); }

bool is_retry_topic(std::string_view topic) { return topic.starts_with(kRetryTopicPrefix); }
bool is_dlq_topic(std::string_view topic) { return topic.starts_with(kDlqTopicPrefix); }
bool is_lmq(std::string_view topic) { return topic.starts_with(kLmqPrefix); }

bool is_system_topic(std::string_view topic) {
    return topic.starts_with(kSystemTopicPrefix) || contains(kSystemTopics, topic);
}
bool is_sendable_topic(std::string_view topic) { return !contains(kClosedTopics, topic); }
bool is_system_group(std::string_view group) {
    return group.starts_with(kSystemGroupPrefix) || contains(kSystemGroups, group);
}

}  // namespace kx::model
