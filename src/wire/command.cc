// SPDX-License-Identifier: Apache-2.0
#include "wire/command.h"

#include <array>

namespace kx::wire {
namespace {
constexpr std::array<std::string_view, 14> kNames = {"JAVA",   "CPP",  "DOTNET", "PYTHON", "DELPHI",
                                                     "ERLANG", "RUBY", "OTHER",  "HTTP",   "GO",
                                                     "PHP",    "OMS",  "RUST",   "NODE_JS"};
}

std::string_view name_of(Language language) {
    const auto index = static_cast<std::size_t>(language);
    return index < kNames.size() ? kNames[index] : std::string_view{};
}

Language language_from(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Language>(i);
    return Language::kUnknown;
}

}  // namespace kx::wire
