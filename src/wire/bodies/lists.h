// SPDX-License-Identifier: Apache-2.0
//
// Bodies that are lists of groups and of clients; TopicList is in cluster_info.h.
// Source: protocol.md 2.2.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/json_members.h"

namespace kx::wire {

struct GroupList {
    std::vector<std::string> group_list;

    static constexpr auto members() {
        return std::array{member<&GroupList::group_list>("groupList")};
    }
};

/// GET_CONSUMER_LIST_BY_GROUP 38.
struct ConsumerIdList {
    std::vector<std::string> consumer_id_list;

    static constexpr auto members() {
        return std::array{member<&ConsumerIdList::consumer_id_list>("consumerIdList")};
    }
};

}  // namespace kx::wire
