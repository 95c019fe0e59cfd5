// SPDX-License-Identifier: Apache-2.0
//
// Offsets that brokers keep, or an application's own store; and what brokers tell about queues.
#include "client/consume/offset_table.h"
#include "wire/requests/offsets.h"

namespace kx::client {
namespace {

constexpr std::int32_t kReadGroupOffset = 14;
constexpr std::int32_t kWriteGroupOffset = 15;
constexpr std::int32_t kSearchOffsetByTime = 29;
constexpr std::int32_t kAskMaxOffset = 30;
constexpr std::int32_t kAskMinOffset = 31;
constexpr std::int64_t kOffsetTimeoutMs = 5'000;

using Offset = kerolox::Result<std::int64_t>;

/// The master's address, else anybody's of the broker; asks for the route once.
Awaitable<kerolox::Result<std::string>> address_for(ClientCore& core, kerolox::Queue queue,
                                                    bool only_master) {
    std::string address = core.routes().address_to_read(queue.broker, 0, only_master);
    if (address.empty()) {
        const auto route = co_await core.routes().refresh(queue.topic, RouteUse::kRead);
        if (!route) co_return route.error();
        address = core.routes().address_to_read(queue.broker, 0, only_master);
    }
    if (address.empty()) {
        co_return client_error(fmt::format("The broker[{}] not exist", queue.broker),
                               kBrokerNotExist);
    }
    co_return address;
}

net::Call with_broker(net::Call call, const kerolox::Queue& queue) {
    call.fields.emplace_back("bname", queue.broker);
    return call;
}

net::Call update_of(const std::string& group, const kerolox::Queue& queue, std::int64_t offset) {
    wire::UpdateConsumerOffset header;
    header.consumer_group = group;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    header.commit_offset = offset;
    return with_broker(net::Call(kWriteGroupOffset, header), queue);
}

Awaitable<Offset> ask_offset(ClientCore& core, kerolox::Queue queue, net::Call call) {
    const auto address = co_await address_for(core, queue, true);
    if (!address) co_return address.error();
    const auto answer =
        co_await core.call_ok(*address, std::move(call), core.config().mq_client_api_timeout);
    if (!answer) co_return answer.error();
    const auto header = answer->header<wire::OffsetAnswer>();
    if (!header) co_return local_error(header.error());
    co_return header->offset;
}

class RemoteOffsets final : public OffsetTable {
public:
    RemoteOffsets(ClientCore& core, std::string group) : core_(core), group_(std::move(group)) {}

    Awaitable<kerolox::Status> persist(std::set<kerolox::Queue> queues) override {
        if (queues.empty()) co_return kerolox::Status();
        const auto kept = keep_only(queues);
        kerolox::Status worst;
        for (const kerolox::QueueOffset& one : kept) {
            const auto address = co_await address_for(core_, one.queue, false);
            if (address) {
                core_.call_oneway(*address, update_of(group_, one.queue, one.offset));
            } else {
                worst = address.error();
            }
        }
        co_return worst;
    }
    Awaitable<kerolox::Status> write(kerolox::Queue queue, std::int64_t offset,
                                     std::int64_t timeout_ms) override {
        const auto address = co_await address_for(core_, queue, false);
        if (!address) co_return address.error();
        const auto answer =
            co_await core_.call_ok(*address, update_of(group_, queue, offset), timeout_ms);
        if (!answer) co_return answer.error();
        co_return kerolox::Status();
    }

private:
    Awaitable<Read> read_stored(kerolox::Queue queue) override {
        return query_committed(core_, group_, std::move(queue));
    }

    ClientCore& core_;
    const std::string group_;
};

/// The application's store knows topics and group by their own names.
class CustomOffsets final : public OffsetTable {
public:
    CustomOffsets(ClientCore& core, std::string group, std::shared_ptr<kerolox::OffsetStore> store)
        : core_(core), group_(core.user_name(group)), store_(std::move(store)) {}

    Awaitable<kerolox::Status> persist(std::set<kerolox::Queue> queues) override {
        if (queues.empty()) co_return kerolox::Status();
        std::vector<kerolox::QueueOffset> kept = keep_only(queues);
        for (kerolox::QueueOffset& one : kept) one.queue = shown(std::move(one.queue));
        if (kept.empty()) co_return kerolox::Status();
        co_return co_await write_all(std::move(kept));
    }
    Awaitable<kerolox::Status> write(kerolox::Queue queue, std::int64_t offset,
                                     std::int64_t) override {
        std::vector<kerolox::QueueOffset> one{{shown(std::move(queue)), offset}};
        return write_all(std::move(one));
    }

private:
    kerolox::Queue shown(kerolox::Queue queue) const {
        queue.topic = std::string(core_.user_name(queue.topic));
        return queue;
    }
    Awaitable<kerolox::Status> write_all(std::vector<kerolox::QueueOffset> offsets) {
        return awaiting<kerolox::Status>([this, offsets = std::move(offsets)](auto done) {
            try {
                store_->write(group_, offsets, done);
            } catch (...) {
                done(client_error("the offset store threw"));
            }
        });
    }
    Awaitable<Read> read_stored(kerolox::Queue queue) override {
        return awaiting<Read>([this, queue = shown(std::move(queue))](auto done) {
            try {
                store_->read(group_, queue,
                             [done](kerolox::Result<std::optional<std::int64_t>> stored) {
                                 if (!stored) return done(stored.error());
                                 done(stored.value().value_or(-1));
                             });
            } catch (...) {
                done(client_error("the offset store threw"));
            }
        });
    }

    ClientCore& core_;
    const std::string group_;
    const std::shared_ptr<kerolox::OffsetStore> store_;
};

}  // namespace

std::unique_ptr<OffsetTable> OffsetTable::remote(ClientCore& core, std::string group) {
    return std::make_unique<RemoteOffsets>(core, std::move(group));
}
std::unique_ptr<OffsetTable> OffsetTable::custom(ClientCore& core, std::string group,
                                                 std::shared_ptr<kerolox::OffsetStore> store) {
    return std::make_unique<CustomOffsets>(core, std::move(group), std::move(store));
}

Awaitable<Offset> query_max_offset(ClientCore& core, kerolox::Queue queue) {
    wire::QueueOfTopic header;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    net::Call call = with_broker(net::Call(kAskMaxOffset, header), queue);
    co_return co_await ask_offset(core, std::move(queue), std::move(call));
}

Awaitable<Offset> query_min_offset(ClientCore& core, kerolox::Queue queue) {
    wire::QueueOfTopic header;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    net::Call call = with_broker(net::Call(kAskMinOffset, header), queue);
    co_return co_await ask_offset(core, std::move(queue), std::move(call));
}

Awaitable<Offset> query_offset_at(ClientCore& core, kerolox::Queue queue, std::int64_t time_ms) {
    wire::SearchOffset header;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    header.timestamp = time_ms;
    net::Call call = with_broker(net::Call(kSearchOffsetByTime, header), queue);
    co_return co_await ask_offset(core, std::move(queue), std::move(call));
}

Awaitable<Offset> query_committed(ClientCore& core, std::string group, kerolox::Queue queue) {
    const auto address = co_await address_for(core, queue, false);
    if (!address) co_return address.error();
    wire::QueryConsumerOffset header;
    header.consumer_group = group;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    const auto answer = co_await core.call(
        *address, with_broker(net::Call(kReadGroupOffset, header), queue), kOffsetTimeoutMs);
    if (!answer) co_return answer.error();
    if (answer->code == wire::ResponseCode::kQueryNotFound) co_return -1;
    if (!answer->ok()) {
        co_return broker_error(static_cast<std::int32_t>(answer->code), answer->remark, *address);
    }
    const auto offset = answer->header<wire::OffsetAnswer>();
    if (!offset) co_return local_error(offset.error());
    co_return offset->offset;
}

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
OffsetStore::~OffsetStore() = default;
}  // namespace v1
}  // namespace kerolox
