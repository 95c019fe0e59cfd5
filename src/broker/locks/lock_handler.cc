// SPDX-License-Identifier: Apache-2.0
#include "broker/locks/lock_handler.h"

#include "wire/bodies/clients.h"

namespace kx::broker {

void LockHandler::lock(net::Request& request) {
    const auto wish = from_json<wire::QueueLockRequest>(request.body());
    if (!wish) return request.refuse(wish.error());
    wire::QueueLockAnswer answer;
    answer.lock_ok_mq_set = locks_.lock(wish->consumer_group, wish->client_id, wish->mq_set);
    request.ok_body(to_json(answer));
}

void LockHandler::unlock(net::Request& request) {
    const auto wish = from_json<wire::QueueLockRequest>(request.body());
    if (!wish) return request.refuse(wish.error());
    locks_.unlock(wish->consumer_group, wish->client_id, wish->mq_set);
    request.ok();
}

}  // namespace kx::broker
