// `mizzen broker`: a Majordomo broker.
#include "broker_pair.hpp"
#include "broker_rules.hpp"
#include "commands.hpp"
#include "config_file.hpp"
#include "console.hpp"
#include "number_options.hpp"
#include "security_options.hpp"
#include "titanic_options.hpp"
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/titanic/embedded.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

using std::chrono::milliseconds;

struct broker_arguments {
    std::vector<std::string> endpoints{"tcp://127.0.0.1:5555"};
    std::string config;
    heartbeat_options heartbeat;
    majordomo::broker_options broker;
    std::vector<std::string> execution_limits;
    milliseconds drain_limit{30'000};
    titanic_options titanic;
    pair_options pair;
    security_options security;
    std::string rules;
};

/// SERVICE=MS.
bool read_limit(std::string_view text, majordomo::broker_options& out) {
    const std::size_t at = text.rfind('=');
    if (at == std::string_view::npos || !majordomo::valid_service_name(text.substr(0, at)))
        return false;
    const std::string_view number = text.substr(at + 1);
    std::int64_t limit = -1;
    const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), limit);
    if (ec != std::errc{} || end != number.data() + number.size() || limit < 0)
        return false;
    out.execution_limits[std::string{text.substr(0, at)}] = milliseconds{limit};
    return true;
}

using titanic_inside = std::optional<titanic::embedded>;

/// What the store is left with.
void end_titanic(titanic_inside& titanic) {
    if (!titanic)
        return;
    std::error_code ec;
    titanic->close(ec);
    if (ec)
        log("broker", "the store could not be closed: " + ec.message());
}

/// Hands over, if it is half of a pair, and drains at the first signal; stops at the second.
class broker_stopper {
public:
    broker_stopper(asio::io_context& io, majordomo::broker& broker, titanic_inside& titanic,
                   std::optional<broker_pair>& pair, std::optional<rules_keeper>& rules,
                   milliseconds limit)
        : signals_{io, SIGINT, SIGTERM}, broker_{broker}, titanic_{titanic}, pair_{pair},
          rules_{rules}, limit_{limit} {
        wait();
    }

private:
    void wait() {
        signals_.async_wait([this](std::error_code ec, int) {
            if (!ec)
                stop();
        });
    }
    void stop() {
        if (std::exchange(told_, true)) {
            broker_.stop();
            return end();
        }
        const majordomo::broker_stats& now = broker_.stats();
        if (now.dispatched != 0)
            log("broker", "waiting for " + std::to_string(now.dispatched) + " running requests");
        wait();
        if (pair_)
            pair_->leave(limit_, [this] { drain(); });
        else
            drain();
    }
    void drain() {
        if (broker_.stopped())
            return;
        if (titanic_)
            titanic_->drain();
        if (pair_)
            pair_->stop(); // if it was not handed over, it takes over with the next request
        broker_.drain(limit_, [this] { end(); });
    }
    void end() {
        signals_.cancel();
        if (rules_)
            rules_->stop();
        end_titanic(titanic_);
        if (!pair_)
            return;
        pair_->stop();
        pair_->close_store();
    }

    asio::signal_set signals_;
    majordomo::broker& broker_;
    titanic_inside& titanic_;
    std::optional<broker_pair>& pair_;
    std::optional<rules_keeper>& rules_;
    milliseconds limit_;
    bool told_ = false;
};

/// A connection takes a descriptor, and what a process may have by default is a thousand of them.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
}

/// What is to be known of who comes. Gives the exit status.
int secure(broker_arguments& given) {
    if (!given.pair.given() && given.security.client_given()) {
        log("broker", "--curve-server-key and --plain-user are for the link of a pair");
        return usage;
    }
    secured_ends& ends = given.pair.secured;
    const int trouble = given.pair.given() ? make_secured_pair("broker", given.security, ends)
                                           : make_secured("broker", given.security, ends);
    if (trouble != done)
        return trouble;
    given.broker.security = ends.server;
    if (given.security.given())
        given.broker.on_handshake_failed = tell_failed_handshakes("broker", given.security);
    given.pair.on_handshake_failed = given.broker.on_handshake_failed;
    if (given.rules.empty())
        return done;
    given.broker.rules = read_rules(given.rules);
    return given.broker.rules ? done : usage;
}

/// Whether the options make sense together. Gives the exit status.
int check(CLI::App& sub, broker_arguments& given) {
    if (const int trouble = read_config(sub, given.config))
        return trouble;
    given.broker.heartbeat = given.heartbeat.interval();
    given.broker.liveness = given.heartbeat.liveness;
    for (const std::string& limit : given.execution_limits) {
        if (!read_limit(limit, given.broker)) {
            log("broker", "--execution-limit-of wants SERVICE=MS, not " + limit);
            return usage;
        }
    }
    if (const std::string useless = given.titanic.useless(); !useless.empty()) {
        log("broker", useless + " is of Titanic's, which wants --titanic or --memory");
        return usage;
    }
    if (given.titanic.given() && given.pair.given()) {
        if (given.titanic.memory) {
            log("broker", "a pair's store is a folder that both halves can reach, not --memory");
            return usage;
        }
        if (const int trouble = check_titanic_options("broker", given.titanic))
            return trouble;
    }
    return secure(given);
}

int run(CLI::App& sub, broker_arguments& given) {
    if (const int trouble = check(sub, given))
        return trouble;
    raise_descriptor_limit();
    std::unique_ptr<titanic::store> kept;
    if (given.titanic.given() && !given.pair.given()) {
        int trouble = done;
        kept = open_titanic_store("broker", given.titanic, trouble);
        if (!kept)
            return trouble;
    }
    asio::io_context io{1};
    majordomo::broker broker{io, given.broker};
    titanic_inside titanic;
    if (kept)
        titanic.emplace(broker, std::move(kept), service_options_of(given.titanic));
    // Before the first line, which tells whoever started us that we can be stopped.
    std::optional<broker_pair> pair;
    if (given.pair.given())
        pair.emplace(io, broker, given.pair, given.titanic);
    std::optional<rules_keeper> rules;
    if (!given.rules.empty())
        rules.emplace(io, broker, given.rules);
    const broker_stopper by_signal{io, broker, titanic, pair, rules, given.drain_limit};
    for (const std::string& wanted : given.endpoints) {
        std::error_code ec;
        const std::string bound = broker.bind(wanted, ec);
        if (ec)
            return endpoint_trouble("broker", "listen on", wanted, ec);
        if (!print_line("listening " + bound))
            return failed;
    }
    if (pair) {
        if (const int trouble = pair->open(given.pair))
            return trouble;
    }
    io.run();
    return done;
}

void add_times(CLI::App& sub, broker_arguments& given) {
    majordomo::broker_options& broker = given.broker;
    add_heartbeat(sub, given.heartbeat);
    add_time(sub, "--request-expiry", broker.request_expiry,
             "Longest wait of a request for a worker; 0 is no limit");
    add_time(sub, "--service-expiry", broker.service_expiry,
             "Until a service without workers and requests is forgotten");
    add_time(sub, "--execution-limit", broker.execution_limit,
             "Longest run of a request at a worker, which is then sent away; 0 is no limit");
    sub.add_option("--execution-limit-of", given.execution_limits,
                   "The same for one service; may be given several times")
        ->type_name("SERVICE=MS");
    add_time(sub, "--duplicate-window", broker.duplicate_window,
             "How long a reply is kept for a request with the same id; 0 looks at no ids");
    add_busy_poll(sub, "--busy-poll", broker.busy_poll,
                  "How long to look for more without sleeping after each message; 0 is not at all");
    add_time(sub, "--drain-limit", given.drain_limit,
             "Longest wait for running requests when told to stop; 0 is no limit");
}

void add_bounds(CLI::App& sub, majordomo::broker_options& broker) {
    add_number(sub, "--redeliver", broker.redeliveries,
               "How often a request goes to another worker when its worker is lost", "N", 0);
    add_number(sub, "--max-credit", broker.max_credit,
               "Requests that a worker has at once, whatever it asks for");
    add_number(sub, "--max-requests", broker.max_requests_per_service,
               "Requests that may wait, a service");
    add_number(sub, "--max-octets", broker.max_queued_octets,
               "Octets of waiting requests, a service", "BYTES");
    add_number(sub, "--max-all-requests", broker.max_requests, "Requests in all, running or not");
    add_number(sub, "--max-all-octets", broker.max_octets, "Octets of requests in all", "BYTES");
    add_number(sub, "--max-client-requests", broker.max_client_requests,
               "Requests of one client; with more, it is left unread");
    add_number(sub, "--max-client-octets", broker.max_client_octets,
               "Octets of one client; with more, it is left unread", "BYTES");
    add_number(sub, "--max-peers", broker.max_peers, "Connections; more are never read from");
    add_number(sub, "--max-services", broker.max_services, "Services");
    add_number(sub, "--max-service-name", broker.max_service_name, "Octets of a service's name",
               "BYTES");
    add_number(sub, "--max-envelope", broker.max_envelope,
               "Frames before a request's empty delimiter", "N", std::size_t{0});
    add_number(sub, "--max-duplicates", broker.max_duplicates,
               "Replies kept for --duplicate-window");
    add_number(sub, "--max-duplicate-octets", broker.max_duplicate_octets, "Octets of them",
               "BYTES");
}

} // namespace

command add_broker(CLI::App& app) {
    const auto given = std::make_shared<broker_arguments>();
    CLI::App& sub = *app.add_subcommand("broker", "Run a Majordomo broker");
    sub.add_option("--bind", given->endpoints, "Where to listen; `*` as the port is any")
        ->type_name("ENDPOINT")
        ->capture_default_str();
    add_config(sub, given->config);
    add_times(sub, *given);
    add_bounds(sub, given->broker);
    add_titanic_options(sub, given->titanic, "--titanic",
                        "Serve titanic.request and the like, with the requests in this folder");
    add_pair(sub, given->pair);
    add_security(sub, given->security, security_ends::both);
    sub.add_option(
           "--rules", given->rules,
           "Who may offer and call which service: lines `offer USER SERVICE` and `call USER "
           "SERVICE`; read again at SIGHUP")
        ->type_name("FILE");
    return [given, &sub] { return run(sub, *given); };
}

} // namespace mizzen::cli
