// SPDX-License-Identifier: Apache-2.0
//
// The conversations recorded from RocketMQ 5.4.0 (tests/data/wire-5.4.0.jsonl.gz), frame by frame.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kx::testing {

struct RecordedFrame {
    std::string bytes;      ///< the whole frame, length field included
    nlohmann::json header;  ///< as nlohmann reads it
    bool is_request = false;
    std::int32_t code = 0;  ///< the request's code; of an answer: what it answers, or 0

    std::string_view body() const {
        const auto at = [this](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        const std::size_t header_bytes =
            static_cast<std::size_t>(at(5)) << 16 | static_cast<std::size_t>(at(6)) << 8 | at(7);
        return std::string_view(bytes).substr(8 + header_bytes);
    }
};

/// The text of a file that gzip compressed.
inline std::string unzipped(const std::string& path) {
    const std::string command = "zcat '" + path + "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    std::string text;
    std::array<char, 65536> chunk;
    while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe.get()))
        text.append(chunk.data(), got);
    if (text.empty()) throw std::runtime_error(path + " is missing or empty");
    return text;
}

inline std::string from_base64(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) break;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>(bits >> count & 0xFF));
    }
    return bytes;
}

inline std::vector<RecordedFrame> recorded_frames() {
    const std::string text = unzipped(KX_TEST_DATA "/wire-5.4.0.jsonl.gz");
    std::vector<RecordedFrame> frames;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const auto row = nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                               text.begin() + static_cast<std::ptrdiff_t>(end));
        at = end + 1;
        RecordedFrame frame;
        const std::string rest = from_base64(row.at("frame64").get<std::string>());
        for (int shift = 24; shift >= 0; shift -= 8)
            frame.bytes.push_back(static_cast<char>(rest.size() >> shift & 0xFF));
        frame.bytes += rest;
        frame.header = row.at("header");
        frame.is_request = (frame.header.value("flag", 0) & 1) == 0;
        frame.code = frame.is_request ? frame.header.at("code").get<std::int32_t>()
                                      : row.value("answers", 0);
        frames.push_back(std::move(frame));
    }
    return frames;
}

}  // namespace kx::testing
