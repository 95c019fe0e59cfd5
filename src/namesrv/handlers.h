// SPDX-License-Identifier: Apache-2.0
//
// One function a request code. They work on the Context and answer at once; which lane each runs
// on stands in routes.cc.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/snapshot.h"
#include "base/sync.h"
#include "namesrv/config.h"
#include "namesrv/kv_store.h"
#include "namesrv/route_table.h"
#include "net/request.h"

namespace kx::namesrv {

/// What the handlers work on; outlives every request.
struct Context {
    const Clock& clock;
    FileSystem& files;
    Snapshot<NamesrvConfig>& config;
    RouteTable& routes;
    KvStore& kv;
    /// Tells the brokers concerned, if the configuration wants it.
    std::function<void(const MinIdChange&)> notify;
    std::int64_t started_ms = 0;  ///< steady
    Mutex config_writing{};       ///< updates of the configuration take turns
};

RouteRules rules_of(const NamesrvConfig& config);
/// How long routes are still refused (needWaitForService), or 0.
std::int64_t wait_left_ms(const Context& context);

// --- registration_handlers.cc: what brokers ask -------------------------------------------------
void register_broker(Context& context, net::Request& request);     // 103
void unregister_broker(Context& context, net::Request& request);   // 104
void query_data_version(Context& context, net::Request& request);  // 322
void broker_heartbeat(Context& context, net::Request& request);    // 904
void get_broker_members(Context& context, net::Request& request);  // 901

// --- topic_handlers.cc: routes and topics -------------------------------------------------------
void get_route(Context& context, net::Request& request);                         // 105
void get_cluster_info(Context& context, net::Request& request);                  // 106
void wipe_write_perm(Context& context, net::Request& request);                   // 205
void add_write_perm(Context& context, net::Request& request);                    // 327
void get_all_topics(Context& context, net::Request& request);                    // 206
void delete_topic(Context& context, net::Request& request);                      // 216
void register_topic(Context& context, net::Request& request);                    // 217
void get_topics_by_cluster(Context& context, net::Request& request);             // 224
void get_system_topics(Context& context, net::Request& request);                 // 304
void get_unit_topics(Context& context, net::Request& request);                   // 311
void get_unit_sub_topics(Context& context, net::Request& request);               // 312
void get_unit_sub_without_unit_topics(Context& context, net::Request& request);  // 313

// --- kv_handlers.cc: key-value store and configuration ------------------------------------------
void put_kv_config(Context& context, net::Request& request);     // 100, waits for the disk
void get_kv_config(Context& context, net::Request& request);     // 101
void delete_kv_config(Context& context, net::Request& request);  // 102, waits for the disk
void get_kv_list(Context& context, net::Request& request);       // 219
void update_config(Context& context, net::Request& request);     // 318, waits for the disk
void get_config(Context& context, net::Request& request);        // 319

}  // namespace kx::namesrv
