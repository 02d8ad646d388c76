// `mizzen star status` and `mizzen star switch`: what a half says of itself, and a hand-over.
#include "console.hpp"
#include "security_options.hpp"
#include "star_commands.hpp"
#include <mizzen/blocking.hpp>
#include <mizzen/blocking_monitor.hpp>
#include <mizzen/option.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mizzen::cli {
namespace {

using std::chrono::milliseconds;

struct star_control_arguments {
    std::vector<std::string> endpoints;
    int timeout_ms = 2500;
    security_options security;
};

/// The reply to `word`; none when there was no reply, and `status` is then the exit status.
std::vector<std::string> ask(const std::string& endpoint, std::string_view word,
                             const star_control_arguments& given, int& status) {
    option::security wanted;
    status = make_secured("star", given.security, wanted);
    if (status != done)
        return {};
    blocking::req socket;
    blocking::monitor events{socket};
    socket.set(option::linger{milliseconds{0}});
    socket.set(wanted);
    std::error_code ec;
    socket.connect(endpoint, ec);
    if (ec) {
        status = endpoint_trouble("star", "connect to", endpoint, ec);
        return {};
    }
    message m{word};
    message reply;
    socket.send(m, milliseconds{given.timeout_ms}, ec);
    if (!ec && socket.receive(reply, milliseconds{given.timeout_ms}, ec)) {
        std::vector<std::string> lines;
        for (const octets part : reply)
            lines.emplace_back(as_text(part));
        return lines;
    }
    tell_of(events, "star", given.security);
    log("star", "no reply from " + endpoint + ": " + ec.message());
    status = failed;
    return {};
}

/// The facts that tell whether two halves make a pair.
std::map<std::string, std::string> facts_of(const std::vector<std::string>& lines) {
    std::map<std::string, std::string> out;
    for (const std::string& line : lines) {
        const auto space = line.find(' ');
        if (space != std::string::npos && !line.starts_with("transition "))
            out[line.substr(0, space)] = line.substr(space + 1);
    }
    return out;
}

/// Says what is wrong between two halves. False if anything is.
bool compare(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    auto a = facts_of(one);
    auto b = facts_of(other);
    bool good = true;
    for (const char* each : {"heartbeat", "peer-timeout"}) {
        if (a[each] == b[each])
            continue;
        log("star",
            std::string{"the halves differ in "} + each + ": " + a[each] + " and " + b[each]);
        good = false;
    }
    if (a["role"] == b["role"]) {
        log("star", "both halves are the " + a["role"]);
        good = false;
    }
    if (a["state"] == "active" && b["state"] == "active") {
        log("star", "both halves are active");
        good = false;
    }
    return good;
}

int show(const star_control_arguments& given) {
    int status = done;
    std::vector<std::vector<std::string>> halves;
    for (const std::string& endpoint : given.endpoints) {
        const auto lines = ask(endpoint, "status", given, status);
        if (lines.empty() && status == usage)
            return status;
        if (lines.empty())
            continue;
        if (lines[0] != "200") {
            log("star", endpoint + " answered " + lines[0]);
            status = failed;
            continue;
        }
        if (!print_line("control " + endpoint))
            return failed;
        for (std::size_t i = 1; i < lines.size(); ++i) {
            if (!print_line(lines[i]))
                return failed;
        }
        halves.push_back(lines);
    }
    if (halves.size() == 2 && !compare(halves[0], halves[1]))
        status = failed;
    return status;
}

int hand_over(const star_control_arguments& given) {
    if (given.endpoints.size() != 1) {
        log("star", "the control endpoint of the active half is needed, and no other");
        return usage;
    }
    int status = failed;
    const auto lines = ask(given.endpoints[0], "switch", given, status);
    if (lines.empty())
        return status;
    if (lines[0] == "200")
        return print_line("switched") ? done : failed;
    log("star", lines.size() > 1 ? lines[1] : "it answered " + lines[0]);
    return failed;
}

void add_common(CLI::App& sub, star_control_arguments& given) {
    sub.add_option("--control", given.endpoints, "A half's control endpoint")
        ->type_name("ENDPOINT")
        ->allow_extra_args(false)
        ->required();
    sub.add_option("--timeout", given.timeout_ms, "For a reply")
        ->type_name("MS")
        ->check(CLI::Range(1, 3'600'000))
        ->capture_default_str();
    add_security(sub, given.security, security_ends::client);
}

} // namespace

command add_star_status(CLI::App& star) {
    const auto given = std::make_shared<star_control_arguments>();
    CLI::App& sub = *star.add_subcommand(
        "status", "Print what a half is, or two; fail if these two make no pair");
    add_common(sub, *given);
    return [given] { return show(*given); };
}

command add_star_switch(CLI::App& star) {
    const auto given = std::make_shared<star_control_arguments>();
    given->timeout_ms = 15'000; // it finishes what it has
    CLI::App& sub = *star.add_subcommand("switch", "Have the active half hand over to the other");
    add_common(sub, *given);
    return [given] { return hand_over(*given); };
}

} // namespace mizzen::cli
