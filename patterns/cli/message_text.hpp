// Messages as lines of text, both ways.
#pragma once

#include <mizzen/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mizzen::cli {

/// How a message is written. All but plain text can tell every message from every other.
///
/// lines   A line is a message of one part; of several, each part is a line. Nothing tells parts
///         from messages, nor a newline in a part from its end.
/// parts   A line is a part, and an empty line ends the message. A part that is empty, or begins
///         with a backslash, has a backslash in front. Newlines as above.
/// hex     A line is a message: the parts' octets as hexadecimal digits, with spaces between parts;
///         an empty part is `-`.
/// json    A line is a message: an array of its parts. One in UTF-8 is a string, any other
///         {"hex":"00ff"}.
enum class message_form : std::uint8_t { lines, parts, hex, json };

/// Adds the message to `text`, with the newline at its end.
void append_message(std::string& text, const mizzen::message& m, message_form form);

/// Makes messages of lines.
class message_parser {
public:
    explicit message_parser(message_form form) : form_{form} {}

    enum class result : std::uint8_t {
        message, ///< `m` is one.
        more,    ///< It needs more lines.
        bad,     ///< The line makes no sense; `trouble` says why. Nothing is kept of it.
    };
    /// Takes a line, without its newline.
    result take(std::string_view line, mizzen::message& m, std::string& trouble);
    /// Takes the end of the input, which ends a message as an empty line does.
    result end(mizzen::message& m);
    /// Octets of the lines so far of a message that needs more.
    [[nodiscard]] std::size_t kept() const noexcept { return kept_; }

private:
    message_form form_;
    mizzen::message begun_;
    std::size_t kept_ = 0;
};

} // namespace mizzen::cli
