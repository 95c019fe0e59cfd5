// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/topic_handler.h"

#include "base/log.h"
#include "broker/tables/paging.h"
#include "broker/topics/attributes.h"
#include "model/names.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/topics.h"
#include "wire/requests/topics.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

/// The remark of a RocketMQ answer whose handler set nothing but the code.
constexpr std::string_view kDefaultRemark = "not set any response code";

void answer_update(net::Request& request, const wire::Outcome<void>& outcome) {
    if (!outcome) return request.refuse(outcome.error().code, outcome.error().remark);
    net::Reply reply;
    reply.remark = kDefaultRemark;
    request.send(reply);
}

}  // namespace

void TopicHandler::update(net::Request& request) {
    const auto header = request.header<wire::UpdateTopic>();
    if (!header) return request.refuse(header.error());
    auto attributes = parse_attributes(header->attributes);
    if (!attributes) return request.refuse(attributes.error());
    wire::TopicConfig config;
    config.topic_name = header->topic;
    config.read_queue_nums = header->read_queue_nums;
    config.write_queue_nums = header->write_queue_nums;
    config.perm = header->perm;
    if (!header->topic_filter_type.empty()) config.topic_filter_type = header->topic_filter_type;
    config.topic_sys_flag = header->topic_sys_flag.value_or(0);
    config.order = header->order;
    config.attributes = std::move(*attributes);
    log::info("broker", "topic={} update asked for: read={} write={} perm={} peer={}",
              config.topic_name, config.read_queue_nums, config.write_queue_nums, config.perm,
              request.connection().peer());
    std::vector<wire::TopicConfig> one;
    one.push_back(std::move(config));
    answer_update(request, topics_.update_all(std::move(one)));
}

void TopicHandler::update_list(net::Request& request) {
    auto list = from_json<wire::TopicConfigList>(request.body());
    if (!list) return request.refuse(list.error());
    log::info("broker", "update of {} topics asked for: peer={}", list->topic_config_list.size(),
              request.connection().peer());
    answer_update(request, topics_.update_all(std::move(list->topic_config_list)));
}

void TopicHandler::remove(net::Request& request) {
    const auto header = request.header<wire::TopicName>();
    if (!header) return request.refuse(header.error());
    const std::string topic(header->topic);
    if (topic.find_first_not_of(" \t\r\n") == std::string::npos) {
        return request.refuse(ResponseCode::kInvalidParameter, "The specified topic is blank.");
    }
    if (config_.get()->validate_system_topic_when_update_topic && topics_.is_system(topic)) {
        return request.refuse(ResponseCode::kInvalidParameter,
                              fmt::format("The topic[{}] is conflict with system topic.", topic));
    }
    log::info("broker", "topic={} delete asked for: peer={}", topic, request.connection().peer());
    // Groups that popped it have retry topics of their own for it, of which nobody else knows.
    if (config_.get()->clear_retry_topic_when_delete_topic) {
        for (const std::string& group : offsets_.groups_of_topic(topic)) {
            for (const char* joint : {"_", "+"}) {
                const std::string retry = model::retry_topic(group) + joint + topic;
                if (topics_.find(retry)) remove_everywhere(retry);
            }
        }
    }
    remove_everywhere(topic);
    request.ok();
}

void TopicHandler::remove_everywhere(const std::string& topic) {
    topics_.remove(topic);
    offsets_.remove_topic(topic);
    store_.delete_topic(topic);
}

void TopicHandler::get(net::Request& request) {
    const auto header = request.header<wire::TopicName>();
    if (!header) return request.refuse(header.error());
    const TopicPtr topic = topics_.find(header->topic);
    if (!topic) {
        return request.refuse(ResponseCode::kTopicNotExist,
                              fmt::format("No topic in this broker. topic: {}", header->topic));
    }
    request.ok_body(to_json(topic->config()));
}

void TopicHandler::all(net::Request& request) {
    const auto header = request.header<wire::GetAllTopics>();
    if (!header) return request.refuse(header.error());
    const auto config = config_.get();
    wire::TopicTable table = topics_.table();
    wire::AllTopicsAnswer answer_header;
    answer_header.total_topic_num = static_cast<std::int32_t>(table.topic_config_table.size());
    const bool asks_for_page =
        header->topic_seq || !header->data_version.empty() || header->max_topic_num;
    if (asks_for_page && config->enable_split_metadata) {
        if (!header->topic_seq) {
            return request.refuse(ResponseCode::kSystemError,
                                  "topicSeq is missing: it tells where the page begins");
        }
        keep_page(table.topic_config_table, table.data_version,
                  {*header->topic_seq, header->max_topic_num, header->data_version},
                  config->split_metadata_size);
    }
    const std::array<Slice, 1> body{Slice::own(to_json(table))};
    net::Reply reply;
    reply.body = body;
    request.send(reply.with(answer_header));
}

void TopicHandler::system_topics(net::Request& request) {
    wire::TopicList list;
    list.topic_list = topics_.system_topics();
    request.ok_body(to_json(list));
}

void TopicHandler::stats(net::Request& request) {
    const auto header = request.header<wire::TopicName>();
    if (!header) return request.refuse(header.error());
    const TopicPtr topic = topics_.find(header->topic);
    if (!topic) {
        return request.refuse(ResponseCode::kTopicNotExist,
                              fmt::format("topic[{}] not exist", header->topic));
    }
    const std::string broker = config_.get()->broker_name;
    wire::TopicStats stats;
    for (std::int32_t id = 0; id < topic->queue_count(); ++id) {
        wire::TopicOffset& offset = stats.offset_table[{broker, id, std::string(header->topic)}];
        const store::QueuePtr queue = store_.find_queue(header->topic, id);
        if (!queue) continue;
        offset.min_offset = std::max<std::int64_t>(0, store_.min_offset(*queue));
        offset.max_offset = queue->max_offset();
        if (offset.max_offset > 0)
            offset.last_update_timestamp = store_.store_time(*queue, offset.max_offset - 1);
    }
    request.ok_body(to_json(stats));
}

}  // namespace kx::broker
