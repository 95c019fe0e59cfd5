// SPDX-License-Identifier: Apache-2.0
//
// The seam for files. Everything the server keeps goes through a FileSystem, so that tests can cut
// the power, fill the disk and fail a sync (tests/support/sim_file_system.h).
//
// What is durable: bytes after MappedFile::sync() returned, a name after sync_directory() of its
// parent returned, both after write_file(). Nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kx {

enum class Access : std::uint8_t { kRead, kReadWrite };
enum class Advice : std::uint8_t {
    kWillNeed,        ///< is read soon
    kDropFromMemory,  ///< gives resident pages back (the page cache keeps them)
    kSyncedOften,     ///< a few bytes between two syncs: what is next to them is not to be written
    kReadOften,       ///< the usual: takes kSyncedOften back
};

/// A file that is mapped as a whole, at its full and final size. Dropping the last pointer unmaps
/// it; the file itself stays, and a mapping outlives the removal of its file.
class MappedFile {
public:
    virtual ~MappedFile() = default;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    char* data() const { return data_; }
    std::int64_t size() const { return size_; }
    const std::string& path() const { return path_; }
    std::string_view view() const { return {data_, static_cast<std::size_t>(size_)}; }

    /// Returns when the bytes of [begin, end) are durable. After a failure they never will be.
    virtual Status sync(std::int64_t begin, std::int64_t end) = 0;
    /// Takes the disk blocks of [begin, end): a full disk is an error here, not a SIGBUS later.
    virtual Status reserve(std::int64_t begin, std::int64_t end) = 0;
    /// Writes zeros to where nobody wrote yet, down to the disk: a later sync() finds the blocks in
    /// use already, and pages so small that it writes little more than it must. No one may write
    /// there meanwhile.
    virtual Status write_zeros(std::int64_t begin, std::int64_t end) = 0;
    /// Faults [begin, end) in for writing, so that the writer will not.
    virtual Status populate(std::int64_t begin, std::int64_t end) = 0;
    /// Makes [begin, end) zero; cheap for large ranges. No one may write there meanwhile.
    virtual Status zero(std::int64_t begin, std::int64_t end) = 0;
    /// A hint, which costs nothing but speed when it is not taken.
    virtual void advise(std::int64_t begin, std::int64_t end, Advice advice) = 0;

protected:
    MappedFile(std::string path, char* data, std::int64_t size)
        : path_(std::move(path)), data_(data), size_(size) {}

    std::string path_;
    char* data_;
    std::int64_t size_;
};
using MappedFilePtr = std::shared_ptr<MappedFile>;

/// Held until destroyed.
class FileLock {
public:
    virtual ~FileLock() = default;
};

struct DirectoryEntry {
    std::string name;
    std::int64_t size = 0;
    bool is_directory = false;
};

struct DiskUsage {
    std::int64_t total_bytes = 0;
    std::int64_t free_bytes = 0;
    double used_ratio() const {
        return total_bytes <= 0 ? 0.0
                                : static_cast<double>(total_bytes - free_bytes) /
                                      static_cast<double>(total_bytes);
    }
};

class FileSystem {
public:
    virtual ~FileSystem() = default;

    /// A new file of `size` zero bytes, never visible at another size but 0. With `reserve` all its
    /// disk blocks are taken too (and a failure leaves no file behind). kAlreadyExists when there.
    virtual Result<MappedFilePtr> create_mapped(const std::string& path, std::int64_t size,
                                                bool reserve) = 0;
    virtual Result<MappedFilePtr> map(const std::string& path, Access access) = 0;

    virtual Result<std::string> read_file(const std::string& path) const = 0;
    /// Durable, and atomic: after a crash the file holds the old or the new text.
    virtual Status write_file(const std::string& path, std::string_view text) = 0;

    virtual bool exists(const std::string& path) const = 0;
    /// Sorted by name; kNotFound when there is no such directory.
    virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) const = 0;
    /// With parents; fine when it is there.
    virtual Status make_directories(const std::string& path) = 0;
    virtual Status sync_directory(const std::string& path) = 0;
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    /// A file, or a directory with all it holds; fine when it is not there.
    virtual Status remove(const std::string& path) = 0;

    /// Creates the file when needed and locks its byte 0 as the JVM does (fcntl), without waiting.
    /// kBusy names the process that holds it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
    virtual Result<DiskUsage> disk_usage(const std::string& path) const = 0;
};

/// The operating system's files; one instance serves the whole process.
FileSystem& posix_file_system();

/// RocketMQ's rule for its JSON tables (storage.md 1.4): the version before is kept as `path`.bak.
Status persist_with_backup(FileSystem& files, const std::string& path, std::string_view text);

/// The text of `path`, or of its backup when the file is missing, empty or not `accepted` (such a
/// file is removed). Nothing when neither is there: the table starts empty.
Result<std::optional<std::string>> load_with_backup(
    FileSystem& files, const std::string& path,
    const std::function<bool(std::string_view)>& accepted = {});

/// "a/b" + "c" = "a/b/c"; the parent of "a/b/c" is "a/b".
std::string join_path(std::string_view directory, std::string_view name);
std::string parent_path(std::string_view path);

}  // namespace kx
