// SPDX-License-Identifier: Apache-2.0
//
// What the io threads and the routers count, as metric rows.
#pragma once

#include "base/probe.h"

namespace kx::net {

class IoPool;
class Router;

void append_metrics(const IoPool& pool, MetricRows& rows);
/// `server`: "broker" or "namesrv".
void append_metrics(const Router& router, std::string_view server, MetricRows& rows);

}  // namespace kx::net
