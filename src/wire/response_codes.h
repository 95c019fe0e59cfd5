// SPDX-License-Identifier: Apache-2.0
//
// RocketMQ's response codes. Source: protocol.md 3.
#pragma once

#include <cstdint>

namespace kx::wire {

enum class ResponseCode : std::int32_t {
    kSuccess = 0,
    kSystemError = 1,
    kSystemBusy = 2,
    kRequestCodeNotSupported = 3,
    kTransactionFailed = 4,
    kFlushDiskTimeout = 10,
    kSlaveNotAvailable = 11,
    kFlushSlaveTimeout = 12,
    kMessageIllegal = 13,
    kServiceNotAvailable = 14,
    kVersionNotSupported = 15,
    kNoPermission = 16,
    kTopicNotExist = 17,
    kTopicExistAlready = 18,
    kPullNotFound = 19,
    kPullRetryImmediately = 20,
    kPullOffsetMoved = 21,
    kQueryNotFound = 22,
    kSubscriptionParseFailed = 23,
    kSubscriptionNotExist = 24,
    kSubscriptionNotLatest = 25,
    kSubscriptionGroupNotExist = 26,
    kFilterDataNotExist = 27,
    kFilterDataNotLatest = 28,
    kInvalidParameter = 29,
    kConsumerNotOnline = 206,
    kConsumeMsgTimeout = 207,
    kNoMessage = 208,
    kPollingFull = 209,
    kPollingTimeout = 210,
    kFlowControl = 215,
    kNotLeaderForQueue = 501,
    kIllegalOperation = 604,
    kGoAway = 1500,
};

}  // namespace kx::wire
