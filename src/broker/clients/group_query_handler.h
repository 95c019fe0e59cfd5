// SPDX-License-Identifier: Apache-2.0
//
// Who is in a group: GET_CONSUMER_LIST_BY_GROUP 38, GET_CONSUMER_CONNECTION_LIST 203,
// GET_PRODUCER_CONNECTION_LIST 204, GET_ALL_PRODUCER_INFO 328; and CHECK_CLIENT_CONFIG 46.
#pragma once

#include "broker/clients/live_clients.h"
#include "net/request.h"

namespace kx::broker {

class GroupQueryHandler {
public:
    GroupQueryHandler(LiveClients& clients, const Clock& clock)
        : clients_(clients), clock_(clock) {}

    void consumer_ids(net::Request& request);
    void consumer_connections(net::Request& request);
    void producer_connections(net::Request& request);
    void all_producers(net::Request& request);
    void check_client(net::Request& request);

private:
    LiveClients& clients_;
    const Clock& clock_;
};

}  // namespace kx::broker
