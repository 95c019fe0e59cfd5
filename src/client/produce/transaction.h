// SPDX-License-Identifier: Apache-2.0
//
// What is inside a kerolox::Transaction.
#pragma once

#include <memory>

#include "client/produce/transaction_core.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct TransactionData {
    std::shared_ptr<kx::client::TransactionCore> core;
    kx::client::HalfMessage half;
    SendReceipt receipt;
    bool ended = false;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
