// SPDX-License-Identifier: Apache-2.0
//
// The key-value store and the live configuration. Source: protocol.md 2.11.
#include "base/log.h"
#include "base/properties.h"
#include "namesrv/handlers.h"
#include "wire/requests/kv_config.h"

namespace kx::namesrv {
namespace {

using wire::ResponseCode;

/// Java prints a missing text like that.
std::string_view or_null(std::string_view text) { return text.data() == nullptr ? "null" : text; }

bool is_missing(std::string_view text) { return text.data() == nullptr; }

void refuse_missing(net::Request& request) {
    request.refuse(ResponseCode::kSystemError, "namespace or key is null");
}

void log_update(const ConfigUpdate& update, const std::string& peer) {
    for (const ConfigChange& change : update.changes) {
        KX_LOG_LIMITED(info, "namesrv", "{} changed {} from '{}' to '{}'{}", peer, change.key,
                       change.from, change.to,
                       change.live ? "" : "; it takes effect at the next start");
    }
    for (const std::string& ignored : update.ignored)
        KX_LOG_LIMITED(warn, "namesrv", "{}", ignored);
}

Status store_config(Context& context, const NamesrvConfig& config) {
    if (config.config_store_path.empty()) return {};
    KX_CHECK(context.files.make_directories(parent_path(config.config_store_path)));
    return persist_with_backup(context.files, config.config_store_path, config_text(config));
}

}  // namespace

void put_kv_config(Context& context, net::Request& request) {
    const auto header = request.header<wire::PutKvConfig>();
    if (!header) return request.refuse(header.error());
    if (is_missing(header->name_space) || is_missing(header->key)) return refuse_missing(request);
    if (const auto stored = context.kv.put(header->name_space, header->key, header->value); !stored)
        return request.refuse(stored.error());
    request.ok();
}

void get_kv_config(Context& context, net::Request& request) {
    const auto header = request.header<wire::KvConfigKey>();
    if (!header) return request.refuse(header.error());
    const auto value = context.kv.get(header->name_space, header->key);
    if (!value) {
        const std::string remark = fmt::format("No config item, Namespace: {} Key: {}",
                                               or_null(header->name_space), or_null(header->key));
        const wire::KvConfigValue none;
        net::Reply reply;
        reply.with(none);  // RocketMQ answers with an empty header here
        reply.code = ResponseCode::kQueryNotFound;
        reply.remark = remark;
        return request.send(reply);
    }
    request.ok(wire::KvConfigValue{*value});
}

void delete_kv_config(Context& context, net::Request& request) {
    const auto header = request.header<wire::KvConfigKey>();
    if (!header) return request.refuse(header.error());
    if (is_missing(header->name_space) || is_missing(header->key)) return refuse_missing(request);
    if (const auto stored = context.kv.remove(header->name_space, header->key); !stored)
        return request.refuse(stored.error());
    request.ok();
}

void get_kv_list(Context& context, net::Request& request) {
    const auto header = request.header<wire::KvConfigKey>();
    if (!header) return request.refuse(header.error());
    auto values = context.kv.list(header->name_space);
    if (!values) {
        return request.refuse(
            ResponseCode::kQueryNotFound,
            fmt::format("No config item, Namespace: {}", or_null(header->name_space)));
    }
    request.ok_body(to_json(wire::KvTable{std::move(*values)}));
}

void update_config(Context& context, net::Request& request) {
    const auto properties = parse_properties(request.body());
    if (!properties) {
        return request.refuse(ResponseCode::kSystemError,
                              fmt::format("string2Properties error; {}", properties.error().text));
    }
    MutexLock lock(context.config_writing);
    NamesrvConfig next = *context.config.get();
    if (const auto allowed = check_update(next, *properties); !allowed)
        return request.refuse(ResponseCode::kNoPermission, allowed.error().text);
    log_update(update_config(next, *properties), request.connection().peer());
    const Status stored = store_config(context, next);
    context.config.set(std::move(next));
    if (stored) return request.ok();

    // The change counts already; that it will not survive a restart is for the operator to know.
    KX_LOG_LIMITED(error, "namesrv", "the changed configuration is not stored: {}",
                   stored.error().text);
    const std::string remark = "changed, but not stored: " + stored.error().text;
    net::Reply reply;
    reply.remark = remark;
    request.send(reply);
}

void get_config(Context& context, net::Request& request) {
    request.ok_body(config_text(*context.config.get()));
}

}  // namespace kx::namesrv
