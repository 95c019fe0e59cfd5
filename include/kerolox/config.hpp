// SPDX-License-Identifier: Apache-2.0
/// @file
/// Version, namespace and visibility of the library.
#pragma once

#define KEROLOX_VERSION_MAJOR 0
#define KEROLOX_VERSION_MINOR 1
#define KEROLOX_VERSION_PATCH 0
#define KEROLOX_VERSION "0.1.0"

#if defined(__GNUC__)
#define KEROLOX_API __attribute__((visibility("default")))
#else
#define KEROLOX_API
#endif

/// @namespace kerolox
/// Everything a program uses. The inline namespace is the ABI's version: what is in `v1` keeps its
/// layout and its symbols.
namespace kerolox {
inline namespace v1 {
/// What only the library itself uses; it may change with every release.
namespace detail {}
}  // namespace v1
}  // namespace kerolox
