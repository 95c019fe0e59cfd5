// SPDX-License-Identifier: Apache-2.0
//
// What a consumer tells of itself: its running info (307), and the outcome of a message it was made
// to consume (309). Source: protocol.md 2.2, 2.12.
#pragma once

#include "wire/bodies/common.h"
#include "wire/bodies/heartbeat.h"

namespace kx::wire {

struct ProcessQueueInfo {
    std::int32_t cached_msg_count = 0;
    std::int64_t cached_msg_max_offset = 0;
    std::int64_t cached_msg_min_offset = 0;
    std::int32_t cached_msg_size_in_mib = 0;
    std::int64_t commit_offset = 0;
    bool dropped = false;  ///< "droped" on the wire
    std::int64_t last_consume_timestamp = 0;
    std::int64_t last_lock_timestamp = 0;
    std::int64_t last_pull_timestamp = 0;
    bool locked = false;
    std::int32_t transaction_msg_count = 0;
    std::int64_t transaction_msg_max_offset = 0;
    std::int64_t transaction_msg_min_offset = 0;
    std::int64_t try_unlock_times = 0;

    static constexpr auto members() {
        using Q = ProcessQueueInfo;
        return std::array{
            member<&Q::cached_msg_count>("cachedMsgCount"),
            member<&Q::cached_msg_max_offset>("cachedMsgMaxOffset"),
            member<&Q::cached_msg_min_offset>("cachedMsgMinOffset"),
            member<&Q::cached_msg_size_in_mib>("cachedMsgSizeInMiB"),
            member<&Q::commit_offset>("commitOffset"),
            member<&Q::dropped>("droped"),
            member<&Q::last_consume_timestamp>("lastConsumeTimestamp"),
            member<&Q::last_lock_timestamp>("lastLockTimestamp"),
            member<&Q::last_pull_timestamp>("lastPullTimestamp"),
            member<&Q::locked>("locked"),
            member<&Q::transaction_msg_count>("transactionMsgCount"),
            member<&Q::transaction_msg_max_offset>("transactionMsgMaxOffset"),
            member<&Q::transaction_msg_min_offset>("transactionMsgMinOffset"),
            member<&Q::try_unlock_times>("tryUnlockTimes"),
        };
    }
};

struct PopQueueInfo {
    bool dropped = false;
    std::int64_t last_pop_timestamp = 0;
    std::int32_t wait_ack_count = 0;

    static constexpr auto members() {
        return std::array{
            member<&PopQueueInfo::dropped>("droped"),
            member<&PopQueueInfo::last_pop_timestamp>("lastPopTimestamp"),
            member<&PopQueueInfo::wait_ack_count>("waitAckCount"),
        };
    }
};

struct ConsumeStatus {
    std::int64_t consume_failed_msgs = 0;
    double consume_failed_tps = 0;
    double consume_ok_tps = 0;
    double consume_rt = 0;
    double pull_rt = 0;
    double pull_tps = 0;

    static constexpr auto members() {
        return std::array{
            member<&ConsumeStatus::consume_failed_msgs>("consumeFailedMsgs"),
            member<&ConsumeStatus::consume_failed_tps>("consumeFailedTPS"),
            member<&ConsumeStatus::consume_ok_tps>("consumeOKTPS"),
            member<&ConsumeStatus::consume_rt>("consumeRT"),
            member<&ConsumeStatus::pull_rt>("pullRT"),
            member<&ConsumeStatus::pull_tps>("pullTPS"),
        };
    }
};

struct ConsumerRunningInfo {
    std::optional<std::string> jstack;
    std::map<QueueKey, PopQueueInfo> mq_pop_table;
    std::map<QueueKey, ProcessQueueInfo> mq_table;
    std::map<std::string, std::string> properties;
    std::map<std::string, ConsumeStatus> status_table;
    std::vector<SubscriptionData> subscription_set;
    std::map<std::string, std::string> user_consumer_info;

    static constexpr auto members() {
        using I = ConsumerRunningInfo;
        return std::array{
            member<&I::jstack>("jstack"),
            member<&I::mq_pop_table>("mqPopTable"),
            member<&I::mq_table>("mqTable"),
            member<&I::properties>("properties"),
            member<&I::status_table>("statusTable"),
            member<&I::subscription_set>("subscriptionSet"),
            member<&I::user_consumer_info>("userConsumerInfo"),
        };
    }
};

/// The answer of 309. The result is text: CR_SUCCESS, CR_LATER, CR_ROLLBACK, CR_COMMIT,
/// CR_THROW_EXCEPTION or CR_RETURN_NULL.
struct ConsumeDirectlyResult {
    bool auto_commit = true;
    std::string consume_result;
    bool order = false;
    std::optional<std::string> remark;
    std::int64_t spent_time_mills = 0;

    static constexpr auto members() {
        using R = ConsumeDirectlyResult;
        return std::array{
            member<&R::auto_commit>("autoCommit"),
            member<&R::consume_result>("consumeResult"),
            member<&R::order>("order"),
            member<&R::remark>("remark"),
            member<&R::spent_time_mills>("spentTimeMills"),
        };
    }
};

}  // namespace kx::wire
