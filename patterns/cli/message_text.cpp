// The plain forms of messages, and hexadecimal digits.
#include "message_text.hpp"

#include "hex.hpp"
#include "json_parts.hpp"

#include <cstddef>
#include <utility>

namespace mizzen::cli {
namespace {

int value_of(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool parse_hex(std::string_view line, mizzen::message& m, std::string& trouble) {
    constexpr std::string_view space = " \t\r";
    for (std::size_t at = 0; (at = line.find_first_not_of(space, at)) != std::string_view::npos;) {
        const std::string_view word = line.substr(at, line.find_first_of(space, at) - at);
        if (!push_back_hex(m, word == "-" ? "" : word)) {
            trouble = "column " + std::to_string(at + 1) +
                      ": a part is an even number of hexadecimal digits, or - when it is empty";
            return false;
        }
        at += word.size();
    }
    if (m.empty())
        trouble = "a message has at least one part; - is an empty one";
    return !m.empty();
}

} // namespace

void append_hex(std::string& text, octets part) {
    constexpr const char* digits = "0123456789abcdef";
    for (const std::byte each : part) {
        text += digits[std::to_integer<unsigned>(each) >> 4];
        text += digits[std::to_integer<unsigned>(each) & 15];
    }
}

bool push_back_hex(mizzen::message& m, std::string_view digits) {
    if (digits.size() % 2 != 0)
        return false;
    std::string part;
    part.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = value_of(digits[i]);
        const int low = value_of(digits[i + 1]);
        if (high < 0 || low < 0)
            return false;
        part += static_cast<char>(high * 16 + low);
    }
    m.push_back(part);
    return true;
}

void append_message(std::string& text, const mizzen::message& m, message_form form) {
    if (form == message_form::json) {
        append_json(text, m);
        text += '\n';
        return;
    }
    bool first = true;
    for (const octets part : m) {
        const std::string_view octets_of_it = as_text(part);
        if (form == message_form::hex) {
            if (!std::exchange(first, false))
                text += ' ';
            if (part.empty())
                text += '-';
            append_hex(text, part);
            continue;
        }
        if (form == message_form::parts && (part.empty() || octets_of_it.front() == '\\'))
            text += '\\';
        text += octets_of_it;
        text += '\n';
    }
    if (form != message_form::lines)
        text += '\n';
}

message_parser::result message_parser::take(std::string_view line, mizzen::message& m,
                                            std::string& trouble) {
    m.clear();
    switch (form_) {
    case message_form::lines: m.push_back(line); return result::message;
    case message_form::parts:
        if (line.empty())
            return end(m);
        if (line.front() == '\\')
            line.remove_prefix(1);
        begun_.push_back(line);
        kept_ += line.size() + 1;
        return result::more;
    case message_form::hex: return parse_hex(line, m, trouble) ? result::message : result::bad;
    case message_form::json: return parse_json(line, m, trouble) ? result::message : result::bad;
    }
    return result::bad;
}

message_parser::result message_parser::end(mizzen::message& m) {
    m = std::exchange(begun_, {});
    kept_ = 0;
    return m.empty() ? result::more : result::message;
}

} // namespace mizzen::cli
