// SPDX-License-Identifier: Apache-2.0
//
// What the driver (run.py) says about the servers, through the environment.
#pragma once

#include <string>

namespace suite {

/// Somebody a secured server knows.
struct User {
    std::string name, password;
};

struct Setting {
    std::string name_servers;  ///< KX_SUITE_NAMESRV, "127.0.0.1:9876"
    std::string broker;        ///< KX_SUITE_BROKER, the address the broker registers
    std::string kind;          ///< KX_SUITE_SERVER, "kerolox" or "original"
    std::string control;       ///< KX_SUITE_CONTROL, the driver's line server; may be empty
    std::string run;           ///< KX_SUITE_RUN, makes names of this run unlike those of others
    /// KX_SUITE_CERTIFICATES, a directory (security.py); empty: nothing is secured.
    std::string certificates;
    std::string key_password;  ///< KX_SUITE_KEY_PASSWORD, of our private key
    User user;                 ///< KX_SUITE_USER, may do everything
    User reader;               ///< KX_SUITE_READER, may read alone
    std::string lookup;        ///< KX_SUITE_LOOKUP, the web server that tells name servers
    bool original() const { return kind == "original"; }
    bool secured() const { return !certificates.empty(); }
};

/// Ends the program with a word about what is missing.
const Setting& setting();

/// One command to the driver, its answer: "ok", "ok something" or what went wrong.
std::string control(const std::string& command);

}  // namespace suite
