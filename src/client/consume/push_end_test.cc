// SPDX-License-Identifier: Apache-2.0
//
// What is left when the last handle of a consumer's client goes.
#include <gtest/gtest.h>

#include <optional>

#include "client/consume/push_world.h"
#include "client/core/core_world.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::PushOptions;

TEST(PushEnd, TheClientEndsWithTheLastHandleAlthoughABrokerHoldsPulls) {
    FakeNameServer names;
    FakeGroupBroker broker("b");
    names.add_route("T", "b", broker.address(), 2);
    std::optional<kerolox::Client> client(
        kerolox::Client::create(testing::options_for(names.address())).value());
    const std::weak_ptr<ClientCore> watched = Access::core_as<ClientLease>(*client).core;
    std::optional<kerolox::PushConsumer> consumer(
        client
            ->push_consumer(PushOptions("G").subscribe("T").on_messages(
                [](const MessageBatch&) { return ConsumeResult::success(); }))
            .value());
    ASSERT_TRUE(becomes_true([&] { return broker.pull_offsets().size() >= 2; }));
    client.reset();
    const std::int64_t began = system_clock().steady_ms();
    consumer.reset();
    EXPECT_TRUE(watched.expired()) << "nothing of it runs when the destructor returned";
    EXPECT_LT(system_clock().steady_ms() - began, 2'000);
}

}  // namespace
}  // namespace kx::client
