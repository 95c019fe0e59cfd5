// SPDX-License-Identifier: Apache-2.0
//
// Linux files. A mapped file needs no descriptor while it lives: msync is fdatasync of a range, and
// reports a failed write-back of that range once, as fsync does.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/file_system.h"
#include "base/sync.h"

namespace kx {
namespace {

constexpr std::int64_t kPage = 4096;
constexpr int kPopulateRead = 22;   // MADV_POPULATE_READ, Linux 5.14
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE

std::int64_t page_floor(std::int64_t at) { return at / kPage * kPage; }
std::int64_t page_ceil(std::int64_t at) { return page_floor(at + kPage - 1); }

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

Result<Descriptor> open_file(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0) return fail_errno(errno, "open " + path);
    return Descriptor(fd);
}

/// Blocks for [begin, end) of a file that has its full size already. A file system that cannot
/// promise blocks is left sparse: populate() then reports a full disk, before anything is lost.
Status allocate(int fd, std::int64_t begin, std::int64_t end, const std::string& path) {
    int result = 0;
    do {
        result = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, begin, end - begin);
    } while (result != 0 && errno == EINTR);
    if (result == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return {};
    return fail_errno(errno, "allocate " + path);
}

class PosixMappedFile final : public MappedFile {
public:
    PosixMappedFile(std::string path, char* data, std::int64_t size)
        : MappedFile(std::move(path), data, size) {}
    ~PosixMappedFile() override {
        if (data_ != nullptr) ::munmap(data_, static_cast<std::size_t>(size_));
    }

    Status sync(std::int64_t begin, std::int64_t end) override {
        if (begin >= end) return {};
        const std::int64_t from = page_floor(begin);
        if (::msync(data_ + from, static_cast<std::size_t>(end - from), MS_SYNC) == 0) return {};
        return fail_errno(errno, "sync " + path_);
    }

    Status write_zeros(std::int64_t begin, std::int64_t end) override {
        // The kernel makes folios of a write's size, and a store to a mapping makes its whole folio
        // dirty. Single pages cost three times as much to make, to map and to write back.
        static constexpr std::array<char, 16 << 10> kZeros{};
        KX_TRY(const Descriptor file, open_file(path_, O_RDWR));
        for (std::int64_t at = begin; at < end;) {
            const std::int64_t room = static_cast<std::int64_t>(kZeros.size()) -
                                      at % static_cast<std::int64_t>(kZeros.size());
            const auto bytes = static_cast<std::size_t>(std::min(room, end - at));
            const ssize_t written = ::pwrite(file.get(), kZeros.data(), bytes, at);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return fail_errno(errno, "write zeros to " + path_);
            at += written;
        }
        return sync(begin, end);
    }

    Status reserve(std::int64_t begin, std::int64_t end) override {
        if (begin >= end) return {};
        KX_TRY(const Descriptor file, open_file(path_, O_RDWR));
        return allocate(file.get(), begin, std::min(end, size_), path_);
    }

    Status populate(std::int64_t begin, std::int64_t end) override {
        const std::int64_t from = page_floor(begin);
        const auto length =
            static_cast<std::size_t>(std::min(page_ceil(end), page_ceil(size_)) - from);
        int result = 0;
        do {
            result = ::madvise(data_ + from, length, kPopulateWrite);
        } while (result != 0 && (errno == EINTR || errno == EAGAIN));
        if (result == 0) return {};
        if (errno == EINVAL) return touch(from, std::min(end, size_));
        // A write fault that cannot be served (disk full, I/O error) is EFAULT here.
        return fail_errno(errno == EFAULT ? ENOSPC : errno, "map pages of " + path_);
    }

    Status zero(std::int64_t begin, std::int64_t end) override {
        end = std::min(end, size_);
        const std::int64_t first_page = std::min(page_ceil(begin), end);
        std::memset(data_ + begin, 0, static_cast<std::size_t>(first_page - begin));
        if (first_page == end) return {};
        KX_TRY(const Descriptor file, open_file(path_, O_RDWR));
        if (::fallocate(file.get(), FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, first_page,
                        end - first_page) == 0) {
            return {};
        }
        if (errno != EOPNOTSUPP) return fail_errno(errno, "zero the rest of " + path_);
        std::memset(data_ + first_page, 0, static_cast<std::size_t>(end - first_page));
        return {};
    }

    void advise(std::int64_t begin, std::int64_t end, Advice advice) override {
        // Only whole pages may be dropped; advice that fails costs nothing but speed.
        const std::int64_t from = page_ceil(begin);
        const std::int64_t to = page_floor(std::min(end, size_));
        if (from >= to) return;
        ::madvise(data_ + from, static_cast<std::size_t>(to - from), madvise_of(advice));
    }

private:
    static int madvise_of(Advice advice) {
        switch (advice) {
            case Advice::kWillNeed: return kPopulateRead;
            case Advice::kDropFromMemory: return MADV_DONTNEED;
            // Without readahead each fault brings in a page of its own. The other way is a folio
            // of up to 2 MiB, which a write to any byte makes dirty as a whole.
            case Advice::kSyncedOften: return MADV_RANDOM;
            case Advice::kReadOften: return MADV_NORMAL;
        }
        return MADV_NORMAL;
    }

    /// For kernels before 5.14.
    Status touch(std::int64_t begin, std::int64_t end) {
        for (std::int64_t at = begin; at < end; at += kPage) {
            __atomic_fetch_or(data_ + at, char{0}, __ATOMIC_RELAXED);
        }
        return {};
    }
};

Result<MappedFilePtr> map_descriptor(int fd, const std::string& path, Access access) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail_errno(errno, "stat " + path);
    if (info.st_size == 0)
        return MappedFilePtr(std::make_shared<PosixMappedFile>(path, nullptr, 0));
    const int protection = access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
    void* data =
        ::mmap(nullptr, static_cast<std::size_t>(info.st_size), protection, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return fail_errno(errno, "map " + path);
    return MappedFilePtr(
        std::make_shared<PosixMappedFile>(path, static_cast<char*>(data), info.st_size));
}

Status write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_errno(errno, "write " + path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// fcntl locks belong to the process, so that a second one of our own would be granted: the set of
/// what this process holds refuses it.
class HeldLocks {
public:
    bool add(std::pair<dev_t, ino_t> file) {
        MutexLock guard(mutex_);
        return held_.insert(file).second;
    }
    void drop(std::pair<dev_t, ino_t> file) {
        MutexLock guard(mutex_);
        held_.erase(file);
    }
    bool holds(std::pair<dev_t, ino_t> file) {
        MutexLock guard(mutex_);
        return held_.contains(file);
    }

private:
    Mutex mutex_;
    std::set<std::pair<dev_t, ino_t>> held_ KX_GUARDED_BY(mutex_);
};

HeldLocks& held_locks() {
    static HeldLocks locks;
    return locks;
}

class PosixFileLock final : public FileLock {
public:
    PosixFileLock(Descriptor file, std::pair<dev_t, ino_t> id) : file_(std::move(file)), id_(id) {}
    ~PosixFileLock() override { held_locks().drop(id_); }

private:
    Descriptor file_;
    std::pair<dev_t, ino_t> id_;
};

class PosixFileSystem final : public FileSystem {
public:
    Result<MappedFilePtr> create_mapped(const std::string& path, std::int64_t size,
                                        bool reserve) override {
        KX_TRY(const Descriptor file, open_file(path, O_RDWR | O_CREAT | O_EXCL));
        // The size first, in one step of the journal: fallocate alone would let a crash leave a
        // file of some length in between, which neither broker opens.
        Status status;
        if (::ftruncate(file.get(), size) != 0) status = fail_errno(errno, "size " + path);
        if (status && reserve) status = allocate(file.get(), 0, size, path);
        if (!status) {
            ::unlink(path.c_str());
            return tl::unexpected(std::move(status).error());
        }
        return map_descriptor(file.get(), path, Access::kReadWrite);
    }

    Result<MappedFilePtr> map(const std::string& path, Access access) override {
        KX_TRY(const Descriptor file, open_file(path, access == Access::kRead ? O_RDONLY : O_RDWR));
        return map_descriptor(file.get(), path, access);
    }

    Result<std::string> read_file(const std::string& path) const override {
        KX_TRY(const Descriptor file, open_file(path, O_RDONLY));
        std::string text;
        char piece[16384];
        while (true) {
            const ssize_t got = ::read(file.get(), piece, sizeof piece);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail_errno(errno, "read " + path);
            if (got == 0) return text;
            text.append(piece, static_cast<std::size_t>(got));
        }
    }

    Status write_file(const std::string& path, std::string_view text) override {
        const std::string temporary = path + ".tmp";
        {
            KX_TRY(const Descriptor file, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
            KX_CHECK(write_all(file.get(), text, temporary));
            if (::fsync(file.get()) != 0) return fail_errno(errno, "sync " + temporary);
        }
        KX_CHECK(rename(temporary, path));
        return sync_directory(parent_path(path));
    }

    bool exists(const std::string& path) const override {
        struct stat info{};
        return ::stat(path.c_str(), &info) == 0;
    }

    Result<std::vector<DirectoryEntry>> list(const std::string& path) const override;
    Status make_directories(const std::string& path) override;

    Status sync_directory(const std::string& path) override {
        KX_TRY(const Descriptor file, open_file(path, O_RDONLY | O_DIRECTORY));
        if (::fsync(file.get()) != 0) return fail_errno(errno, "sync " + path);
        return {};
    }

    Status rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) == 0) return {};
        return fail_errno(errno, "rename " + from + " to " + to);
    }

    Status remove(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

    Result<DiskUsage> disk_usage(const std::string& path) const override {
        struct statvfs info{};
        if (::statvfs(path.c_str(), &info) != 0) return fail_errno(errno, "statvfs " + path);
        const auto block = static_cast<std::int64_t>(info.f_frsize);
        return DiskUsage{static_cast<std::int64_t>(info.f_blocks) * block,
                         static_cast<std::int64_t>(info.f_bfree) * block};
    }
};

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(const std::string& path) const {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return fail_errno(errno, "list " + path);
    std::vector<DirectoryEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat info{};
        if (::fstatat(::dirfd(directory), entry->d_name, &info, 0) != 0)
            continue;  // gone meanwhile
        entries.push_back({name, info.st_size, S_ISDIR(info.st_mode)});
    }
    const int error = errno;
    ::closedir(directory);
    if (error != 0 && error != ENOENT) return fail_errno(error, "list " + path);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
}

Status PosixFileSystem::make_directories(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) == 0) return {};
    if (errno == ENOENT && parent_path(path) != path) {
        KX_CHECK(make_directories(parent_path(path)));
        if (::mkdir(path.c_str(), 0755) == 0) return {};
    }
    struct stat info{};
    if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    return fail_errno(errno == EEXIST ? ENOTDIR : errno, "make directory " + path);
}

Status PosixFileSystem::remove(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "remove " + path);
    KX_TRY(const std::vector<DirectoryEntry> entries, list(path));
    for (const DirectoryEntry& entry : entries) KX_CHECK(remove(join_path(path, entry.name)));
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail_errno(errno, "remove " + path);
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
    struct stat info{};
    // Before opening: closing any descriptor of a locked file would drop this process's own lock.
    if (::stat(path.c_str(), &info) == 0 && held_locks().holds({info.st_dev, info.st_ino})) {
        return fail(Errc::kBusy, "{} is held by this process already", path);
    }
    KX_TRY(Descriptor file, open_file(path, O_RDWR | O_CREAT));
    if (::fstat(file.get(), &info) != 0) return fail_errno(errno, "stat " + path);
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_len = 1;
    if (::fcntl(file.get(), F_SETLK, &range) != 0) {
        if (errno != EACCES && errno != EAGAIN) return fail_errno(errno, "lock " + path);
        range.l_type = F_WRLCK;
        if (::fcntl(file.get(), F_GETLK, &range) == 0 && range.l_type != F_UNLCK &&
            range.l_pid > 0) {
            return fail(Errc::kBusy, "{} is held by process {}", path, range.l_pid);
        }
        return fail(Errc::kBusy, "{} is held by another process", path);
    }
    const std::pair id{info.st_dev, info.st_ino};
    if (!held_locks().add(id)) return fail(Errc::kBusy, "{} is held by this process already", path);
    if (::pwrite(file.get(), "lock", 4, 0) != 4 || ::fdatasync(file.get()) != 0) {
        const int error = errno;
        held_locks().drop(id);
        return fail_errno(error, "write " + path);
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(file), id));
}

}  // namespace

FileSystem& posix_file_system() {
    static PosixFileSystem files;
    return files;
}

}  // namespace kx
