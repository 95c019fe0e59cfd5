// SPDX-License-Identifier: Apache-2.0
#include "client/consume/consumer_parts.h"

#include <algorithm>

#include "base/config_table.h"
#include "model/names.h"
#include "model/validators.h"
#include "net/request.h"
#include "wire/bodies/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kCheckClientConfig = 46;

/// What an interceptor throws is its own matter.
template <class Call>
void guarded(const ClientCore& core, Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        core.log(kerolox::LogLevel::warn, "consumer", "an interceptor threw: {}", error.what());
    } catch (...) {
        core.log(kerolox::LogLevel::warn, "consumer", "an interceptor threw");
    }
}

}  // namespace

ModelChoice choice_of(kerolox::GroupModel model) {
    return model == kerolox::GroupModel::clustering ? ModelChoice::kClustering
                                                    : ModelChoice::kBroadcasting;
}

StartChoice choice_of(kerolox::StartFrom from) {
    switch (from) {
        case kerolox::StartFrom::last: return StartChoice::kLast;
        case kerolox::StartFrom::first: return StartChoice::kFirst;
        case kerolox::StartFrom::timestamp: return StartChoice::kTimestamp;
    }
    return StartChoice::kLast;
}

void check_consumer_group(const std::string& group, Problems& problems) {
    if (const auto valid = model::validate_group(group); !valid)
        problems.push_back({"consumerGroup", group, valid.error().text});
    if (group == model::kDefaultConsumerGroup) {
        problems.push_back(
            {"consumerGroup", group,
             "consumerGroup can not equal DEFAULT_CONSUMER, please specify another one."});
    }
}

std::unique_ptr<OffsetTable> make_offsets(ClientCore& core, const std::string& group,
                                          ModelChoice model,
                                          const std::shared_ptr<kerolox::OffsetStore>& store) {
    if (store) return OffsetTable::custom(core, group, store);
    if (model == ModelChoice::kBroadcasting)
        return OffsetTable::local(core, group, core.config().local_offset_store_dir);
    return OffsetTable::remote(core, group);
}

wire::ConsumerData active_consumer(std::string group, ModelChoice model, bool unit_mode,
                                   std::vector<wire::SubscriptionData> subscriptions) {
    wire::ConsumerData data;
    data.consume_from_where = wire::ConsumeFromWhere::kLastOffset;
    data.consume_type = wire::ConsumeType::kActively;
    data.group_name = std::move(group);
    data.message_model = model == ModelChoice::kClustering ? wire::MessageModel::kClustering
                                                           : wire::MessageModel::kBroadcasting;
    data.subscription_data_set = std::move(subscriptions);
    data.unit_mode = unit_mode;
    return data;
}

void tell_interceptors(const ClientCore& core, std::string_view group,
                       const kerolox::MessageBatch& batch) {
    if (core.settings().interceptors.empty() || batch.empty()) return;
    kerolox::ConsumeContext context{core.user_name(group), batch, false, {}, {}};
    for (const auto& one : core.settings().interceptors)
        guarded(core, [&] { one->before_consume(context); });
    context.success = true;
    context.outcome = "SUCCESS";
    for (const auto& one : core.settings().interceptors)
        guarded(core, [&] { one->after_consume(context); });
}

void refuse_direct_consumption(std::string_view group, net::Responder responder) {
    responder.refuse(wire::ResponseCode::kSystemError,
                     fmt::format("The Consumer Group <{}> not exist in this consumer", group));
}

std::vector<std::pair<std::string, std::string>> snapshot_properties(
    std::span<const ConfigRow> rows, const void* config, std::int64_t started_ms) {
    std::vector<std::pair<std::string, std::string>> properties;
    for (const ConfigRow& row : rows)
        properties.emplace_back(row.name, row.secret ? "***" : value_text(row, config));
    properties.emplace_back("PROP_CONSUME_TYPE", "CONSUME_ACTIVELY");
    properties.emplace_back("PROP_CONSUMER_START_TIMESTAMP", std::to_string(started_ms));
    return properties;
}

kerolox::Queue wire_queue(const ClientCore& core, kerolox::Queue queue) {
    queue.topic = core.wire_name(queue.topic);
    return queue;
}

kerolox::Queue user_queue(const ClientCore& core, kerolox::Queue queue) {
    queue.topic = std::string(core.user_name(queue.topic));
    return queue;
}

Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> readable_queues_of(ClientCore& core,
                                                                           std::string topic) {
    const auto route = co_await core.routes().refresh(core.wire_name(topic), RouteUse::kRead);
    if (!route) co_return route.error();
    std::vector<kerolox::Queue> queues;
    for (const RouteQueue& queue : (*route)->subscribe)
        queues.push_back({topic, (*route)->brokers[queue.broker].name, queue.id});
    std::ranges::sort(queues);
    co_return queues;
}

Awaitable<kerolox::Status> check_filter(ClientCore& core, std::string group,
                                        wire::SubscriptionData subscription) {
    if (subscription.is_tag_type()) co_return kerolox::Status();
    const auto route = co_await core.routes().get(subscription.topic, RouteUse::kRead);
    // Whoever subscribes before the topic exists hears of a bad filter when he pulls.
    if (!route || (*route)->brokers.empty()) co_return kerolox::Status();
    wire::CheckClient body;
    body.client_id = core.id();
    body.group = std::move(group);
    body.subscription_data = subscription;
    const std::string address = (*route)->brokers.front().address_or_nearest(0);
    const auto answer = co_await core.call_ok(address, net::Call(kCheckClientConfig, to_json(body)),
                                              core.config().mq_client_api_timeout);
    if (answer) co_return kerolox::Status();
    if (answer.error().kind() == kerolox::ErrorKind::broker) {
        co_return client_error(std::string(answer.error().text()), answer.error().code());
    }
    kerolox::Error::Detail detail;
    detail.kind = kerolox::ErrorKind::client;
    detail.text = fmt::format(
        "Check client in broker error, maybe because you use {} to filter message, but server has "
        "not been upgraded to support!",
        subscription.expression_type);
    detail.peer = address;
    detail.cause = answer.error();
    co_return kerolox::Error(std::move(detail));
}

void Waits::end() {
    state_->ended = true;
    const auto interrupts = std::exchange(state_->interrupts, {});
    for (const auto& [id, interrupt] : interrupts) interrupt();
}

}  // namespace kx::client
