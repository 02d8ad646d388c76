// What is in a store, as lines.
#include "console.hpp"
#include "hex.hpp"
#include "message_text.hpp"
#include "titanic_commands.hpp"
#include <mizzen/patterns/titanic/error.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>
#include <system_error>

namespace mizzen::cli {
namespace {

using titanic::journal_access;
using titanic::request_info;
using titanic::request_state;

constexpr std::array states{request_state::open, request_state::set_aside, request_state::done};

std::string name_of(request_state state) {
    switch (state) {
    case request_state::open: return "open";
    case request_state::done: return "done";
    case request_state::set_aside: return "set-aside";
    }
    return "?";
}

/// As ISO 8601 has it, in UTC.
std::string text_of(titanic::wall_time at) {
    const auto since = at.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::time_t whole = seconds.count();
    std::tm parts{};
    std::array<char, 64> text{};
    if (::gmtime_r(&whole, &parts) == nullptr || parts.tm_year > 8099)
        return std::to_string(since.count()) + "ms";
    const std::size_t size = std::strftime(text.data(), text.size(), "%FT%T", &parts);
    std::snprintf(text.data() + size, text.size() - size, ".%03dZ",
                  static_cast<int>((since - seconds).count()));
    return text.data();
}

/// Lines on stdout, many at a time.
class lines {
public:
    void add(std::string_view line) {
        text_.append(line).append("\n");
        if (text_.size() >= 65'536)
            write();
    }
    /// Whether all of it could be written.
    [[nodiscard]] bool end() {
        write();
        return good_ && std::fflush(stdout) == 0;
    }
    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    void write() {
        good_ = good_ && std::fwrite(text_.data(), 1, text_.size(), stdout) == text_.size();
        text_.clear();
    }

    std::string text_;
    bool good_ = true;
};

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::string line_of(const request_info& each) {
    std::string line = titanic::to_text(each.id);
    line += "  " + padded(name_of(each.state), 9);
    line += "  " + padded(std::to_string(each.attempts), 8);
    line += "  " + padded(std::to_string(each.octets), 10);
    return line + "  " + padded(text_of(each.at), 24) + "  " + printable(each.service);
}

message_form form_of(const std::string& format) {
    return format == "hex"    ? message_form::hex
           : format == "json" ? message_form::json
                              : message_form::lines;
}

struct count {
    std::array<std::uint64_t, states.size()> requests{};
};

std::string counts(const count& of) {
    std::string text;
    for (std::size_t i = 0; i < states.size(); ++i)
        text += (i == 0 ? "" : ", ") + std::to_string(of.requests[i]) + " " + name_of(states[i]);
    return text;
}

} // namespace

int list_requests(const listing_options& given) {
    opened_store opened{"ls", given.store};
    if (!opened.open(journal_access::inspect))
        return failed;
    lines out;
    out.add("id                                state      attempts  octets      since           "
            "          service");
    for (const request_state state : states) {
        if (!given.state.empty() && given.state != name_of(state))
            continue;
        opened.kept().for_each(state, [&](const request_info& each) {
            if (given.service.empty() || given.service == each.service)
                out.add(line_of(each));
            return out.good();
        });
    }
    if (!out.end())
        return opened.trouble("stdout cannot be written");
    return opened.damage();
}

int show_request(const show_options& given) {
    opened_store opened{"show", given.store};
    if (!opened.open(journal_access::inspect))
        return failed;
    const auto id = titanic::parse_request_id(given.id).value_or(titanic::request_id{});
    const std::optional<request_info> info = opened.kept().find(id);
    if (!info) {
        static_cast<void>(opened.damage());
        return opened.trouble(make_error_code(titanic::errc::unknown_request).message());
    }
    std::error_code ec;
    const titanic::body_reader body = opened.kept().reader(id, ec);
    std::vector<std::byte> stored;
    if (!ec)
        body.read(stored, ec);
    mizzen::message parts;
    if (!ec && !titanic::restore_frames(stored, parts))
        ec = make_error_code(titanic::errc::damaged);
    if (ec)
        return opened.trouble(ec.message());
    const bool is_reply = info->state == request_state::done;
    lines out;
    if (!given.body_alone) {
        out.add("id        " + titanic::to_text(info->id));
        out.add("state     " + name_of(info->state));
        out.add("service   " + printable(info->service));
        out.add("attempts  " + std::to_string(info->attempts));
        out.add((is_reply ? "replied   " : "stored    ") + text_of(info->at));
        out.add(is_reply ? "reply:" : "request:");
    }
    std::string text;
    append_message(text, parts, form_of(given.format));
    out.add(std::string_view{text}.substr(0, text.size() - 1)); // its newline is add's
    return out.end() ? done : opened.trouble("stdout cannot be written");
}

int print_store_stats(const std::string& path) {
    opened_store opened{"stats", path};
    if (!opened.open(journal_access::inspect))
        return failed;
    const titanic::store& kept = opened.kept();
    count all;
    std::map<std::string, count, std::less<>> services;
    for (std::size_t i = 0; i < states.size(); ++i)
        kept.for_each(states[i], [&](const request_info& each) {
            auto at = services.find(each.service);
            if (at == services.end())
                at = services.emplace(each.service, count{}).first;
            ++at->second.requests[i];
            ++all.requests[i];
            return true;
        });
    const titanic::store_stats now = kept.stats();
    lines out;
    out.add("requests  " + counts(all));
    out.add("octets    " + std::to_string(now.live_octets) + " live, " +
            std::to_string(now.disk_octets) + " on disk in " + std::to_string(now.segments) +
            " segments");
    for (const auto& [name, of] : services)
        out.add("service   " + printable(name) + ": " + counts(of));
    if (!out.end())
        return opened.trouble("stdout cannot be written");
    return opened.damage();
}

} // namespace mizzen::cli
