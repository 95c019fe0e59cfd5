// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerolox/message.hpp"

namespace kx::client {
namespace {

using kerolox::Bytes;
using kerolox::Message;

TEST(Message, CarriesWhatItWasGiven) {
    const Message message = Message("T", "body").tag("A").key("k1").key("k2").property("p", "v");
    EXPECT_TRUE(message.check());
    EXPECT_EQ(message.topic(), "T");
    EXPECT_EQ(message.body().text(), "body");
    EXPECT_EQ(message.tag(), "A");
    EXPECT_EQ(message.keys(), "k1 k2");
    EXPECT_EQ(message.property("p"), "v");
    EXPECT_FALSE(message.property("q"));
}

TEST(Message, KeepsTheFirstProblem) {
    Message message("T", "body");
    message.property("UNIQ_KEY", "x").property("", "y");
    const auto status = message.check();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().text().find("UNIQ_KEY"), std::string_view::npos);
}

TEST(Message, RefusesWhatCannotTravel) {
    EXPECT_FALSE(Message("", "x").check());
    EXPECT_FALSE(Message("a b", "x").check());
    EXPECT_FALSE(Message(std::string(200, 't'), "x").check());
    EXPECT_FALSE(Message("T", Bytes()).check());
    EXPECT_FALSE(Message("T", "x").property("n", " ").check());
    EXPECT_FALSE(Message("T", "x").property("n", std::string("a\x01") + "b").check());
    EXPECT_FALSE(Message("T", "x").key("two words").check());
}

TEST(Message, ClonesShareTheBody) {
    const Message one = Message("T", Bytes(std::string("body"))).tag("A");
    const Message two = one.clone();
    EXPECT_EQ(two.body().owner(), one.body().owner());
    EXPECT_EQ(two.tag(), "A");
}

}  // namespace
}  // namespace kx::client
