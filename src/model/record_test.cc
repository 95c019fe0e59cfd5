// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include <gmock/gmock.h>

#include <random>

#include "base/bytes.h"
#include "base/crc32.h"
#include "model/message_id.h"
#include "model/properties.h"

namespace kx::model {
namespace {

using ::testing::HasSubstr;

NewMessage simple() {
    NewMessage message;
    message.topic = "spec_a";
    message.queue_id = 1;
    message.body = "hello";
    message.born_timestamp = 0x1a1fe566131;
    message.born_host.port = 0xb8f6;
    message.store_host.port = 0x5597;
    return message;
}

TEST(Record, HasTheBytesOfTheTestVector) {
    NewMessage message = simple();
    const std::string properties = std::string("A\x01") + std::string(159, 'v') + "\x02";
    message.properties = properties;
    const auto draft = RecordDraft::make(message, {});
    ASSERT_TRUE(draft);
    const std::string record = draft->encode(0, 0, 0x1a1fe5661b5);
    EXPECT_EQ(record.size(), 264U);
    EXPECT_EQ(to_hex(record.substr(0, 102)),
              "00000108DAA320A73610A6860000000100000000000000000000000000000000000000000000000000"
              "0001A1FE5661317F0000010000B8F6000001A1FE5661B57F000001000055970000000000000000000000"
              "000000000568656C6C6F06737065635F6100A2");
}

TEST(Record, ReadsBackWhatItWrote) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        const auto any = [&](std::size_t max) {
            std::string text(random() % (max + 1), '\0');
            for (char& c : text) c = static_cast<char>(random());
            return text;
        };
        const std::string topic = any(round % 5 == 0 ? 255 : 127);
        const std::string body = any(3000);
        const std::string properties = any(500);
        NewMessage message;
        message.topic = topic;
        message.body = body;
        message.properties = properties;
        message.queue_id = static_cast<std::int32_t>(random());
        message.flag = static_cast<std::int32_t>(random());
        message.sys_flag = static_cast<std::int32_t>(random() & 0x7ffU);
        message.born_timestamp = static_cast<std::int64_t>(random());
        message.reconsume_times = static_cast<std::int32_t>(random() % 20);
        message.prepared_transaction_offset = static_cast<std::int64_t>(random());
        message.born_host.is_v6 = random() % 2 == 0;
        message.store_host.is_v6 = random() % 2 == 0;
        if (!message.born_host.is_v6) std::fill_n(message.born_host.address.begin() + 4, 12, 0);
        if (!message.store_host.is_v6) std::fill_n(message.store_host.address.begin() + 4, 12, 0);
        const auto draft = RecordDraft::make(message, {});
        ASSERT_TRUE(draft);
        const std::string record = draft->encode(42, 4711, 99);
        const CheckedRecord found = check_record(record, true);
        ASSERT_EQ(found.kind, RecordKind::kRecord) << found.reason;
        EXPECT_EQ(found.size, draft->size());
        EXPECT_EQ(found.record.topic, topic);
        EXPECT_EQ(found.record.body, body);
        EXPECT_EQ(found.record.properties, properties);
        EXPECT_EQ(found.record.queue_id, message.queue_id);
        EXPECT_EQ(found.record.flag, message.flag);
        EXPECT_EQ(found.record.born_host, message.born_host);
        EXPECT_EQ(found.record.store_host, message.store_host);
        EXPECT_EQ(found.record.store_timestamp, 99);
        EXPECT_EQ(found.record.physical_offset, 4711);
        EXPECT_EQ(found.record.queue_offset, found.record.in_queue() ? 42 : 0);
        EXPECT_EQ(found.record.magic, topic.size() > 127 ? kMagicV2 : kMagicV1);
        EXPECT_EQ(record_store_timestamp(record.data()), 99);
        EXPECT_EQ(record_size(record.data()), found.size);
    }
}

TEST(Record, RefusesEveryCutAndEveryChangedBodyByte) {
    NewMessage message = simple();
    message.properties = "KEYS\x01k\x02";
    const std::string record = RecordDraft::make(message, {})->encode(1, 2, 3);
    for (std::size_t size = 0; size < record.size(); ++size) {
        EXPECT_EQ(check_record(record.substr(0, size), true).kind, RecordKind::kBad) << size;
    }
    for (std::size_t at = 88; at < 93; ++at) {
        std::string changed = record;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        EXPECT_EQ(check_record(changed, true).kind, RecordKind::kBad);
        EXPECT_EQ(check_record(changed, false).kind, RecordKind::kRecord);
    }
}

TEST(Record, TellsBlankAndZeroBytesApart) {
    std::string blank(100, '\0');
    EXPECT_EQ(check_record(blank, true).kind, RecordKind::kBad);
    write_blank(blank.data(), 100);
    EXPECT_EQ(check_record(blank, true).kind, RecordKind::kBlank);
    EXPECT_EQ(check_record(blank, true).size, 100);
    EXPECT_FALSE(decode_record(blank));
}

TEST(Record, KnowsAHalfMessage) {
    std::string record = RecordDraft::make(simple(), {})->encode(1, 2, 3);
    record += "xx";
    store_be<std::int32_t>(record.data(), static_cast<std::int32_t>(record.size()));
    const CheckedRecord found = check_record(record, true);
    EXPECT_EQ(found.kind, RecordKind::kBad);
    EXPECT_EQ(found.size, static_cast<std::int32_t>(record.size()));
}

TEST(Record, KeepsPropertiesWithinAShort) {
    NewMessage message = simple();
    const std::string fits(32767, 'p');
    message.properties = fits;
    const std::string record = RecordDraft::make(message, {})->encode(1, 2, 3);
    EXPECT_EQ(decode_record(record)->properties, fits);
    const std::string too_long(32768, 'p');
    message.properties = too_long;
    EXPECT_FALSE(RecordDraft::make(message, {}));
    const std::string no_room(32767 - 19, 'p');
    message.properties = no_room;
    EXPECT_FALSE(RecordDraft::make(message, {true, true}));
}

TEST(Record, AppendsTheCrcPropertyWithItsDigitsReversed) {
    for (const bool separated : {false, true}) {
        NewMessage message = simple();
        message.properties = separated ? "A\x01"
                                         "b\x02"
                                       : "A\x01"
                                         "b";
        const std::string record = RecordDraft::make(message, {true, true})->encode(1, 2, 3);
        const auto found = decode_record(record);
        ASSERT_TRUE(found);
        EXPECT_EQ(property_or_empty(found->properties, "A"), "b");
        std::string digits(property_or_empty(found->properties, property::kCrc32));
        ASSERT_EQ(digits.size(), 10U);
        std::reverse(digits.begin(), digits.end());
        EXPECT_EQ(std::stol(digits), crc31(std::string_view(record).substr(0, record.size() - 20)));
        EXPECT_EQ(record.back(), kPropertySeparator);
    }
}

TEST(OffsetId, IsTheOneOfTheSpecification) {
    HostPort host;
    host.port = 0x5597;
    EXPECT_EQ(encode_offset_id(host, 264).view(), "7F000001000055970000000000000108");
    EXPECT_EQ(decode_offset_id("7F000001000055970000000000000108"), (OffsetId{host, 264}));
    HostPort v6;
    v6.is_v6 = true;
    v6.address[15] = 9;
    v6.port = 1;
    EXPECT_EQ(decode_offset_id(encode_offset_id(v6, -5)), (OffsetId{v6, -5}));
    EXPECT_EQ(to_string(host), "127.0.0.1:21911");
    EXPECT_FALSE(decode_offset_id(""));
    EXPECT_FALSE(decode_offset_id("7F00000100005597000000000000010"));
    EXPECT_FALSE(decode_offset_id("XF000001000055970000000000000108"));
}

}  // namespace
}  // namespace kx::model
