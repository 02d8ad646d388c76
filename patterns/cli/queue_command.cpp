// `mizzen queue`: a Simple or a Paranoid Pirate queue.
#include "console.hpp"
#include "pirate_commands.hpp"
#include "security_options.hpp"
#include "stopper.hpp"
#include <mizzen/patterns/paranoid_pirate/queue.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

struct queue_arguments {
    bool simple = false;
    bool paranoid = false;
    std::string front{"tcp://127.0.0.1:5555"};
    std::string back{"tcp://127.0.0.1:5556"};
    heartbeat_options heartbeat{1000, 3};
    security_options security;
    std::string worker_clients;
    std::string worker_users;
    int request_timeout_ms = 60'000;
    int request_expiry_ms = 30'000;
    int redeliveries = 2;
    std::size_t max_requests = 10'000;
    std::size_t max_octets = std::size_t{64} << 20;
    int drain_ms = 10'000;
};

paranoid_pirate::queue_options to_queue_options(const queue_arguments& given) {
    using std::chrono::milliseconds;
    paranoid_pirate::queue_options out;
    out.speaks =
        given.simple ? paranoid_pirate::protocol::simple : paranoid_pirate::protocol::paranoid;
    out.heartbeat = given.heartbeat.interval();
    out.liveness = given.heartbeat.liveness;
    out.request_timeout = milliseconds{given.request_timeout_ms};
    out.request_expiry = milliseconds{given.request_expiry_ms};
    out.redeliveries = given.redeliveries;
    out.max_waiting = given.max_requests;
    out.max_waiting_octets = given.max_octets;
    if (given.security.given())
        out.on_handshake_failed = tell_failed_handshakes("queue", given.security);
    return out;
}

std::string words_of(const paranoid_pirate::queue_stats& counts) {
    const auto lost = counts.dropped_expired + counts.dropped_given_up + counts.dropped_gone +
                      counts.dropped_draining;
    return "stopped after " + std::to_string(counts.replies) + " replies, " +
           std::to_string(counts.redelivered) + " redelivered, " + std::to_string(lost) +
           " dropped";
}

/// Whose keys or names are of workers, where those are not all the clients.
int secure(const queue_arguments& given, paranoid_pirate::queue_options& out) {
    if (const int trouble = make_secured("queue", given.security, out.security))
        return trouble;
    if (given.worker_clients.empty() && given.worker_users.empty())
        return done;
    security_options workers;
    workers.curve_clients = given.worker_clients;
    workers.plain_users = given.worker_users;
    workers.allow = given.security.allow;
    workers.deny = given.security.deny;
    if (workers.curve_server_given())
        workers.curve_key = given.security.curve_key;
    return make_secured("queue", workers, out.worker_security.emplace());
}

int run(const queue_arguments& given) {
    if (given.simple == given.paranoid) {
        log("queue", "exactly one of --simple and --paranoid is needed");
        return usage;
    }
    asio::io_context io{1};
    paranoid_pirate::queue_options queue_options = to_queue_options(given);
    if (const int trouble = secure(given, queue_options))
        return trouble;
    paranoid_pirate::queue node{io, queue_options};
    // Before the first line, which tells whoever started us that we can be stopped.
    const stopper by_signal{
        io, std::chrono::milliseconds{given.drain_ms},
        [&node](std::function<void()> drained) { node.drain(std::move(drained)); },
        [&node] { node.stop(); }};
    std::error_code ec;
    const std::string front = node.bind_frontend(given.front, ec);
    if (ec)
        return endpoint_trouble("queue", "listen on", given.front, ec);
    const std::string back = node.bind_backend(given.back, ec);
    if (ec)
        return endpoint_trouble("queue", "listen on", given.back, ec);
    if (!print_line("listening " + front) || !print_line("listening for workers " + back))
        return failed;
    io.run();
    log("queue", words_of(node.stats()));
    return done;
}

void add_limits(CLI::App& sub, queue_arguments& given) {
    sub.add_option("--request-timeout", given.request_timeout_ms,
                   "For a worker that is silent in a job; 0 is no limit")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--request-expiry", given.request_expiry_ms,
                   "Longest wait of a request for a worker; 0 is no limit")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--redeliver", given.redeliveries,
                   "How often a request goes to another worker when its worker is lost")
        ->type_name("N")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    sub.add_option("--max-requests", given.max_requests,
                   "Requests that may wait before clients are held up")
        ->type_name("N")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--max-octets", given.max_octets, "The same in octets")
        ->type_name("BYTES")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--drain", given.drain_ms,
                   "For requests that are here to be finished, once it is told to stop; 0 is not "
                   "at all")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

} // namespace

command add_queue(CLI::App& app) {
    const auto given = std::make_shared<queue_arguments>();
    CLI::App& sub = *app.add_subcommand("queue", "Run a Simple or a Paranoid Pirate queue");
    sub.add_flag("--simple", given->simple, "For workers that are REQs, without heartbeats");
    sub.add_flag("--paranoid", given->paranoid, "For workers that are DEALERs, with heartbeats");
    sub.add_option("--frontend", given->front,
                   "Where to listen for clients; `*` as the port is any")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    sub.add_option("--backend", given->back, "Where to listen for workers")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    add_heartbeat(sub, given->heartbeat);
    add_limits(sub, *given);
    add_security(sub, given->security, security_ends::server);
    sub.add_option("--worker-curve-clients", given->worker_clients,
                   "Workers have their certificates in this folder; without it, whoever may be a "
                   "client may be a worker")
        ->type_name("FOLDER");
    sub.add_option("--worker-plain-users", given->worker_users,
                   "Workers are the users of this file; without it, whoever may be a client may "
                   "be a worker")
        ->type_name("FILE");
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
