// SPDX-License-Identifier: Apache-2.0
//
// Which request code is served by which handler.
#pragma once

#include "namesrv/handlers.h"
#include "net/router.h"

namespace kx::namesrv {

/// `context` must outlive the router's last request.
void bind_routes(net::Router& router, Context& context);

}  // namespace kx::namesrv
