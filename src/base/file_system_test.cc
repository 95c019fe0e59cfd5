// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/sim_file_system.h"

namespace kx {
namespace {

using ::testing::HasSubstr;

class PosixFiles : public ::testing::Test {
protected:
    PosixFiles() {
        std::string pattern = "/tmp/kx_files_XXXXXX";
        root_ = ::mkdtemp(pattern.data());
    }
    ~PosixFiles() override { static_cast<void>(files_.remove(root_)); }
    std::string at(std::string_view name) const { return join_path(root_, name); }

    FileSystem& files_ = posix_file_system();
    std::string root_;
};

TEST_F(PosixFiles, CreateMapSyncAndReadBack) {
    auto file = files_.create_mapped(at("a"), 100'000, true);
    ASSERT_TRUE(file) << file.error().text;
    EXPECT_TRUE((*file)->populate(0, 100'000));
    std::memcpy((*file)->data() + 5000, "hello", 5);
    EXPECT_TRUE((*file)->sync(5000, 5005));
    (*file)->advise(0, 100'000, Advice::kDropFromMemory);
    EXPECT_EQ((*file)->view().substr(5000, 5), "hello");
    EXPECT_EQ(files_.create_mapped(at("a"), 10, true).error().code, Errc::kAlreadyExists);
    EXPECT_TRUE((*file)->zero(5001, 100'000));
    const auto again = files_.map(at("a"), Access::kRead);
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->view().substr(5000, 5), std::string_view("h\0\0\0\0", 5));
    EXPECT_EQ(files_.map(at("b"), Access::kRead).error().code, Errc::kNotFound);
}

TEST_F(PosixFiles, ZerosAreWrittenWhereTheyBelong) {
    auto file = files_.create_mapped(at("a"), 200'000, true);
    ASSERT_TRUE(file) << file.error().text;
    std::memset((*file)->data(), 'x', 200'000);
    ASSERT_TRUE((*file)->write_zeros(40'000, 150'001));
    const std::string_view bytes = (*file)->view();
    EXPECT_EQ(bytes.find_first_not_of('x'), 40'000U);
    EXPECT_EQ(bytes.find_first_not_of('\0', 40'000), 150'001U);
    EXPECT_EQ(bytes.substr(150'001).find_first_not_of('x'), std::string_view::npos);
}

TEST_F(PosixFiles, AFileThatDoesNotFitLeavesNothingBehind) {
    const auto disk = files_.disk_usage(root_);
    ASSERT_TRUE(disk);
    EXPECT_FALSE(files_.create_mapped(at("huge"), disk->total_bytes + (1LL << 40), true));
    EXPECT_FALSE(files_.exists(at("huge")));
}

TEST_F(PosixFiles, DirectoriesAreMadeListedAndRemovedWithAllTheyHold) {
    ASSERT_TRUE(files_.make_directories(at("x/y/z")));
    ASSERT_TRUE(files_.make_directories(at("x/y/z")));
    ASSERT_TRUE(files_.write_file(at("x/b"), "2"));
    ASSERT_TRUE(files_.write_file(at("x/a"), "1"));
    const auto list = files_.list(at("x"));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 3U);
    EXPECT_EQ((*list)[0].name, "a");
    EXPECT_TRUE((*list)[2].is_directory);
    EXPECT_FALSE(files_.make_directories(at("x/a/c")));
    EXPECT_TRUE(files_.remove(at("x")));
    EXPECT_TRUE(files_.remove(at("x")));
    EXPECT_FALSE(files_.exists(at("x")));
}

TEST_F(PosixFiles, ALockNamesTheProcessThatHoldsIt) {
    auto lock = files_.lock(at("lock"));
    ASSERT_TRUE(lock);
    EXPECT_EQ(files_.read_file(at("lock")), "lock");
    EXPECT_FALSE(files_.lock(at("lock")));
    lock->reset();
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = files_.lock(at("lock"));
        const char told = held ? 'y' : 'n';
        static_cast<void>(::write(ready[1], &told, 1));
        ::pause();
        ::_exit(0);
    }
    char told = 0;
    ASSERT_EQ(::read(ready[0], &told, 1), 1);
    ASSERT_EQ(told, 'y');
    const auto refused = files_.lock(at("lock"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kBusy);
    EXPECT_THAT(refused.error().text, HasSubstr("process " + std::to_string(child)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(Backup, KeepsTheVersionBefore) {
    testing::SimFileSystem files;
    EXPECT_EQ(*load_with_backup(files, "/c/t.json"), std::nullopt);
    ASSERT_TRUE(persist_with_backup(files, "/c/t.json", "one"));
    ASSERT_TRUE(persist_with_backup(files, "/c/t.json", "two"));
    EXPECT_EQ(*load_with_backup(files, "/c/t.json"), "two");
    EXPECT_EQ(files.read_file("/c/t.json.bak"), "one");
    files.put_file("/c/t.json", "");
    EXPECT_EQ(*load_with_backup(files, "/c/t.json"), "one");
    EXPECT_FALSE(files.exists("/c/t.json"));
    files.put_file("/c/t.json", "broken");
    EXPECT_EQ(*load_with_backup(files, "/c/t.json", [](auto text) { return text == "one"; }),
              "one");
}

TEST(SimFileSystem, ForgetsWhatWasNotSynced) {
    testing::SimFileSystem files;
    ASSERT_TRUE(files.make_directories("/d"));
    auto file = files.create_mapped("/d/f", 100, true);
    ASSERT_TRUE(file);
    std::memcpy((*file)->data(), "abcd", 4);
    ASSERT_TRUE((*file)->sync(0, 2));
    EXPECT_FALSE(files.after_power_loss()->exists("/d/f"));
    ASSERT_TRUE(files.sync_directory("/d"));
    EXPECT_EQ(files.after_power_loss()->read_file("/d/f")->substr(0, 4), std::string("ab\0\0", 4));
    EXPECT_EQ(files.after_kill()->read_file("/d/f")->substr(0, 4), "abcd");
}

}  // namespace
}  // namespace kx
