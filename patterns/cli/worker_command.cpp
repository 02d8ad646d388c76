// `mizzen worker`: a Majordomo worker that runs a shell command, echoes, or hashes.
#include "commands.hpp"
#include "console.hpp"
#include "majordomo_options.hpp"
#include "request_jobs.hpp"
#include "security_options.hpp"
#include "stopper.hpp"
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

struct worker_arguments {
    std::string service;
    brokers_option brokers;
    job_kind job;
    std::shared_ptr<security_options> security;
    heartbeat_options heartbeat;
    int reconnect_max_ms = 5000;
    int time_ms = 60'000;
    std::size_t output = std::size_t{64} << 20;
    std::uint32_t jobs = 1;
    int drain_ms = 10'000;
};

int check(const worker_arguments& given) {
    std::string trouble = given.job.trouble();
    if (trouble.empty() && !majordomo::valid_service_name(given.service))
        trouble = "a service's name has 1 to 255 printable ASCII characters";
    else if (trouble.empty() && given.service.starts_with(majordomo::mmi_prefix))
        trouble = "services whose names start with mmi. are the broker's own";
    if (trouble.empty())
        return done;
    log("worker", trouble);
    return usage;
}

majordomo::worker_options to_worker_options(const worker_arguments& given) {
    majordomo::worker_options out;
    out.service = given.service;
    out.protocol = given.brokers.protocol();
    out.credit = given.jobs;
    out.heartbeat = given.heartbeat.interval();
    out.liveness = given.heartbeat.liveness;
    out.reconnect_max = std::chrono::milliseconds{given.reconnect_max_ms};
    out.on_handshake_failed = tell_failed_handshakes("worker", *given.security);
    return out;
}

int run(const worker_arguments& given) {
    if (const int trouble = check(given))
        return trouble;
    asio::io_context io{1};
    majordomo::worker_options worker_options = to_worker_options(given);
    if (const int trouble = make_secured("worker", *given.security, worker_options.security))
        return trouble;
    command_runner<majordomo::responder> runner{
        io.get_executor(),
        given.job.line,
        {std::chrono::milliseconds{given.time_ms}, given.output},
        given.jobs};
    majordomo::worker worker{io, worker_options,
                             make_handler(given.job, io.get_executor(), runner)};
    const stopper by_signal{io, std::chrono::milliseconds{given.drain_ms},
                            [&worker](const std::function<void()>& drained) {
                                worker.async_drain([drained](std::error_code) { drained(); });
                            },
                            [&] {
                                worker.stop();
                                runner.stop();
                            }};
    for (const std::string& endpoint : given.brokers.endpoints) {
        std::error_code ec;
        worker.connect(endpoint, ec);
        if (ec)
            return endpoint_trouble("worker", "connect to", endpoint, ec);
    }
    log("worker", "serving " + given.service + " at " + given.brokers.names());
    io.run();
    log("worker", "stopped after " + std::to_string(worker.stats().replies) + " replies");
    return done;
}

} // namespace

command add_worker(CLI::App& app, const std::shared_ptr<security_options>& security) {
    const auto given = std::make_shared<worker_arguments>();
    given->security = security;
    CLI::App& sub = *app.add_subcommand("worker", "Run a Majordomo worker");
    sub.add_option("service", given->service, "The service's name")->type_name("")->required();
    add_brokers(sub, given->brokers, "of several, all give it requests");
    sub.add_option("--exec", given->job.line,
                   "Run `/bin/sh -c CMD` for each request, with the body on its stdin; its stdout "
                   "is the reply")
        ->type_name("CMD");
    sub.add_flag("--echo", given->job.echo, "Reply with the body");
    sub.add_flag("--sha256", given->job.sha256, "Reply with the body's SHA-256 in hex");
    sub.add_option("--jobs", given->jobs,
                   "Requests at a time: as many processes, and more than one are announced to the "
                   "broker as credit")
        ->type_name("N")
        ->check(CLI::Range(std::uint32_t{1}, std::uint32_t{10'000}))
        ->capture_default_str();
    sub.add_option("--drain", given->drain_ms,
                   "For requests at work to be finished, once it is told to stop; 0 is not at all")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    add_heartbeat(sub, given->heartbeat);
    sub.add_option("--reconnect-max", given->reconnect_max_ms,
                   "Longest pause before a lost broker is tried again")
        ->type_name("MS")
        ->check(CLI::Range(10, 3'600'000))
        ->capture_default_str();
    sub.add_option("--timeout", given->time_ms, "Kill a command after this time; 0 is never")
        ->type_name("MS")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--output-limit", given->output, "Kill a command that writes more")
        ->type_name("BYTES")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    add_security(sub, *security, security_ends::client);
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
