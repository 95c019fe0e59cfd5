// SPDX-License-Identifier: Apache-2.0
//
// Offsets in a file, for groups that broadcast: each member keeps its own (client.md 18). The file
// is RocketMQ's; it is written on a callback thread, as disks may be slow.
#include <cstdlib>

#include "base/file_system.h"
#include "client/consume/offset_table.h"
#include "wire/bodies/common.h"

namespace kx::client {
namespace {

struct OffsetFile {
    std::map<wire::QueueKey, std::int64_t> offset_table;

    static constexpr auto members() {
        return std::array{member<&OffsetFile::offset_table>("offsetTable")};
    }
};

wire::QueueKey offset_key_of(const kerolox::Queue& queue) {
    return {queue.broker, queue.id, queue.topic};
}

/// Where a client keeps its files must not change from run to run: without an instance name it is
/// the one that RocketMQ's clients have then.
std::string stable_id(const ClientCore& core) {
    const ClientConfig& config = core.config();
    if (config.instance_name != "DEFAULT" && !config.instance_name.empty()) return core.id();
    std::string id = core.id().substr(0, core.id().find('@')) + "@DEFAULT";
    if (!config.unit_name.empty()) id += "@" + config.unit_name;
    return id;
}

std::string default_directory() {
    const char* home = std::getenv("HOME");
    return join_path(home == nullptr ? "." : home, ".rocketmq_offsets");
}

class LocalOffsets final : public OffsetTable {
public:
    LocalOffsets(ClientCore& core, std::string path) : core_(core), path_(std::move(path)) {}

    kerolox::Status load() override {
        const auto file = read_file();
        if (!file) return file.error();
        for (const auto& [key, offset] : file.value().offset_table)
            update({key.topic, key.broker_name, key.queue_id}, offset, false);
        return {};
    }
    Awaitable<kerolox::Status> persist(std::set<kerolox::Queue> queues) override {
        if (queues.empty()) co_return kerolox::Status();
        co_return co_await write_out(keep_only(queues));
    }
    Awaitable<kerolox::Status> write(kerolox::Queue queue, std::int64_t offset,
                                     std::int64_t) override {
        std::vector<kerolox::QueueOffset> one{{std::move(queue), offset}};
        return write_out(std::move(one));
    }

private:
    Awaitable<Read> read_stored(kerolox::Queue queue) override {
        const auto file = read_file();
        if (!file) co_return file.error();
        const auto found = file.value().offset_table.find(offset_key_of(queue));
        co_return found == file.value().offset_table.end() ? -1 : found->second;
    }

    kerolox::Result<OffsetFile> read_file() const {
        const auto is_good = [](std::string_view text) {
            return from_json<OffsetFile>(text).has_value();
        };
        const auto text = load_with_backup(posix_file_system(), path_, is_good);
        if (!text) {
            return client_error(
                fmt::format("readLocalOffset Exception, maybe fastjson version too low: {}",
                            text.error().text));
        }
        if (!*text) return OffsetFile();
        auto file = from_json<OffsetFile>(**text);
        if (!file) return local_error(file.error());
        return std::move(*file);
    }

    Awaitable<kerolox::Status> write_out(std::vector<kerolox::QueueOffset> offsets) {
        return awaiting<kerolox::Status>([this, offsets = std::move(offsets)](auto done) {
            CallbackPool::Work work = [this, offsets, done] { done(merge(offsets)); };
            if (!core_.runtime().callbacks().post(work)) work();
        });
    }

    /// Other members of this host's group may have queues in the file that we don't.
    kerolox::Status merge(const std::vector<kerolox::QueueOffset>& offsets) {
        MutexLock lock(file_mutex_);
        auto file = read_file();
        if (!file) return file.error();
        bool changed = false;
        for (const kerolox::QueueOffset& one : offsets) {
            const auto [at, is_new] =
                file.value().offset_table.try_emplace(offset_key_of(one.queue), one.offset);
            changed = changed || is_new || at->second != one.offset;
            at->second = one.offset;
        }
        if (!changed) return {};
        FileSystem& files = posix_file_system();
        if (const Status made = files.make_directories(parent_path(path_)); !made)
            return local_error(made.error());
        const Status written =
            persist_with_backup(files, path_, to_json(file.value(), JsonWriter::Style::kPretty));
        if (!written) return local_error(written.error());
        return {};
    }

    ClientCore& core_;
    const std::string path_;
    Mutex file_mutex_;
};

}  // namespace

std::unique_ptr<OffsetTable> OffsetTable::local(ClientCore& core, std::string group,
                                                std::string directory) {
    if (directory.empty()) directory = default_directory();
    std::string path = join_path(join_path(directory, stable_id(core)), group);
    return std::make_unique<LocalOffsets>(core, join_path(path, "offsets.json"));
}

}  // namespace kx::client
