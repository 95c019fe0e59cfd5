// SPDX-License-Identifier: Apache-2.0
//
// The table engine of JSON bodies: nested structs, optionals, lists, maps with every kind of key.
#include "base/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kx {
namespace {

using ::testing::HasSubstr;

enum class Shade : std::uint8_t { kRed, kBlue };
std::string_view to_name(Shade colour) { return colour == Shade::kRed ? "RED" : "BLUE"; }
bool from_name(std::string_view name, Shade& colour) {
    if (name != "RED" && name != "BLUE") return false;
    colour = name == "RED" ? Shade::kRed : Shade::kBlue;
    return true;
}

struct Place {
    std::string broker;
    std::int32_t queue = 0;
    auto operator<=>(const Place&) const = default;
    static constexpr auto members() {
        return std::array{member<&Place::broker>("broker"), member<&Place::queue>("queue")};
    }
};

struct Everything {
    bool flag = true;
    Shade colour = Shade::kBlue;
    std::int32_t small = 3;
    std::int64_t large = 4;
    double ratio = 0.5;
    std::string text = "default";
    std::optional<std::string> maybe;
    std::optional<Place> place;
    std::vector<Place> places;
    std::set<std::string> names;
    std::map<std::int32_t, std::string> by_number;
    std::map<Place, std::int64_t> by_place;
    std::map<std::string, std::map<std::int32_t, std::int64_t>> nested;

    static constexpr auto members() {
        using E = Everything;
        return std::array{
            member<&E::flag>("flag"),          member<&E::colour>("colour"),
            member<&E::small>("small"),        member<&E::large>("large"),
            member<&E::ratio>("ratio"),        member<&E::text>("text"),
            member<&E::maybe>("maybe"),        member<&E::place>("place"),
            member<&E::places>("places"),      member<&E::names>("names"),
            member<&E::by_number>("byNumber"), member<&E::by_place>("byPlace"),
            member<&E::nested>("nested"),
        };
    }
};

Everything full() {
    Everything value;
    value.flag = false;
    value.colour = Shade::kRed;
    value.small = INT32_MIN;
    value.large = INT64_MAX;
    value.ratio = 2;
    value.text = "q\"\n";
    value.maybe = "";
    value.place = Place{"b", 1};
    value.places = {{"c", 2}, {"d", 3}};
    value.names = {"x", "y"};
    value.by_number = {{0, "zero"}, {-1, "minus"}};
    value.by_place = {{{"e\"}", 4}, 5}, {{"f", 6}, 7}};
    value.nested = {{"t@g", {{0, 74}, {1, 75}}}};
    return value;
}

constexpr std::string_view kFull =
    R"({"flag":false,"colour":"RED","small":-2147483648,"large":9223372036854775807,"ratio":2.0,)"
    R"("text":"q\"\n","maybe":"","place":{"broker":"b","queue":1},)"
    R"("places":[{"broker":"c","queue":2},{"broker":"d","queue":3}],"names":["x","y"],)"
    R"("byNumber":{-1:"minus",0:"zero"},)"
    R"("byPlace":{{"broker":"e\"}","queue":4}:5,{"broker":"f","queue":6}:7},)"
    R"("nested":{"t@g":{0:74,1:75}}})";

TEST(JsonMembers, AreWrittenInTheOrderOfTheTable) { EXPECT_EQ(to_json(full()), kFull); }

TEST(JsonMembers, LeaveOutNullOptionalsButNotEmptyCollections) {
    EXPECT_EQ(to_json(Everything{}),
              R"({"flag":true,"colour":"BLUE","small":3,"large":4,"ratio":0.5,"text":"default",)"
              R"("places":[],"names":[],"byNumber":{},"byPlace":{},"nested":{}})");
}

TEST(JsonMembers, ReadBackWhatTheyWroteInEveryForm) {
    for (const auto style :
         {JsonWriter::Style::kCompact, JsonWriter::Style::kStandard, JsonWriter::Style::kPretty}) {
        const std::string text = to_json(full(), style);
        const auto read = from_json<Everything>(text);
        ASSERT_TRUE(read) << read.error().text << "\n" << text;
        EXPECT_EQ(to_json(*read), kFull);
    }
}

TEST(JsonMembers, QuoteIntegerKeysInTheStandardForm) {
    EXPECT_THAT(to_json(full(), JsonWriter::Style::kStandard),
                HasSubstr(R"("byNumber":{"-1":"minus","0":"zero"})"));
}

TEST(JsonMembers, KeepDefaultsForMissingNullAndUnknownMembers) {
    const auto read = from_json<Everything>(
        R"({"text":null,"unknown":{"deep":[1,2]},"place":null,"nested":null,"empty":true})");
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(to_json(*read), to_json(Everything{}));
}

TEST(JsonMembers, TakeTheLooseFormsOfValues) {
    const auto read = from_json<Everything>(
        R"({"small":"12","large":"-5","flag":"false","text":7,"ratio":3,"maybe":true,)"
        R"("names":["a",null,"a"],"byNumber":{"5":"five",6:null},)"
        R"("places":[null,{"$ref":"$.place"},{"broker":"z"}],"place":{"$ref":"$"}})");
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->small, 12);
    EXPECT_EQ(read->large, -5);
    EXPECT_FALSE(read->flag);
    EXPECT_EQ(read->text, "7");
    EXPECT_EQ(read->ratio, 3.0);
    EXPECT_EQ(read->maybe, "true");
    EXPECT_EQ(read->names.size(), 1U);
    EXPECT_EQ(read->by_number.size(), 1U);
    ASSERT_EQ(read->places.size(), 1U);
    EXPECT_EQ(read->places[0].broker, "z");
    EXPECT_FALSE(read->place.has_value());
    EXPECT_TRUE(from_json<Everything>(R"({"flag":1})")->flag);
    EXPECT_FALSE(from_json<Everything>(R"({"flag":0})")->flag);
}

TEST(JsonMembers, TheLastOfEqualKeysReplacesTheFirst) {
    struct Table {
        std::map<std::string, Place> rows;
        static constexpr auto members() { return std::array{member<&Table::rows>("rows")}; }
    };
    const auto read =
        from_json<Table>(R"({"rows":{"a":{"broker":"b","queue":5},"a":{"queue":6}}})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->rows.at("a"), (Place{"", 6}));
}

TEST(JsonMembers, NameTheMemberThatIsWrong) {
    const auto error = [](std::string_view text) {
        const auto read = from_json<Everything>(text);
        return read ? std::string("no error") : read.error().text;
    };
    EXPECT_THAT(error(R"({"small":2147483648})"), HasSubstr("small: 2147483648 is out of range"));
    EXPECT_THAT(error(R"({"small":"x"})"), HasSubstr("small: an integer was expected"));
    EXPECT_THAT(error(R"({"small":1.5})"), HasSubstr("small: an integer was expected"));
    EXPECT_THAT(error(R"({"colour":"GREEN"})"), HasSubstr("'GREEN' is no known value"));
    EXPECT_THAT(error(R"({"flag":"maybe"})"), HasSubstr("flag: true or false was expected"));
    EXPECT_THAT(error(R"({"places":{}})"), HasSubstr("places: a list was expected"));
    EXPECT_THAT(error(R"({"places":[5]})"), HasSubstr("places: an object was expected"));
    EXPECT_THAT(error(R"({"place":{"queue":[]}})"), HasSubstr("place: queue: an integer"));
    EXPECT_THAT(error(R"({"nested":{"t":{"x":1}}})"), HasSubstr("the key 'x' is not a number"));
    EXPECT_THAT(error(R"({"byPlace":{"plain":1}})"), HasSubstr("byPlace: not valid JSON"));
    EXPECT_THAT(error(R"({"byNumber":{99999999999:"x"}})"), HasSubstr("is not a number"));
    EXPECT_THAT(error("[]"), HasSubstr("an object was expected"));
    EXPECT_THAT(error("{"), HasSubstr("not valid JSON"));
}

TEST(JsonMembers, TakeAQuotedObjectKeyToo) {
    const auto read = from_json<Everything>(R"({"byPlace":{"{\"broker\":\"b\",\"queue\":9}":1}})");
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->by_place.begin()->first, (Place{"b", 9}));
}

}  // namespace
}  // namespace kx
