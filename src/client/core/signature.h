// SPDX-License-Identifier: Apache-2.0
//
// How RocketMQ's access control knows who asks (client.md 27.2): a name, and an HMAC-SHA1 over the
// request. Both of its generations use the same.
#pragma once

#include <string>
#include <string_view>

#include "kerolox/client.hpp"

namespace kx::client {

/// Adds AccessKey, SecurityToken and Signature; those of an earlier try are replaced. Without an
/// access key nothing is added.
void sign_request(const kerolox::Credentials& credentials, kerolox::ExtFields& fields,
                  std::string_view body);

/// Base64 of HMAC-SHA1 over the fields' values in the order of their keys, then the body.
std::string signature_of(std::string_view secret, const kerolox::ExtFields& fields,
                         std::string_view body);

}  // namespace kx::client
