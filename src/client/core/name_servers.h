// SPDX-License-Identifier: Apache-2.0
//
// The list of name servers, and which one is asked (client.md 5.9): the one that answered last;
// when it does not, each other once within the time. On the client's home thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx::client {

class NameServerList {
public:
    /// "a:9876;b:9876"; true when the set changed. The order of a new set is drawn by chance.
    bool update(std::string_view list);

    bool empty() const { return addresses_.empty(); }
    std::size_t size() const { return addresses_.size(); }
    const std::vector<std::string>& addresses() const { return addresses_; }
    /// The one to ask next. Requires: not empty.
    const std::string& current() const { return addresses_[current_ % addresses_.size()]; }
    /// `address` did not answer: go on to the next, unless somebody did already.
    void leave(const std::string& address) {
        if (!empty() && current() == address) ++current_;
    }

private:
    std::vector<std::string> addresses_;
    std::size_t current_ = 0;
};

/// What a configured value means: a plain list, or "http://HOST:PORT" of an instance end-point, of
/// which the text after the last slash counts.
std::string name_server_text(std::string_view configured);
/// The older namespace that an instance end-point names: "MQ_INST_a_b" of
/// "http://MQ_INST_a_b.region.example:80"; empty for anything else.
std::string namespace_of_endpoint(std::string_view configured);

}  // namespace kx::client
