// SPDX-License-Identifier: Apache-2.0
//
// Administration of consumer groups: 201, 207, 314, 352, 353. Source: protocol.md 2.13.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct DeleteGroup {
    std::string_view group_name;
    bool clean_offset = false;

    static constexpr auto fields() {
        return std::array{
            field<&DeleteGroup::group_name>("groupName", "", kRequired),
            field<&DeleteGroup::clean_offset>("cleanOffset"),
        };
    }
};

struct GetGroup {
    std::string_view group;

    static constexpr auto fields() {
        return std::array{field<&GetGroup::group>("group", "", kRequired)};
    }
};

/// UPDATE_AND_GET_GROUP_FORBIDDEN 353; without `readable` it only asks.
struct GroupForbiddenRequest {
    std::string_view group;
    std::string_view topic;
    std::optional<bool> readable;

    static constexpr auto fields() {
        return std::array{
            field<&GroupForbiddenRequest::group>("group", "", kRequired),
            field<&GroupForbiddenRequest::topic>("topic", "", kRequired),
            field<&GroupForbiddenRequest::readable>("readable"),
        };
    }
};

/// GET_ALL_SUBSCRIPTIONGROUP_CONFIG 201. Old callers send none of the three.
struct GetAllGroups {
    std::optional<std::int32_t> group_seq;
    std::string_view data_version;
    std::optional<std::int32_t> max_group_num;

    static constexpr auto fields() {
        return std::array{
            field<&GetAllGroups::group_seq>("groupSeq"),
            field<&GetAllGroups::data_version>("dataVersion"),
            field<&GetAllGroups::max_group_num>("maxGroupNum"),
        };
    }
};

/// CLONE_GROUP_OFFSET 314.
struct CloneGroupOffset {
    std::string_view src_group;
    std::string_view dest_group;
    std::string_view topic;
    bool offline = false;

    static constexpr auto fields() {
        return std::array{
            field<&CloneGroupOffset::src_group>("srcGroup", "", kRequired),
            field<&CloneGroupOffset::dest_group>("destGroup", "", kRequired),
            field<&CloneGroupOffset::topic>("topic"),
            field<&CloneGroupOffset::offline>("offline"),
        };
    }
};

struct AllGroupsAnswer {
    std::optional<std::int32_t> total_group_num;

    static constexpr auto fields() {
        return std::array{field<&AllGroupsAnswer::total_group_num>("totalGroupNum")};
    }
};

}  // namespace kx::wire
