// `mizzen freelance`: servers without a broker, and who asks them.
#include "freelance_command.hpp"

#include "console.hpp"
#include "plain_requests.hpp"
#include "request_jobs.hpp"
#include "security_options.hpp"
#include <mizzen/patterns/freelance/client.hpp>
#include <mizzen/patterns/freelance/server.hpp>
#include <mizzen/patterns/lazy_pirate/client.hpp>
#include <mizzen/patterns/lazy_pirate/server.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mizzen::cli {
namespace {

using patterns::responder;
using std::chrono::milliseconds;

constexpr const char* who = "freelance";

struct server_settings {
    int model = 3;
    std::string endpoint{"tcp://127.0.0.1:5555"};
    std::string name;
    job_kind job;
    std::size_t jobs = 1;
    int time_ms = 60'000;
    security_options security;
    std::size_t output = std::size_t{64} << 20;
};

struct client_settings {
    int model = 3;
    std::vector<std::string> servers;
    std::string body{"-"};
    security_options security;
    int timeout_ms = 3000;
    std::optional<int> another_after_ms;
    bool hedge = false;
    std::optional<freelance::preference> prefer;
    std::uint64_t repeat = 1;
};

freelance::model to_model(int number) {
    return number == 2 ? freelance::model::shotgun : freelance::model::complex;
}

/// Until it is told to stop; what runs then is lost, and its clients turn to other servers.
template <class Server, class Bind>
int serve(asio::io_context& io, Server& server, command_runner<responder>& runner, Bind bind,
          const std::string& endpoint) {
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code error, int) {
        if (error)
            return;
        server.stop();
        runner.stop();
    });
    std::error_code ec;
    const std::string bound = bind(ec);
    if (ec)
        return endpoint_trouble(who, "listen on", endpoint, ec);
    if (!print_line("listening " + bound))
        return failed;
    io.run();
    log(who, "stopped after " + std::to_string(server.stats().replies) + " replies");
    return done;
}

int run_server(const server_settings& given) {
    if (const std::string trouble = given.job.trouble(); !trouble.empty()) {
        log(who, trouble);
        return usage;
    }
    if (!given.name.empty() && given.model != 3) {
        log(who, "only servers of model 3 have a name");
        return usage;
    }
    asio::io_context io{1};
    command_runner<responder> runner{
        io.get_executor(), given.job.line, {milliseconds{given.time_ms}, given.output}, given.jobs};
    option::security security;
    if (const int trouble = make_secured(who, given.security, security))
        return trouble;
    patterns::handshake_watch watch;
    if (given.security.given())
        watch = tell_failed_handshakes(who, given.security);
    const auto handler = make_handler(given.job, io.get_executor(), runner);
    if (given.model == 1) {
        lazy_pirate::server_options options;
        options.max_running = given.jobs;
        options.security = security;
        options.on_handshake_failed = watch;
        lazy_pirate::server server{io, options, handler};
        return serve(
            io, server, runner,
            [&](std::error_code& ec) { return server.bind(given.endpoint, ec); }, given.endpoint);
    }
    freelance::server_options options;
    options.how = to_model(given.model);
    options.max_running = given.jobs;
    options.security = security;
    options.on_handshake_failed = watch;
    freelance::server server{io, options, handler};
    return serve(
        io, server, runner,
        [&](std::error_code& ec) { return server.bind(given.endpoint, given.name, ec); },
        given.endpoint);
}

template <class Client>
int request(asio::io_context& io, Client& client, const client_settings& given) {
    for (const std::string& each : given.servers) {
        std::error_code ec;
        client.connect(each, ec);
        if (ec)
            return endpoint_trouble(who, "connect to", each, ec);
    }
    std::string body;
    if (!read_body(who, given.body, body))
        return failed;
    return plain_requests<Client>{io, client, who, body, given.repeat}.run();
}

int run_client(const client_settings& given) {
    if (given.model != 3 && (given.another_after_ms || given.hedge || given.prefer)) {
        log(who, "only clients of model 3 ask one server and then another as they are told");
        return usage;
    }
    asio::io_context io{1};
    option::security security;
    if (const int trouble = make_secured(who, given.security, security))
        return trouble;
    const auto watch = tell_failed_handshakes(who, given.security);
    if (given.model == 1) {
        // Each server gets its share of the time, and the whole of it is enough for all of them.
        lazy_pirate::client_options options;
        const auto share = given.timeout_ms / static_cast<int>(given.servers.size());
        options.timeout = milliseconds{std::max(share, 1)};
        options.deadline = milliseconds{given.timeout_ms};
        options.retries = 1'000'000;
        options.security = security;
        options.on_handshake_failed = watch;
        lazy_pirate::client client{io, options};
        return request(io, client, given);
    }
    freelance::client_options options;
    options.how = to_model(given.model);
    options.timeout = milliseconds{given.timeout_ms};
    if (given.another_after_ms)
        options.another_after = milliseconds{*given.another_after_ms};
    options.hedge = given.hedge;
    options.prefer = given.prefer.value_or(freelance::preference::order);
    options.security = security;
    options.on_handshake_failed = watch;
    freelance::client client{io, options};
    return request(io, client, given);
}

void add_model(CLI::App& sub, int& model) {
    sub.add_option("--model", model,
                   "Of the Guide's: 1 asks one after the other, 2 all at once, 3 whoever lives")
        ->type_name("N")
        ->check(CLI::Range(1, 3))
        ->capture_default_str();
}

void add_server(CLI::App& app, server_settings& given) {
    CLI::App& sub = *app.add_subcommand("server", "Answer requests");
    add_model(sub, given.model);
    sub.add_option("--bind", given.endpoint, "Where to listen; `*` as the port is any")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    sub.add_option("--name", given.name,
                   "Model 3: what foreign clients connect to, letter by letter; by default what it "
                   "listens on")
        ->type_name("ENDPOINT");
    sub.add_option("--exec", given.job.line,
                   "Run `/bin/sh -c CMD` for each request, with the body on its stdin; its stdout "
                   "is the reply")
        ->type_name("CMD");
    sub.add_flag("--echo", given.job.echo, "Reply with the body");
    sub.add_flag("--sha256", given.job.sha256, "Reply with the body's SHA-256 in hex");
    sub.add_option("--jobs", given.jobs, "Requests at a time; more wait")
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
    add_security(sub, given.security, security_ends::server);
}

void add_client(CLI::App& app, client_settings& given) {
    CLI::App& sub = *app.add_subcommand("request", "Send requests, and print the replies");
    sub.add_option("body", given.body, "The request; stdin when it is - or missing")->type_name("");
    add_model(sub, given.model);
    sub.add_option("--server", given.servers, "A server; may be given several times")
        ->type_name("ENDPOINT")
        ->required()
        ->allow_extra_args(false);
    sub.add_option("--timeout", given.timeout_ms, "For a request, whoever answers it")
        ->type_name("MS")
        ->check(CLI::Range(1, 1'000'000'000))
        ->capture_default_str();
    sub.add_option("--another-after", given.another_after_ms,
                   "Model 3: until a further server is asked; 0 is never")
        ->type_name("MS")
        ->check(CLI::Range(0, 1'000'000'000))
        ->default_str("1000");
    sub.add_flag("--hedge", given.hedge,
                 "Model 3: ask it once a request takes longer than 95 of 100 do");
    const std::map<std::string, freelance::preference> preferences{
        {"order", freelance::preference::order}, {"latency", freelance::preference::latency}};
    sub.add_option("--prefer", given.prefer,
                   "Model 3: the first server that lives, or the one that answers soonest")
        ->type_name("order|latency")
        ->transform(CLI::CheckedTransformer(preferences))
        ->default_str("order");
    sub.add_option("--repeat", given.repeat, "Send it so often")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
        ->capture_default_str();
    add_security(sub, given.security, security_ends::client);
}

} // namespace

command add_freelance(CLI::App& app) {
    struct settings {
        server_settings server;
        client_settings client;
    };
    const auto given = std::make_shared<settings>();
    CLI::App& sub = *app.add_subcommand("freelance", "Servers that are all alike, and no broker");
    sub.require_subcommand(1);
    add_server(sub, given->server);
    add_client(sub, given->client);
    return [given, &sub] {
        return sub.got_subcommand("server") ? run_server(given->server) : run_client(given->client);
    };
}

} // namespace mizzen::cli
