// SPDX-License-Identifier: Apache-2.0
//
// What a name server tells about itself: clusters (106), a broker's group (901), lists of topics
// (206, 224, 304, 311-313), and its key-value file. Source: protocol.md 2.2, 2.11, 5.1.
#pragma once

#include "wire/bodies/route.h"

namespace kx::wire {

struct ClusterInfo {
    std::map<std::string, BrokerData> broker_addr_table;
    std::map<std::string, std::set<std::string>> cluster_addr_table;

    static constexpr auto members() {
        return std::array{
            member<&ClusterInfo::broker_addr_table>("brokerAddrTable"),
            member<&ClusterInfo::cluster_addr_table>("clusterAddrTable"),
        };
    }
};

struct BrokerMemberGroup {
    std::map<std::int64_t, std::string> broker_addrs;
    std::string broker_name;
    std::string cluster;

    static constexpr auto members() {
        return std::array{
            member<&BrokerMemberGroup::broker_addrs>("brokerAddrs"),
            member<&BrokerMemberGroup::broker_name>("brokerName"),
            member<&BrokerMemberGroup::cluster>("cluster"),
        };
    }
};

/// The body of 901.
struct BrokerMemberGroupAnswer {
    BrokerMemberGroup broker_member_group;

    static constexpr auto members() {
        return std::array{
            member<&BrokerMemberGroupAnswer::broker_member_group>("brokerMemberGroup"),
        };
    }
};

struct TopicList {
    std::optional<std::string> broker_addr;
    std::vector<std::string> topic_list;

    static constexpr auto members() {
        return std::array{
            member<&TopicList::broker_addr>("brokerAddr"),
            member<&TopicList::topic_list>("topicList"),
        };
    }
};

/// The file at kvConfigPath: namespace, then key, then value.
struct KvConfigFile {
    std::map<std::string, std::map<std::string, std::string>> config_table;

    static constexpr auto members() {
        return std::array{member<&KvConfigFile::config_table>("configTable")};
    }
};

}  // namespace kx::wire
