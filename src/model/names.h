// SPDX-License-Identifier: Apache-2.0
//
// The names RocketMQ reserves, and how retry, dead-letter and reply topics are named.
// Sources: protocol.md 4.8, broker.md 1.1 and 1.2.
#pragma once

#include <string>
#include <string_view>

namespace kx::model {

inline constexpr std::string_view kRetryTopicPrefix = "%RETRY%";
inline constexpr std::string_view kDlqTopicPrefix = "%DLQ%";
inline constexpr std::string_view kLmqPrefix = "%LMQ%";
inline constexpr std::string_view kSystemTopicPrefix = "rmq_sys_";
inline constexpr std::string_view kSystemGroupPrefix = "CID_RMQ_SYS_";
inline constexpr std::string_view kLogicalBrokerPrefix = "__syslo__";

inline constexpr std::string_view kDefaultTopic = "TBW102";
inline constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";
inline constexpr std::string_view kBenchmarkTopic = "BenchmarkTest";
inline constexpr std::string_view kTransHalfTopic = "RMQ_SYS_TRANS_HALF_TOPIC";
inline constexpr std::string_view kTransOpHalfTopic = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
inline constexpr std::string_view kTraceTopic = "RMQ_SYS_TRACE_TOPIC";
inline constexpr std::string_view kTransCheckMaxTimeTopic = "TRANS_CHECK_MAX_TIME_TOPIC";
inline constexpr std::string_view kSelfTestTopic = "SELF_TEST_TOPIC";
inline constexpr std::string_view kOffsetMovedEventTopic = "OFFSET_MOVED_EVENT";
inline constexpr std::string_view kCheckPointTopic = "CHECKPOINT_TOPIC";
inline constexpr std::string_view kTimerTopic = "rmq_sys_wheel_timer";
inline constexpr std::string_view kReviveTopicPrefix = "rmq_sys_REVIVE_LOG_";
inline constexpr std::string_view kSyncMemberTopicPrefix = "rmq_sys_SYNC_BROKER_MEMBER_";
inline constexpr std::string_view kReplyTopicSuffix = "_REPLY_TOPIC";
inline constexpr std::string_view kRocksDbTransHalfTopic = "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC";
inline constexpr std::string_view kRocksDbTransOpHalfTopic = "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC";

inline constexpr std::string_view kTransGroup = "CID_RMQ_SYS_TRANS";
inline constexpr std::string_view kReviveGroup = "CID_RMQ_SYS_REVIVE_GROUP";
inline constexpr std::string_view kToolsConsumerGroup = "TOOLS_CONSUMER";
inline constexpr std::string_view kFilterServerGroup = "FILTERSRV_CONSUMER";
inline constexpr std::string_view kSelfTestGroup = "SELF_TEST_C_GROUP";
inline constexpr std::string_view kOnsHttpProxyGroup = "CID_ONS-HTTP-PROXY";
inline constexpr std::string_view kOnsApiPullGroup = "CID_ONSAPI_PULL";
inline constexpr std::string_view kOnsApiPermissionGroup = "CID_ONSAPI_PERMISSION";
inline constexpr std::string_view kOnsApiOwnerGroup = "CID_ONSAPI_OWNER";
inline constexpr std::string_view kDefaultProducerGroup = "DEFAULT_PRODUCER";
inline constexpr std::string_view kDefaultConsumerGroup = "DEFAULT_CONSUMER";
inline constexpr std::string_view kInnerProducerGroup = "CLIENT_INNER_PRODUCER";

std::string retry_topic(std::string_view group);
std::string pop_retry_topic(std::string_view topic, std::string_view group);
std::string dlq_topic(std::string_view group);
std::string reply_topic(std::string_view cluster);

bool is_retry_topic(std::string_view topic);
bool is_dlq_topic(std::string_view topic);
bool is_lmq(std::string_view topic);

/// The built-in set and the `rmq_sys_` prefix; the broker adds its own start-up topics.
bool is_system_topic(std::string_view topic);
/// Whether clients may send there; TBW102, BenchmarkTest and `rmq_sys_*` are allowed.
bool is_sendable_topic(std::string_view topic);
/// Groups that exist without being created (broker.md 4.4), and `CID_RMQ_SYS_*`.
bool is_system_group(std::string_view group);

}  // namespace kx::model
