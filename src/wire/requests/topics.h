// SPDX-License-Identifier: Apache-2.0
//
// Administration of topics: 17, 21, 202, 215, 351. Source: protocol.md 2.13.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct UpdateTopic {
    std::string_view topic;
    std::string_view default_topic;
    std::int32_t read_queue_nums = 0;
    std::int32_t write_queue_nums = 0;
    std::int32_t perm = 0;
    std::string_view topic_filter_type;
    std::optional<std::int32_t> topic_sys_flag;
    bool order = false;
    std::string_view attributes;  ///< "+key=value,-key"

    static constexpr auto fields() {
        return std::array{
            field<&UpdateTopic::topic>("topic"),
            field<&UpdateTopic::default_topic>("defaultTopic"),
            field<&UpdateTopic::read_queue_nums>("readQueueNums", "", kRequired),
            field<&UpdateTopic::write_queue_nums>("writeQueueNums", "", kRequired),
            field<&UpdateTopic::perm>("perm", "", kRequired),
            field<&UpdateTopic::topic_filter_type>("topicFilterType"),
            field<&UpdateTopic::topic_sys_flag>("topicSysFlag"),
            field<&UpdateTopic::order>("order"),
            field<&UpdateTopic::attributes>("attributes"),
        };
    }
};

/// DELETE_TOPIC_IN_BROKER 215, GET_TOPIC_STATS_INFO 202, GET_TOPIC_CONFIG 351.
struct TopicName {
    std::string_view topic;

    static constexpr auto fields() { return std::array{field<&TopicName::topic>("topic")}; }
};

/// GET_ALL_TOPIC_CONFIG 21. Old callers send none of the three.
struct GetAllTopics {
    std::optional<std::int32_t> topic_seq;
    std::string_view data_version;
    std::optional<std::int32_t> max_topic_num;

    static constexpr auto fields() {
        return std::array{
            field<&GetAllTopics::topic_seq>("topicSeq"),
            field<&GetAllTopics::data_version>("dataVersion"),
            field<&GetAllTopics::max_topic_num>("maxTopicNum"),
        };
    }
};

struct AllTopicsAnswer {
    std::optional<std::int32_t> total_topic_num;

    static constexpr auto fields() {
        return std::array{field<&AllTopicsAnswer::total_topic_num>("totalTopicNum")};
    }
};

}  // namespace kx::wire
