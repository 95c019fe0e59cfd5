// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/group_handler.h"

#include "base/log.h"
#include "broker/tables/paging.h"
#include "wire/requests/groups.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

struct GroupForbidden {
    std::string group;
    bool readable = true;
    std::string topic;

    static constexpr auto members() {
        return std::array{
            member<&GroupForbidden::group>("group"),
            member<&GroupForbidden::readable>("readable"),
            member<&GroupForbidden::topic>("topic"),
        };
    }
};

void answer_change(net::Request& request, const wire::Outcome<void>& outcome) {
    if (!outcome) return request.refuse(outcome.error().code, outcome.error().remark);
    request.ok();
}

}  // namespace

void GroupHandler::update(net::Request& request) {
    if (request.body().empty()) return request.ok();
    auto config = from_json<wire::SubscriptionGroupConfig>(request.body());
    if (!config) return request.refuse(config.error());
    log::info("broker", "group={} update asked for: peer={}", config->group_name,
              request.connection().peer());
    std::vector<wire::SubscriptionGroupConfig> one;
    one.push_back(std::move(*config));
    answer_change(request, groups_.update_all(std::move(one)));
}

void GroupHandler::update_list(net::Request& request) {
    if (request.body().empty()) return request.ok();
    auto list = from_json<wire::SubscriptionGroupList>(request.body());
    if (!list) return request.refuse(list.error());
    log::info("broker", "update of {} groups asked for: peer={}", list->group_config_list.size(),
              request.connection().peer());
    answer_change(request, groups_.update_all(std::move(list->group_config_list)));
}

void GroupHandler::remove(net::Request& request) {
    const auto header = request.header<wire::DeleteGroup>();
    if (!header) return request.refuse(header.error());
    log::info("broker", "group={} delete asked for: offsets={} peer={}", header->group_name,
              header->clean_offset, request.connection().peer());
    groups_.remove(header->group_name);
    if (header->clean_offset) offsets_.remove_group(header->group_name);
    request.ok();
}

void GroupHandler::get(net::Request& request) {
    const auto header = request.header<wire::GetGroup>();
    if (!header) return request.refuse(header.error());
    const GroupConfigPtr group = groups_.find_or_create(header->group);
    if (!group) {
        return request.refuse(ResponseCode::kSubscriptionGroupNotExist,
                              fmt::format("No group in this broker. group: {}", header->group));
    }
    request.ok_body(to_json(*group));
}

void GroupHandler::all(net::Request& request) {
    const auto header = request.header<wire::GetAllGroups>();
    if (!header) return request.refuse(header.error());
    const auto config = config_.get();
    wire::SubscriptionGroupTable table = groups_.table();
    wire::AllGroupsAnswer answer_header;
    answer_header.total_group_num =
        static_cast<std::int32_t>(table.subscription_group_table.size());
    const bool asks_for_page =
        header->group_seq || !header->data_version.empty() || header->max_group_num;
    if (asks_for_page && config->enable_split_metadata) {
        if (!header->group_seq) {
            return request.refuse(ResponseCode::kSystemError,
                                  "groupSeq is missing: it tells where the page begins");
        }
        keep_page(table.subscription_group_table, table.data_version,
                  {*header->group_seq, header->max_group_num, header->data_version},
                  config->split_metadata_size);
    }
    const std::array<Slice, 1> body{Slice::own(to_json(table))};
    net::Reply reply;
    reply.body = body;
    request.send(reply.with(answer_header));
}

void GroupHandler::forbidden(net::Request& request) {
    const auto header = request.header<wire::GroupForbiddenRequest>();
    if (!header) return request.refuse(header.error());
    if (header->readable) {
        const Status written =
            groups_.set_read_forbidden(header->group, header->topic, !*header->readable);
        if (!written) return request.refuse(written.error());
    }
    GroupForbidden state;
    state.group = header->group;
    state.topic = header->topic;
    state.readable = !groups_.is_read_forbidden(header->group, header->topic);
    const std::array<Slice, 1> body{Slice::own(to_json(state))};
    net::Reply reply;
    reply.remark = "";
    reply.body = body;
    request.send(reply);
}

}  // namespace kx::broker
