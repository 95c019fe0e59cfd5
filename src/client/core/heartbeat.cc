// SPDX-License-Identifier: Apache-2.0
#include "client/core/heartbeat.h"

#include "client/core/client_core.h"
#include "model/java_hash.h"
#include "wire/requests/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kHeartBeat = 34;

/// What stays the same while nobody subscribes anew (client.md 7, V2).
std::int32_t fingerprint_of(wire::HeartbeatData data) {
    data.client_id.clear();
    data.heartbeat_fingerprint = 0;
    for (wire::ConsumerData& consumer : data.consumer_data_set)
        for (wire::SubscriptionData& subscription : consumer.subscription_data_set)
            subscription.sub_version = 0;
    const std::int32_t hash = model::java_hash(to_json(data));
    return hash == 0 ? 1 : hash;
}

/// Marks that something is under way, however it ends.
class UnderWay {
public:
    explicit UnderWay(bool& flag) : flag_(flag) { flag_ = true; }
    ~UnderWay() { flag_ = false; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

private:
    bool& flag_;
};

wire::HeartbeatData without_subscriptions(wire::HeartbeatData data) {
    for (wire::ConsumerData& consumer : data.consumer_data_set)
        consumer.subscription_data_set.clear();
    data.without_sub = true;
    return data;
}

}  // namespace

wire::HeartbeatData Heartbeat::data() const {
    wire::HeartbeatData data;
    data.client_id = core_.id();
    for (const auto& member : core_.members()) member->add_to_heartbeat(data);
    return data;
}

Awaitable<bool> Heartbeat::to_all() {
    if (under_way_) co_return false;
    const wire::HeartbeatData beat = data();
    if (beat.consumer_data_set.empty() && beat.producer_data_set.empty()) co_return false;
    const UnderWay guard(under_way_);
    // Side by side: a broker that has stalled holds up no beat but its own.
    const auto answered = std::make_shared<bool>(false);
    std::vector<Awaitable<void>> beats;
    for (const auto& [name, addresses] : core_.routes().brokers()) {
        for (const auto& [id, address] : addresses) {
            if (id == 0 || !beat.consumer_data_set.empty())
                beats.push_back(note(answered, send(address, beat)));
        }
    }
    co_await core_.all_of(std::move(beats));
    co_return *answered;
}

Awaitable<void> Heartbeat::note(std::shared_ptr<bool> answered, Awaitable<bool> beat) {
    if (co_await std::move(beat)) *answered = true;
}

Awaitable<bool> Heartbeat::to_one(std::string address) {
    const wire::HeartbeatData beat = data();
    if (beat.consumer_data_set.empty() && beat.producer_data_set.empty()) co_return false;
    co_return co_await send(std::move(address), beat);
}

Awaitable<bool> Heartbeat::send(std::string address, wire::HeartbeatData beat) {
    const std::int32_t fingerprint = core_.config().use_heartbeat_v2 ? fingerprint_of(beat) : 0;
    if (fingerprint != 0) {
        beat.heartbeat_fingerprint = fingerprint;
        const auto known = fingerprints_.find(address);
        if (known != fingerprints_.end() && known->second == fingerprint)
            beat = without_subscriptions(std::move(beat));
    }
    const auto answer = co_await core_.call(address, net::Call(kHeartBeat, to_json(beat)),
                                            core_.config().mq_client_api_timeout);
    if (!answer || !answer->ok()) {
        core_.log(kerolox::LogLevel::info, "client", "heartbeat to {} failed: {}", address,
                  answer ? answer->remark : answer.error().describe());
        co_return false;
    }
    core_.routes().set_version(address, answer->version);
    fingerprints_.erase(address);
    const auto header = answer->header<wire::HeartbeatAnswer>();
    if (fingerprint != 0 && header && header->supports_v2 &&
        (!header->sub_change || !beat.without_sub)) {
        fingerprints_[address] = fingerprint;
    }
    co_return true;
}

Awaitable<void> Heartbeat::keep() {
    constexpr std::int64_t kFirstMs = 1'000;
    std::int64_t pause = std::min<std::int64_t>(kFirstMs, core_.config().heartbeat_broker_interval);
    while (co_await core_.sleep(pause)) {
        pause = core_.config().heartbeat_broker_interval;
        core_.routes().drop_unused_brokers();
        co_await to_all();
    }
}

}  // namespace kx::client
