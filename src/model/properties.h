// SPDX-License-Identifier: Apache-2.0
//
// The properties string of a message: name 0x01 value 0x02, repeated. protocol.md 4.3,
// storage.md 2.3. An entry counts only when name and value are not empty; of two with one name the
// last wins; the final 0x02 may be missing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kx::model {

inline constexpr char kNameValueSeparator = '\x01';
inline constexpr char kPropertySeparator = '\x02';

namespace property {
inline constexpr std::string_view kKeys = "KEYS";
inline constexpr std::string_view kTags = "TAGS";
inline constexpr std::string_view kUniqKey = "UNIQ_KEY";
inline constexpr std::string_view kWait = "WAIT";
inline constexpr std::string_view kDelay = "DELAY";
inline constexpr std::string_view kRetryTopic = "RETRY_TOPIC";
inline constexpr std::string_view kRealTopic = "REAL_TOPIC";
inline constexpr std::string_view kRealQueueId = "REAL_QID";
inline constexpr std::string_view kTransactionPrepared = "TRAN_MSG";
inline constexpr std::string_view kProducerGroup = "PGROUP";
inline constexpr std::string_view kMinOffset = "MIN_OFFSET";
inline constexpr std::string_view kMaxOffset = "MAX_OFFSET";
inline constexpr std::string_view kOriginMessageId = "ORIGIN_MESSAGE_ID";
inline constexpr std::string_view kReconsumeTime = "RECONSUME_TIME";
inline constexpr std::string_view kMaxReconsumeTimes = "MAX_RECONSUME_TIMES";
inline constexpr std::string_view kMsgRegion = "MSG_REGION";
inline constexpr std::string_view kTraceSwitch = "TRACE_ON";
inline constexpr std::string_view kConsumeStartTime = "CONSUME_START_TIME";
inline constexpr std::string_view kInnerNum = "INNER_NUM";
inline constexpr std::string_view kInnerBase = "INNER_BASE";
inline constexpr std::string_view kDupInfo = "DUP_INFO";
inline constexpr std::string_view kCheckImmunityTime = "CHECK_IMMUNITY_TIME_IN_SECONDS";
inline constexpr std::string_view kTransactionPreparedQueueOffset = "TRAN_PREPARED_QUEUE_OFFSET";
inline constexpr std::string_view kTransactionId = "__transactionId__";
inline constexpr std::string_view kTransactionCheckTimes = "TRANSACTION_CHECK_TIMES";
inline constexpr std::string_view kInstanceId = "INSTANCE_ID";
inline constexpr std::string_view kCorrelationId = "CORRELATION_ID";
inline constexpr std::string_view kReplyToClient = "REPLY_TO_CLIENT";
inline constexpr std::string_view kTtl = "TTL";
inline constexpr std::string_view kMessageType = "MSG_TYPE";
inline constexpr std::string_view kArriveTime = "ARRIVE_TIME";
inline constexpr std::string_view kPushReplyTime = "PUSH_REPLY_TIME";
inline constexpr std::string_view kCluster = "CLUSTER";
inline constexpr std::string_view kPopCheckPoint = "POP_CK";
inline constexpr std::string_view kFirstPopTime = "1ST_POP_TIME";
inline constexpr std::string_view kShardingKey = "__SHARDINGKEY";
inline constexpr std::string_view kMultiDispatch = "INNER_MULTI_DISPATCH";
inline constexpr std::string_view kMultiQueueOffset = "INNER_MULTI_QUEUE_OFFSET";
inline constexpr std::string_view kTraceContext = "TRACE_CONTEXT";
inline constexpr std::string_view kTimerDelaySec = "TIMER_DELAY_SEC";
inline constexpr std::string_view kTimerDelayMs = "TIMER_DELAY_MS";
inline constexpr std::string_view kTimerDeliverMs = "TIMER_DELIVER_MS";
inline constexpr std::string_view kTimerOutMs = "TIMER_OUT_MS";
inline constexpr std::string_view kTimerEnqueueMs = "TIMER_ENQUEUE_MS";
inline constexpr std::string_view kTimerDequeueMs = "TIMER_DEQUEUE_MS";
inline constexpr std::string_view kTimerRollTimes = "TIMER_ROLL_TIMES";
inline constexpr std::string_view kTimerDeleteUniqKey = "TIMER_DEL_UNIQKEY";
inline constexpr std::string_view kBornTimestamp = "BORN_TIMESTAMP";
inline constexpr std::string_view kBornHost = "__BORNHOST";
inline constexpr std::string_view kDlqOriginTopic = "DLQ_ORIGIN_TOPIC";
inline constexpr std::string_view kDlqOriginMessageId = "DLQ_ORIGIN_MESSAGE_ID";
inline constexpr std::string_view kOriginGroup = "ORIGIN_GROUP";
inline constexpr std::string_view kPriority = "_SYS_MSG_PRIORITY_";
inline constexpr std::string_view kCrc32 = "__CRC32#";
}  // namespace property

struct Property {
    std::string_view name;
    std::string_view value;

    bool operator==(const Property&) const = default;
};

/// Walks the entries that count, front to back:
/// `for (PropertyReader reader(text); auto entry = reader.next();)`.
class PropertyReader {
public:
    explicit PropertyReader(std::string_view properties) : rest_(properties) {}
    std::optional<Property> next();

private:
    std::string_view rest_;
};

/// The value that counts; never empty. Does not allocate.
std::optional<std::string_view> find_property(std::string_view properties, std::string_view name);
/// The same, with "" for an absent one.
std::string_view property_or_empty(std::string_view properties, std::string_view name);
bool has_property(std::string_view properties, std::string_view name);

/// Adds an entry at the end, putting the missing final separator right. An empty value is not
/// written: no reader would see it.
void append_property(std::string& properties, std::string_view name, std::string_view value);
/// Takes every entry of that name out; true if there was one.
bool remove_property(std::string& properties, std::string_view name);
/// Removes, then appends.
void set_property(std::string& properties, std::string_view name, std::string_view value);

/// Each name once, with the value that counts, in order of first appearance.
std::vector<std::pair<std::string, std::string>> to_pairs(std::string_view properties);

/// The tags code a record with these properties has: jhash(TAGS) sign-extended, 0 without tags.
std::int64_t tags_code_of(std::string_view properties);

}  // namespace kx::model
