// SPDX-License-Identifier: Apache-2.0
//
// What a broker registers with (REGISTER_BROKER 103), and the topic table that GET_ALL_TOPIC_CONFIG
// 21 answers. Source: protocol.md 2.2, 2.11.
#pragma once

#include "wire/bodies/route.h"

namespace kx::wire {

struct LogicQueueMappingItem {
    std::string bname;
    std::int64_t end_offset = -1;
    std::int32_t gen = 0;
    std::int64_t logic_offset = 0;
    std::int32_t queue_id = 0;
    std::int64_t start_offset = 0;
    std::int64_t time_of_end = -1;
    std::int64_t time_of_start = -1;

    static constexpr auto members() {
        return std::array{
            member<&LogicQueueMappingItem::bname>("bname"),
            member<&LogicQueueMappingItem::end_offset>("endOffset"),
            member<&LogicQueueMappingItem::gen>("gen"),
            member<&LogicQueueMappingItem::logic_offset>("logicOffset"),
            member<&LogicQueueMappingItem::queue_id>("queueId"),
            member<&LogicQueueMappingItem::start_offset>("startOffset"),
            member<&LogicQueueMappingItem::time_of_end>("timeOfEnd"),
            member<&LogicQueueMappingItem::time_of_start>("timeOfStart"),
        };
    }
};

struct TopicQueueMappingDetail {
    std::string bname;
    std::map<std::int32_t, std::int32_t> curr_id_map;
    bool dirty = false;
    std::int64_t epoch = 0;
    std::map<std::int32_t, std::vector<LogicQueueMappingItem>> hosted_queues;
    std::string scope;
    std::string topic;
    std::int32_t total_queues = 0;

    static constexpr auto members() {
        return std::array{
            member<&TopicQueueMappingDetail::bname>("bname"),
            member<&TopicQueueMappingDetail::curr_id_map>("currIdMap"),
            member<&TopicQueueMappingDetail::dirty>("dirty"),
            member<&TopicQueueMappingDetail::epoch>("epoch"),
            member<&TopicQueueMappingDetail::hosted_queues>("hostedQueues"),
            member<&TopicQueueMappingDetail::scope>("scope"),
            member<&TopicQueueMappingDetail::topic>("topic"),
            member<&TopicQueueMappingDetail::total_queues>("totalQueues"),
        };
    }
};

struct TopicTable {
    DataVersion data_version;
    std::optional<DataVersion> mapping_data_version;
    std::map<std::string, TopicConfig> topic_config_table;
    std::optional<std::map<std::string, TopicQueueMappingDetail>> topic_queue_mapping_detail_map;
    std::optional<std::map<std::string, TopicQueueMappingInfo>> topic_queue_mapping_info_map;

    static constexpr auto members() {
        return std::array{
            member<&TopicTable::data_version>("dataVersion"),
            member<&TopicTable::mapping_data_version>("mappingDataVersion"),
            member<&TopicTable::topic_config_table>("topicConfigTable"),
            member<&TopicTable::topic_queue_mapping_detail_map>("topicQueueMappingDetailMap"),
            member<&TopicTable::topic_queue_mapping_info_map>("topicQueueMappingInfoMap"),
        };
    }
};

struct RegisterBrokerBody {
    std::vector<std::string> filter_server_list;
    TopicTable topic_table;

    static constexpr auto members() {
        return std::array{
            member<&RegisterBrokerBody::filter_server_list>("filterServerList"),
            member<&RegisterBrokerBody::topic_table>("topicConfigSerializeWrapper"),
        };
    }
};

}  // namespace kx::wire
