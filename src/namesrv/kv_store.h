// SPDX-License-Identifier: Apache-2.0
//
// The name server's key-value store: order configuration of topics and whatever tools put there.
// The one table that is kept on disk: {"configTable":{namespace:{key:value}}} at kvConfigPath,
// written at every change. A change that cannot be written does not happen.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "base/snapshot.h"
#include "base/sync.h"

namespace kx::namesrv {

/// The namespace whose keys are ordered topics, values like "broker-a:4;broker-b:4".
inline constexpr std::string_view kOrderTopicNamespace = "ORDER_TOPIC_CONFIG";

/// Thread-safe. Reads never wait for the disk; put() and remove() do.
class KvStore {
public:
    using Values = std::map<std::string, std::string>;

    /// Reads the file, or its backup. A file that is not there is an empty store.
    static Result<std::unique_ptr<KvStore>> open(FileSystem& files, std::string path);

    Status put(std::string_view name_space, std::string_view key, std::string_view value);
    /// Fine when there is no such key. An emptied namespace stays.
    Status remove(std::string_view name_space, std::string_view key);

    std::optional<std::string> get(std::string_view name_space, std::string_view key) const;
    std::optional<Values> list(std::string_view name_space) const;

private:
    using Table = std::map<std::string, Values>;

    KvStore(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
    Status replace(Table next) KX_REQUIRES(writing_);

    FileSystem& files_;
    const std::string path_;
    Mutex writing_;
    Snapshot<Table> table_;
};

}  // namespace kx::namesrv
