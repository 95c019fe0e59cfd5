// SPDX-License-Identifier: Apache-2.0
#include "client/consume/fake_group.h"

#include <future>

#include "base/assert.h"
#include "model/names.h"
#include "model/properties.h"
#include "model/record.h"
#include "wire/bodies/assignment.h"
#include "wire/bodies/clients.h"
#include "wire/bodies/lists.h"
#include "wire/requests/clients.h"
#include "wire/requests/offsets.h"
#include "wire/requests/pop.h"
#include "wire/requests/pull.h"
#include "wire/requests/send.h"
#include "wire/requests/send_back.h"

namespace kx::client {

FakeGroupBroker::FakeGroupBroker(std::string name) : name_(std::move(name)) {
    serve(310, [this](net::Request& request) { on_send(request); });
    for (const std::int32_t code : {11, 361})
        serve(code, [this](net::Request& request) { on_pull(request); });
    for (const std::int32_t code : {14, 15, 29, 30, 31})
        serve(code, [this](net::Request& request) { on_offset(request); });
    serve(34, [this](net::Request& request) { on_heartbeat(request); });
    for (const std::int32_t code : {35, 46})
        serve(code, [](net::Request& request) { request.ok(); });
    serve(36, [this](net::Request& request) { on_send_back(request); });
    serve(38, [this](net::Request& request) {
        if (refused(request)) return;
        MutexLock lock(mutex_);
        request.ok_body(to_json(wire::ConsumerIdList{{members_.begin(), members_.end()}}));
    });
    for (const std::int32_t code : {41, 42})
        serve(code, [this](net::Request& request) { on_lock(request); });
    serve(400, [this](net::Request& request) { on_assignment(request); });
    serve(200'050, [this](net::Request& request) { on_pop(request); });
    serve(200'051, [](net::Request& request) { request.ok(); });
    start();
}

FakeGroupBroker::~FakeGroupBroker() {
    shut_down();
    MutexLock lock(mutex_);
    for (Held& held : held_) held.responder.drop();
    for (HeldPop& held : held_pops_) held.responder.drop();
}

void FakeGroupBroker::append(const Key& key, const std::string& body, const std::string& properties,
                             std::int32_t reconsume_times) {
    auto& messages = lanes_[key].messages;
    model::NewMessage fresh;
    fresh.topic = key.first;
    fresh.queue_id = key.second;
    fresh.body = body;
    fresh.properties = properties;
    fresh.tags_code = model::tags_code_of(properties);
    fresh.reconsume_times = reconsume_times;
    auto draft = model::RecordDraft::make(fresh, {});
    KX_ASSERT(draft.has_value(), "{}", draft.error().text);
    const auto offset = static_cast<std::int64_t>(messages.size());
    messages.push_back({draft->encode(offset, offset * 1000, 0), body, properties});
}

void FakeGroupBroker::answer_held(const Key& key) {
    Lane& lane = lanes_[key];
    for (auto held = held_.begin(); held != held_.end();) {
        if (held->key != key) {
            ++held;
            continue;
        }
        // As real brokers do: the client asks again at once.
        net::Reply reply;
        reply.code = wire::ResponseCode::kPullRetryImmediately;
        const wire::PullAnswer answer{
            0,  held->offset, lane.min, static_cast<std::int64_t>(lane.messages.size()),
            {}, {},           {},       {}};
        held->responder.send(reply.with(answer));
        held = held_.erase(held);
    }
}

void FakeGroupBroker::store(const std::string& topic, std::int32_t queue, const std::string& body,
                            const std::string& properties, std::int32_t reconsume_times) {
    MutexLock lock(mutex_);
    append({topic, queue}, body, properties, reconsume_times);
    answer_held({topic, queue});
    for (auto held = held_pops_.begin(); held != held_pops_.end(); ++held) {
        if (held->topic != topic || !answer_pop(topic, held->invisible_ms, held->responder))
            continue;
        held_pops_.erase(held);
        break;
    }
}

void FakeGroupBroker::share_out(std::string mode) {
    MutexLock lock(mutex_);
    mode_ = std::move(mode);
}

void FakeGroupBroker::on_assignment(net::Request& request) {
    const auto asked = from_json<wire::QueryAssignment>(request.body());
    if (!asked) return request.refuse(asked.error());
    MutexLock lock(mutex_);
    if (mode_.empty())
        return request.refuse(wire::ResponseCode::kRequestCodeNotSupported, "not here");
    wire::QueueAssignments all;
    all.message_queue_assignments.emplace();
    // As real brokers do: the mode is a topic's own, and nobody set one for retry topics.
    const bool pops = mode_ == "POP" && !model::is_retry_topic(asked->topic);
    all.message_queue_assignments->push_back(
        {wire::QueueKey{name_, pops ? -1 : 0, asked->topic}, pops ? "POP" : "PULL"});
    request.ok_body(to_json(all));
}

bool FakeGroupBroker::answer_pop(const std::string& topic, std::int64_t invisible_ms,
                                 net::Responder& responder) {
    for (const auto& [key, lane] : lanes_) {
        std::size_t& next = popped_[key];
        if (key.first != topic || next >= lane.messages.size()) continue;
        wire::PopAnswer answer;
        answer.pop_time = 5'000;
        answer.invisible_time = invisible_ms;
        answer.revive_qid = 2;
        const std::string starts = fmt::format("0 {} {}", key.second, next);
        std::string offsets = fmt::format("0 {} {}", key.second, next);
        std::string body = lane.messages[next++].record;
        for (; next < lane.messages.size(); ++next) {
            offsets += fmt::format(",{}", next);
            body += lane.messages[next].record;
        }
        answer.start_offset_info = starts;
        answer.msg_offset_info = offsets;
        const Slice slice = Slice::own(std::move(body));
        net::Reply reply;
        reply.body = std::span(&slice, 1);
        responder.send(reply.with(answer));
        return true;
    }
    return false;
}

void FakeGroupBroker::on_pop(net::Request& request) {
    const auto header = request.header<wire::PopMessage>();
    if (!header) return request.refuse(header.error());
    const std::string topic(header->topic);
    const std::int64_t invisible_ms = header->invisible_time;
    net::Responder responder = request.defer();
    MutexLock lock(mutex_);
    if (!answer_pop(topic, invisible_ms, responder))
        held_pops_.push_back({topic, invisible_ms, std::move(responder)});
}

void FakeGroupBroker::set_min(const std::string& topic, std::int32_t queue, std::int64_t min) {
    MutexLock lock(mutex_);
    lanes_[{topic, queue}].min = min;
}

std::vector<std::string> FakeGroupBroker::bodies(const std::string& topic,
                                                 std::int32_t queue) const {
    MutexLock lock(mutex_);
    std::vector<std::string> all;
    const auto found = lanes_.find({topic, queue});
    if (found == lanes_.end()) return all;
    for (const Stored& stored : found->second.messages) all.push_back(stored.body);
    return all;
}

std::vector<std::string> FakeGroupBroker::properties(const std::string& topic,
                                                     std::int32_t queue) const {
    MutexLock lock(mutex_);
    std::vector<std::string> all;
    const auto found = lanes_.find({topic, queue});
    if (found == lanes_.end()) return all;
    for (const Stored& stored : found->second.messages) all.push_back(stored.properties);
    return all;
}

std::int64_t FakeGroupBroker::committed(const std::string& topic, std::int32_t queue) const {
    MutexLock lock(mutex_);
    const auto found = committed_.find({topic, queue});
    return found == committed_.end() ? -1 : found->second;
}

void FakeGroupBroker::set_committed(const std::string& topic, std::int32_t queue,
                                    std::int64_t offset) {
    MutexLock lock(mutex_);
    committed_[{topic, queue}] = offset;
}

void FakeGroupBroker::add_member(const std::string& id) {
    MutexLock lock(mutex_);
    members_.insert(id);
}

void FakeGroupBroker::remove_member(const std::string& id) {
    MutexLock lock(mutex_);
    members_.erase(id);
}

void FakeGroupBroker::take_locks(bool taken) {
    MutexLock lock(mutex_);
    locks_taken_ = taken;
}

std::size_t FakeGroupBroker::locks() const {
    MutexLock lock(mutex_);
    return locks_.size();
}

std::vector<std::pair<std::int64_t, std::int32_t>> FakeGroupBroker::sent_back() const {
    MutexLock lock(mutex_);
    return sent_back_;
}

void FakeGroupBroker::refuse(std::int32_t request, std::vector<std::int32_t> response_codes) {
    MutexLock lock(mutex_);
    for (const std::int32_t code : response_codes) refusals_[request].push_back(code);
}

std::vector<std::int64_t> FakeGroupBroker::pull_offsets() const {
    MutexLock lock(mutex_);
    return pull_offsets_;
}

std::string FakeGroupBroker::last_heartbeat() const {
    MutexLock lock(mutex_);
    return last_heartbeat_;
}

std::int64_t FakeGroupBroker::subscription_version(const std::string& topic) const {
    const auto data = from_json<wire::HeartbeatData>(last_heartbeat());
    if (!data) return -1;
    for (const auto& consumer : data->consumer_data_set)
        for (const auto& wanted : consumer.subscription_data_set)
            if (wanted.topic == topic) return wanted.sub_version;
    return -1;
}

void FakeGroupBroker::with_client(std::function<void(net::Connection&)> work) {
    net::ConnectionPtr client;
    {
        MutexLock lock(mutex_);
        client = last_client_;
    }
    if (client != nullptr) client->post(std::move(work));
}

FakeGroupBroker::ClientAnswer FakeGroupBroker::ask_client(
    std::int32_t code, std::vector<std::pair<std::string, std::string>> fields, std::string body) {
    auto promise = std::make_shared<std::promise<ClientAnswer>>();
    auto answered = promise->get_future();
    with_client([code, promise, fields = std::move(fields),
                 slice = Slice::own(std::move(body))](net::Connection& to) {
        std::vector<ExtField> extra;
        for (const auto& [name, value] : fields) extra.push_back({name, value});
        wire::HeaderParts parts;
        parts.code = code;
        parts.extra = extra;
        to.call(parts, std::span(&slice, 1), 5'000, [promise](Result<const wire::Command*> answer) {
            if (!answer) return promise->set_value({});
            const wire::Command& command = **answer;
            promise->set_value(
                {command.code, std::string(command.remark), std::string(command.body)});
        });
    });
    if (answered.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return {};
    return answered.get();
}

void FakeGroupBroker::tell_client(std::int32_t code,
                                  std::vector<std::pair<std::string, std::string>> fields,
                                  std::string body) {
    with_client([code, fields = std::move(fields),
                 slice = Slice::own(std::move(body))](net::Connection& to) {
        std::vector<ExtField> extra;
        for (const auto& [name, value] : fields) extra.push_back({name, value});
        wire::HeaderParts parts;
        parts.code = code;
        parts.extra = extra;
        (void)to.call_oneway(parts, std::span(&slice, 1));
    });
}

bool FakeGroupBroker::refused(net::Request& request) {
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

void FakeGroupBroker::on_send(net::Request& request) {
    if (refused(request)) return;
    const auto header = request.header<wire::SendMessage>(Names::kShort);
    if (!header) return request.refuse(header.error());
    MutexLock lock(mutex_);
    const Key key{std::string(header->topic), header->queue_id};
    append(key, std::string(request.body()), std::string(header->properties),
           header->reconsume_times);
    wire::SendAnswer answer;
    answer.msg_id = "0";
    answer.queue_id = header->queue_id;
    answer.queue_offset = static_cast<std::int64_t>(lanes_[key].messages.size()) - 1;
    request.ok(answer);
    answer_held(key);
}

void FakeGroupBroker::on_pull(net::Request& request) {
    const auto header = request.header<wire::PullMessage>();
    if (!header) return request.refuse(header.error());
    {
        MutexLock lock(mutex_);
        pull_offsets_.push_back(header->queue_offset);
    }
    if (refused(request)) return;
    MutexLock lock(mutex_);
    const Key key{std::string(header->topic), header->queue_id};
    const Lane& lane = lanes_[key];
    const auto max = static_cast<std::int64_t>(lane.messages.size());
    std::int64_t next = header->queue_offset;
    if ((header->sys_flag & wire::kPullCommitOffset) != 0) committed_[key] = header->commit_offset;
    net::Reply reply;
    std::string body;
    if (next < lane.min || next > max) {
        next = next > max ? max : lane.min;
        reply.code = wire::ResponseCode::kPullOffsetMoved;
    } else if (next == max && (header->sys_flag & wire::kPullSuspend) == 0) {
        reply.code = wire::ResponseCode::kPullNotFound;
    } else if (next == max) {
        held_.push_back({key, next, request.defer()});
        return;
    }
    for (std::int32_t i = 0;
         i < header->max_msg_nums && next < max && reply.code == wire::ResponseCode::kSuccess; ++i)
        body += lane.messages[static_cast<std::size_t>(next++)].record;
    const wire::PullAnswer answer{0, next, lane.min, max, {}, {}, {}, {}};
    const Slice slice = Slice::own(std::move(body));
    reply.body = std::span(&slice, 1);
    request.send(reply.with(answer));
}

void FakeGroupBroker::on_offset(net::Request& request) {
    if (refused(request)) return;
    MutexLock lock(mutex_);
    if (request.code() == 15) {
        const auto header = request.header<wire::UpdateConsumerOffset>();
        committed_[{std::string(header->topic), *header->queue_id}] = *header->commit_offset;
        return request.ok();
    }
    if (request.code() == 14) {
        const auto header = request.header<wire::QueryConsumerOffset>();
        const auto found = committed_.find({std::string(header->topic), header->queue_id});
        if (found == committed_.end())
            return request.refuse(wire::ResponseCode::kQueryNotFound, "Not found");
        return request.ok(wire::OffsetAnswer{found->second});
    }
    const auto header = request.header<wire::QueueOfTopic>();
    const Lane& lane = lanes_[{std::string(header->topic), header->queue_id}];
    const auto max = static_cast<std::int64_t>(lane.messages.size());
    request.ok(wire::OffsetAnswer{request.code() == 31 ? lane.min : max});
}

void FakeGroupBroker::on_heartbeat(net::Request& request) {
    if (refused(request)) return;
    const auto data = from_json<wire::HeartbeatData>(request.body());
    if (!data) return request.refuse(data.error());
    MutexLock lock(mutex_);
    if (!data->consumer_data_set.empty()) members_.insert(data->client_id);
    last_heartbeat_ = request.body();
    last_client_ = request.connection().shared_from_this();
    request.ok();
}

void FakeGroupBroker::on_lock(net::Request& request) {
    const auto asked = from_json<wire::QueueLockRequest>(request.body());
    if (!asked) return request.refuse(asked.error());
    MutexLock lock(mutex_);
    wire::QueueLockAnswer answer;
    for (const wire::QueueKey& key : asked->mq_set) {
        if (request.code() == 42) {
            locks_.erase(key);
        } else if (!locks_taken_) {
            locks_[key] = asked->client_id;
            answer.lock_ok_mq_set.push_back(key);
        }
    }
    request.ok_body(to_json(answer));
}

void FakeGroupBroker::on_send_back(net::Request& request) {
    if (refused(request)) return;
    const auto header = request.header<wire::SendBack>();
    if (!header) return request.refuse(header.error());
    MutexLock lock(mutex_);
    sent_back_.emplace_back(header->offset, header->delay_level);
    request.ok();
}

FakeGroup::FakeGroup(std::int32_t queues,
                     const std::function<void(ClientCore::Settings&)>& adjust) {
    names.add_route("T", "b", broker.address(), queues);
    names.add_route(model::retry_topic("G"), "b", broker.address(), 1);
    ClientCore::Settings settings;
    settings.config.namesrv_addr = names.address();
    settings.config.rebalance_min_interval = 50;
    settings.log_level = kerolox::LogLevel::error;
    if (adjust) adjust(settings);
    auto made = ClientCore::create(settings);
    KX_ASSERT(made.has_value(), "{}", made.error().describe());
    lease = std::make_shared<ClientLease>(std::move(made).value());
}

FakeGroup::~FakeGroup() { (void)core().close(std::chrono::seconds(5)).get(); }

bool becomes_true(const std::function<bool()>& condition) {
    Mutex mutex;
    CondVar never;
    const std::int64_t until = system_clock().steady_ms() + 10'000;
    while (!condition()) {
        if (system_clock().steady_ms() > until) return false;
        MutexLock lock(mutex);
        never.wait_for(mutex, std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace kx::client
