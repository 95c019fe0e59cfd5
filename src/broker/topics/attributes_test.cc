// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/attributes.h"

#include <gmock/gmock.h>

namespace kx::broker {
namespace {

using ::testing::HasSubstr;

Result<Attributes> change(bool create, const Attributes& current, std::string_view text) {
    KX_TRY(const Attributes changes, parse_attributes(text));
    return change_attributes(topic_attributes(), create, current, changes);
}

TEST(Attributes, AreAddedReplacedAndRemoved) {
    EXPECT_EQ(*change(true, {}, "+message.type=FIFO,+queue.type=BatchCQ"),
              (Attributes{{"message.type", "FIFO"}, {"queue.type", "BatchCQ"}}));
    EXPECT_EQ(*change(false, {{"message.type", "FIFO"}}, "+message.type=DELAY"),
              (Attributes{{"message.type", "DELAY"}}));
    EXPECT_EQ(*change(false, {{"message.type", "FIFO"}}, "-message.type"), Attributes{});
    EXPECT_EQ(*change(false, {{"message.type", "FIFO"}}, ""),
              (Attributes{{"message.type", "FIFO"}}));
}

TEST(Attributes, RefuseWhatTheRulesForbid) {
    const auto why = [](bool create, const Attributes& current, std::string_view text) {
        const auto changed = change(create, current, text);
        return changed ? std::string("accepted") : changed.error().text;
    };
    EXPECT_THAT(why(true, {}, "-message.type"), HasSubstr("only add attribute is supported"));
    EXPECT_THAT(why(true, {}, "+no.such.key=1"), HasSubstr("unsupported key: no.such.key"));
    EXPECT_THAT(why(true, {}, "+message.type=fifo"), HasSubstr("value is not in set"));
    EXPECT_THAT(why(true, {}, "+reserve.time=-2"), HasSubstr("value is not in range"));
    EXPECT_THAT(why(false, {{"queue.type", "SimpleCQ"}}, "+queue.type=BatchCQ"),
                HasSubstr("attempt to update an unchangeable attribute"));
    EXPECT_THAT(why(false, {}, "-message.type"), HasSubstr("attempt to delete a nonexistent key"));
    EXPECT_THAT(why(false, {}, "message.type=FIFO"), HasSubstr("attribute format is wrong"));
    EXPECT_THAT(why(false, {}, "+message.type=FIFO,+message.type=FIFO"),
                HasSubstr("key duplication"));
    EXPECT_THAT(why(false, {}, "+message.type=FIFO,-message.type"), HasSubstr("key duplication"));
}

}  // namespace
}  // namespace kx::broker
