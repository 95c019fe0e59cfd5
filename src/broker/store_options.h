// SPDX-License-Identifier: Apache-2.0
//
// From the configuration to the store's options, and what this version cannot be told to do.
#pragma once

#include "broker/config.h"
#include "store/message_store.h"

namespace kx::broker {

Result<store::StoreOptions> store_options(const BrokerConfig& config);

/// Fails on roles and modes that are not there yet, with the key that asks for them.
Status check_served(const BrokerConfig& config);

/// "... survives a power cut" and the like: what SEND_OK means with these keys.
std::string promise_of(const BrokerConfig& config);

}  // namespace kx::broker
