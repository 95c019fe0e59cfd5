// SPDX-License-Identifier: Apache-2.0
#include "client/produce/send_rig.h"

#include <poll.h>

#include <future>

#include "base/assert.h"
#include "base/clock.h"
#include "model/batch.h"
#include "model/message_id.h"
#include "model/properties.h"
#include "wire/requests/send.h"

namespace kx::client {
namespace {

constexpr std::array kSendCodes{310, 320, 324, 325};

bool is_send(std::int32_t code) { return std::ranges::find(kSendCodes, code) != kSendCodes.end(); }

}  // namespace

std::string TakenRequest::property(std::string_view name) const {
    return std::string(model::property_or_empty(field("i"), name));
}

ScriptedBroker::ScriptedBroker(std::string name) : name_(std::move(name)) {
    for (const std::int32_t code : kSendCodes)
        serve(code, [this](net::Request& request) { on_sending(request); });
    for (const std::int32_t code : {30, 35, 37}) {
        serve(code, [this](net::Request& request) {
            take(request);
            net::Reply reply;
            request.send(reply);
        });
    }
    serve(34, [this](net::Request& request) {
        take(request);
        net::Responder responder = request.defer();
        {
            MutexLock lock(mutex_);
            client_ = responder.connection();
        }
        responder.send({});
    });
    serve(370, [this](net::Request& request) {
        const TakenRequest taken = take(request);
        wire::RecallAnswer answer;
        answer.msg_id = "RECALLED";
        request.ok(answer);
    });
    start();
}

ScriptedBroker::~ScriptedBroker() {
    go_on();
    {
        MutexLock lock(mutex_);
        for (auto& [responder, taken] : held_) responder.drop();
        held_.clear();
        client_.reset();
    }
    shut_down();
}

void ScriptedBroker::script(std::vector<std::int32_t> acts) {
    MutexLock lock(mutex_);
    acts_.insert(acts_.end(), acts.begin(), acts.end());
}

TakenRequest ScriptedBroker::take(net::Request& request) {
    TakenRequest taken;
    taken.code = request.code();
    taken.body = request.body();
    taken.remark = request.command().remark;
    for (const ExtField& field : request.command().fields.rows())
        taken.fields[std::string(field.key)] = field.value;
    MutexLock lock(mutex_);
    taken_.push_back(taken);
    return taken;
}

void ScriptedBroker::on_sending(net::Request& request) {
    stalls_.wait(true);
    const TakenRequest taken = take(request);
    std::int32_t act = otherwise_;
    {
        MutexLock lock(mutex_);
        if (!acts_.empty()) {
            act = acts_.front();
            acts_.pop_front();
        }
    }
    if (act == kSwallow) return request.no_answer();
    if (act == kCut) {
        request.no_answer();
        return request.connection().post([](net::Connection& self) { self.close("the test"); });
    }
    if (act != 0 && (act < 10 || act > 12))
        return request.refuse(static_cast<wire::ResponseCode>(act), "as the test wanted");
    net::Responder responder = request.defer();
    if (holds_) {
        MutexLock lock(mutex_);
        held_.emplace_back(std::move(responder), taken);
        return;
    }
    TakenRequest with_code = taken;
    with_code.code = act;
    answer(responder, with_code);
}

void ScriptedBroker::answer(net::Responder& responder, const TakenRequest& taken) {
    std::int64_t count = 1;
    std::string id = "7F00000100002A9F00000000000003E8";
    if (taken.field("m") == "true") {
        const auto items = model::split_batch(taken.body);
        KX_ASSERT(items.has_value(), "{}", items.error().text);
        count = static_cast<std::int64_t>(items->size());
        id.clear();
        for (std::int64_t i = 0; i < count; ++i)
            id += fmt::format("{}7F00000100002A9F{:016X}", i == 0 ? "" : ",", 1000 + i);
    }
    const std::string queue = taken.field("e");
    wire::SendAnswer header;
    header.msg_id = id;
    header.queue_id = std::atoi(queue.c_str());
    std::vector<std::pair<std::string, std::string>> more;
    {
        MutexLock lock(mutex_);
        header.queue_offset = next_offset_[taken.field("b") + "/" + queue];
        next_offset_[taken.field("b") + "/" + queue] += count;
        more = more_fields_;
    }
    std::vector<ExtField> extra;
    for (const auto& [name, value] : more) extra.push_back({name, value});
    net::Reply reply;
    reply.code = static_cast<wire::ResponseCode>(is_send(taken.code) ? 0 : taken.code);
    reply.extra = extra;
    responder.send(reply.with(header));
}

void ScriptedBroker::release() {
    holds_ = false;
    std::vector<std::pair<net::Responder, TakenRequest>> held;
    {
        MutexLock lock(mutex_);
        held.swap(held_);
    }
    for (auto& [responder, taken] : held) answer(responder, taken);
}

std::vector<TakenRequest> ScriptedBroker::taken(std::int32_t code) const {
    MutexLock lock(mutex_);
    std::vector<TakenRequest> matching;
    for (const TakenRequest& one : taken_)
        if (code == 0 ? is_send(one.code) : one.code == code) matching.push_back(one);
    return matching;
}

void ScriptedBroker::answer_with(std::vector<std::pair<std::string, std::string>> fields) {
    MutexLock lock(mutex_);
    more_fields_ = std::move(fields);
}

std::int32_t ScriptedBroker::ask_client(std::int32_t code,
                                        std::vector<std::pair<std::string, std::string>> fields,
                                        std::string body, bool oneway) {
    net::ConnectionPtr client;
    {
        MutexLock lock(mutex_);
        client = client_;
    }
    if (client == nullptr) return -1;
    auto answered = std::make_shared<std::promise<std::int32_t>>();
    auto future = answered->get_future();
    client->post([code, oneway, answered, fields = std::move(fields),
                  body = Slice::own(std::move(body))](net::Connection& to) {
        std::vector<ExtField> extra;
        for (const auto& [name, value] : fields) extra.push_back({name, value});
        wire::HeaderParts parts;
        parts.code = code;
        parts.extra = extra;
        if (oneway) {
            (void)to.call_oneway(parts, std::span(&body, 1));
            return answered->set_value(0);
        }
        to.call(parts, std::span(&body, 1), 3000, [answered](Result<const wire::Command*> answer) {
            answered->set_value(answer ? (*answer)->code : -1);
        });
    });
    if (future.wait_for(std::chrono::seconds(5)) != std::future_status::ready) return -1;
    return future.get();
}

SendRig::SendRig(kerolox::ClientOptions options) {
    names.add_route("T", a.name(), a.address(), 2);
    names.add_route("T", b.name(), b.address(), 2);
    options.name_servers(names.address());
    auto made = kerolox::Client::create(options);
    KX_ASSERT(made.has_value(), "{}", made.error().describe());
    client = std::move(made).value();
}

kerolox::Producer SendRig::producer(const kerolox::ProducerOptions& options) const {
    auto made = client->producer(options);
    KX_ASSERT(made.has_value(), "{}", made.error().describe());
    return std::move(made).value();
}

std::vector<TakenRequest> SendRig::sends() const {
    std::vector<TakenRequest> all = a.taken();
    const std::vector<TakenRequest> more = b.taken();
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::int64_t now_ms() { return system_clock().steady_ms(); }

std::int64_t ms_since(std::int64_t begun_ms) { return now_ms() - begun_ms; }

bool comes_true(const std::function<bool()>& condition, int timeout_ms) {
    const std::int64_t begun = now_ms();
    while (!condition()) {
        if (ms_since(begun) > timeout_ms) return false;
        ::poll(nullptr, 0, 2);
    }
    return true;
}

}  // namespace kx::client
