// SPDX-License-Identifier: Apache-2.0
//
// END_TRANSACTION 37, which producers send, and CHECK_TRANSACTION_STATE 39, which brokers ask them.
// Source: protocol.md 2.3.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct EndTransaction {
    std::string_view topic;
    std::string_view producer_group;
    std::int64_t tran_state_table_offset = 0;
    std::int64_t commit_log_offset = 0;
    std::int32_t commit_or_rollback = 0;  ///< 8 commit, 12 rollback, 0 unknown
    bool from_transaction_check = false;
    std::string_view msg_id;
    std::string_view transaction_id;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&EndTransaction::topic>("topic"),
            field<&EndTransaction::producer_group>("producerGroup", "", kRequired),
            field<&EndTransaction::tran_state_table_offset>("tranStateTableOffset", "", kRequired),
            field<&EndTransaction::commit_log_offset>("commitLogOffset", "", kRequired),
            field<&EndTransaction::commit_or_rollback>("commitOrRollback", "", kRequired),
            field<&EndTransaction::from_transaction_check>("fromTransactionCheck"),
            field<&EndTransaction::msg_id>("msgId", "", kRequired),
            field<&EndTransaction::transaction_id>("transactionId"),
            field<&EndTransaction::broker_name>("bname"),
        };
    }
};

struct CheckTransactionState {
    std::string_view topic;
    std::int64_t tran_state_table_offset = 0;
    std::int64_t commit_log_offset = 0;
    std::string_view msg_id;
    std::string_view transaction_id;
    std::string_view offset_msg_id;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&CheckTransactionState::topic>("topic"),
            field<&CheckTransactionState::tran_state_table_offset>("tranStateTableOffset", "",
                                                                   kRequired),
            field<&CheckTransactionState::commit_log_offset>("commitLogOffset", "", kRequired),
            field<&CheckTransactionState::msg_id>("msgId"),
            field<&CheckTransactionState::transaction_id>("transactionId"),
            field<&CheckTransactionState::offset_msg_id>("offsetMsgId"),
            field<&CheckTransactionState::broker_name>("bname"),
        };
    }
};

}  // namespace kx::wire
