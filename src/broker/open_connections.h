// SPDX-License-Identifier: Apache-2.0
//
// The connections that the broker's ports accepted, so that a stop can close them while other
// servers of the process go on.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <vector>

#include "base/sync.h"
#include "net/connection.h"

namespace kx::broker {

class OpenConnections {
public:
    void add(net::Connection& connection) {
        MutexLock lock(mutex_);
        open_[connection.id()] = connection.weak_from_this();
    }
    void remove(std::uint64_t id) {
        MutexLock lock(mutex_);
        open_.erase(id);
    }
    std::vector<net::ConnectionPtr> all() const {
        std::vector<net::ConnectionPtr> open;
        MutexLock lock(mutex_);
        for (const auto& entry : open_)
            if (auto connection = entry.second.lock()) open.push_back(std::move(connection));
        return open;
    }

private:
    mutable Mutex mutex_;
    absl::flat_hash_map<std::uint64_t, std::weak_ptr<net::Connection>> open_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::broker
