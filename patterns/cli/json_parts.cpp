// The little JSON that a message needs: an array of strings and {"hex":"..."}.
#include "json_parts.hpp"

#include "hex.hpp"

#include <cstddef>
#include <cstdint>

namespace mizzen::cli {
namespace {

// Octets of the character in UTF-8 that `text` begins with; 0 when it begins with none.
std::size_t character_size(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = octet(0);
    if (first < 0x80)
        return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size)
        return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((octet(i) & 0xc0) != 0x80)
            return 0;
    // Too long for its value, a surrogate, or beyond the last character.
    if ((first == 0xe0 && octet(1) < 0xa0) || (first == 0xed && octet(1) > 0x9f) ||
        (first == 0xf0 && octet(1) < 0x90) || (first == 0xf4 && octet(1) > 0x8f))
        return 0;
    return size;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        if (size == 0)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

void append_utf8(std::string& text, std::uint32_t character) {
    const auto put = [&](std::uint32_t octet) { text += static_cast<char>(octet); };
    if (character < 0x80)
        return put(character);
    if (character < 0x800) {
        put(0xc0 | (character >> 6));
    } else {
        if (character < 0x10000) {
            put(0xe0 | (character >> 12));
        } else {
            put(0xf0 | (character >> 18));
            put(0x80 | ((character >> 12) & 0x3f));
        }
        put(0x80 | ((character >> 6) & 0x3f));
    }
    put(0x80 | (character & 0x3f));
}

void append_string(std::string& text, std::string_view part) {
    text += '"';
    for (const char c : part) {
        switch (c) {
        case '"': text += "\\\""; break;
        case '\\': text += "\\\\"; break;
        case '\n': text += "\\n"; break;
        case '\r': text += "\\r"; break;
        case '\t': text += "\\t"; break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                text += "\\u00";
                append_hex(text, as_octets({&c, 1}));
            } else {
                text += c;
            }
        }
    }
    text += '"';
}

class parser {
public:
    explicit parser(std::string_view text) : text_{text} {}

    bool parse(mizzen::message& m) {
        if (!expect('[', "an array of parts is wanted"))
            return false;
        do {
            if (next_is(']') && m.empty())
                return fail("a message has at least one part");
            if (!part(m))
                return false;
        } while (skip(','));
        return expect(']', "a comma or the end of the array is wanted") &&
               (skip_space() == text_.size() || fail("there is something behind the array"));
    }
    [[nodiscard]] std::string trouble() const {
        return "column " + std::to_string(at_ + 1) + ": " + trouble_;
    }

private:
    bool part(mizzen::message& m) {
        std::string text;
        if (!skip('{')) {
            if (!string(text, "a part is a string or {\"hex\":\"...\"}"))
                return false;
            m.push_back(text);
            return true;
        }
        std::string name;
        const char* shape = "a part that is no string is {\"hex\":\"...\"}";
        if (!string(name, shape) || !expect(':', shape))
            return false;
        const std::size_t digits = skip_space();
        if (!string(text, shape) || !expect('}', shape))
            return false;
        if (name != "hex")
            return fail(shape);
        if (push_back_hex(m, text))
            return true;
        at_ = digits;
        return fail("that is no even number of hexadecimal digits");
    }

    bool string(std::string& value, const char* otherwise) {
        if (!expect('"', otherwise))
            return false;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (static_cast<unsigned char>(c) < 0x20)
                return fail("a control character in a string is written as \\u00XX");
            if (c == '\\') {
                if (!escape(value))
                    return false;
                continue;
            }
            const std::size_t size = character_size(text_.substr(at_));
            if (size == 0)
                return fail("a string is UTF-8; other octets are {\"hex\":\"...\"}");
            value += text_.substr(at_, size);
            at_ += size;
        }
        return fail("the string does not end");
    }

    bool escape(std::string& value) {
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        const std::string_view rest = text_.substr(at_ + 1);
        if (rest.empty())
            return fail("the string does not end");
        if (const auto found = names.find(rest.front()); found != std::string_view::npos) {
            value += meant[found];
            at_ += 2;
            return true;
        }
        std::uint32_t character = 0;
        if (!unit(rest, character))
            return fail("there is no such escape");
        std::size_t size = 6;
        if (character >= 0xd800 && character < 0xe000) {
            std::uint32_t low = 0;
            if (character >= 0xdc00 || rest.size() < 6 || rest[5] != '\\' ||
                !unit(rest.substr(6), low) || low < 0xdc00 || low >= 0xe000)
                return fail("half of a surrogate pair is no character");
            character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
            size = 12;
        }
        append_utf8(value, character);
        at_ += size;
        return true;
    }

    // The four digits of uXXXX.
    static bool unit(std::string_view text, std::uint32_t& value) {
        mizzen::message octets_of_it;
        if (text.size() < 5 || text[0] != 'u' || !push_back_hex(octets_of_it, text.substr(1, 4)))
            return false;
        const octets two = octets_of_it.front();
        value =
            (std::to_integer<std::uint32_t>(two[0]) << 8) | std::to_integer<std::uint32_t>(two[1]);
        return true;
    }

    std::size_t skip_space() {
        const auto at = text_.find_first_not_of(" \t\r\n", at_);
        return at_ = at == std::string_view::npos ? text_.size() : at;
    }
    bool next_is(char c) { return skip_space() < text_.size() && text_[at_] == c; }
    bool skip(char c) {
        const bool there = next_is(c);
        at_ += there ? 1 : 0;
        return there;
    }
    bool expect(char c, const char* otherwise) { return skip(c) || fail(otherwise); }
    bool fail(const char* why) {
        trouble_ = why;
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    const char* trouble_ = "";
};

} // namespace

void append_json(std::string& text, const mizzen::message& m) {
    char before = '[';
    for (const octets part : m) {
        text += before;
        before = ',';
        if (is_utf8(as_text(part))) {
            append_string(text, as_text(part));
            continue;
        }
        text += "{\"hex\":\"";
        append_hex(text, part);
        text += "\"}";
    }
    text += ']';
}

bool parse_json(std::string_view text, mizzen::message& m, std::string& trouble) {
    parser reader{text};
    if (reader.parse(m))
        return true;
    trouble = reader.trouble();
    return false;
}

} // namespace mizzen::cli
