// SPDX-License-Identifier: Apache-2.0
//
// What this machine gives at best, each as the smallest program that still does the thing. The
// figures of a broker mean little without them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace kx::bench {

/// Answers every frame on 127.0.0.1:`port` with a send response of the same opaque, after copying
/// the frame into a memory-mapped file at `path`: the least that any broker has to do. Prints the
/// port once it listens (0 lets the system choose), and runs until it is ended by a signal.
void run_echo(uint16_t port, const std::string& path);

/// Copies records of `size` bytes into a memory-mapped file, page after page, all resident.
void run_append(const std::string& path, size_t size, double seconds);

/// Writes `size` bytes behind the last ones into a file whose blocks are all written already, and
/// calls fdatasync: what a synchronous flush cannot do without.
void run_fdatasync(const std::string& path, size_t size, double seconds);

}  // namespace kx::bench
