// SPDX-License-Identifier: Apache-2.0
//
// Where lines end that belong to no client of libkerolox: warnings and errors on standard error.
// What a client has to say goes to its LogSink.
#include "kerolox/log.hpp"

#include "base/log.h"

namespace kx::log {

void write_out(Level level, std::string_view room, std::string_view text) {
    kerolox::log_to_stderr({.level = static_cast<kerolox::LogLevel>(level),
                            .logger = room,
                            .text = text,
                            .client_id = {}});
}

}  // namespace kx::log
