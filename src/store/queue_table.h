// SPDX-License-Identifier: Apache-2.0
//
// All consume queues of the store, by topic and queue id.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/sync.h"
#include "store/consume_queue.h"

namespace kx::store {

/// Thread-safe, but for load().
class QueueTable {
public:
    QueueTable(FileSystem& files, std::string root, std::int64_t queue_file_bytes);

    /// Finds the queues on disk and the end of each.
    Status load(bool clean_exit);

    QueuePtr find(std::string_view topic, std::int32_t queue_id) const;
    QueuePtr find_or_make(std::string_view topic, std::int32_t queue_id);
    std::vector<QueuePtr> all() const;
    /// Takes the topic's queues out and removes their files.
    void remove_topic(std::string_view topic);
    /// Frees removed queues that nobody can reach any more. `appended` must be read after this
    /// function was entered the last time, `dispatched` before.
    void free_removed(std::int64_t dispatched, std::int64_t appended);
    /// Whether entries of this topic may be kept here: a name that is a directory's name, and no
    /// batch queue of the Java broker.
    bool keeps(std::string_view topic) const;

private:
    using Key = std::pair<std::string, std::int32_t>;
    using KeyView = std::pair<std::string_view, std::int32_t>;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const KeyView& key) const { return absl::Hash<KeyView>{}(key); }
        std::size_t operator()(const Key& key) const {
            return (*this)(KeyView(key.first, key.second));
        }
    };
    struct Equal {
        using is_transparent = void;
        static KeyView view(const Key& key) { return {key.first, key.second}; }
        static KeyView view(const KeyView& key) { return key; }
        bool operator()(const auto& a, const auto& b) const { return view(a) == view(b); }
    };
    struct Removed {
        QueuePtr queue;
        std::int64_t free_at = -1;  ///< once dispatching got there
    };

    Status load_topic(const std::string& topic, bool clean_exit);
    QueuePtr make(std::string_view topic, std::int32_t queue_id) const;

    FileSystem& files_;
    const std::string directory_;
    const std::string batch_directory_;
    const std::int64_t file_bytes_;
    std::set<std::string, std::less<>> batch_topics_;

    mutable SpinLock lock_;
    absl::flat_hash_map<Key, QueuePtr, Hash, Equal> queues_ KX_GUARDED_BY(lock_);
    std::vector<Removed> removed_ KX_GUARDED_BY(lock_);
};

}  // namespace kx::store
