// SPDX-License-Identifier: Apache-2.0
//
// A disk in memory that forgets what was not synced, fills up, and fails on demand.
//
// A crash gives a new disk: `after_power_loss()` holds what was durable, `after_kill()` all that
// was written. Whoever still runs on the old disk cannot disturb the new one. Bytes become durable
// by the exact range given to sync(), names by sync_directory() of their parent: stricter than
// ext4.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/file_system.h"
#include "base/sync.h"

namespace kx::testing {

/// What a power cut does beyond forgetting.
enum class Tear : std::uint8_t {
    kNone,
    kLastPage,  ///< of what was not synced, pages got to the disk at random, the last one by half
};

class SimFileSystem final : public FileSystem {
public:
    SimFileSystem() : disk_(std::make_shared<Disk>()) {}

    // Faults, from now on.
    void fail_syncs(bool on) {
        MutexLock guard(disk_->mutex);
        disk_->fail_syncs = on;
    }
    /// write_zeros() waits.
    void stall_zeros(bool on) {
        disk_->zeros_stall = on;
        disk_->zeros_stall.notify_all();
    }
    bool zeros_wait() const { return disk_->zeros_waiting > 0; }
    void fail_writes(bool on) {
        MutexLock guard(disk_->mutex);
        disk_->fail_writes = on;
    }
    void set_capacity(std::int64_t bytes) {
        MutexLock guard(disk_->mutex);
        disk_->capacity = bytes;
    }
    std::int64_t used_bytes() const {
        MutexLock guard(disk_->mutex);
        return used(*disk_);
    }
    std::int64_t sync_count() const {
        MutexLock guard(disk_->mutex);
        return disk_->sync_count;
    }

    std::unique_ptr<SimFileSystem> after_power_loss(Tear tear = Tear::kNone,
                                                    std::uint32_t seed = 1) const {
        auto next = std::make_unique<SimFileSystem>();
        MutexLock guard(disk_->mutex);
        for (const auto& [path, node] : disk_->durable_names) {
            auto copy = std::make_shared<Node>(*node);
            if (!copy->is_directory && tear == Tear::kLastPage) tear_pages(*node, *copy, seed);
            copy->live = copy->durable;
            next->disk_->names[path] = copy;
        }
        next->disk_->durable_names = next->disk_->names;
        return next;
    }

    /// Everything written so far is there; the process is not. No one may write meanwhile.
    std::unique_ptr<SimFileSystem> after_kill() const {
        auto next = std::make_unique<SimFileSystem>();
        MutexLock guard(disk_->mutex);
        for (const auto& [path, node] : disk_->names) {
            auto copy = std::make_shared<Node>(*node);
            copy->durable = copy->live;
            next->disk_->names[path] = copy;
        }
        next->disk_->durable_names = next->disk_->names;
        return next;
    }

    /// The bytes of a file, to be damaged. The file must exist.
    std::string& bytes(const std::string& path) {
        MutexLock guard(disk_->mutex);
        return disk_->names.at(clean(path))->live;
    }
    /// Puts a file there, durable, of any size.
    void put_file(const std::string& path, std::string text) {
        MutexLock guard(disk_->mutex);
        make_parents(clean(path));
        auto node = std::make_shared<Node>();
        node->live = std::move(text);
        node->durable = node->live;
        disk_->names[clean(path)] = node;
        disk_->durable_names[clean(path)] = node;
    }
    std::vector<std::string> paths() const {
        MutexLock guard(disk_->mutex);
        std::vector<std::string> all;
        for (const auto& [path, node] : disk_->names) {
            if (!node->is_directory) all.push_back(path);
        }
        return all;
    }

    Result<MappedFilePtr> create_mapped(const std::string& path, std::int64_t size,
                                        bool reserve) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(path));
        if (disk_->names.contains(clean(path))) return fail_errno(EEXIST, "create " + path);
        if (!disk_->names.contains(parent_path(clean(path)))) return fail_errno(ENOENT, path);
        if (reserve && used(*disk_) + size > disk_->capacity) {
            return fail_errno(ENOSPC, "allocate " + path);
        }
        auto node = std::make_shared<Node>();
        node->live.assign(static_cast<std::size_t>(size), '\0');
        node->durable = node->live;
        node->reserved = reserve ? size : 0;
        disk_->names[clean(path)] = node;
        return MappedFilePtr(std::make_shared<SimMappedFile>(disk_, node, path));
    }

    Result<MappedFilePtr> map(const std::string& path, Access access) override {
        MutexLock guard(disk_->mutex);
        if (access == Access::kReadWrite) KX_CHECK(writable(path));
        const NodePtr node = find(path);
        if (!node || node->is_directory) return fail_errno(ENOENT, "map " + path);
        return MappedFilePtr(std::make_shared<SimMappedFile>(disk_, node, path));
    }

    Result<std::string> read_file(const std::string& path) const override {
        MutexLock guard(disk_->mutex);
        const NodePtr node = find(path);
        if (!node || node->is_directory) return fail_errno(ENOENT, "read " + path);
        return node->live;
    }

    Status write_file(const std::string& path, std::string_view text) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(path));
        if (disk_->fail_syncs) return fail_errno(EIO, "sync " + path);
        if (used(*disk_) + static_cast<std::int64_t>(text.size()) > disk_->capacity) {
            return fail_errno(ENOSPC, "write " + path);
        }
        auto node = std::make_shared<Node>();
        node->live = text;
        node->durable = text;
        disk_->names[clean(path)] = node;
        disk_->durable_names[clean(path)] = node;
        return {};
    }

    bool exists(const std::string& path) const override {
        MutexLock guard(disk_->mutex);
        return find(path) != nullptr;
    }

    Result<std::vector<DirectoryEntry>> list(const std::string& path) const override {
        MutexLock guard(disk_->mutex);
        const NodePtr directory = find(path);
        if (!directory) return fail_errno(ENOENT, "list " + path);
        std::vector<DirectoryEntry> entries;
        for (const auto& [name, node] : disk_->names) {
            if (name != clean(path) && parent_path(name) == clean(path)) {
                entries.push_back({name.substr(name.rfind('/') + 1),
                                   static_cast<std::int64_t>(node->live.size()),
                                   node->is_directory});
            }
        }
        return entries;
    }

    Status make_directories(const std::string& path) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(path));
        make_parents(join_path(clean(path), "x"));
        return {};
    }

    Status sync_directory(const std::string& path) override {
        MutexLock guard(disk_->mutex);
        if (disk_->fail_syncs) return fail_errno(EIO, "sync " + path);
        const std::string parent = clean(path);
        std::erase_if(disk_->durable_names, [&](const auto& entry) {
            return parent_path(entry.first) == parent && !disk_->names.contains(entry.first);
        });
        for (const auto& [name, node] : disk_->names) {
            if (parent_path(name) == parent) disk_->durable_names[name] = node;
        }
        return {};
    }

    Status rename(const std::string& from, const std::string& to) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(from));
        const NodePtr node = find(from);
        if (!node) return fail_errno(ENOENT, "rename " + from);
        disk_->names[clean(to)] = node;
        disk_->names.erase(clean(from));
        return {};
    }

    Status remove(const std::string& path) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(path));
        const std::string all = clean(path) + "/";
        disk_->names.erase(clean(path));
        std::erase_if(disk_->names,
                      [&](const auto& entry) { return entry.first.starts_with(all); });
        return {};
    }

    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        MutexLock guard(disk_->mutex);
        KX_CHECK(writable(path));
        make_parents(clean(path));
        if (!disk_->names.contains(clean(path)))
            disk_->names[clean(path)] = std::make_shared<Node>();
        if (!disk_->locks.insert(clean(path)).second) {
            return fail(Errc::kBusy, "{} is held by process 4711", path);
        }
        return std::unique_ptr<FileLock>(std::make_unique<SimLock>(disk_, clean(path)));
    }

    Result<DiskUsage> disk_usage(const std::string&) const override {
        MutexLock guard(disk_->mutex);
        return DiskUsage{disk_->capacity, disk_->capacity - used(*disk_)};
    }

private:
    struct Node {
        std::string live;
        std::string durable;
        std::int64_t reserved = 0;
        bool is_directory = false;
    };
    using NodePtr = std::shared_ptr<Node>;

    struct Disk {
        mutable Mutex mutex;
        std::map<std::string, NodePtr> names;
        std::map<std::string, NodePtr> durable_names;
        std::set<std::string> locks;
        std::int64_t capacity = 1LL << 40;
        std::int64_t sync_count = 0;
        std::atomic<bool> zeros_stall{false};
        std::atomic<int> zeros_waiting{0};
        bool fail_syncs = false;
        bool fail_writes = false;
    };

    class SimMappedFile final : public MappedFile {
    public:
        SimMappedFile(std::shared_ptr<Disk> disk, NodePtr node, std::string path)
            : MappedFile(std::move(path), node->live.data(),
                         static_cast<std::int64_t>(node->live.size())),
              disk_(std::move(disk)),
              node_(std::move(node)) {}

        Status sync(std::int64_t begin, std::int64_t end) override {
            MutexLock guard(disk_->mutex);
            ++disk_->sync_count;
            if (disk_->fail_syncs) return fail_errno(EIO, "sync " + path_);
            std::memcpy(node_->durable.data() + begin, data_ + begin,
                        static_cast<std::size_t>(end - begin));
            return {};
        }
        Status reserve(std::int64_t, std::int64_t end) override {
            MutexLock guard(disk_->mutex);
            end = std::min(end, size_);
            if (end > node_->reserved &&
                SimFileSystem::used(*disk_) + end - node_->reserved > disk_->capacity) {
                return fail_errno(ENOSPC, "allocate " + path_);
            }
            node_->reserved = std::max(node_->reserved, end);
            return {};
        }
        Status write_zeros(std::int64_t begin, std::int64_t end) override {
            ++disk_->zeros_waiting;
            disk_->zeros_stall.wait(true);
            --disk_->zeros_waiting;
            KX_CHECK(zero(begin, end));
            return sync(begin, end);
        }
        Status populate(std::int64_t, std::int64_t) override { return {}; }
        Status zero(std::int64_t begin, std::int64_t end) override {
            end = std::min(end, size_);
            std::memset(data_ + begin, 0, static_cast<std::size_t>(end - begin));
            return {};
        }
        void advise(std::int64_t, std::int64_t, Advice) override {}

    private:
        std::shared_ptr<Disk> disk_;
        NodePtr node_;
    };

    class SimLock final : public FileLock {
    public:
        SimLock(std::shared_ptr<Disk> disk, std::string path)
            : disk_(std::move(disk)), path_(std::move(path)) {}
        ~SimLock() override {
            MutexLock guard(disk_->mutex);
            disk_->locks.erase(path_);
        }

    private:
        std::shared_ptr<Disk> disk_;
        std::string path_;
    };

    static std::string clean(std::string path) {
        while (path.size() > 1 && path.back() == '/') path.pop_back();
        return path;
    }
    static std::int64_t used(const Disk& disk) {
        std::int64_t sum = 0;
        for (const auto& [path, node] : disk.names) sum += node->reserved;
        return sum;
    }
    /// Pages of 4096 that differ: some reached the disk, the last of them in its first half only.
    static void tear_pages(const Node& node, Node& copy, std::uint32_t seed) {
        constexpr std::size_t kPage = 4096;
        std::optional<std::size_t> last;
        for (std::size_t at = 0; at < node.live.size(); at += kPage) {
            const std::size_t size = std::min(kPage, node.live.size() - at);
            if (node.live.compare(at, size, node.durable, at, size) == 0) continue;
            seed = seed * 1664525U + 1013904223U;
            if ((seed >> 16 & 1U) == 0) continue;
            std::memcpy(copy.durable.data() + at, node.live.data() + at, size);
            last = at;
        }
        if (!last) return;
        const std::size_t half = *last + kPage / 2;
        if (half >= node.live.size()) return;
        const std::size_t size = std::min(kPage / 2, node.live.size() - half);
        std::memcpy(copy.durable.data() + half, node.durable.data() + half, size);
    }

    Status writable(const std::string& path) const {
        if (disk_->fail_writes) return fail_errno(EROFS, "write " + path);
        return {};
    }
    NodePtr find(const std::string& path) const {
        const auto found = disk_->names.find(clean(path));
        return found == disk_->names.end() ? nullptr : found->second;
    }
    void make_parents(const std::string& path) {
        const std::string parent = parent_path(path);
        if (parent == path || disk_->names.contains(parent)) return;
        make_parents(parent);
        auto node = std::make_shared<Node>();
        node->is_directory = true;
        disk_->names[parent] = node;
    }

    std::shared_ptr<Disk> disk_;
};

}  // namespace kx::testing
