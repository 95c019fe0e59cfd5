// SPDX-License-Identifier: Apache-2.0
//
// Routes, as GET_ROUTEINFO_BY_TOPIC 105 answers them. Source: protocol.md 2.2, 5.5.
#pragma once

#include "wire/bodies/common.h"

namespace kx::wire {

struct BrokerData {
    std::map<std::int64_t, std::string> broker_addrs;
    std::string broker_name;
    std::string cluster;
    bool enable_acting_master = false;
    std::optional<std::string> zone_name;

    static constexpr auto members() {
        return std::array{
            member<&BrokerData::broker_addrs>("brokerAddrs"),
            member<&BrokerData::broker_name>("brokerName"),
            member<&BrokerData::cluster>("cluster"),
            member<&BrokerData::enable_acting_master>("enableActingMaster"),
            member<&BrokerData::zone_name>("zoneName"),
        };
    }
};

struct QueueData {
    std::string broker_name;
    std::int32_t perm = 0;
    std::int32_t read_queue_nums = 0;
    std::int32_t topic_sys_flag = 0;
    std::int32_t write_queue_nums = 0;

    bool operator==(const QueueData&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&QueueData::broker_name>("brokerName"),
            member<&QueueData::perm>("perm"),
            member<&QueueData::read_queue_nums>("readQueueNums"),
            member<&QueueData::topic_sys_flag>("topicSysFlag"),
            member<&QueueData::write_queue_nums>("writeQueueNums"),
        };
    }
};

/// Which logical queues of a static topic a broker holds.
struct TopicQueueMappingInfo {
    std::string bname;
    std::map<std::int32_t, std::int32_t> curr_id_map;
    bool dirty = false;
    std::int64_t epoch = 0;
    std::string scope;
    std::string topic;
    std::int32_t total_queues = 0;

    static constexpr auto members() {
        return std::array{
            member<&TopicQueueMappingInfo::bname>("bname"),
            member<&TopicQueueMappingInfo::curr_id_map>("currIdMap"),
            member<&TopicQueueMappingInfo::dirty>("dirty"),
            member<&TopicQueueMappingInfo::epoch>("epoch"),
            member<&TopicQueueMappingInfo::scope>("scope"),
            member<&TopicQueueMappingInfo::topic>("topic"),
            member<&TopicQueueMappingInfo::total_queues>("totalQueues"),
        };
    }
};

struct TopicRoute {
    std::vector<BrokerData> broker_datas;
    std::map<std::string, std::vector<std::string>> filter_server_table;
    std::optional<std::string> order_topic_conf;
    std::vector<QueueData> queue_datas;
    std::optional<std::map<std::string, TopicQueueMappingInfo>> topic_queue_mapping_by_broker;

    static constexpr auto members() {
        return std::array{
            member<&TopicRoute::broker_datas>("brokerDatas"),
            member<&TopicRoute::filter_server_table>("filterServerTable"),
            member<&TopicRoute::order_topic_conf>("orderTopicConf"),
            member<&TopicRoute::queue_datas>("queueDatas"),
            member<&TopicRoute::topic_queue_mapping_by_broker>("topicQueueMappingByBroker"),
        };
    }
};

}  // namespace kx::wire
