// SPDX-License-Identifier: Apache-2.0
#include "client/fake_servers.h"

#include <algorithm>

#include "base/assert.h"
#include "model/properties.h"
#include "model/record.h"
#include "wire/requests/offsets.h"
#include "wire/requests/pull.h"
#include "wire/requests/send.h"

namespace kx::client {
namespace {

struct TopicOnly {
    std::string_view topic;
    static constexpr auto fields() {
        return std::array{field<&TopicOnly::topic>("topic", "", kRequired)};
    }
};

}  // namespace

FakeServer::FakeServer(net::ConnectionLimits limits)
    : limits_(std::move(limits)), processor_(router_.add_processor({.name = "fake"})) {}

void FakeServer::serve(std::int32_t code, Serve serve) {
    router_.serve(code, processor_, [this, code, serve = std::move(serve)](net::Request& request) {
        {
            MutexLock lock(mutex_);
            ++asked_[code];
        }
        serve(request);
    });
}

void FakeServer::start() {
    net::ServerOptions options;
    options.bind_address = "127.0.0.1";
    options.limits = limits_;
    auto server = net::Server::listen(options, pool_, router_);
    KX_ASSERT(server.has_value(), "{}", server.error().text);
    server_ = std::move(*server);
    port_ = server_->port();
    pool_.start();
    server_->start();
}

void FakeServer::shut_down() {
    if (server_) server_->stop();
    pool_.stop();
    server_.reset();
}

int FakeServer::asked(std::int32_t code) const {
    MutexLock lock(mutex_);
    const auto found = asked_.find(code);
    return found == asked_.end() ? 0 : found->second;
}

FakeNameServer::FakeNameServer(net::ConnectionLimits limits) : FakeServer(std::move(limits)) {
    serve(105, [this](net::Request& request) {
        const auto header = request.header<TopicOnly>();
        MutexLock lock(mutex_);
        const auto found = routes_.find(std::string(header->topic));
        if (found == routes_.end()) {
            return request.refuse(wire::ResponseCode::kTopicNotExist,
                                  "No topic route info in name server for the topic\nSee the FAQ");
        }
        request.ok_body(to_json(found->second));
    });
    start();
}

void FakeNameServer::add_route(const std::string& topic, const std::string& broker,
                               const std::string& address, std::int32_t queues, std::int32_t perm) {
    MutexLock lock(mutex_);
    wire::TopicRoute& route = routes_[topic];
    wire::BrokerData data;
    data.broker_name = broker;
    data.broker_addrs[0] = address;
    route.broker_datas.push_back(data);
    wire::QueueData queue;
    queue.broker_name = broker;
    queue.perm = perm;
    queue.read_queue_nums = queue.write_queue_nums = queues;
    route.queue_datas.push_back(queue);
}

void FakeNameServer::add_slave(const std::string& topic, const std::string& broker,
                               std::int64_t id, const std::string& address) {
    MutexLock lock(mutex_);
    for (wire::BrokerData& data : routes_[topic].broker_datas)
        if (data.broker_name == broker) data.broker_addrs[id] = address;
}

FakeBroker::FakeBroker(std::string name, net::ConnectionLimits limits)
    : FakeServer(std::move(limits)), name_(std::move(name)) {
    serve(310, [this](net::Request& request) { on_send(request); });
    serve(11, [this](net::Request& request) { on_pull(request); });
    serve(29, [this](net::Request& request) { on_search(request); });
    for (const std::int32_t code : {14, 15, 30, 31})
        serve(code, [this](net::Request& request) { on_offset(request); });
    start();
}

void FakeBroker::refuse(std::int32_t request, std::vector<std::int32_t> response_codes) {
    MutexLock lock(mutex_);
    for (const std::int32_t code : response_codes) refusals_[request].push_back(code);
}

bool FakeBroker::refused(net::Request& request) {
    std::int32_t code = 0;
    {
        MutexLock lock(mutex_);
        auto& waiting = refusals_[request.code()];
        if (waiting.empty()) return false;
        code = waiting.front();
        waiting.pop_front();
    }
    request.refuse(static_cast<wire::ResponseCode>(code), "as the test wanted");
    return true;
}

void FakeBroker::append(std::int32_t queue, StoredFake message) {
    auto& messages = queues_[queue].messages;
    model::NewMessage fresh;
    fresh.topic = "T";
    fresh.queue_id = queue;
    fresh.sys_flag = message.sys_flag;
    fresh.body = message.body;
    fresh.properties = message.properties;
    auto draft = model::RecordDraft::make(fresh, {});
    KX_ASSERT(draft.has_value(), "{}", draft.error().text);
    const auto offset = static_cast<std::int64_t>(messages.size());
    message.record = draft->encode(offset, offset * 1000, message.store_ms);
    messages.push_back(std::move(message));
}

void FakeBroker::store(std::int32_t queue, std::string body, std::string properties,
                       std::int32_t sys_flag, std::int64_t store_ms) {
    MutexLock lock(mutex_);
    append(queue, {{}, std::move(body), std::move(properties), sys_flag, store_ms});
}

void FakeBroker::damage_last(std::int32_t queue) {
    MutexLock lock(mutex_);
    StoredFake& last = queues_[queue].messages.back();
    last.record[last.record.find(last.body)] ^= 1;
}

void FakeBroker::set_min(std::int32_t queue, std::int64_t min) {
    MutexLock lock(mutex_);
    queues_[queue].min = min;
}

std::vector<StoredFake> FakeBroker::stored(std::int32_t queue) const {
    MutexLock lock(mutex_);
    const auto found = queues_.find(queue);
    return found == queues_.end() ? std::vector<StoredFake>{} : found->second.messages;
}

std::size_t FakeBroker::stored_count() const {
    MutexLock lock(mutex_);
    std::size_t count = 0;
    for (const auto& [id, queue] : queues_) count += queue.messages.size();
    return count;
}

std::int64_t FakeBroker::committed(const std::string& group, std::int32_t queue) const {
    MutexLock lock(mutex_);
    const auto found = committed_.find({group, queue});
    return found == committed_.end() ? -1 : found->second;
}

void FakeBroker::set_committed(const std::string& group, std::int32_t queue, std::int64_t offset) {
    MutexLock lock(mutex_);
    committed_[{group, queue}] = offset;
}

void FakeBroker::on_send(net::Request& request) {
    if (swallow_) return request.no_answer();
    if (refused(request)) return;
    const auto header = request.header<wire::SendMessage>(Names::kShort);
    if (!header) return request.refuse(header.error());
    MutexLock lock(mutex_);
    append(header->queue_id,
           {{}, std::string(request.body()), std::string(header->properties), header->sys_flag, 0});
    wire::SendAnswer answer;
    answer.msg_id = "0";
    answer.queue_id = header->queue_id;
    answer.queue_offset = static_cast<std::int64_t>(queues_[header->queue_id].messages.size()) - 1;
    request.ok(answer);
}

void FakeBroker::on_pull(net::Request& request) {
    if (refused(request)) return;
    const auto header = request.header<wire::PullMessage>();
    if (!header) return request.refuse(header.error());
    MutexLock lock(mutex_);
    const Queue& queue = queues_[header->queue_id];
    const auto max = static_cast<std::int64_t>(queue.messages.size());
    std::int64_t next = header->queue_offset;
    net::Reply reply;
    std::string body;
    if (next < queue.min || next > max) {
        next = next > max ? max : queue.min;
        reply.code = wire::ResponseCode::kPullOffsetMoved;
    } else if (next == max) {
        reply.code = wire::ResponseCode::kPullNotFound;
    } else {
        for (std::int32_t i = 0; i < header->max_msg_nums && next < max; ++i)
            body += queue.messages[static_cast<std::size_t>(next++)].record;
    }
    const wire::PullAnswer answer{0, next, queue.min, max, {}, {}, {}, {}};
    const Slice slice = Slice::own(std::move(body));
    reply.body = std::span(&slice, 1);
    request.send(reply.with(answer));
}

void FakeBroker::on_offset(net::Request& request) {
    if (refused(request)) return;
    MutexLock lock(mutex_);
    if (request.code() == 15) {
        const auto header = request.header<wire::UpdateConsumerOffset>();
        committed_[{std::string(header->consumer_group), *header->queue_id}] =
            *header->commit_offset;
        return request.ok();
    }
    if (request.code() == 14) {
        const auto header = request.header<wire::QueryConsumerOffset>();
        const auto found = committed_.find({std::string(header->consumer_group), header->queue_id});
        if (found == committed_.end())
            return request.refuse(wire::ResponseCode::kQueryNotFound, "Not found");
        return request.ok(wire::OffsetAnswer{found->second});
    }
    const auto header = request.header<wire::QueueOfTopic>();
    const Queue& queue = queues_[header->queue_id];
    const auto max = static_cast<std::int64_t>(queue.messages.size());
    request.ok(wire::OffsetAnswer{request.code() == 30 ? max : queue.min});
}

void FakeBroker::on_search(net::Request& request) {
    if (refused(request)) return;
    const auto header = request.header<wire::SearchOffset>();
    MutexLock lock(mutex_);
    const auto& messages = queues_[header->queue_id].messages;
    const auto found = std::ranges::find_if(
        messages, [&](const StoredFake& message) { return message.store_ms >= header->timestamp; });
    request.ok(wire::OffsetAnswer{found - messages.begin()});
}

}  // namespace kx::client
