// `mizzen request`: sends a request, often if wanted, or one for each of many files, and prints the
// replies.
#include "commands.hpp"
#include "console.hpp"
#include "file_requests.hpp"
#include "majordomo_options.hpp"
#include "repeated_requests.hpp"
#include "security_options.hpp"
#include <mizzen/patterns/majordomo/client.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

struct request_arguments {
    std::string service;
    std::string body{"-"};
    std::string files_from;
    brokers_option brokers;
    std::shared_ptr<security_options> security;
    int timeout_ms = 2500;
    int retries = 2;
    int deadline_ms = 0;
    std::uint64_t repeat = 1;
    std::uint64_t parallel = 1;
    bool quiet = false;
    std::size_t outstanding = 64;
    bool progress = false;
};

majordomo::client_options to_client_options(const request_arguments& given) {
    majordomo::client_options out;
    out.timeout = std::chrono::milliseconds{given.timeout_ms};
    out.retries = given.retries;
    out.deadline = std::chrono::milliseconds{given.deadline_ms};
    out.protocol = given.brokers.protocol();
    out.max_outstanding = given.files_from.empty() ? given.parallel : given.outstanding;
    out.max_connections = out.max_outstanding;
    out.on_handshake_failed = tell_failed_handshakes("request", *given.security);
    return out;
}

repeat_options to_repeat_options(const request_arguments& given) {
    repeat_options out;
    out.service = given.service;
    out.repeat = given.repeat;
    out.parallel = given.parallel;
    out.print = !given.quiet;
    out.summary = given.repeat > 1;
    out.progress = given.progress || (given.repeat > 1 && ::isatty(STDERR_FILENO) == 1 &&
                                      (given.quiet || ::isatty(STDOUT_FILENO) == 0));
    return out;
}

int run(const request_arguments& given) {
    if (!majordomo::valid_service_name(given.service)) {
        log("request", "a service's name has 1 to 255 printable ASCII characters");
        return usage;
    }
    asio::io_context io{1};
    majordomo::client_options client_options = to_client_options(given);
    if (const int trouble = make_secured("request", *given.security, client_options.security))
        return trouble;
    majordomo::client client{io, client_options};
    for (const std::string& endpoint : given.brokers.endpoints) {
        std::error_code ec;
        client.connect(endpoint, ec);
        if (ec)
            return endpoint_trouble("request", "connect to", endpoint, ec);
    }

    std::string input = given.body;
    if (!given.files_from.empty() || given.body == "-") {
        input.clear();
        if (!read_stdin(input)) {
            log("request", "cannot read stdin");
            return failed;
        }
    }
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code error, int) {
        if (!error)
            client.stop();
    });
    if (given.files_from.empty())
        return request_repeatedly(io, client, to_repeat_options(given), input);
    return request_files(io, client, {given.service, given.outstanding, given.progress}, input);
}

} // namespace

command add_request(CLI::App& app, const std::shared_ptr<security_options>& security) {
    const auto given = std::make_shared<request_arguments>();
    given->security = security;
    CLI::App& sub = *app.add_subcommand("request", "Send requests to a Majordomo service");
    sub.add_option("service", given->service, "The service's name")->type_name("")->required();
    CLI::Option* body =
        sub.add_option("body", given->body, "The request; stdin when it is - or missing")
            ->type_name("");
    add_brokers(sub, given->brokers, "of several, the next takes over from one that is lost");
    sub.add_option("--timeout", given->timeout_ms, "For a reply, each time the request is sent")
        ->type_name("MS")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub.add_option("--retries", given->retries, "How often it is sent again")
        ->type_name("N")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    sub.add_option("--deadline", given->deadline_ms,
                   "For all of a request; 0: for what its attempts take")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    CLI::Option* repeat =
        sub.add_option("--repeat", given->repeat,
                       "Send it so often; what that took is told on stderr at the end")
            ->type_name("N")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
            ->capture_default_str();
    sub.add_option("--parallel", given->parallel, "Of those, at a time")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000}))
        ->capture_default_str();
    sub.add_flag("--quiet", given->quiet, "Do not print the replies");
    sub.add_option("--files-from", given->files_from,
                   "Send each file named on stdin (by lines, or NUL-terminated), and print `REPLY  "
                   "PATH` for each, as sha256sum does; `-` is the one value")
        ->type_name("-")
        ->check(CLI::IsMember({"-"}))
        ->excludes(body)
        ->excludes(repeat);
    sub.add_option("--outstanding", given->outstanding, "Files sent at a time")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
        ->capture_default_str();
    sub.add_flag("--progress", given->progress, "Count the replies on stderr while they come");
    add_security(sub, *security, security_ends::client);
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
