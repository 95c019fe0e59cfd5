// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pull_core.h"
#include "client/core/access.h"
#include "client/core/last_handle.h"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::ClientLease;
using kx::client::PullCore;

namespace {

PullCore& pull_core_of(const PullConsumer& consumer) { return Access::core_as<PullCore>(consumer); }

std::int64_t to_ms(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<PullConsumer> Client::pull_consumer(const PullOptions& options) const {
    auto lease = std::static_pointer_cast<ClientLease>(core_);
    if (Status status = lease->core->usable(); !status) return status.error();
    if (Status valid = kx::client::as_status(options.validate()); !valid) return valid.error();
    auto core = PullCore::create(std::move(lease), *Access::settings(options));
    if (!core) return core.error();
    auto consumer = Access::make<PullConsumer>();
    Access::core(consumer) = std::move(core).value();
    return consumer;
}

PullConsumer::PullConsumer() noexcept = default;
PullConsumer::PullConsumer(PullConsumer&&) noexcept = default;
PullConsumer& PullConsumer::operator=(PullConsumer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
PullConsumer::~PullConsumer() {
    if (core_ == nullptr) return;
    PullCore& core = pull_core_of(*this);
    kx::client::close_and_let_go(core_, core);
}

Async<PullResult> PullConsumer::pull(PullRequest request) {
    return pull_core_of(*this).pull(std::move(request));
}
Async<std::vector<Queue>> PullConsumer::queues(std::string topic) {
    return pull_core_of(*this).queues(std::move(topic));
}
Async<std::int64_t> PullConsumer::committed(Queue queue) {
    return pull_core_of(*this).committed(std::move(queue));
}
Async<void> PullConsumer::commit(Queue queue, std::int64_t offset) {
    return pull_core_of(*this).commit(std::move(queue), offset);
}
Async<std::int64_t> PullConsumer::min_offset(Queue queue) {
    return pull_core_of(*this).min_offset(std::move(queue));
}
Async<std::int64_t> PullConsumer::max_offset(Queue queue) {
    return pull_core_of(*this).max_offset(std::move(queue));
}
Async<std::int64_t> PullConsumer::offset_for_time(Queue queue,
                                                  std::chrono::system_clock::time_point time) {
    return pull_core_of(*this).offset_at(std::move(queue), to_ms(time));
}
Async<void> PullConsumer::send_back(const MessageView& message, int delay_level) {
    return pull_core_of(*this).send_back(message, delay_level);
}
Async<void> PullConsumer::close(std::chrono::milliseconds grace) {
    return pull_core_of(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
