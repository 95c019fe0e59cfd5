// SPDX-License-Identifier: Apache-2.0
#include "client/consume/push_core.h"
#include "client/core/access.h"
#include "kerolox/consumer.hpp"

namespace kerolox {
inline namespace v1 {

using detail::Access;
using kx::client::PushCore;

namespace {

PushCore& push_core_of(const PushConsumer& consumer) { return Access::core_as<PushCore>(consumer); }

}  // namespace

PushConsumer::PushConsumer() noexcept = default;
PushConsumer::PushConsumer(PushConsumer&&) noexcept = default;
PushConsumer& PushConsumer::operator=(PushConsumer&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
}
PushConsumer::~PushConsumer() {
    if (core_ == nullptr) return;
    auto& core = push_core_of(*this);
    kx::client::wait_briefly(core.close(std::chrono::seconds(2)), core.client().runtime());
    const auto lease = core.give_up_lease();
    core_.reset();
}

Status PushConsumer::subscribe(std::string topic, Filter filter) {
    return push_core_of(*this).subscribe(std::move(topic), filter);
}
Status PushConsumer::unsubscribe(std::string_view topic) {
    return push_core_of(*this).unsubscribe(topic);
}
void PushConsumer::suspend() noexcept { push_core_of(*this).suspend(); }
void PushConsumer::resume() noexcept { push_core_of(*this).resume(); }
std::vector<Queue> PushConsumer::assignment() const { return push_core_of(*this).assignment(); }
ConsumerSnapshot PushConsumer::snapshot() const { return push_core_of(*this).snapshot(); }
Async<void> PushConsumer::close(std::chrono::milliseconds grace) {
    return push_core_of(*this).close(grace);
}

}  // namespace v1
}  // namespace kerolox
