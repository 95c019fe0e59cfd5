// SPDX-License-Identifier: Apache-2.0
#include "store/queue_table.h"

#include <charconv>

#include "base/log.h"

namespace kx::store {
namespace {

constexpr std::size_t kNameBytesMax = 255;

std::optional<std::int32_t> parse_queue_id(const std::string& name) {
    std::int32_t id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return id;
}

}  // namespace

QueueTable::QueueTable(FileSystem& files, std::string root, std::int64_t queue_file_bytes)
    : files_(files),
      directory_(join_path(root, "consumequeue")),
      batch_directory_(join_path(root, "batchconsumequeue")),
      file_bytes_(queue_file_bytes) {}

Status QueueTable::load(bool clean_exit) {
    if (const auto batch = files_.list(batch_directory_)) {
        for (const DirectoryEntry& topic : *batch) {
            if (!topic.is_directory) continue;
            log::warn("store",
                      "topic {} has batch queues, which are not served yet; {} is left as "
                      "it is",
                      topic.name, join_path(batch_directory_, topic.name));
            batch_topics_.insert(topic.name);
        }
    }
    const Result<std::vector<DirectoryEntry>> topics = files_.list(directory_);
    if (!topics) {
        if (topics.error().code == Errc::kNotFound) return {};
        return tl::unexpected(topics.error());
    }
    for (const DirectoryEntry& topic : *topics) {
        if (topic.is_directory) {
            KX_CHECK(load_topic(topic.name, clean_exit));
        } else if (topic.name == "CURRENT") {
            return fail(Errc::kUnsupported,
                        "{} is a RocksDB database (storeType=defaultRocksDB), which is not served "
                        "yet",
                        directory_);
        }
    }
    return {};
}

Status QueueTable::load_topic(const std::string& topic, bool clean_exit) {
    const std::string directory = join_path(directory_, topic);
    KX_TRY(const std::vector<DirectoryEntry> ids, files_.list(directory));
    for (const DirectoryEntry& entry : ids) {
        if (!entry.is_directory) continue;
        const auto id = parse_queue_id(entry.name);
        if (!id) {
            return fail(Errc::kCorrupt, "{} is no queue number: move it elsewhere",
                        join_path(directory, entry.name));
        }
        QueuePtr queue = make(topic, *id);
        KX_CHECK(queue->load(clean_exit));
        SpinGuard guard(lock_);
        queues_[Key(topic, *id)] = std::move(queue);
    }
    return {};
}

QueuePtr QueueTable::make(std::string_view topic, std::int32_t queue_id) const {
    return std::make_shared<ConsumeQueue>(
        files_, join_path(join_path(directory_, topic), std::to_string(queue_id)),
        std::string(topic), queue_id, file_bytes_);
}

QueuePtr QueueTable::find(std::string_view topic, std::int32_t queue_id) const {
    SpinGuard guard(lock_);
    const auto found = queues_.find(KeyView(topic, queue_id));
    return found == queues_.end() ? nullptr : found->second;
}

QueuePtr QueueTable::find_or_make(std::string_view topic, std::int32_t queue_id) {
    if (QueuePtr known = find(topic, queue_id)) return known;
    QueuePtr queue = make(topic, queue_id);
    SpinGuard guard(lock_);
    return queues_.try_emplace(Key(topic, queue_id), std::move(queue)).first->second;
}

std::vector<QueuePtr> QueueTable::all() const {
    std::vector<QueuePtr> list;
    SpinGuard guard(lock_);
    list.reserve(queues_.size());
    for (const auto& [key, queue] : queues_) list.push_back(queue);
    return list;
}

void QueueTable::remove_topic(std::string_view topic) {
    std::vector<QueuePtr> gone;
    {
        SpinGuard guard(lock_);
        for (auto at = queues_.begin(); at != queues_.end();) {
            if (at->first.first != topic) {
                ++at;
                continue;
            }
            gone.push_back(at->second);
            removed_.push_back({at->second});
            queues_.erase(at++);
        }
    }
    for (const QueuePtr& queue : gone) {
        if (const Status status = queue->destroy(); !status) {
            log::error("store", "topic {} was deleted, but its files stay: {}", topic,
                       status.error().text);
        }
    }
    if (!gone.empty()) static_cast<void>(files_.remove(parent_path(gone.front()->directory())));
}

void QueueTable::free_removed(std::int64_t dispatched, std::int64_t appended) {
    // The ring of recent appends holds plain pointers. A queue goes when only this table knows it
    // and all that was appended until then has passed the dispatcher.
    std::vector<QueuePtr> freed;
    SpinGuard guard(lock_);
    std::erase_if(removed_, [&](Removed& removed) {
        if (removed.queue.use_count() > 1) {
            removed.free_at = -1;
        } else if (removed.free_at < 0) {
            removed.free_at = appended;
        } else if (dispatched >= removed.free_at) {
            freed.push_back(std::move(removed.queue));
            return true;
        }
        return false;
    });
}

bool QueueTable::keeps(std::string_view topic) const {
    return !topic.empty() && topic.size() <= kNameBytesMax && topic != "." && topic != ".." &&
           topic.find('/') == std::string_view::npos &&
           topic.find('\0') == std::string_view::npos && !batch_topics_.contains(topic);
}

}  // namespace kx::store
