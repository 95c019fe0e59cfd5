// SPDX-License-Identifier: Apache-2.0
//
// For tests of push consumers: one of them, and the fake group it works in.
#pragma once

#include <gtest/gtest.h>

#include "client/consume/fake_group.h"
#include "client/consume/push_core.h"

namespace kx::client {

inline PushPace quick_pace() {
    PushPace pace;
    pace.first_pull_ms = 20;
    pace.paused_ms = 20;
    pace.failure_ms = 20;
    pace.reset_ms = 50;
    pace.retry_ms = 30;
    pace.lock_all_ms = 100;
    pace.relock_ms = 30;
    pace.suspend_min_ms = 1;
    return pace;
}

/// What listeners saw.
class SeenMessages {
public:
    void add(const kerolox::MessageBatch& batch) {
        MutexLock lock(mutex_);
        for (const kerolox::MessageView& message : batch) bodies_.emplace_back(message.text());
    }
    std::vector<std::string> bodies() const {
        MutexLock lock(mutex_);
        return bodies_;
    }
    std::size_t count() const { return bodies().size(); }

private:
    mutable Mutex mutex_;
    std::vector<std::string> bodies_ KX_GUARDED_BY(mutex_);
};

/// A group "G" of one consumer that subscribes to "T".
struct PushWorld {
    explicit PushWorld(std::int32_t queues = 1,
                       const std::function<void(ClientCore::Settings&)>& adjust = {})
        : group(queues, adjust) {}
    ~PushWorld() { end(); }

    void start(kerolox::PushOptions options, const PushPace& pace = quick_pace()) {
        if (Access::settings(options)->subscriptions.empty()) options.subscribe("T");
        options.start_from(kerolox::StartFrom::first);
        const auto valid = as_status(options.validate());
        ASSERT_TRUE(valid) << valid.error().describe();
        auto made = PushCore::create(group.lease, *Access::settings(options), &pace);
        ASSERT_TRUE(made) << made.error().describe();
        core = std::move(made).value();
    }
    void end(std::chrono::milliseconds grace = std::chrono::seconds(5)) {
        if (core) EXPECT_TRUE(core->close(grace).get());
        core.reset();
    }
    void store(int count, std::int32_t queue = 0) {
        for (int i = 0; i < count; ++i)
            group.broker.store("T", queue, std::to_string(group.broker.bodies("T", queue).size()));
    }

    SeenMessages seen;
    FakeGroup group;
    std::shared_ptr<PushCore> core;
};

inline std::vector<std::string> numbers_below(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back(std::to_string(i));
    return all;
}

}  // namespace kx::client
