// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/errors.h"
#include "kerolox/bytes.hpp"
#include "kerolox/result.hpp"

namespace kx::client {
namespace {

using kerolox::Bytes;
using kerolox::ErrorKind;
using kerolox::Result;

TEST(Result, GoesOnWithItsValueOrItsError) {
    const auto half = [](int value) -> Result<int> {
        if (value % 2 != 0) return kerolox::Error(ErrorKind::usage, "odd");
        return value / 2;
    };
    EXPECT_EQ(Result<int>(8).and_then(half).and_then(half).value(), 2);
    EXPECT_EQ(Result<int>(6).and_then(half).and_then(half).error().text(), "odd");
    EXPECT_EQ(Result<int>(4).transform([](int value) { return std::to_string(value); }).value(),
              "4");
    EXPECT_EQ(half(3).or_else([](const kerolox::Error&) { return Result<int>(1); }).value(), 1);
    EXPECT_EQ(half(3).value_or(9), 9);
}

TEST(Result, EndsTheProcessWhereAValueIsTakenThatIsNotThere) {
    const Result<int> failed(kerolox::Error(ErrorKind::broker, "no such topic", 17));
    EXPECT_DEATH((void)failed.value(), "broker \\(code 17\\): no such topic");
    const Result<int> fine(1);
    EXPECT_DEATH((void)fine.error(), "the error of a successful result");
}

TEST(Error, SaysEverythingInOneLine) {
    EXPECT_EQ(broker_error(17, "No topic", "1.2.3.4:10911").describe(),
              "broker (code 17): No topic, by 1.2.3.4:10911");
    EXPECT_TRUE(broker_error(17, "", "a").retriable());
    EXPECT_FALSE(broker_error(99, "", "a").retriable());
    const auto refused = connect_error({Errc::kUnavailable, "refused"}, "h:1");
    EXPECT_EQ(refused.text(), "connect to h:1 failed");
    ASSERT_NE(refused.cause(), nullptr);
    EXPECT_EQ(refused.cause()->text(), "refused");
    EXPECT_EQ(call_error({Errc::kTimeout, ""}, "h:1", 300).text(),
              "wait response on the channel h:1 timeout, 300(ms)");
    EXPECT_EQ(call_error({Errc::kUnavailable, "broke"}, "h:1", 300).text(),
              "send request to h:1 failed");
}

TEST(Bytes, ShareWhatTheyHold) {
    const Bytes whole(std::string("hello world"));
    const Bytes part = whole.slice(6);
    EXPECT_EQ(part.text(), "world");
    EXPECT_EQ(part.owner(), whole.owner());
    EXPECT_EQ(whole.slice(3, 2).text(), "lo");
    EXPECT_EQ(whole.slice(100).text(), "");
    EXPECT_EQ(whole.slice(6, 100).text(), "world");
    EXPECT_EQ(Bytes("literal").owner(), nullptr);
    EXPECT_EQ(Bytes("literal").text(), "literal");
}

TEST(Bytes, LetGoOnce) {
    int released = 0;
    const std::string text = "mine";
    {
        const Bytes bytes = Bytes::adopt(
            text.data(), text.size(), [](void* count) { ++*static_cast<int*>(count); }, &released);
        const Bytes copy = bytes;
        EXPECT_EQ(copy.text(), "mine");
        EXPECT_EQ(released, 0);
    }
    EXPECT_EQ(released, 1);
}

}  // namespace
}  // namespace kx::client
