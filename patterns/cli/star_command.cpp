// `mizzen star primary` and `mizzen star backup`: half of a pair of servers.
#include "console.hpp"
#include "request_jobs.hpp"
#include "security_options.hpp"
#include "star_commands.hpp"
#include "star_fence.hpp"
#include "stopper.hpp"
#include <mizzen/patterns/binary_star/server.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

using binary_star::responder;
using binary_star::role;
using std::chrono::milliseconds;

struct star_arguments {
    role half = role::primary;
    std::vector<std::string> clients;
    std::vector<std::string> links;
    std::vector<std::string> peers;
    std::vector<std::string> controls;
    job_kind job;
    int heartbeat_ms = 1000;
    int peer_timeout_ms = 2000;
    bool alone = false;
    std::string fence;
    security_options security;
    int fence_timeout_ms = 10'000;
    int time_ms = 60'000;
    std::size_t output = std::size_t{64} << 20;
    std::size_t jobs = 1;
    int drain_ms = 10'000;
};

int check(const star_arguments& given) {
    std::string trouble = given.job.trouble();
    if (trouble.empty() && given.peer_timeout_ms < 2 * given.heartbeat_ms)
        trouble = "--peer-timeout is two heartbeats at least";
    if (trouble.empty())
        return done;
    log("star", trouble);
    return usage;
}

binary_star::server_options to_server_options(const star_arguments& given) {
    binary_star::server_options out;
    out.star.half = given.half;
    out.star.heartbeat = milliseconds{given.heartbeat_ms};
    out.star.peer_timeout = milliseconds{given.peer_timeout_ms};
    out.star.alone = given.alone;
    out.star.fence_timeout = milliseconds{given.fence_timeout_ms} + milliseconds{1000};
    out.serving.max_running = given.jobs * 4;
    if (given.security.given()) {
        out.star.on_handshake_failed = tell_failed_handshakes("star", given.security);
        out.serving.on_handshake_failed = out.star.on_handshake_failed;
    }
    return out;
}

binary_star::star_hooks make_hooks(const star_arguments& given, fence_runner& fence) {
    binary_star::star_hooks hooks;
    hooks.happened = [](binary_star::happening what) { log("star", name_of(what)); };
    if (!given.fence.empty())
        hooks.fence = [&fence](binary_star::reason why, std::function<void(bool)> answer) {
            fence.run(why, std::move(answer));
        };
    return hooks;
}

/// Listens at each, and says so.
template <class Bind>
int bind_all(const std::vector<std::string>& endpoints, std::string_view words, Bind bind) {
    for (const std::string& each : endpoints) {
        std::error_code ec;
        const std::string bound = bind(each, ec);
        if (ec)
            return endpoint_trouble("star", "listen on", each, ec);
        if (!print_line(std::string{words}.append(bound)))
            return failed;
    }
    return done;
}

int open_all(binary_star::server& node, const star_arguments& given) {
    for (const std::string& each : given.peers) {
        std::error_code ec;
        node.half().connect_peer(each, ec);
        if (ec)
            return endpoint_trouble("star", "connect to", each, ec);
    }
    const auto clients = [&](const auto& at, auto& ec) { return node.bind(at, ec); };
    const auto links = [&](const auto& at, auto& ec) { return node.half().bind_peer(at, ec); };
    const auto controls = [&](const auto& at, auto& ec) {
        return node.half().bind_control(at, ec);
    };
    if (const int trouble = bind_all(given.clients, "listening ", clients))
        return trouble;
    if (const int trouble = bind_all(given.links, "listening for the peer ", links))
        return trouble;
    return bind_all(given.controls, "listening for control ", controls);
}

int run(const star_arguments& given) {
    if (const int trouble = check(given))
        return trouble;
    asio::io_context io{1};
    secured_ends ends;
    if (const int trouble = make_secured_pair("star", given.security, ends))
        return trouble;
    binary_star::server_options server_options = to_server_options(given);
    server_options.serving.security = ends.server;
    server_options.star.security = ends.server;
    server_options.star.peer_security = ends.client;
    command_runner<responder> runner{
        io.get_executor(), given.job.line, {milliseconds{given.time_ms}, given.output}, given.jobs};
    fence_runner fence{io.get_executor(), given.fence, milliseconds{given.fence_timeout_ms}};
    binary_star::server node{io, server_options, make_handler(given.job, io.get_executor(), runner),
                             make_hooks(given, fence)};
    const milliseconds limit{given.drain_ms};
    const stopper by_signal{io, limit,
                            [&node, limit](const std::function<void()>& drained) {
                                node.half().hand_over(limit,
                                                      [drained](std::error_code) { drained(); });
                            },
                            [&] {
                                node.stop();
                                runner.stop();
                                fence.stop();
                            }};
    if (const int trouble = open_all(node, given))
        return trouble;
    io.run();
    const binary_star::server_stats counts = node.stats();
    log("star", "stopped after " + std::to_string(counts.served) + " requests served, " +
                    std::to_string(counts.refused) + " refused");
    return done;
}

void add_endpoints(CLI::App& sub, star_arguments& given) {
    const auto add = [&](const char* name, std::vector<std::string>& to, const char* words) {
        sub.add_option(name, to, words)
            ->type_name("ENDPOINT")
            ->allow_extra_args(false)
            ->capture_default_str();
    };
    add("--bind", given.clients, "Where to listen for clients; `*` as the port is any");
    add("--publish", given.links, "Where the peer hears of this half");
    add("--peer", given.peers, "Where this half hears of the peer: its --publish");
    add("--control", given.controls, "Where to listen for `star status` and `star switch`");
}

void add_jobs(CLI::App& sub, star_arguments& given) {
    sub.add_option("--exec", given.job.line,
                   "Run `/bin/sh -c CMD` for each request, with the body on its stdin; its stdout "
                   "is the reply")
        ->type_name("CMD");
    sub.add_flag("--echo", given.job.echo, "Reply with the body");
    sub.add_flag("--sha256", given.job.sha256, "Reply with the body's SHA-256 in hex");
    sub.add_option("--jobs", given.jobs, "Processes at a time")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
        ->capture_default_str();
    sub.add_option("--timeout", given.time_ms, "Kill a command after this time; 0 is never")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--output-limit", given.output, "Kill a command that writes more")
        ->type_name("BYTES")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--drain", given.drain_ms,
                   "For requests at work to be finished, once it is told to stop and its peer is "
                   "there to take over; 0 is not at all")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_rules(CLI::App& sub, star_arguments& given) {
    sub.add_option("--heartbeat", given.heartbeat_ms, "Between two words to the peer")
        ->type_name("MS")
        ->check(CLI::Range(10, 30'000))
        ->capture_default_str();
    sub.add_option("--peer-timeout", given.peer_timeout_ms,
                   "Silence that means the peer is lost; the same for both halves")
        ->type_name("MS")
        ->check(CLI::Range(20, 3'600'000))
        ->capture_default_str();
    sub.add_option(
           "--fence", given.fence,
           "Run `/bin/sh -c CMD`, with the reason on its stdin, before going active, and go "
           "active only if its status is 0")
        ->type_name("CMD");
    sub.add_option("--fence-timeout", given.fence_timeout_ms, "Kill that after this time")
        ->type_name("MS")
        ->check(CLI::Range(1, 3'600'000))
        ->capture_default_str();
}

command add_half(CLI::App& star, role half) {
    const auto given = std::make_shared<star_arguments>();
    const bool primary = half == role::primary;
    given->half = half;
    given->clients = {primary ? "tcp://127.0.0.1:5001" : "tcp://127.0.0.1:5002"};
    given->links = {primary ? "tcp://127.0.0.1:5003" : "tcp://127.0.0.1:5004"};
    given->peers = {primary ? "tcp://127.0.0.1:5004" : "tcp://127.0.0.1:5003"};
    CLI::App& sub = *star.add_subcommand(primary ? "primary" : "backup",
                                         primary ? "Run the half that serves first"
                                                 : "Run the half that stands by first");
    add_endpoints(sub, *given);
    add_jobs(sub, *given);
    add_rules(sub, *given);
    add_security(sub, given->security, security_ends::both);
    if (!primary)
        sub.add_flag("--alone", given->alone, "Serve even if no active peer was ever heard");
    return [given] { return run(*given); };
}

} // namespace

command add_star_primary(CLI::App& star) { return add_half(star, role::primary); }
command add_star_backup(CLI::App& star) { return add_half(star, role::backup); }

command add_star(CLI::App& app) {
    CLI::App& star = *app.add_subcommand("star", "Run half of a Binary Star, or ask one");
    star.require_subcommand(1);
    std::vector<command> commands;
    for (const auto add : {add_star_primary, add_star_backup, add_star_status, add_star_switch})
        commands.push_back(add(star));
    const std::vector<CLI::App*> names = star.get_subcommands({});
    return [commands = std::move(commands), names] {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i]->parsed())
                return commands[i]();
        }
        return static_cast<int>(usage);
    };
}

} // namespace mizzen::cli
