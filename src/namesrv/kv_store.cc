// SPDX-License-Identifier: Apache-2.0
#include "namesrv/kv_store.h"

#include "wire/bodies/cluster_info.h"

namespace kx::namesrv {

Result<std::unique_ptr<KvStore>> KvStore::open(FileSystem& files, std::string path) {
    std::unique_ptr<KvStore> store(new KvStore(files, std::move(path)));
    const auto readable = [](std::string_view text) {
        return from_json<wire::KvConfigFile>(text, Json::kAnyNumber).has_value();
    };
    KX_TRY(const std::optional<std::string> text, load_with_backup(files, store->path_, readable));
    if (text) {
        KX_TRY(wire::KvConfigFile file, from_json<wire::KvConfigFile>(*text, Json::kAnyNumber));
        store->table_.set(std::move(file.config_table));
    }
    return store;
}

Status KvStore::put(std::string_view name_space, std::string_view key, std::string_view value) {
    MutexLock lock(writing_);
    Table next = *table_.get();
    next[std::string(name_space)][std::string(key)] = value;
    return replace(std::move(next));
}

Status KvStore::remove(std::string_view name_space, std::string_view key) {
    MutexLock lock(writing_);
    Table next = *table_.get();
    const auto values = next.find(std::string(name_space));
    if (values == next.end() || values->second.erase(std::string(key)) == 0) return {};
    return replace(std::move(next));
}

Status KvStore::replace(Table next) {
    wire::KvConfigFile file{std::move(next)};
    KX_CHECK(files_.make_directories(parent_path(path_)));
    KX_CHECK(persist_with_backup(files_, path_, to_json(file)));
    table_.set(std::move(file.config_table));
    return {};
}

std::optional<std::string> KvStore::get(std::string_view name_space, std::string_view key) const {
    const auto table = table_.get();
    const auto values = table->find(std::string(name_space));
    if (values == table->end()) return std::nullopt;
    const auto value = values->second.find(std::string(key));
    if (value == values->second.end()) return std::nullopt;
    return value->second;
}

std::optional<KvStore::Values> KvStore::list(std::string_view name_space) const {
    const auto table = table_.get();
    const auto values = table->find(std::string(name_space));
    if (values == table->end()) return std::nullopt;
    return values->second;
}

}  // namespace kx::namesrv
