// SPDX-License-Identifier: Apache-2.0
//
// UPDATE_BROKER_CONFIG 25 and GET_BROKER_CONFIG 26. Source: broker.md 35.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/snapshot.h"
#include "broker/config.h"
#include "net/request.h"
#include "wire/bodies/common.h"
#include "wire/refusal.h"

namespace kx::broker {

class ConfigHandler {
public:
    /// `permission_changed` runs after an update that touched brokerPermission.
    ConfigHandler(Snapshot<BrokerConfig>& config, FileSystem& files, const Clock& clock,
                  std::function<void()> permission_changed);

    /// On a worker: it writes the file.
    void update(net::Request& request);
    void get(net::Request& request);

    /// Applies an update, whoever asks for it, and writes all keys to brokerConfigPath.
    wire::Outcome<ConfigUpdate> apply(std::span<const Property> properties);

private:
    Snapshot<BrokerConfig>& config_;
    FileSystem& files_;
    const Clock& clock_;
    const std::function<void()> permission_changed_;
    Snapshot<wire::DataVersion> version_;
};

}  // namespace kx::broker
