// SPDX-License-Identifier: Apache-2.0
//
// The body of a batch: items of size, two unused ints, flag, body, properties (protocol.md 4.4).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/message.h"

namespace kx::model {

/// Cuts the body into items whose views lie within it, with their tags codes. kMalformed names the
/// item and the length that does not fit.
Result<std::vector<BatchItem>> split_batch(std::string_view body);

/// Appends one item, as a producer does. Requires: properties of at most 32767 bytes.
void append_batch_item(std::string& batch, std::int32_t flag, std::string_view body,
                       std::string_view properties);

}  // namespace kx::model
