// SPDX-License-Identifier: Apache-2.0
//
// The file of a table: RocketMQ's JSON, written as a whole with the version before kept as .bak
// (storage.md 1.4). Writers that come together share one write.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/json_members.h"
#include "base/sync.h"
#include "net/workers.h"

namespace kx::broker {

class TableFile {
public:
    /// A state of the table as text. Generations rise with every change.
    struct Image {
        std::uint64_t generation = 0;
        std::string text;
    };
    using Picture = std::function<Image()>;

    TableFile(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

    const std::string& path() const { return path_; }

    /// The table in the file or in its backup; `table` keeps what it has when neither is there.
    template <class Table>
    Status load(Table& table) const;

    /// Returns once a state of at least `generation` is on the disk. Blocks: not on io threads.
    Status persist(std::uint64_t generation, const Picture& picture);

    /// The same from any thread, later, on a worker. Failures are logged. `this` and what
    /// `picture` refers to must live until the workers stop.
    void persist_soon(net::Workers& workers, Picture picture);

private:
    FileSystem& files_;
    const std::string path_;
    Mutex writing_;  // held across the write: it orders writers of this one file
    std::uint64_t written_ KX_GUARDED_BY(writing_) = 0;
    std::atomic<bool> posted_{false};
};

template <class Table>
Status TableFile::load(Table& table) const {
    const auto readable = [](std::string_view text) {
        return from_json<Table>(text, Json::kAnyNumber).has_value();
    };
    KX_TRY(const std::optional<std::string> text, load_with_backup(files_, path_, readable));
    if (!text) return {};
    auto read = from_json<Table>(*text, Json::kAnyNumber);
    if (!read) return fail(Errc::kCorrupt, "{}: {}", path_, read.error().text);
    table = std::move(*read);
    return {};
}

}  // namespace kx::broker
