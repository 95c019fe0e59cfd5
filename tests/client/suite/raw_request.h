// SPDX-License-Identifier: Apache-2.0
//
// A request on a connection of its own, beneath the library under test: what makes topics and asks
// what a broker serves must not depend on what is tested.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace suite {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct RawAnswer {
    std::int32_t code = -1;  ///< -1: no answer
    std::string header{};    ///< JSON
    std::string body{};
};

RawAnswer raw_request(const std::string& address, std::int32_t code, const Fields& fields,
                      const std::string& body = {});

/// These bytes to a server, and so many of its answer; empty: there is none.
std::string raw_bytes(const std::string& address, const std::string& bytes, std::size_t count);

/// A line to a line server and its answer.
std::string raw_line(const std::string& address, const std::string& line, int timeout_s);

/// So many queues to write and to read; returns when the name server tells of it.
void make_topic(const std::string& topic, int queues);

}  // namespace suite
