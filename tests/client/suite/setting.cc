// SPDX-License-Identifier: Apache-2.0
#include "suite/setting.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "suite/raw_request.h"

namespace suite {
namespace {

constexpr int kControlLimitS = 90;

std::string variable(const char* name, const char* otherwise = nullptr) {
    const char* value = std::getenv(name);
    if (value != nullptr) return value;
    if (otherwise != nullptr) return otherwise;
    std::fprintf(stderr, "%s is not set: this program is started by tests/client/run.py\n", name);
    std::exit(2);
}

/// "name:password"
User user(const char* variable_name) {
    const std::string text = variable(variable_name, "");
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return {};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

const Setting& setting() {
    static const Setting& kept =
        *new Setting{variable("KX_SUITE_NAMESRV"),
                     variable("KX_SUITE_BROKER"),
                     variable("KX_SUITE_SERVER"),
                     variable("KX_SUITE_CONTROL", ""),
                     variable("KX_SUITE_RUN", std::to_string(::getpid()).c_str()),
                     variable("KX_SUITE_CERTIFICATES", ""),
                     variable("KX_SUITE_KEY_PASSWORD", ""),
                     user("KX_SUITE_USER"),
                     user("KX_SUITE_READER"),
                     variable("KX_SUITE_LOOKUP", "")};
    return kept;
}

std::string control(const std::string& command) {
    if (setting().control.empty()) return "the driver offers no control";
    return raw_line(setting().control, command, kControlLimitS);
}

}  // namespace suite
