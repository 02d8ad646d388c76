// The rules' text, and what it allows.
#include <mizzen/patterns/majordomo/access_rules.hpp>
#include <mizzen/patterns/majordomo/wire.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::majordomo {
namespace {

constexpr std::size_t max_user = 255; // as PLAIN's names

/// Takes the next word off the front of `line`; empty when there is none.
std::string_view take_word(std::string_view& line) {
    const std::size_t from = std::min(line.find_first_not_of(" \t"), line.size());
    const std::size_t to = std::min(line.find_first_of(" \t", from), line.size());
    const std::string_view word = line.substr(from, to - from);
    line.remove_prefix(to);
    return word;
}

} // namespace

bool access_rules::rights::fits(const std::vector<names>& list, std::string_view service) noexcept {
    return std::any_of(list.begin(), list.end(), [service](const names& each) {
        return each.all ? service.starts_with(each.begin) : service == each.begin;
    });
}

bool access_rules::rights::may_offer(std::string_view service) const noexcept {
    return fits(offers_, service) || (everybodys_ != nullptr && everybodys_->may_offer(service));
}

bool access_rules::rights::may_call(std::string_view service) const noexcept {
    return fits(calls_, service) || (everybodys_ != nullptr && everybodys_->may_call(service));
}

/// Adds what a line says. Gives what is wrong with it; empty if nothing is.
std::string access_rules::add(std::string_view line) {
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    const std::string_view verb = take_word(line);
    if (verb.empty() || verb.front() == '#')
        return {};
    if (verb != "offer" && verb != "call")
        return "a rule begins with offer or call";
    const std::string_view user = take_word(line);
    const std::string_view service = take_word(line);
    if (service.empty() || !take_word(line).empty())
        return "a rule is `offer USER SERVICE` or `call USER SERVICE`";
    if (user.size() > max_user)
        return "the user has more than 255 octets";
    const bool all = service.ends_with('*');
    const std::string_view begin = service.substr(0, service.size() - (all ? 1 : 0));
    if (!begin.empty() && !valid_service_name(begin))
        return "a service's name has 1 to 255 printable ASCII characters";
    rights* whose = everybodys_.get();
    if (user != "*") {
        whose = &users_.try_emplace(std::string{user}).first->second;
        whose->everybodys_ = everybodys_.get();
    }
    (verb == "offer" ? whose->offers_ : whose->calls_).push_back({std::string{begin}, all});
    ++size_;
    return {};
}

access_rules access_rules::parse(std::string_view text, trouble& wrong) {
    access_rules out;
    wrong = {};
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string what = out.add(text.substr(0, end));
        if (!what.empty()) {
            wrong = {line, std::move(what)};
            return {};
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

const access_rules::rights& access_rules::of(std::string_view user) const noexcept {
    const auto at = users_.find(user);
    return at == users_.end() ? *everybodys_ : at->second;
}

} // namespace mizzen::majordomo
