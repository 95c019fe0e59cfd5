// SPDX-License-Identifier: Apache-2.0
//
// What the threads of this process are doing, for those who ask a consumer for its stacks
// (jstackEnable): a native process has no Java stacks, but the kernel tells where each thread is.
#pragma once

#include <string>

namespace kx::client {

/// A line a thread: name, number, state, processor time, and where in the kernel it waits.
std::string describe_threads();

}  // namespace kx::client
