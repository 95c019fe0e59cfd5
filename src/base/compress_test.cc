// SPDX-License-Identifier: Apache-2.0
#include "base/compress.h"

#include <gtest/gtest.h>

namespace kx {
namespace {

constexpr Compression kFormats[] = {Compression::kZlib, Compression::kLz4, Compression::kZstd};

std::string story(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i * 7919) + "\n";
    text.resize(bytes);
    return text;
}

std::string folded(Compression format, std::string_view text) {
    const auto bytes = compress(format, text);
    EXPECT_TRUE(bytes) << bytes.error().text;
    return bytes.value_or("");
}

TEST(Compress, GivesBackWhatItWasGiven) {
    for (const Compression format : kFormats) {
        for (const std::size_t size : {0U, 1U, 4096U, 100'000U, 3'000'000U}) {
            const std::string text = story(size);
            const auto back = decompress(format, folded(format, text), 4 << 20);
            ASSERT_TRUE(back) << back.error().text;
            EXPECT_EQ(*back, text);
        }
    }
}

TEST(Compress, RefusesABodyThatUnfoldsBeyondTheBound) {
    const std::string bomb(64 << 20, '\0');
    for (const Compression format : kFormats) {
        const auto back = decompress(format, folded(format, bomb), 1 << 20);
        ASSERT_FALSE(back);
        EXPECT_EQ(back.error().code, Errc::kTooLarge);
    }
}

TEST(Compress, TakesABodyOfExactlyTheBound) {
    const std::string text = story(10'000);
    for (const Compression format : kFormats) {
        const std::string bytes = folded(format, text);
        EXPECT_TRUE(decompress(format, bytes, 10'000));
        EXPECT_FALSE(decompress(format, bytes, 9'999));
    }
}

TEST(Compress, CallsEveryCutOffStreamMalformed) {
    const std::string text = story(20'000);
    for (const Compression format : kFormats) {
        const std::string bytes = folded(format, text);
        for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 8) {
            const auto back = decompress(format, bytes.substr(0, size), 1 << 20);
            ASSERT_FALSE(back) << static_cast<int>(format) << " cut at " << size;
            EXPECT_EQ(back.error().code, Errc::kMalformed);
        }
    }
}

TEST(Compress, CallsOtherBytesMalformed) {
    for (const Compression format : kFormats) {
        const auto back = decompress(format, "these bytes were never compressed", 1 << 20);
        ASSERT_FALSE(back);
        EXPECT_EQ(back.error().code, Errc::kMalformed);
    }
}

TEST(Compress, IgnoresWhatFollowsTheStream) {
    for (const Compression format : kFormats) {
        const auto back = decompress(format, folded(format, "body") + "tail", 100);
        ASSERT_TRUE(back) << back.error().text;
        EXPECT_EQ(*back, "body");
    }
}

TEST(Compress, ReadsWhatJavasDeflaterWrites) {
    // python3: zlib.compress(b"hello hello hello hello", 5)
    const std::string bytes("\x78\x5e\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\x68\x03\x08\xb1", 16);
    const auto back = decompress(Compression::kZlib, bytes, 100);
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, "hello hello hello hello");
}

}  // namespace
}  // namespace kx
