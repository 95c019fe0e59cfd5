// SPDX-License-Identifier: Apache-2.0
#include "client/core/client_log.h"

namespace kx::client {
namespace {

kerolox::LogLevel public_level(log::Level level) {
    return static_cast<kerolox::LogLevel>(static_cast<int>(level));
}
static_assert(static_cast<int>(log::Level::kDebug) == static_cast<int>(kerolox::LogLevel::debug));
static_assert(static_cast<int>(log::Level::kOff) == static_cast<int>(kerolox::LogLevel::off));

}  // namespace

void ClientLog::write(kerolox::LogLevel level, std::string_view logger,
                      std::string_view text) const {
    if (!sink_ || !wants(level)) return;
    thread_local bool t_inside = false;
    if (t_inside) return;
    t_inside = true;
    try {
        sink_({level, logger, text, client_id_});
    } catch (...) {  // a sink has nowhere to tell of its own failure
    }
    t_inside = false;
}

std::shared_ptr<const ClientLog> IoThreadLog::first() const {
    for (const auto& weak : clients_)
        if (auto client = weak.lock()) return client;
    return nullptr;
}

log::Level IoThreadLog::level() const {
    const auto client = first();
    return client ? static_cast<log::Level>(static_cast<int>(client->level())) : log::Level::kWarn;
}

void IoThreadLog::write(log::Level level, std::string_view room, std::string_view text) {
    std::erase_if(clients_, [](const auto& weak) { return weak.expired(); });
    if (const auto client = first()) return client->write(public_level(level), room, text);
    kerolox::log_to_stderr({public_level(level), room, text, {}});
}

}  // namespace kx::client
