// SPDX-License-Identifier: Apache-2.0
#include "client/consume/lite_core.h"
#include "client/core/access.h"
#include "client/core/last_handle.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::ClientLease;
using kx::client::LiteCore;

namespace {

LiteCore& lite_core_of(const LitePullConsumer& consumer) {
    return Access::core_as<LiteCore>(consumer);
}

std::int64_t lite_ms(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<LitePullConsumer> Client::lite_pull_consumer(const LitePullOptions& options) const {
    auto lease = std::static_pointer_cast<ClientLease>(core_);
    if (Status status = lease->core->usable(); !status) return status.error();
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = LiteCore::create(std::move(lease), *Access::settings(options));
    if (!core) return core.error();
    auto consumer = Access::make<LitePullConsumer>();
    Access::core(consumer) = std::move(core).value();
    return consumer;
}

LitePullConsumer::LitePullConsumer() noexcept = default;
LitePullConsumer::LitePullConsumer(LitePullConsumer&&) noexcept = default;
LitePullConsumer& LitePullConsumer::operator=(LitePullConsumer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
LitePullConsumer::~LitePullConsumer() {
    if (core_ == nullptr) return;
    LiteCore& core = lite_core_of(*this);
    kx::client::close_and_let_go(core_, core);
}

Status LitePullConsumer::subscribe(std::string topic, Filter filter) {
    return lite_core_of(*this).subscribe(topic, filter);
}
Status LitePullConsumer::unsubscribe(std::string_view topic) {
    return lite_core_of(*this).unsubscribe(topic);
}
Status LitePullConsumer::assign(std::vector<Queue> queues, Filter filter) {
    return lite_core_of(*this).assign(queues, filter);
}
std::vector<Queue> LitePullConsumer::assignment() const { return lite_core_of(*this).assignment(); }
Async<MessageBatch> LitePullConsumer::poll(std::chrono::milliseconds time) {
    return lite_core_of(*this).poll(time);
}
Async<void> LitePullConsumer::seek(Queue queue, std::int64_t offset) {
    return lite_core_of(*this).seek(std::move(queue), offset);
}
Async<void> LitePullConsumer::seek_to_begin(Queue queue) {
    return lite_core_of(*this).seek(std::move(queue), LiteCore::End::kBegin);
}
Async<void> LitePullConsumer::seek_to_end(Queue queue) {
    return lite_core_of(*this).seek(std::move(queue), LiteCore::End::kEnd);
}
Async<std::int64_t> LitePullConsumer::offset_for_time(Queue queue,
                                                      std::chrono::system_clock::time_point time) {
    return lite_core_of(*this).offset_at(std::move(queue), lite_ms(time));
}
Async<std::int64_t> LitePullConsumer::committed(Queue queue) {
    return lite_core_of(*this).committed(std::move(queue));
}
Async<std::vector<Queue>> LitePullConsumer::queues(std::string topic) {
    return lite_core_of(*this).queues(std::move(topic));
}
Async<void> LitePullConsumer::commit() { return lite_core_of(*this).commit(); }
Async<void> LitePullConsumer::commit(std::vector<QueueOffset> offsets, bool persist_now) {
    return lite_core_of(*this).commit(std::move(offsets), persist_now);
}
void LitePullConsumer::pause(const std::vector<Queue>& queues) {
    lite_core_of(*this).pause(queues, true);
}
void LitePullConsumer::resume(const std::vector<Queue>& queues) {
    lite_core_of(*this).pause(queues, false);
}
ConsumerSnapshot LitePullConsumer::snapshot() const { return lite_core_of(*this).snapshot(); }
Async<void> LitePullConsumer::close(std::chrono::milliseconds grace) {
    return lite_core_of(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
