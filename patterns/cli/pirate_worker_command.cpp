// `mizzen worker --simple` and `--paranoid`: a worker at a pirates' queue.
#include "command_process.hpp"
#include "console.hpp"
#include "pirate_commands.hpp"
#include "sha256.hpp"
#include <mizzen/patterns/paranoid_pirate/worker.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

using paranoid_pirate::responder;

struct options {
    bool simple = false;
    bool paranoid = false;
    bool words = false;
};

/// Runs the command line for each request, in a process of its own.
class pirate_runner {
public:
    pirate_runner(asio::any_io_executor executor, std::string line, command_limits limits)
        : executor_{std::move(executor)}, line_{std::move(line)}, limits_{limits} {}

    void serve(mizzen::message body, responder answer) {
        const std::uint64_t number = ++last_number_;
        const auto kept = std::make_shared<responder>(std::move(answer));
        auto ended = [this, number, kept](const std::string& failure, const std::string& output) {
            if (failure.empty()) {
                kept->reply(mizzen::message{output});
            } else {
                log("worker", failure);
                kept->fail(failure);
            }
            running_.erase(number);
        };
        running_.emplace(number, std::make_unique<command_process>(
                                     executor_, line_, std::move(body), limits_, ended));
    }
    void stop() { running_.clear(); }

private:
    asio::any_io_executor executor_;
    std::string line_;
    command_limits limits_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, std::unique_ptr<command_process>> running_;
};

void serve_sha256(const asio::any_io_executor& executor, mizzen::message body, responder answer) {
    const auto kept = std::make_shared<responder>(std::move(answer));
    sha256(executor, std::move(body), [kept](const std::string& digest) {
        if (digest.empty())
            kept->fail("OpenSSL cannot do SHA-256");
        else
            kept->reply(mizzen::message{digest});
    });
}

paranoid_pirate::request_handler make_handler(const CLI::App& sub, asio::io_context& io,
                                              pirate_runner& runner) {
    if (sub.count("--echo") != 0)
        return [](mizzen::message body, responder answer) { answer.reply(std::move(body)); };
    if (sub.count("--sha256") != 0)
        return [&io](mizzen::message body, responder answer) {
            serve_sha256(io.get_executor(), std::move(body), std::move(answer));
        };
    return [&runner](mizzen::message body, responder answer) {
        runner.serve(std::move(body), std::move(answer));
    };
}

paranoid_pirate::worker_options to_worker_options(const CLI::App& sub, const options& given) {
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
    return out;
}

int check(const CLI::App& sub, const options& given) {
    const auto ways = sub.count("--exec") + sub.count("--echo") + sub.count("--sha256");
    std::string trouble;
    if (given.simple && given.paranoid)
        trouble = "at most one of --simple and --paranoid is possible";
    else if (sub.count("service") != 0)
        trouble = "pirates have no services: there is nothing to name";
    else if (ways != 1)
        trouble = "exactly one of --exec, --echo and --sha256 is needed";
    else if (sub.count("--sha256") != 0 && !has_sha256())
        trouble = "--sha256 needs a build with OpenSSL (meson setup -Dcurve=enabled)";
    else if (sub.count("--broker") > 1)
        trouble = "a pirate worker has one queue";
    if (trouble.empty())
        return done;
    log("worker", trouble);
    return usage;
}

int run(const CLI::App& sub, const options& given) {
    if (const int trouble = check(sub, given))
        return trouble;
    asio::io_context io{1};
    const std::string line =
        sub.count("--exec") != 0 ? sub.get_option("--exec")->as<std::string>() : std::string{};
    pirate_runner runner{io.get_executor(),
                         line,
                         {std::chrono::milliseconds{sub.get_option("--timeout")->as<int>()},
                          sub.get_option("--output-limit")->as<std::size_t>()}};
    paranoid_pirate::worker worker{io, to_worker_options(sub, given),
                                   make_handler(sub, io, runner)};
    asio::signal_set signals{io, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code ec, int) {
        if (ec)
            return;
        worker.stop();
        runner.stop();
    });
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
    const auto given = std::make_shared<options>();
    command majordomo = add_worker(app);
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
