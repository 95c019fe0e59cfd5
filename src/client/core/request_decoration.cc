// SPDX-License-Identifier: Apache-2.0
#include "client/core/request_decoration.h"

#include "client/core/client_core.h"
#include "client/core/signature.h"
#include "client/trace/message_tracer.h"
#include "model/names.h"

namespace kx::client {

namespace {

/// Of the application: the tracer looks at messages, not at requests.
bool has_interceptors(const kerolox::detail::ClientSettings& settings) {
    return std::ranges::any_of(settings.interceptors, [](const auto& one) {
        return dynamic_cast<const MessageTracer*>(one.get()) == nullptr;
    });
}

}  // namespace

bool request_needs_decoration(const kerolox::detail::ClientSettings& settings) {
    const ClientConfig& config = settings.config;
    return !config.name_space_v2.empty() || config.enable_stream_request_type ||
           settings.credentials != nullptr || has_interceptors(settings) ||
           !config.zone_name.empty();
}

namespace {

/// The application's provider; whoever it has no name for goes unsigned, and servers with access
/// control will say so.
kerolox::Credentials ask_for_credentials(const ClientCore& core) {
    try {
        return core.settings().credentials();
    } catch (const std::exception& error) {
        core.log(kerolox::LogLevel::error, "client", "the credentials provider threw: {}",
                 error.what());
    } catch (...) {
        core.log(kerolox::LogLevel::error, "client", "the credentials provider threw");
    }
    return {};
}

}  // namespace

void decorate_request(const ClientCore& core, std::string_view address, std::int32_t code,
                      kerolox::ExtFields& fields, std::string_view body) {
    const ClientConfig& config = core.config();
    if (!config.name_space_v2.empty()) {
        fields.emplace_back("nsd", "true");
        fields.emplace_back("ns", config.name_space_v2);
    }
    if (config.enable_stream_request_type) fields.emplace_back("ReqT", "0");
    kerolox::RemotingContext context{address, code, fields, body};
    core.intercept([&](kerolox::Interceptor& one) { one.before_request(context); });
    if (!config.zone_name.empty()) {
        fields.emplace_back("__ZONE_NAME", config.zone_name);
        fields.emplace_back("__ZONE_MODE", config.zone_mode ? "true" : "false");
    }
    // Last, as brokers reckon over every field. (The original's clients add the zone behind the
    // signature, and are refused by brokers that check it.)
    if (core.settings().credentials) sign_request(ask_for_credentials(core), fields, body);
}

namespace {

/// Splits "%RETRY%" or "%DLQ%" off the front.
std::string_view reserved_prefix(std::string_view name) {
    for (const std::string_view prefix : {model::kRetryTopicPrefix, model::kDlqTopicPrefix})
        if (name.starts_with(prefix)) return prefix;
    return {};
}

}  // namespace

std::string with_namespace(std::string_view name_space, std::string_view name) {
    if (name_space.empty() || name.empty() || model::is_system_topic(name) ||
        model::is_system_group(name)) {
        return std::string(name);
    }
    const std::string_view prefix = reserved_prefix(name);
    const std::string_view rest = name.substr(prefix.size());
    std::string wrapped(name_space);
    wrapped += '%';
    if (rest.starts_with(wrapped)) return std::string(name);
    return std::string(prefix) + wrapped + std::string(rest);
}

std::string_view without_namespace(std::string_view name_space, std::string_view wire_name) {
    // What keeps its prefix cannot be a part of the text it came from: it keeps its namespace too.
    if (name_space.empty() || !reserved_prefix(wire_name).empty()) return wire_name;
    if (wire_name.size() > name_space.size() && wire_name.starts_with(name_space) &&
        wire_name[name_space.size()] == '%') {
        return wire_name.substr(name_space.size() + 1);
    }
    return wire_name;
}

}  // namespace kx::client
