// SPDX-License-Identifier: Apache-2.0
//
// What interceptors see of a send, before and after each try. On the home thread.
#pragma once

#include <string>

#include "client/produce/send_job.h"

namespace kx::client {

class ClientCore;

/// Whether anybody looks.
bool is_watched(const ClientCore& client);

/// The first refusal ends the send. What an interceptor throws is logged and dropped.
kerolox::Status tell_before_send(ClientCore& client, const std::string& group, const SendJob& job);
void tell_after_send(ClientCore& client, const std::string& group, const SendJob& job,
                     const kerolox::Result<kerolox::SendReceipt>& result);
void tell_end_of_transaction(ClientCore& client, const kerolox::EndTransactionContext& context);

}  // namespace kx::client
