// SPDX-License-Identifier: Apache-2.0
#include "cli/config_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/json.h"
#include "support/temp_file.h"

namespace kx::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ran {
    int code;
    std::string out;
    std::string err;
};

Ran run(const std::function<int()>& command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = command();
    std::fflush(stdout);
    std::string out = testing::internal::GetCapturedStdout();
    return {code, std::move(out), testing::internal::GetCapturedStderr()};
}

TEST(ConfigCommand, ExplainsAKey) {
    const Ran ran = run([] { return config_explain("flushDiskType", false); });
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("flushDiskType (store)"));
    EXPECT_THAT(ran.out, HasSubstr("SYNC_FLUSH|ASYNC_FLUSH"));
    EXPECT_THAT(ran.out, HasSubstr("default              ASYNC_FLUSH\n"));
    EXPECT_THAT(ran.out, HasSubstr("KEROLOX_FLUSH_DISK_TYPE"));
}

TEST(ConfigCommand, ExplainsAKeyForEachServerThatHasIt) {
    const Ran ran = run([] { return config_explain("listenPort", false); });
    EXPECT_THAT(ran.out, HasSubstr("listenPort (broker)"));
    EXPECT_THAT(ran.out, HasSubstr("10911"));
    EXPECT_THAT(ran.out, HasSubstr("listenPort (name server)"));
    EXPECT_THAT(ran.out, HasSubstr("9876"));
}

TEST(ConfigCommand, DoesNotFindAnUnknownKey) {
    const Ran ran = run([] { return config_explain("flushDiskTyp", false); });
    EXPECT_EQ(ran.code, 3);
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_EQ(ran.err, "unknown key flushDiskTyp, did you mean flushDiskType?\n");
}

TEST(ConfigCommand, ListsAllKeys) {
    const Ran text = run([] { return config_explain(std::nullopt, false); });
    EXPECT_EQ(text.code, 0);
    EXPECT_THAT(text.out, HasSubstr("namesrvPort = 9876"));
    const Ran json = run([] { return config_explain(std::nullopt, true); });
    const auto parsed = Json::parse(json.out);
    ASSERT_TRUE(parsed) << parsed.error().text;
    ASSERT_NE(parsed->as_array(), nullptr);
    EXPECT_GT(parsed->as_array()->size(), 540U);
}

TEST(ConfigCommand, ChecksASoundFile) {
    const test::TempFile file("# ok\nbrokerName=a\nlistenPort=10911\n");
    const Ran ran = run([&] { return config_check(file.path()); });
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, file.path() + ": 2 keys, all known and well-formed\n");
    EXPECT_THAT(ran.err, IsEmpty());
}

TEST(ConfigCommand, ReportsAllThatIsWrongInAFile) {
    const test::TempFile file(
        "brokerNam=a\nlistenPort=x\nbrokerRole=SLAVE\nwarmMapedFileEnable=true\n"
        "brokerRole=SLAVE\ninitAuthenticationUser=secret\n");
    const Ran ran = run([&] { return config_check(file.path()); });
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr(":1: unknown key brokerNam, did you mean brokerName?\n"));
    EXPECT_THAT(ran.err, HasSubstr(":2: listenPort: \"x\" is no whole number of type int\n"));
    EXPECT_THAT(ran.err, HasSubstr("Slave's brokerId must be > 0"));
    EXPECT_THAT(ran.err, HasSubstr(":4: warmMapedFileEnable: no meaning here"));
    EXPECT_THAT(ran.err, HasSubstr(":5: brokerRole is set again"));
    EXPECT_THAT(ran.err, ::testing::Not(HasSubstr("secret")));
}

TEST(ConfigCommand, DoesNotFindAMissingFile) {
    const Ran ran = run([] { return config_check("/nowhere/broker.conf"); });
    EXPECT_EQ(ran.code, 3);
    EXPECT_THAT(ran.err, HasSubstr("/nowhere/broker.conf"));
}

TEST(ConfigCommand, WritesTheDocumentation) {
    const Ran ran = run([] { return config_explain_markdown(); });
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, HasSubstr("\n## Store\n"));
    EXPECT_THAT(ran.out, HasSubstr("| `flushDiskType` | SYNC_FLUSH\\|ASYNC_FLUSH | ASYNC_FLUSH |"));
}

}  // namespace
}  // namespace kx::cli
