// SPDX-License-Identifier: Apache-2.0
//
// Java's properties text: what broker.conf and namesrv.conf are written in, and what the bodies of
// GET_ and UPDATE_BROKER_CONFIG carry.
//
//   key=value   key: value   key value      the first '=', ':' or blank ends the key
//   # and ! open a comment line; a '\' at the end of a line goes on with the next one, without its
//   leading blanks; \t \n \r \f \uXXXX, and '\' before any other character, stand for a character
//
// Text is UTF-8. Bytes that are no valid UTF-8 are taken as ISO-8859-1, which is what Java reads.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kx {

struct Property {
    std::string key;
    std::string value;
    int line = 0;  ///< where it begins, from 1; 0 when it comes from no text
};

/// In the order of the text; a key that stands there twice is there twice (the last one counts).
/// Fails only on a \u without four hexadecimal digits, naming the line.
Result<std::vector<Property>> parse_properties(std::string_view text);

/// Reads a file of at most 4 MiB; errors name the path.
Result<std::vector<Property>> read_properties_file(const std::string& path);

/// "key=value" lines, sorted by key, as RocketMQ answers them. Only what a reader would not give
/// back is escaped; for plain values the text equals Java's byte for byte.
std::string write_properties(std::span<const Property> properties);

}  // namespace kx
