// SPDX-License-Identifier: Apache-2.0
#include "namesrv/routes.h"

#include <array>

namespace kx::namesrv {
namespace {

/// Route requests have a bound of their own, so that no storm of them keeps brokers out.
enum class Pool : std::size_t { kClientRequest, kDefault, kDisk };

struct RouteRow {
    std::int32_t code;
    Pool pool;
    void (*handler)(Context&, net::Request&);
};

constexpr RouteRow kRoutes[] = {
    {100, Pool::kDisk, put_kv_config},
    {101, Pool::kDefault, get_kv_config},
    {102, Pool::kDisk, delete_kv_config},
    {103, Pool::kDefault, register_broker},
    {104, Pool::kDefault, unregister_broker},
    {105, Pool::kClientRequest, get_route},
    {106, Pool::kDefault, get_cluster_info},
    {205, Pool::kDefault, wipe_write_perm},
    {206, Pool::kDefault, get_all_topics},
    {216, Pool::kDefault, delete_topic},
    {217, Pool::kDefault, register_topic},
    {219, Pool::kDefault, get_kv_list},
    {224, Pool::kDefault, get_topics_by_cluster},
    {304, Pool::kDefault, get_system_topics},
    {311, Pool::kDefault, get_unit_topics},
    {312, Pool::kDefault, get_unit_sub_topics},
    {313, Pool::kDefault, get_unit_sub_without_unit_topics},
    {318, Pool::kDisk, update_config},
    {319, Pool::kDefault, get_config},
    {322, Pool::kDefault, query_data_version},
    {327, Pool::kDefault, add_write_perm},
    {901, Pool::kDefault, get_broker_members},
    {904, Pool::kDefault, broker_heartbeat},
};

}  // namespace

void bind_routes(net::Router& router, Context& context) {
    const std::array processors{
        router.add_processor({.name = "clientRequest", .queue_limit = 50'000}),
        router.add_processor({.name = "default", .queue_limit = 10'000}),
        router.add_processor({.name = "disk", .lane = net::Lane::kWorker, .queue_limit = 10'000}),
    };
    for (const RouteRow& row : kRoutes) {
        router.serve(row.code, processors[static_cast<std::size_t>(row.pool)],
                     [&context, handler = row.handler](net::Request& request) {
                         handler(context, request);
                     });
    }
}

}  // namespace kx::namesrv
