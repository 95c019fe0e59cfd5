// SPDX-License-Identifier: Apache-2.0
//
// Text going in and out of `kerolox produce`, `consume` and `bench`: format strings, messages as
// lines of JSON, points in time, and complaints with the exit code that belongs to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/exit_codes.h"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"

namespace kx::cli {

int exit_code_of(const kerolox::Error& error);

/// Writes "kerolox produce: what\n", red where stderr is a terminal that may have colour, and what
/// to try about it where that is known.
void complain(std::string_view command, const kerolox::Error& error);
void complain(std::string_view command, std::string_view text);

/// The same on stderr for what is no complaint: a summary, progress.
void tell(std::string_view command, std::string_view text);

/// Whether to colour what goes to that file descriptor: a terminal, and NO_COLOR is not set.
bool may_colour(int file_descriptor);

/// "%t %k %s\n": %t topic, %q queue, %o offset, %k keys, %T tags, %i message id, %s body, %S store
/// time (ISO 8601, UTC), %b broker, %% percent; \n \t \r \0 \\ as in C.
class TextFormat {
public:
    /// Fails with kInvalidArgument, naming the letter that means nothing.
    static Result<TextFormat> parse(std::string_view format);
    void append(std::string& out, const kerolox::MessageView& message) const;

private:
    struct Piece {
        char field = 0;  ///< 0: the literal
        std::string literal;
    };
    std::vector<Piece> pieces_;
};

/// One object and a line feed. A body that is no UTF-8 comes as "bodyBase64".
void append_message_json(std::string& out, const kerolox::MessageView& message);

/// "2026-08-01T12:34:56.789Z".
std::string utc_text(std::int64_t wall_ms);

/// Milliseconds since the epoch from "1700000000000" (13 digits; 10 are seconds), "-10m" (s m h d
/// ago), "2026-08-01", "2026-08-01T12:34", "2026-08-01 12:34:56.789"; mqadmin's
/// "2026-08-01#12:34:56:789"; a final Z means UTC, else local time.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms);

bool is_utf8(std::string_view text);
std::string base64(std::string_view bytes);

}  // namespace kx::cli
