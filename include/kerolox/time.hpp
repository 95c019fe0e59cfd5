// SPDX-License-Identifier: Apache-2.0
/// @file
/// std::chrono's clocks, durations and literals: what the other headers need of it.
#pragma once

// <chrono> of libstdc++ 12 and newer brings string streams for calendars and time zones along, a
// tenth of the time it takes to include the whole client. This part of it has all but those.
#include <version>
#if defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE >= 12 && __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
