// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/config_handler.h"

#include "base/log.h"
#include "wire/requests/admin.h"

namespace kx::broker {

using wire::ResponseCode;

ConfigHandler::ConfigHandler(Snapshot<BrokerConfig>& config, FileSystem& files, const Clock& clock,
                             std::function<void()> permission_changed)
    : config_(config),
      files_(files),
      clock_(clock),
      permission_changed_(std::move(permission_changed)) {
    version_.set({.timestamp = clock.wall_ms()});
}

void ConfigHandler::update(net::Request& request) {
    if (request.body().empty()) return request.ok();
    const auto properties = parse_properties(request.body());
    if (!properties) return request.refuse(ResponseCode::kSystemError, "string2Properties error");
    log::info("broker", "configuration update asked for: peer={}", request.connection().peer());
    const auto applied = apply(*properties);
    if (!applied) return request.refuse(applied.error().code, applied.error().remark);
    request.ok();
}

wire::Outcome<ConfigUpdate> ConfigHandler::apply(std::span<const Property> properties) {
    if (const Status allowed = check_update(*config_.get(), properties); !allowed)
        return tl::unexpected(wire::refusal_of(allowed.error()));
    ConfigUpdate result;
    config_.update([&](BrokerConfig& next) { result = update_config(next, properties); });
    version_.update([&](wire::DataVersion& version) { version.next(clock_.wall_ms()); });
    // RocketMQ passes over what it does not understand without a word; we at least log it.
    for (const std::string& line : result.ignored) log::warn("broker", "{}", line);
    for (const ConfigChange& change : result.changes) {
        log::info("broker", "key={} from={} to={}{}", change.key, change.from, change.to,
                  change.live ? "" : " (takes effect at the next start)");
    }
    const auto config = config_.get();
    if (!config->broker_config_path.empty()) {
        const Status written = files_.write_file(config->broker_config_path, config_text(*config));
        if (!written) {
            return wire::refuse(ResponseCode::kSystemError,
                                "the configuration is changed until a restart, but {}",
                                written.error().text);
        }
    }
    if (result.changed("brokerPermission")) permission_changed_();
    return result;
}

void ConfigHandler::get(net::Request& request) {
    const std::string version = to_json(*version_.get());
    const std::array<Slice, 1> body{Slice::own(config_text(*config_.get()))};
    net::Reply reply;
    reply.body = body;
    request.send(reply.with(wire::ConfigAnswer{version}));
}

}  // namespace kx::broker
