// SPDX-License-Identifier: Apache-2.0
#include "base/config_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_file.h"

namespace kx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using File = test::TempFile;

enum class Colour : int { kRed, kGreen };

struct Lamp {
    std::int32_t watts = 40;
    std::int64_t hours = 1'000;
    double price = 8;
    bool lit = false;
    std::string name = "lamp";
    std::string owner;
    Colour colour = Colour::kGreen;
    std::int32_t dimmer_levels = 3;
    std::int32_t heap = 1;
    std::string password;

    static std::span<const ConfigRow> keys();
};

constexpr ConfigRow kLampKeys[] = {
    key<&Lamp::watts>("lampWatts", KeyTier::kA, "power", Range{0, 100}, kLive),
    key<&Lamp::hours>("lampHours", KeyTier::kA, "life", kHours),
    key<&Lamp::price>("lampPrice", KeyTier::kA, "cost"),
    key<&Lamp::lit>("lampLit", KeyTier::kA, "on or off", kLive, kImportant),
    key<&Lamp::name>("brokerName", KeyTier::kA, "name"),
    key<&Lamp::owner>("owner", KeyTier::kA, "whose", kNullable),
    key<&Lamp::colour>("colour", KeyTier::kA, "light", Choices{"RED|GREEN"}),
    key<&Lamp::dimmer_levels>("dimmerLevels", KeyTier::kB, "steps", kLater),
    key<&Lamp::heap>("heapSize", KeyTier::kC, "heap", NoMeaning{"there is no JVM"}),
    key<&Lamp::password>("password", KeyTier::kA, "secret", kSecret, Alias{"passWord"}),
};
std::span<const ConfigRow> Lamp::keys() { return kLampKeys; }

struct Shelf {
    std::string name = "shelf";

    static std::span<const ConfigRow> keys();
};
constexpr ConfigRow kShelfKeys[] = {
    key<&Shelf::name>("brokerName", KeyTier::kA, "name"),
};
std::span<const ConfigRow> Shelf::keys() { return kShelfKeys; }

struct Room {
    Lamp lamp;
    Shelf shelf;
    ConfigTable table{{config_part("lamp", lamp), config_part("shelf", shelf)}};
};

TEST(ConfigTable, TakesValuesOfEveryType) {
    Room room;
    const File file(
        "lampWatts = +60 \nlampHours=-5\nlampPrice=2.5\nlampLit=TRUE\nowner=  me \ncolour=red\n");
    ASSERT_TRUE(room.table.load({.file = file.path()}));
    EXPECT_EQ(room.lamp.watts, 60);
    EXPECT_EQ(room.lamp.hours, -5);
    EXPECT_EQ(room.lamp.price, 2.5);
    EXPECT_TRUE(room.lamp.lit);
    EXPECT_EQ(room.lamp.owner, "me");
    EXPECT_EQ(room.lamp.colour, Colour::kRed);
}

TEST(ConfigTable, SetsAKeyInEveryStructThatHasIt) {
    Room room;
    ASSERT_TRUE(room.table.load({.set = {"brokerName=b"}}));
    EXPECT_EQ(room.lamp.name, "b");
    EXPECT_EQ(room.shelf.name, "b");
}

TEST(ConfigTable, PrefersOptionsToEnvironmentToFileToDefaults) {
    Room room;
    const File file("lampWatts=1\nlampHours=1\nlampPrice=1\n");
    const auto report =
        room.table.load({.file = file.path(),
                         .environment = {"KEROLOX_LAMP_WATTS=2", "KEROLOX_LAMP_HOURS=2", "HOME=/x"},
                         .set = {"lampWatts=3"}});
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_EQ(room.lamp.watts, 3);
    EXPECT_EQ(room.lamp.hours, 2);
    EXPECT_EQ(room.lamp.price, 1);
    EXPECT_EQ(room.lamp.colour, Colour::kGreen);
    EXPECT_THAT(report->set, ElementsAre("lampHours", "lampPrice", "lampWatts"));
    EXPECT_TRUE(report->is_set("lampWatts"));
    EXPECT_FALSE(report->is_set("colour"));
    EXPECT_THAT(report->warnings, IsEmpty());
}

TEST(ConfigTable, NamesFileAndLineOfAMalformedValue) {
    for (const std::string value : {"abc", "", "1.5", "0x10", "2147483648", "+-1", "1 2"}) {
        Room room;
        const File file("# first\nlampHours=1\nlampWatts=" + value + "\n");
        const auto report = room.table.load({.file = file.path()});
        ASSERT_FALSE(report) << value;
        EXPECT_THAT(report.error().text, StartsWith(file.path() + ":3: lampWatts: \"" + value));
        EXPECT_EQ(room.lamp.watts, 40);
    }
}

TEST(ConfigTable, NamesTheOtherPlacesOfAMalformedValue) {
    Room room;
    const auto from_environment = room.table.load({.environment = {"KEROLOX_LAMP_LIT=yes"}});
    ASSERT_FALSE(from_environment);
    EXPECT_EQ(from_environment.error().text,
              "environment KEROLOX_LAMP_LIT: lampLit: \"yes\" is neither true nor false");
    const auto from_option = room.table.load({.set = {"colour=blue"}});
    ASSERT_FALSE(from_option);
    EXPECT_EQ(from_option.error().text, "option: colour: \"blue\" is none of RED|GREEN");
    const auto out_of_range = room.table.load({.set = {"lampWatts=101"}});
    ASSERT_FALSE(out_of_range);
    EXPECT_EQ(out_of_range.error().text, "option: lampWatts: 101 is outside 0 to 100");
    const auto no_pair = room.table.load({.set = {"lampWatts"}});
    ASSERT_FALSE(no_pair);
    EXPECT_EQ(no_pair.error().code, Errc::kInvalidArgument);
}

TEST(ConfigTable, SuggestsTheLikelySpelling) {
    Room room;
    const File file("lampwats=1\nquiteDifferent=2\n");
    const auto report = room.table.load(
        {.file = file.path(), .environment = {"KEROLOX_LAMP_WATS=2"}, .set = {"colur=RED"}});
    ASSERT_TRUE(report);
    EXPECT_THAT(report->warnings,
                ElementsAre(file.path() + ":1: unknown key lampwats, did you mean lampWatts?",
                            file.path() + ":2: unknown key quiteDifferent",
                            "environment: KEROLOX_LAMP_WATS names no key, did you mean "
                            "KEROLOX_LAMP_WATTS?",
                            "option: unknown key colur, did you mean colour?"));
    ASSERT_EQ(report->unknown.size(), 2U);
    EXPECT_EQ(report->unknown[1].key, "quiteDifferent");
}

TEST(ConfigTable, WarnsOnceOfAKeyWithoutEffect) {
    Room room;
    const auto report = room.table.load(
        {.environment = {"KEROLOX_HEAP_SIZE=2"}, .set = {"heapSize=3", "dimmerLevels=4"}});
    ASSERT_TRUE(report);
    EXPECT_THAT(report->warnings,
                ElementsAre("environment KEROLOX_HEAP_SIZE: heapSize is accepted, but has no "
                            "meaning here: there is no JVM",
                            "option: dimmerLevels is accepted, but its feature is not in this "
                            "version"));
}

TEST(ConfigTable, GathersKeysWithoutEffectThatKeepTheirDefaults) {
    Room room;
    const auto report = room.table.load({.set = {"heapSize=1", "dimmerLevels=3"}});
    ASSERT_TRUE(report);
    EXPECT_THAT(report->warnings,
                ElementsAre("set to their defaults, and without effect here: dimmerLevels, "
                            "heapSize"));
}

TEST(ConfigTable, UpdatesLiveAndIgnoresWhatJavaIgnores) {
    Room room;
    const std::vector<Property> wanted = {{"lampWatts", "7", 0},  {"lampHours", "x", 0},
                                          {"lampLit", "yes", 0},  {"lampPricE", "1", 0},
                                          {"colour", "RED", 0},   {"brokerName", "n", 0},
                                          {"lampPrice", "8.0", 0}};
    const ConfigUpdate update = room.table.update(wanted);
    ASSERT_EQ(update.changes.size(), 3U);
    EXPECT_EQ(update.changes[0].key, "lampWatts");
    EXPECT_EQ(update.changes[0].from, "40");
    EXPECT_EQ(update.changes[0].to, "7");
    EXPECT_TRUE(update.changes[0].live);
    EXPECT_EQ(update.changes[1].key, "colour");
    EXPECT_FALSE(update.changes[1].live);
    EXPECT_TRUE(update.changed("brokerName"));
    EXPECT_FALSE(update.changed("lampPrice"));
    EXPECT_FALSE(room.lamp.lit);
    EXPECT_EQ(room.lamp.hours, 1'000);
    EXPECT_EQ(room.shelf.name, "n");
    EXPECT_THAT(update.ignored, ElementsAre("lampHours: \"x\" is no whole number of type long",
                                            "unknown key lampPricE, did you mean lampPrice?"));
}

TEST(ConfigTable, PrintsSortedPropertiesOfAllStructs) {
    Room room;
    const std::vector<Property> more = {{"alien", "1", 0}};
    EXPECT_EQ(room.table.to_properties(more),
              "alien=1\nbrokerName=shelf\ncolour=GREEN\ndimmerLevels=3\nheapSize=1\n"
              "lampHours=1000\nlampLit=false\nlampPrice=8.0\nlampWatts=40\npassword=\n");
}

TEST(ConfigTable, PrintsForPeopleWithoutSecrets) {
    Room room;
    ASSERT_TRUE(room.table.load({.set = {"passWord=1234"}}));
    EXPECT_EQ(room.lamp.password, "1234");
    EXPECT_THAT(room.table.print(false), HasSubstr("password=(secret)\n"));
    EXPECT_THAT(room.table.print(false), Not(HasSubstr("1234")));
    EXPECT_EQ(room.table.print(true), "# lamp\nlampLit=false\n");
}

TEST(ConfigTable, LooksAtConstStructsToo) {
    const Lamp lamp;
    const ConfigTable table({config_part("lamp", lamp)});
    EXPECT_THAT(table.to_properties(), HasSubstr("lampWatts=40\n"));
    ASSERT_EQ(table.find("lampWatts").size(), 1U);
    EXPECT_EQ(table.find("lampWatts")[0].default_value(), "40");
}

TEST(ConfigTable, ProtectsTheBlackList) {
    const std::vector<Property> wanted = {{"a", "1", 0}, {"brokerName", "x", 0}};
    EXPECT_TRUE(check_black_list(wanted, "b;c", "broker;Name"));
    EXPECT_FALSE(check_black_list(wanted, "b;a", ""));
    const Status refused = check_black_list(wanted, "", "x;;brokerName");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text, "Can not update config in black list.");
}

TEST(ConfigKey, NamesEnvironmentVariables) {
    EXPECT_EQ(environment_name("listenPort"), "KEROLOX_LISTEN_PORT");
    EXPECT_EQ(environment_name("brokerIP1"), "KEROLOX_BROKER_IP1");
    EXPECT_EQ(environment_name("useTLS"), "KEROLOX_USE_TLS");
    EXPECT_EQ(environment_name("checkCRCOnRecover"), "KEROLOX_CHECK_CRC_ON_RECOVER");
    EXPECT_EQ(environment_name("tls.server.keyPath"), "KEROLOX_TLS_SERVER_KEY_PATH");
}

TEST(ConfigKey, CountsEdits) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("brokerPI1", "brokerIP1"), 1U);
    EXPECT_EQ(edit_distance("same", "same"), 0U);
}

}  // namespace
}  // namespace kx
