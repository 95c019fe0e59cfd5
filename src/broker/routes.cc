// SPDX-License-Identifier: Apache-2.0
#include "broker/routes.h"

#include <array>

namespace kx::broker {
namespace {

using net::Lane;
using net::Request;

/// RocketMQ's thread pools as bounds: a full one must not keep the others from working.
enum class Pool : std::uint8_t {
    kSend,
    kPull,
    kLitePull,
    kQuery,
    kHeartbeat,
    kClientManage,
    kConsumerManage,
    kAdmin,      ///< may wait for the disk
    kAdminFast,  ///< answers from memory
};
constexpr std::size_t kPoolCount = 9;

struct Row {
    std::int32_t code;
    Pool pool;
    void (*handle)(Handlers& handlers, Request& request);
    bool main_port_only = false;
};

constexpr bool kMainPortOnly = true;

void accept_notice(Handlers&, Request& request) { request.ok(); }

constexpr auto kRows = std::to_array<Row>({
    {10, Pool::kSend, [](Handlers& h, Request& r) { h.send.handle(r); }},
    {310, Pool::kSend, [](Handlers& h, Request& r) { h.send.handle(r); }},
    {320, Pool::kSend, [](Handlers& h, Request& r) { h.send.handle(r); }},
    {11, Pool::kPull, [](Handlers& h, Request& r) { h.pull.handle(r); }, kMainPortOnly},
    {361, Pool::kLitePull, [](Handlers& h, Request& r) { h.pull.handle(r); }, kMainPortOnly},
    {33, Pool::kQuery, [](Handlers& h, Request& r) { h.offsets.view_message(r); }},

    {34, Pool::kHeartbeat, [](Handlers& h, Request& r) { h.clients.heartbeat(r); }},
    {35, Pool::kClientManage, [](Handlers& h, Request& r) { h.clients.unregister(r); }},
    {46, Pool::kClientManage, [](Handlers& h, Request& r) { h.group_queries.check_client(r); }},
    {38, Pool::kConsumerManage, [](Handlers& h, Request& r) { h.group_queries.consumer_ids(r); }},
    {203, Pool::kAdminFast,
     [](Handlers& h, Request& r) { h.group_queries.consumer_connections(r); }},
    {204, Pool::kAdminFast,
     [](Handlers& h, Request& r) { h.group_queries.producer_connections(r); }},
    {328, Pool::kAdminFast, [](Handlers& h, Request& r) { h.group_queries.all_producers(r); }},

    {14, Pool::kConsumerManage, [](Handlers& h, Request& r) { h.offsets.query(r); }},
    {15, Pool::kConsumerManage, [](Handlers& h, Request& r) { h.offsets.update(r); }},
    {29, Pool::kAdmin, [](Handlers& h, Request& r) { h.offsets.search_by_time(r); }},
    {30, Pool::kAdminFast, [](Handlers& h, Request& r) { h.offsets.max_offset(r); }},
    {31, Pool::kAdminFast, [](Handlers& h, Request& r) { h.offsets.min_offset(r); }},
    {32, Pool::kAdmin, [](Handlers& h, Request& r) { h.offsets.earliest_store_time(r); }},
    {43, Pool::kAdmin, [](Handlers& h, Request& r) { h.offsets.all(r); }},
    {222, Pool::kAdmin, [](Handlers& h, Request& r) { h.resets.reset(r); }},

    {208, Pool::kAdmin, [](Handlers& h, Request& r) { h.consumption.stats(r); }},
    {300, Pool::kAdminFast, [](Handlers& h, Request& r) { h.consumption.groups_of_topic(r); }},
    {343, Pool::kAdminFast, [](Handlers& h, Request& r) { h.consumption.topics_of_group(r); }},
    {345, Pool::kAdminFast, [](Handlers& h, Request& r) { h.consumption.subscription(r); }},
    {307, Pool::kAdminFast, [](Handlers& h, Request& r) { h.consumption.running_info(r); }},
    {309, Pool::kAdmin, [](Handlers& h, Request& r) { h.consumption.consume_directly(r); }},

    {41, Pool::kAdminFast, [](Handlers& h, Request& r) { h.locks.lock(r); }},
    {42, Pool::kAdminFast, [](Handlers& h, Request& r) { h.locks.unlock(r); }},

    {17, Pool::kAdmin, [](Handlers& h, Request& r) { h.topics.update(r); }},
    {18, Pool::kAdmin, [](Handlers& h, Request& r) { h.topics.update_list(r); }},
    {215, Pool::kAdmin, [](Handlers& h, Request& r) { h.topics.remove(r); }},
    {351, Pool::kAdminFast, [](Handlers& h, Request& r) { h.topics.get(r); }},
    {21, Pool::kAdmin, [](Handlers& h, Request& r) { h.topics.all(r); }},
    {305, Pool::kAdminFast, [](Handlers& h, Request& r) { h.topics.system_topics(r); }},
    {202, Pool::kAdmin, [](Handlers& h, Request& r) { h.topics.stats(r); }},

    {200, Pool::kAdmin, [](Handlers& h, Request& r) { h.groups.update(r); }},
    {225, Pool::kAdmin, [](Handlers& h, Request& r) { h.groups.update_list(r); }},
    {207, Pool::kAdmin, [](Handlers& h, Request& r) { h.groups.remove(r); }},
    {352, Pool::kAdminFast, [](Handlers& h, Request& r) { h.groups.get(r); }},
    {201, Pool::kAdmin, [](Handlers& h, Request& r) { h.groups.all(r); }},
    {353, Pool::kAdmin, [](Handlers& h, Request& r) { h.groups.forbidden(r); }},

    {25, Pool::kAdmin, [](Handlers& h, Request& r) { h.config.update(r); }},
    {26, Pool::kAdminFast, [](Handlers& h, Request& r) { h.config.get(r); }},
    {28, Pool::kAdmin, [](Handlers& h, Request& r) { h.runtime.get(r); }},

    // The smallest id of this broker's name changed: nothing to do for a broker without slaves.
    {905, Pool::kAdminFast, accept_notice},
});

using Processors = std::array<std::shared_ptr<net::Processor>, kPoolCount>;

Processors make_processors(net::Router& router, const BrokerConfig& config) {
    const auto bound = [&router](const char* name, Lane lane, std::int64_t limit,
                                 std::int64_t wait_ms = 0) {
        return router.add_processor({name, lane, limit, wait_ms});
    };
    const std::int64_t admin_wait_ms = config.broker_fast_failure_enable
                                           ? config.wait_time_mills_in_admin_broker_queue
                                           : std::int64_t{0};
    Processors all;
    const auto put = [&all](Pool pool, std::shared_ptr<net::Processor> processor) {
        all[static_cast<std::size_t>(pool)] = std::move(processor);
    };
    put(Pool::kSend, bound("send", Lane::kInline, config.send_thread_pool_queue_capacity));
    put(Pool::kPull, bound("pull", Lane::kInline, config.pull_thread_pool_queue_capacity));
    put(Pool::kLitePull,
        bound("litePull", Lane::kInline, config.lite_pull_thread_pool_queue_capacity));
    put(Pool::kQuery, bound("query", Lane::kWorker, config.query_thread_pool_queue_capacity));
    put(Pool::kHeartbeat,
        bound("heartbeat", Lane::kInline, config.heartbeat_thread_pool_queue_capacity));
    put(Pool::kClientManage,
        bound("clientManage", Lane::kInline, config.client_manager_thread_pool_queue_capacity));
    put(Pool::kConsumerManage,
        bound("consumerManage", Lane::kInline, config.consumer_manager_thread_pool_queue_capacity));
    put(Pool::kAdmin, bound("admin", Lane::kWorker, config.admin_broker_thread_pool_queue_capacity,
                            admin_wait_ms));
    put(Pool::kAdminFast,
        bound("adminFast", Lane::kInline, config.admin_broker_thread_pool_queue_capacity));
    return all;
}

}  // namespace

void bind_routes(net::Router& router, Port port, Handlers& handlers, const BrokerConfig& config) {
    const Processors processors = make_processors(router, config);
    for (const Row& row : kRows) {
        if (row.main_port_only && port == Port::kFast) continue;
        router.serve(
            row.code, processors[static_cast<std::size_t>(row.pool)],
            [&handlers, handle = row.handle](Request& request) { handle(handlers, request); });
    }
}

}  // namespace kx::broker
