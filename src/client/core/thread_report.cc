// SPDX-License-Identifier: Apache-2.0
#include "client/core/thread_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

namespace kx::client {
namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string_view state_text(char letter) {
    switch (letter) {
        case 'R': return "running";
        case 'S': return "sleeping";
        case 'D': return "waiting for a device";
        case 'T':
        case 't': return "stopped";
        default: return {};
    }
}

/// What proc(5) says of /proc/pid/stat: "number (name) state", then numbers.
std::optional<std::string> line_of(int number, const std::filesystem::path& directory) {
    constexpr int kFieldsBeforeTimes = 10;
    const std::string text = text_of(directory / "stat");
    const std::size_t name_begin = text.find('(');
    const std::size_t name_end = text.rfind(')');
    if (name_begin == std::string::npos || name_end == std::string::npos) return std::nullopt;
    std::istringstream rest(text.substr(name_end + 1));
    char state = '?';
    rest >> state;
    std::string skipped;
    for (int i = 0; i < kFieldsBeforeTimes; ++i) rest >> skipped;
    std::int64_t user_ticks = 0;
    std::int64_t system_ticks = 0;
    rest >> user_ticks >> system_ticks;
    const std::int64_t ms_of_tick = 1000 / std::max(::sysconf(_SC_CLK_TCK), 1L);
    std::string line =
        fmt::format("{:<24} TID: {} STATE: {} {} CPU: {} ms user, {} ms system",
                    text.substr(name_begin + 1, name_end - name_begin - 1), number, state,
                    state_text(state), user_ticks * ms_of_tick, system_ticks * ms_of_tick);
    // "0": it does not wait, or the kernel does not say.
    if (const std::string where = text_of(directory / "wchan"); where.size() > 1)
        line += " IN: " + where;
    return line;
}

}  // namespace

std::string describe_threads() {
    const std::filesystem::path tasks("/proc/self/task");
    std::error_code error;
    std::set<int> numbers;
    for (std::filesystem::directory_iterator at(tasks, error), end; !error && at != end;
         at.increment(error))
        numbers.insert(std::atoi(at->path().filename().c_str()));
    std::string text = fmt::format(
        "A native client (C++): no Java stacks. {} threads of process {}, as the kernel sees "
        "them:\n",
        numbers.size(), ::getpid());
    for (const int number : numbers) {
        // One that ended meanwhile is left out.
        if (const auto line = line_of(number, tasks / std::to_string(number))) text += *line + "\n";
    }
    return text;
}

}  // namespace kx::client
