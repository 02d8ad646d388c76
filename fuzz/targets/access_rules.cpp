// Holds: whatever a broker's rules say, they are read or refused whole, with the number of a line
// that is there; what they allow is written in them; and the order of lines says nothing.
#include "support/choices.hpp"
#include "support/must.hpp"
#include <mizzen/patterns/majordomo/access_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mizzen::fuzz {
namespace {

using majordomo::access_rules;

constexpr std::string_view users[] = {"", "a", "alice", "*"};
constexpr std::string_view services[] = {"", "a", "echo", "echo.x", "mmi.service", "*"};

/// The lines, last first.
std::string turned(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t at = text.rfind('\n', text.size() - 1);
        const std::size_t from = at == std::string_view::npos ? 0 : at + 1;
        out.append(text.substr(from)).push_back('\n');
        text = text.substr(0, from == 0 ? 0 : at);
    }
    return out;
}

void check(std::string_view text) {
    access_rules::trouble wrong;
    access_rules::trouble wrong_too;
    const access_rules rules = access_rules::parse(text, wrong);
    const access_rules same = access_rules::parse(turned(text), wrong_too);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    must(wrong.line <= lines, "the wrong line is there");
    must((wrong.line == 0) == wrong.what.empty(), "it is told why");
    must((wrong.line == 0) == (wrong_too.line == 0), "the order of lines says nothing");
    must(rules.size() == same.size(), "nor of what they allow");
    must(wrong.line == 0 || rules.size() == 0, "refused whole");
    for (const std::string_view user : users)
        for (const std::string_view service : services) {
            const auto& mine = rules.of(user);
            must(mine.may_call(service) == same.of(user).may_call(service), "calls");
            must(mine.may_offer(service) == same.of(user).may_offer(service), "offers");
            must(!mine.may_call(service) || text.find("call") != std::string_view::npos, "written");
            must(!mine.may_offer(service) || text.find("offer") != std::string_view::npos, "too");
        }
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::check(mizzen::fuzz::as_text(mizzen::fuzz::choices{data, size}.rest()));
    return 0;
}
