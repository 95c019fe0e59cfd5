// SPDX-License-Identifier: Apache-2.0
//
// Sends whose topic is being created, by connection and topic, in the order in which they came:
// what a client pipelines to one queue is stored in that order, also when its first message makes
// the topic. Whoever comes to an empty line has the topic created; the others follow behind.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/sync.h"
#include "net/request.h"

namespace kx::broker {

class NewTopicSends {
public:
    struct Waiting {
        net::Responder later;
        std::uint64_t connection_id = 0;
        std::string frame;
        std::string topic;
        std::string default_topic;
        std::int32_t queue_nums = 0;
        bool unit_mode = false;
    };
    using WaitingPtr = std::shared_ptr<Waiting>;

    /// Whether a send of this connection to this topic has to stand in line.
    bool has(std::uint64_t connection_id, std::string_view topic) const {
        if (count_.load(std::memory_order_relaxed) == 0) return false;  // nearly always
        MutexLock lock(mutex_);
        return lines_.contains({connection_id, std::string(topic)});
    }

    /// True when nobody is in front.
    bool add(const WaitingPtr& waiting) {
        count_.fetch_add(1, std::memory_order_relaxed);
        MutexLock lock(mutex_);
        auto& line = lines_[{waiting->connection_id, waiting->topic}];
        line.push_back(waiting);
        return line.size() == 1;
    }

    /// Takes the first of the line out; returns who stands there now, or null.
    WaitingPtr next_after(const Waiting& first) {
        count_.fetch_sub(1, std::memory_order_relaxed);
        MutexLock lock(mutex_);
        const auto line = lines_.find({first.connection_id, first.topic});
        line->second.pop_front();
        if (!line->second.empty()) return line->second.front();
        lines_.erase(line);
        return nullptr;
    }

private:
    /// Of all lines. A line is only ever used by its connection's io thread, which sees its own
    /// additions; the lock is for the lines of others.
    std::atomic<std::int64_t> count_{0};
    mutable Mutex mutex_;
    absl::flat_hash_map<std::pair<std::uint64_t, std::string>, std::deque<WaitingPtr>> lines_
        KX_GUARDED_BY(mutex_);
};

}  // namespace kx::broker
