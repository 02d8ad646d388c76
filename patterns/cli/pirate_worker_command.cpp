// `mizzen worker --simple` and `--paranoid`: a worker at a pirates' queue.
#include "console.hpp"
#include "pirate_commands.hpp"
#include "request_jobs.hpp"
#include "security_options.hpp"
#include "stopper.hpp"
#include <mizzen/patterns/paranoid_pirate/worker.hpp>

#include <asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

using paranoid_pirate::responder;

struct pirate_worker_arguments {
    std::shared_ptr<security_options> security = std::make_shared<security_options>();
    bool simple = false;
    bool paranoid = false;
    bool words = false;
};

// The options that a Majordomo worker has as well belong to the subcommand.
job_kind job_of(const CLI::App& sub) {
    job_kind out;
    if (sub.count("--exec") != 0)
        out.line = sub.get_option("--exec")->as<std::string>();
    out.echo = sub.count("--echo") != 0;
    out.sha256 = sub.count("--sha256") != 0;
    return out;
}

paranoid_pirate::worker_options to_worker_options(const CLI::App& sub,
                                                  const pirate_worker_arguments& given) {
    using std::chrono::milliseconds;
    paranoid_pirate::worker_options out;
    out.speaks =
        given.simple ? paranoid_pirate::protocol::simple : paranoid_pirate::protocol::paranoid;
    out.writes = given.words ? paranoid_pirate::dialect::words : paranoid_pirate::dialect::binary;
    if (sub.count("--heartbeat") != 0) // Majordomo's default is another
        out.heartbeat = milliseconds{sub.get_option("--heartbeat")->as<int>()};
    out.liveness = sub.get_option("--liveness")->as<int>();
    out.reconnect_max = milliseconds{sub.get_option("--reconnect-max")->as<int>()};
    out.reconnect = std::min(out.reconnect, out.reconnect_max);
    out.on_handshake_failed = tell_failed_handshakes("worker", *given.security);
    return out;
}

int check(const CLI::App& sub, const pirate_worker_arguments& given, const job_kind& job) {
    std::string trouble;
    if (given.simple && given.paranoid)
        trouble = "at most one of --simple and --paranoid is possible";
    else if (sub.count("service") != 0)
        trouble = "pirates have no services: there is nothing to name";
    else if (sub.count("--broker") > 1)
        trouble = "a pirate worker has one queue";
    else
        trouble = job.trouble();
    if (trouble.empty())
        return done;
    log("worker", trouble);
    return usage;
}

int run(const CLI::App& sub, const pirate_worker_arguments& given) {
    const job_kind job = job_of(sub);
    if (const int trouble = check(sub, given, job))
        return trouble;
    using std::chrono::milliseconds;
    asio::io_context io{1};
    const command_limits limits{milliseconds{sub.get_option("--timeout")->as<int>()},
                                sub.get_option("--output-limit")->as<std::size_t>()};
    paranoid_pirate::worker_options worker_options = to_worker_options(sub, given);
    if (const int trouble = make_secured("worker", *given.security, worker_options.security))
        return trouble;
    command_runner<responder> runner{io.get_executor(), job.line, limits,
                                     worker_options.max_requests};
    paranoid_pirate::worker worker{io, worker_options,
                                   make_handler(job, io.get_executor(), runner)};
    const stopper by_signal{
        io, milliseconds{sub.get_option("--drain")->as<int>()},
        [&worker](std::function<void()> drained) { worker.drain(std::move(drained)); },
        [&] {
            worker.stop();
            runner.stop();
        }};
    const std::string endpoint = sub.count("--broker") != 0
                                     ? sub.get_option("--broker")->as<std::string>()
                                     : std::string{"tcp://127.0.0.1:5556"};
    std::error_code ec;
    worker.connect(endpoint, ec);
    if (ec)
        return endpoint_trouble("worker", "connect to", endpoint, ec);
    log("worker", "serving at " + endpoint);
    io.run();
    log("worker", "stopped after " + std::to_string(worker.stats().replies) + " replies");
    return done;
}

} // namespace

command add_worker_or_pirate(CLI::App& app) {
    const auto given = std::make_shared<pirate_worker_arguments>();
    command majordomo = add_worker(app, given->security);
    CLI::App& sub = *app.get_subcommand("worker");
    sub.get_option("service")->required(false); // checked by whoever needs it
    sub.add_flag("--simple", given->simple,
                 "At a Simple Pirate queue, without a service; --broker is its back end");
    sub.add_flag("--paranoid", given->paranoid, "At a Paranoid Pirate queue");
    sub.add_flag("--words", given->words,
                 "READY and HEARTBEAT in words, for queues of the Guide's C++ samples");
    return [given, &sub, majordomo = std::move(majordomo)] {
        return given->simple || given->paranoid ? run(sub, *given) : majordomo();
    };
}

} // namespace mizzen::cli
