// SPDX-License-Identifier: Apache-2.0
//
// Assertions for our own mistakes, always on: they log and abort. Corrupt input is never one.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace kx {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const std::string& context);
}

/// `KX_ASSERT(offset >= 0, "offset {} of queue {}", offset, name);`
#define KX_ASSERT(condition, ...)                                                             \
    do {                                                                                      \
        if (!(condition)) [[unlikely]]                                                        \
            ::kx::assertion_failed(#condition, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
    } while (false)
