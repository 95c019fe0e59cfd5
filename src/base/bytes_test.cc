// SPDX-License-Identifier: Apache-2.0
//
// Bytes: big-endian numbers, the checking reader, the buffer, slices, CRC-32, results.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <random>

#include "base/buffer.h"
#include "base/crc32.h"
#include "base/result.h"
#include "base/slice.h"

namespace kx {
namespace {

TEST(BigEndian, StoresTheHighByteFirst) {
    std::string out;
    put_be(out, std::int8_t{-2});
    put_be(out, std::int16_t{0x0102});
    put_be(out, std::uint32_t{0xDAA320A7});
    put_be(out, std::int64_t{0x0102030405060708});
    EXPECT_EQ(out, std::string("\xFE\x01\x02\xDA\xA3\x20\xA7\x01\x02\x03\x04\x05\x06\x07\x08", 15));
    EXPECT_EQ(load_be<std::int8_t>(out.data()), -2);
    EXPECT_EQ(load_be<std::int16_t>(out.data() + 1), 0x0102);
    EXPECT_EQ(load_be<std::uint32_t>(out.data() + 3), 0xDAA320A7U);
    EXPECT_EQ(load_be<std::int64_t>(out.data() + 7), 0x0102030405060708);
}

TEST(ByteReader, ReadsFrontToBack) {
    const std::string bytes("\0\0\0\5hello\xFF\xFF", 11);
    ByteReader in(bytes);
    EXPECT_EQ(in.take(in.read<std::int32_t>()), "hello");
    EXPECT_EQ(in.left(), 2U);
    EXPECT_EQ(in.read<std::int16_t>(), -1);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.take(0), "");
    EXPECT_TRUE(in.ok());
}

TEST(ByteReader, GivesZeroForEverAfterAnOverrun) {
    ByteReader in("abc");
    EXPECT_EQ(in.read<std::int32_t>(), 0);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.read<std::uint8_t>(), 0);
    EXPECT_EQ(in.take(1), "");
    EXPECT_EQ(in.left(), 0U);
    EXPECT_EQ(in.take(0), "");
    EXPECT_FALSE(in.ok());
}

TEST(ByteReader, RefusesNegativeAndTooLargeSizes) {
    for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{4}, INT64_MIN, INT64_MAX}) {
        ByteReader in("abc");
        EXPECT_EQ(in.take(size), "");
        EXPECT_FALSE(in.ok()) << size;
    }
}

TEST(Buffer, GrowsAndKeepsWhatItHolds) {
    Buffer buffer;
    std::string expected;
    std::minstd_rand chance(42);
    for (int i = 0; i < 1000; ++i) {
        const std::string piece(chance() % 97, static_cast<char>('a' + i % 26));
        expected += piece;
        if (i % 2 == 0) {
            buffer.append(piece);
        } else {
            std::memcpy(buffer.room(piece.size() + 10), piece.data(), piece.size());
            buffer.commit(piece.size());
        }
    }
    EXPECT_EQ(buffer.view(), expected);
    EXPECT_GE(buffer.capacity(), buffer.size());
}

TEST(Buffer, TakesNothing) {
    Buffer buffer;
    buffer.append(std::string_view{});
    buffer.append(nullptr, 0);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.view(), "");
}

TEST(Buffer, MovesWithoutCopying) {
    Buffer from;
    from.append("moved");
    const char* const at = from.data();
    Buffer to(std::move(from));
    EXPECT_EQ(to.data(), at);
    Buffer assigned;
    assigned.append("old");
    assigned = std::move(to);
    EXPECT_EQ(assigned.view(), "moved");
    assigned.resize_down(2);
    assigned.push_back('p');
    EXPECT_EQ(assigned.view(), "mop");
}

TEST(Buffer, TrimsOnlyWhenEmptyAndLarge) {
    Buffer buffer(1 << 20);
    buffer.append("x");
    buffer.trim(1024);
    EXPECT_GE(buffer.capacity(), 1U << 20) << "it is not empty";
    buffer.clear();
    buffer.trim(4 << 20);
    EXPECT_GE(buffer.capacity(), 1U << 20) << "it is not that large";
    buffer.trim(1024);
    EXPECT_EQ(buffer.capacity(), 0U);
    buffer.append("again");
    EXPECT_EQ(buffer.view(), "again");
}

TEST(Buffer, RefusesAnAbsurdSizeInsteadOfLoopingForEver) {
    Buffer buffer;
    EXPECT_THROW(static_cast<void>(buffer.room(SIZE_MAX / 2 + 2)), std::bad_alloc);
    buffer.append("usable");
    EXPECT_EQ(buffer.view(), "usable");
}

TEST(Slice, OwnsWhatItPins) {
    Slice copy;
    {
        const Slice slice = Slice::own(std::string(100, 'x'));
        copy = slice;
    }
    EXPECT_EQ(copy.bytes, std::string(100, 'x'));
    EXPECT_EQ(Slice::own("short").bytes, "short");
}

/// The textbook form, bit by bit: an opinion of its own.
std::uint32_t slow_crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
    }
    return ~crc;
}

TEST(Crc32, GivesTheKnownVectors) {
    EXPECT_EQ(crc32(""), 0U);
    EXPECT_EQ(crc32("a"), 0xE8B7BE43U);
    EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
    EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
    EXPECT_EQ(crc31("a"), 0x68B7BE43);
}

TEST(Crc32, AgreesWithTheTextbookAtEverySizeAndAlignment) {
    std::mt19937 chance(7);
    std::string bytes(2048, '\0');
    for (char& c : bytes) c = static_cast<char>(chance());
    for (std::size_t size = 0; size < 600; ++size) {
        const auto piece = std::string_view(bytes).substr(size % 17, size);
        ASSERT_EQ(crc32(piece), slow_crc32(piece)) << size;
    }
    ASSERT_EQ(crc32(bytes), slow_crc32(bytes));
}

TEST(Crc32, GoesOnFromASeed) {
    const std::string text = "split anywhere, the sum is the same";
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const std::string_view view = text;
        EXPECT_EQ(crc32(view.substr(at), crc32(view.substr(0, at))), crc32(text));
    }
}

Result<int> half_of(int value) {
    if (value % 2 != 0) return fail(Errc::kInvalidArgument, "{} is odd", value);
    return value / 2;
}
Result<int> quarter_of(int value) {
    KX_TRY(const int half, half_of(value));
    KX_TRY(const int quarter, half_of(half));
    return quarter;
}
Status check_quarter(int value) {
    KX_CHECK(quarter_of(value));
    return {};
}

TEST(Result, TravelsUpThroughTheMacros) {
    EXPECT_EQ(quarter_of(8).value(), 2);
    EXPECT_EQ(quarter_of(6).error().text, "3 is odd");
    EXPECT_TRUE(check_quarter(4));
    EXPECT_EQ(check_quarter(1).error().code, Errc::kInvalidArgument);
}

TEST(Result, TranslatesErrnoAndNamesEveryCode) {
    EXPECT_EQ(fail_errno(ENOSPC, "write x").value().code, Errc::kNoSpace);
    EXPECT_EQ(fail_errno(ENOENT, "open x").value().text, "open x: No such file or directory");
    EXPECT_EQ(fail_errno(EIO, "x").value().code, Errc::kIo);
    for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code)
        EXPECT_NE(name_of(static_cast<Errc>(code)), "unknown");
}

}  // namespace
}  // namespace kx
