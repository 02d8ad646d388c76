// `mizzen titanic`: Titanic's services at a broker, or what can be done to a store without them.
#include "config_file.hpp"
#include "console.hpp"
#include "majordomo_options.hpp"
#include "number_options.hpp"
#include "security_options.hpp"
#include "stopper.hpp"
#include "titanic_commands.hpp"
#include "titanic_options.hpp"
#include <mizzen/patterns/titanic/server.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

struct titanic_arguments {
    brokers_option brokers;
    std::string config;
    titanic_options titanic;
    titanic::server_options server;
    heartbeat_options heartbeat;
    security_options security;
    std::chrono::milliseconds drain{10'000};
};

int serve(CLI::App& sub, titanic_arguments& given) {
    if (const int trouble = read_config(sub, given.config))
        return trouble;
    if (!given.titanic.given()) {
        log("titanic", "--store or --memory is needed, or one of the commands; see --help");
        return usage;
    }
    asio::io_context io{1};
    int trouble = make_secured("titanic", given.security, given.server.security);
    if (trouble != done)
        return trouble;
    given.server.on_handshake_failed = tell_failed_handshakes("titanic", given.security);
    auto kept = open_titanic_store("titanic", given.titanic, trouble);
    if (!kept)
        return trouble;
    given.server.services = service_options_of(given.titanic);
    given.server.protocol = given.brokers.protocol();
    given.server.heartbeat = given.heartbeat.interval();
    given.server.liveness = given.heartbeat.liveness;
    titanic::server server{io, std::move(kept), given.server};
    std::error_code closed;
    const stopper by_signal{
        io, given.drain, [&server](const std::function<void()>& drained) { server.drain(drained); },
        [&] { server.stop(closed); }};
    for (const std::string& endpoint : given.brokers.endpoints) {
        std::error_code ec;
        server.connect(endpoint, ec);
        if (ec)
            return endpoint_trouble("titanic", "connect to", endpoint, ec);
    }
    log("titanic", "serving at " + given.brokers.names());
    io.run();
    if (closed) {
        log("titanic", "the store could not be closed: " + closed.message());
        return failed;
    }
    return done;
}

void add_server_options(CLI::App& sub, titanic_arguments& given) {
    add_brokers(sub, given.brokers, "of several, all are served");
    add_config(sub, given.config);
    add_titanic_options(sub, given.titanic, "--store", "Where the requests are kept");
    add_heartbeat(sub, given.heartbeat);
    add_time(sub, "--reconnect-max", given.server.reconnect_max,
             "Longest pause before a lost broker is tried again");
    add_number(sub, "--credit", given.server.credit,
               "Calls of each service at once, at a broker that knows how");
    add_number(sub, "--registrations", given.server.registrations,
               "Workers of each service, at a broker that gives each one call at a time");
    add_time(sub, "--drain", given.drain,
             "For what is at hand to be finished, once it is told to stop; 0 is not at all");
    add_security(sub, given.security, security_ends::client);
}

} // namespace

command add_titanic(CLI::App& app) {
    const auto given = std::make_shared<titanic_arguments>();
    CLI::App& sub = *app.add_subcommand(
        "titanic",
        "Keep requests on disk until they are answered, at a broker; or look at a store");
    sub.require_subcommand(0, 1);
    add_server_options(sub, *given);
    return [given, &sub, verbs = add_titanic_store(sub)] {
        for (const titanic_verb& each : verbs)
            if (each.sub->parsed())
                return each.run();
        return serve(sub, *given);
    };
}

} // namespace mizzen::cli
