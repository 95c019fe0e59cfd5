// SPDX-License-Identifier: Apache-2.0
//
// For tests of administration: servers that answer each code as a test wants, and a client of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "client/fake_servers.h"
#include "kerolox/admin.hpp"
#include "kerolox/client.hpp"
#include "model/record.h"
#include "wire/bodies/cluster_info.h"
#include "wire/requests/topics.h"

namespace kx::client {

/// A server that answers each code as the test says; the others with NOT_SUPPORTED.
class AdminServer : public FakeServer {
public:
    AdminServer() {
        for (const std::int32_t code : kCodes)
            serve(code, [this](net::Request& request) { dispatch(request); });
        start();
    }
    ~AdminServer() override { shut_down(); }  // before the table goes

    void on(std::int32_t code, std::function<void(net::Request&)> answer) {
        MutexLock lock(mutex_);
        answers_[code] = std::move(answer);
    }
    void body(std::int32_t code, std::string text) {
        on(code, [text = std::move(text)](net::Request& request) { request.ok_body(text); });
    }
    std::int32_t port() const { return std::stoi(address().substr(address().rfind(':') + 1)); }
    void refuse(std::int32_t code, wire::ResponseCode with, std::string remark) {
        on(code, [with, remark = std::move(remark)](net::Request& request) {
            request.refuse(with, remark);
        });
    }

private:
    static constexpr std::array kCodes{12,  14,  15,  17,  18,  21,  25,  26,  28,  29,  30,
                                       31,  32,  33,  100, 101, 102, 105, 106, 200, 201, 202,
                                       203, 204, 205, 206, 207, 208, 215, 216, 219, 222, 224,
                                       300, 307, 309, 314, 318, 319, 327, 343, 351, 352};

    void dispatch(net::Request& request) {
        std::function<void(net::Request&)> answer;
        {
            MutexLock lock(mutex_);
            const auto found = answers_.find(request.code());
            if (found != answers_.end()) answer = found->second;
        }
        if (answer) return answer(request);
        request.refuse(static_cast<wire::ResponseCode>(3), "not served");
    }

    std::map<std::int32_t, std::function<void(net::Request&)>> answers_ KX_GUARDED_BY(mutex_);
};

inline std::string an_address_nobody_has() {
    FakeBroker gone("gone");
    const std::string address = gone.address();
    gone.shut_down();
    return address;
}

/// A name server and two brokers of one cluster, and a client that administrates them.
struct AdminWorld {
    AdminServer names;
    AdminServer a;
    AdminServer b;
    kerolox::Client client;
    kerolox::Admin admin;

    /// `b_address`: where the name server believes broker-b, else where it is.
    explicit AdminWorld(kerolox::ClientOptions options = {}) : AdminWorld(std::move(options), {}) {}
    AdminWorld(kerolox::ClientOptions options, std::string b_address,
               std::string more_name_servers = {}) {
        const std::string b_at = b_address.empty() ? b.address() : b_address;
        options.name_servers(names.address() + more_name_servers)
            .log([](const kerolox::LogRecord&) {});
        wire::ClusterInfo cluster;
        wire::TopicRoute route;
        for (const auto& [name, address] :
             std::map<std::string, std::string>{{"broker-a", a.address()}, {"broker-b", b_at}}) {
            wire::BrokerData data;
            data.cluster = "C";
            data.broker_name = name;
            data.broker_addrs[0] = address;
            cluster.broker_addr_table[name] = data;
            cluster.cluster_addr_table["C"].insert(name);
            route.broker_datas.push_back(data);
            route.queue_datas.push_back({name, 6, 4, 0, 4});
        }
        names.body(106, to_json(cluster));
        names.on(105, [route](net::Request& request) {
            const auto topic = request.header<wire::TopicName>()->topic;
            if (topic == "T" || topic == "%RETRY%G" || topic == "NS%T" || topic == "%RETRY%NS%G")
                return request.ok_body(to_json(route));
            request.refuse(
                wire::ResponseCode::kTopicNotExist,
                "No topic route info in name server for the topic: " + std::string(topic));
        });
        auto made = kerolox::Client::create(options);
        EXPECT_TRUE(made) << made.error().describe();
        client = std::move(made).value();
        admin = client.admin();
    }
};

inline std::string a_record(std::string topic, std::string body, std::string properties,
                            std::int64_t offset, std::int64_t store_ms,
                            std::int32_t store_port = 0) {
    model::NewMessage fresh;
    fresh.topic = topic;
    fresh.body = body;
    fresh.properties = properties;
    fresh.store_host.port = store_port;
    auto draft = model::RecordDraft::make(fresh, {});
    EXPECT_TRUE(draft);
    return draft->encode(offset, offset * 1000, store_ms);
}

inline std::string with_key(std::string key, std::string unique = "U") {
    return "KEYS\1" + key + "\2UNIQ_KEY\1" + unique + "\2";
}

}  // namespace kx::client
