// SPDX-License-Identifier: Apache-2.0
//
// What the commands of administration share: whom to ask (brokers of a target, of a topic, name
// servers), asking one or many at once, and reading what they answer. A value that keeps its client
// alive; coroutines take a copy. On the client's home thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_members.h"
#include "client/core/client_core.h"
#include "kerolox/admin.hpp"
#include "net/rpc_client.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/route.h"

namespace kx::client {

template <class T>
using AdminOutcome = Awaitable<kerolox::Result<T>>;

/// A server a command goes to. A name server has no name; a broker without a master no address.
struct AdminTarget {
    std::string broker;
    std::string address;
};

class AdminCore {
public:
    using Reply = kerolox::Result<net::Answer>;
    using Targets = kerolox::Result<std::vector<AdminTarget>>;
    struct Request {
        AdminTarget to;
        net::Call call;
    };

    AdminCore(std::shared_ptr<ClientLease> lease, std::int64_t timeout_ms)
        : lease_(std::move(lease)), timeout_ms_(timeout_ms) {}

    ClientCore& client() const { return *lease_->core; }
    std::int64_t timeout_ms() const { return timeout_ms_; }
    /// The same with more time: for what a broker has to ask somebody else, or to search for.
    AdminCore patient() const { return {lease_, timeout_ms_ * 3}; }

    std::string wire_name(std::string_view name) const { return client().wire_name(name); }
    std::string user_name(std::string_view name) const {
        return std::string(client().user_name(name));
    }
    kerolox::Queue user_queue(std::string_view topic, std::string broker, std::int32_t id) const {
        return {user_name(topic), std::move(broker), id};
    }

    /// Any code but success is a `broker` error.
    Awaitable<Reply> ask(std::string address, net::Call call) const;
    Awaitable<Reply> ask_name_server(net::Call call) const;
    /// All at once; the answers are in the order of the requests. A target without an address is
    /// told so without being asked.
    Awaitable<std::vector<Reply>> ask_all(std::vector<Request> requests) const;
    /// The same question to all of them.
    Awaitable<std::vector<Reply>> ask_all(std::vector<AdminTarget> targets, net::Call call) const;
    /// Their answers, where a success says no more than that.
    Awaitable<std::vector<kerolox::PerBroker<void>>> tell_all(std::vector<AdminTarget> targets,
                                                              net::Call call) const;

    // --- whom to ask ---

    std::vector<AdminTarget> name_servers() const;
    AdminOutcome<wire::TopicRoute> route(std::string wire_topic) const;
    AdminOutcome<wire::ClusterInfo> cluster() const;
    /// Masters; one given by its address is taken as it is.
    Awaitable<Targets> brokers_of(kerolox::Target target) const;
    /// One address of each broker of the topic: its master, else the slave of the lowest id.
    Awaitable<Targets> brokers_of_topic(std::string wire_topic) const;
    /// Where a group was seen: the brokers of its retry topic, else of `wire_topic`, else all.
    Awaitable<Targets> brokers_of_group(std::string wire_group, std::string wire_topic = {}) const;
    /// The master that a queue lies on.
    AdminOutcome<std::string> master_of(std::string wire_topic, std::string broker) const;

private:
    std::string broker_address(const std::string& address, std::int32_t code) const;

    std::shared_ptr<ClientLease> lease_;
    std::int64_t timeout_ms_;
};

/// A body of JSON, or a `protocol` error that names the sender.
template <class Body>
kerolox::Result<Body> admin_body(const net::Answer& answer, std::string_view from) {
    auto body = from_json<Body>(answer.body);
    if (body) return std::move(*body);
    return kerolox::Error(
        kerolox::ErrorKind::protocol,
        fmt::format("the answer of {} is unreadable: {}", from, body.error().text));
}
template <class Body>
kerolox::Result<Body> admin_body(const AdminCore::Reply& reply, std::string_view from) {
    if (!reply) return reply.error();
    return admin_body<Body>(*reply, from);
}

/// A header of the answer, likewise. Its texts point into the answer.
template <class Header>
kerolox::Result<Header> admin_header(const AdminCore::Reply& reply, std::string_view from) {
    if (!reply) return reply.error();
    auto header = reply->header<Header>();
    if (header) return std::move(*header);
    return kerolox::Error(
        kerolox::ErrorKind::protocol,
        fmt::format("the answer of {} is unreadable: {}", from, header.error().text));
}

/// A time as servers tell it: what is not known (0, -1) becomes the epoch.
std::chrono::system_clock::time_point admin_time(std::int64_t ms);
std::int64_t admin_ms(std::chrono::system_clock::time_point time);

/// A body of properties text.
kerolox::Result<kerolox::Properties> admin_properties(const AdminCore::Reply& reply,
                                                      std::string_view from);

/// All pages of a broker's table. A page of another version than those before means to begin anew.
/// `question` asks for the page at a row; `rows` and `total` are where the answer has them.
template <class Table, class Answer, class Rows, class Total>
AdminOutcome<Rows> all_pages(
    AdminCore core, std::string address,
    std::function<net::Call(std::int32_t row, std::string_view version)> question,
    Rows Table::* rows, Total Answer::* total) {
    Rows all;
    std::string version;
    std::int32_t next = 0;
    while (true) {
        const auto reply = co_await core.ask(address, question(next, version));
        auto page = admin_body<Table>(reply, address);
        if (!page) co_return page.error();
        const auto answer = admin_header<Answer>(reply, address);
        if (!answer) co_return answer.error();
        std::string page_version = to_json(page->data_version);
        if (page_version != version) {
            all.clear();
            next = 0;
            version = std::move(page_version);
        }
        Rows& found = (*page).*rows;
        next += static_cast<std::int32_t>(found.size());
        const Total& count = (*answer).*total;
        const bool is_last = found.empty() || !count || next >= *count;
        all.merge(found);
        if (is_last) co_return all;
    }
}

}  // namespace kx::client
