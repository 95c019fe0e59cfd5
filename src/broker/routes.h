// SPDX-License-Identifier: Apache-2.0
//
// Which of the broker's handlers serves which request code, in one table (routes.cc).
#pragma once

#include "broker/admin/config_handler.h"
#include "broker/admin/consumption_handler.h"
#include "broker/admin/runtime_info.h"
#include "broker/clients/client_handler.h"
#include "broker/clients/group_query_handler.h"
#include "broker/groups/group_handler.h"
#include "broker/locks/lock_handler.h"
#include "broker/offsets/offset_handler.h"
#include "broker/offsets/reset_handler.h"
#include "broker/pull/pull_handler.h"
#include "broker/send/send_handler.h"
#include "broker/topics/topic_handler.h"
#include "net/router.h"

namespace kx::broker {

struct Handlers {
    SendHandler& send;
    PullHandler& pull;
    ClientHandler& clients;
    GroupQueryHandler& group_queries;
    OffsetHandler& offsets;
    ResetHandler& resets;
    ConsumptionHandler& consumption;
    LockHandler& locks;
    TopicHandler& topics;
    GroupHandler& groups;
    ConfigHandler& config;
    RuntimeInfo& runtime;
};

enum class Port : bool {
    kMain,
    kFast,  ///< everything but pulls
};

/// Both ports share the handlers; each has processors, hence bounds, of its own. `handlers` must
/// outlive the router.
void bind_routes(net::Router& router, Port port, Handlers& handlers, const BrokerConfig& config);

}  // namespace kx::broker
