// SPDX-License-Identifier: Apache-2.0
//
// What every command's exit code means.
#pragma once

namespace kx::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kNotFound = 3;
inline constexpr int kDenied = 4;
inline constexpr int kUnreachable = 5;
inline constexpr int kDoneInPart = 6;

}  // namespace kx::cli
