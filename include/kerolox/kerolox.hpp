// SPDX-License-Identifier: Apache-2.0
/// @file
/// The whole client, but for `kerolox/asio.hpp`, `kerolox/future.hpp` and
/// `kerolox/exceptions.hpp`.
#pragma once

#include "kerolox/admin.hpp"
#include "kerolox/async.hpp"
#include "kerolox/bytes.hpp"
#include "kerolox/client.hpp"
#include "kerolox/consumer.hpp"
#include "kerolox/hooks.hpp"
#include "kerolox/log.hpp"
#include "kerolox/message.hpp"
#include "kerolox/producer.hpp"
#include "kerolox/result.hpp"
