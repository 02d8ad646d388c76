// `mizzen broker`: a Majordomo broker.
#include "commands.hpp"
#include "console.hpp"
#include <mizzen/patterns/majordomo/broker.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace mizzen::cli {
namespace {

struct options {
    std::vector<std::string> endpoints{"tcp://127.0.0.1:5555"};
    heartbeat_options heartbeat;
    int request_expiry_ms = 30'000;
    int service_expiry_ms = 60'000;
    int redeliveries = 2;
    std::size_t max_requests = 10'000;
    std::size_t max_octets = std::size_t{64} << 20;
};

majordomo::broker_options to_broker_options(const options& given) {
    majordomo::broker_options out;
    out.heartbeat = given.heartbeat.interval();
    out.liveness = given.heartbeat.liveness;
    out.request_expiry = std::chrono::milliseconds{given.request_expiry_ms};
    out.service_expiry = std::chrono::milliseconds{given.service_expiry_ms};
    out.redeliveries = given.redeliveries;
    out.max_requests_per_service = given.max_requests;
    out.max_queued_octets = given.max_octets;
    return out;
}

int run(const options& given) {
    asio::io_context io{1};
    majordomo::broker broker{io, to_broker_options(given)};
    // Before the first line, which tells whoever started us that we can be stopped.
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code ec, int) {
        if (!ec)
            broker.stop();
    });
    for (const std::string& wanted : given.endpoints) {
        std::error_code ec;
        const std::string bound = broker.bind(wanted, ec);
        if (ec)
            return endpoint_trouble("broker", "listen on", wanted, ec);
        if (!print_line("listening " + bound))
            return failed;
    }
    io.run();
    return done;
}

} // namespace

command add_broker(CLI::App& app) {
    const auto given = std::make_shared<options>();
    CLI::App& sub = *app.add_subcommand("broker", "Run a Majordomo broker");
    sub.add_option("--bind", given->endpoints, "Where to listen; `*` as the port is any")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    add_heartbeat(sub, given->heartbeat);
    sub.add_option("--request-expiry", given->request_expiry_ms,
                   "Longest wait of a request for a worker; 0 is no limit")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--service-expiry", given->service_expiry_ms,
                   "Until a service without workers and requests is forgotten")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--redeliver", given->redeliveries,
                   "How often a request goes to another worker when its worker is lost")
        ->type_name("N")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    sub.add_option("--max-requests", given->max_requests, "Requests that may wait, a service")
        ->type_name("N")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--max-octets", given->max_octets, "Octets of waiting requests, a service")
        ->type_name("BYTES")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
