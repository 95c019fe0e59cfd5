// SPDX-License-Identifier: Apache-2.0
//
// Metric rows as Prometheus reads them (text format 0.0.4).
#pragma once

#include <span>
#include <string>

#include "base/probe.h"

namespace kx::console {

/// The content type that goes with it.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Rows of one name become one family, in the order in which the names first appear.
std::string metrics_text(std::span<const MetricRow> rows);

}  // namespace kx::console
