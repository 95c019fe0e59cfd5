// SPDX-License-Identifier: Apache-2.0
#include "client/admin/commands.h"
#include "wire/requests/namesrv.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kGetAllTopicsFromNameServer = 206;
constexpr std::int32_t kGetTopicsByCluster = 224;

kerolox::TopicRoute::Broker shown(const wire::BrokerData& broker) {
    return {broker.cluster, broker.broker_name, broker.broker_addrs};
}

AdminOutcome<Names> topic_list(AdminCore core, net::Call call) {
    const auto reply = co_await core.ask_name_server(std::move(call));
    auto list = admin_body<wire::TopicList>(reply, "the name server");
    if (!list) co_return list.error();
    for (std::string& topic : list->topic_list) topic = core.user_name(topic);
    co_return std::move(list->topic_list);
}

}  // namespace

AdminOutcome<kerolox::TopicRoute> route(AdminCore core, std::string topic) {
    auto answer = co_await core.route(core.wire_name(topic));
    if (!answer) co_return answer.error();
    kerolox::TopicRoute route;
    for (const wire::BrokerData& broker : answer->broker_datas)
        route.brokers.push_back(shown(broker));
    for (const wire::QueueData& queues : answer->queue_datas) {
        route.queues.push_back(
            {queues.broker_name, queues.read_queue_nums, queues.write_queue_nums, queues.perm});
    }
    route.order_config = answer->order_topic_conf.value_or("");
    co_return route;
}

AdminOutcome<kerolox::ClusterView> cluster(AdminCore core) {
    auto answer = co_await core.cluster();
    if (!answer) co_return answer.error();
    kerolox::ClusterView view;
    for (const auto& [name, broker] : answer->broker_addr_table)
        view.brokers.push_back(shown(broker));
    for (const auto& [name, members] : answer->cluster_addr_table)
        view.clusters[name].assign(members.begin(), members.end());
    co_return view;
}

AdminOutcome<Names> topics(AdminCore core) {
    return topic_list(std::move(core), net::Call(kGetAllTopicsFromNameServer));
}

AdminOutcome<Names> topics_of_cluster(AdminCore core, std::string cluster) {
    wire::GetTopicsByCluster header;
    header.cluster = cluster;
    return topic_list(std::move(core), net::Call(kGetTopicsByCluster, header));
}

AdminOutcome<Names> name_servers(AdminCore core) {
    co_return core.client().name_servers().addresses();
}

}  // namespace kx::client::admin
