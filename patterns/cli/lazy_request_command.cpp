// `mizzen request --lazy`: one request by a Lazy Pirate.
#include "console.hpp"
#include "pirate_commands.hpp"
#include "plain_requests.hpp"
#include "security_options.hpp"
#include <mizzen/patterns/lazy_pirate/client.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mizzen::cli {
namespace {

struct lazy_request_arguments {
    std::shared_ptr<security_options> security = std::make_shared<security_options>();
    bool lazy = false;
    bool tagged = false;
    int total_ms = 0;
    int settle_ms = 0;
};

lazy_pirate::client_options to_client_options(const CLI::App& sub,
                                              const lazy_request_arguments& given) {
    using std::chrono::milliseconds;
    lazy_pirate::client_options out;
    out.timeout = milliseconds{sub.get_option("--timeout")->as<int>()};
    out.retries = sub.get_option("--retries")->as<int>();
    out.deadline = milliseconds{given.total_ms};
    out.settle = milliseconds{given.settle_ms};
    out.tagged = given.tagged;
    out.on_handshake_failed = tell_failed_handshakes("request", *given.security);
    return out;
}

int run(const CLI::App& sub, const lazy_request_arguments& given) {
    if (sub.count("body") != 0 || sub.count("--files-from") != 0) {
        log("request", "a lazy request has a body and no service");
        return usage;
    }
    asio::io_context io{1};
    lazy_pirate::client_options client_options = to_client_options(sub, given);
    if (const int trouble = make_secured("request", *given.security, client_options.security))
        return trouble;
    lazy_pirate::client client{io, client_options};
    std::vector<std::string> endpoints{"tcp://127.0.0.1:5555"};
    if (sub.count("--broker") != 0)
        endpoints = sub.get_option("--broker")->as<std::vector<std::string>>();
    for (const std::string& each : endpoints) {
        std::error_code ec;
        client.connect(each, ec);
        if (ec)
            return endpoint_trouble("request", "connect to", each, ec);
    }
    std::string body{"-"};
    if (sub.count("service") != 0)
        body = sub.get_option("service")->as<std::string>();
    if (!read_body("request", body, body))
        return failed;
    const auto repeat = sub.get_option("--repeat")->as<std::uint64_t>();
    return plain_requests<lazy_pirate::client>{io, client, "request", body, repeat}.run();
}

} // namespace

command add_request_or_lazy(CLI::App& app) {
    const auto given = std::make_shared<lazy_request_arguments>();
    command majordomo = add_request(app, given->security);
    CLI::App& sub = *app.get_subcommand("request");
    sub.get_option("service")->required(false); // checked by whoever needs it
    sub.add_flag(
        "--lazy", given->lazy,
        "Ask a REP or a pirates' queue, without a service: `request --lazy BODY`. --broker "
        "is where it is; of several, one is asked after the other");
    sub.add_flag("--tagged", given->tagged, "With --lazy: an id, for servers that run each once");
    sub.add_option("--total", given->total_ms, "With --lazy: for all attempts; 0 is no other limit")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--settle", given->settle_ms,
                   "With --lazy: before another server is asked than was last; for a Binary Star "
                   "its --peer-timeout")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    return [given, &sub, majordomo = std::move(majordomo)] {
        return given->lazy ? run(sub, *given) : majordomo();
    };
}

} // namespace mizzen::cli
