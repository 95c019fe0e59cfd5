// SPDX-License-Identifier: Apache-2.0
//
// What the consumers that ask for messages (pull, lite pull, pop) have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/consume/offset_table.h"
#include "client/core/client_core.h"
#include "client/core/option_table.h"
#include "kerolox/consumer.hpp"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

/// In the order of their names in the key tables.
enum class ModelChoice : int { kClustering, kBroadcasting };
enum class StartChoice : int { kLast, kFirst, kTimestamp };

ModelChoice choice_of(kerolox::GroupModel model);
StartChoice choice_of(kerolox::StartFrom from);

/// RocketMQ's rules for a consumer's group.
void check_consumer_group(const std::string& group, Problems& problems);

/// Where a group of this model keeps its offsets; `store` instead, if there is one.
std::unique_ptr<OffsetTable> make_offsets(ClientCore& core, const std::string& group,
                                          ModelChoice model,
                                          const std::shared_ptr<kerolox::OffsetStore>& store);

/// A consumer that asks for its messages, as heartbeats tell of it.
wire::ConsumerData active_consumer(std::string group, ModelChoice model, bool unit_mode,
                                   std::vector<wire::SubscriptionData> subscriptions);

/// Interceptors see messages that are handed over: what comes of them is not ours to know.
void tell_interceptors(const ClientCore& core, std::string_view group,
                       const kerolox::MessageBatch& batch);

/// Only push consumers have a listener to run.
void refuse_direct_consumption(std::string_view group, net::Responder responder);

/// Every key with its value, and what RocketMQ's tools expect beside them.
std::vector<std::pair<std::string, std::string>> snapshot_properties(
    std::span<const ConfigRow> rows, const void* config, std::int64_t started_ms);

kerolox::Queue wire_queue(const ClientCore& core, kerolox::Queue queue);
kerolox::Queue user_queue(const ClientCore& core, kerolox::Queue queue);

/// The readable queues of a topic, asked for anew; sorted, named as the application names them.
Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> readable_queues_of(ClientCore& core,
                                                                           std::string topic);

/// CHECK_CLIENT_CONFIG 46: whether a broker can use a filter that is not made of tags.
Awaitable<kerolox::Status> check_filter(ClientCore& core, std::string group,
                                        wire::SubscriptionData subscription);

/// Waits that end with their consumer, although a broker may answer long after. Home thread.
class Waits {
public:
    /// What `work` gives, or `closed` when end() is called first; the work goes on unheard then, so
    /// it must own what it needs.
    template <class T>
    Awaitable<kerolox::Result<T>> until_end(ClientCore& core, Awaitable<kerolox::Result<T>> work);
    void end();

private:
    struct State {
        bool ended = false;
        std::uint64_t last = 0;
        std::map<std::uint64_t, std::function<void()>> interrupts{};
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

template <class T>
Awaitable<kerolox::Result<T>> Waits::until_end(ClientCore& core,
                                               Awaitable<kerolox::Result<T>> work) {
    using Outcome = kerolox::Result<T>;
    using Done = std::function<void(Outcome)>;
    if (state_->ended) co_return closed_error("consumer");
    const std::uint64_t id = ++state_->last;
    auto run = [](std::shared_ptr<State> state, std::uint64_t own, Awaitable<Outcome> inner,
                  Done done) -> Awaitable<void> {
        Outcome outcome = co_await std::move(inner);
        if (state->interrupts.erase(own) > 0) done(std::move(outcome));
    };
    co_return co_await awaiting<Outcome>([&](Done done) {
        state_->interrupts[id] = [done] { done(Outcome(closed_error("consumer"))); };
        core.spawn(run(state_, id, std::move(work), done));
    });
}

}  // namespace kx::client
