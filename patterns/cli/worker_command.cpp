// `mizzen worker`: a Majordomo worker that runs a shell command, echoes, or hashes.
#include "command_process.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "majordomo_options.hpp"
#include "sha256.hpp"
#include <mizzen/patterns/majordomo/worker.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <csignal>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mizzen::cli {
namespace {

using majordomo::responder;

struct options {
    std::string service;
    brokers_option brokers;
    std::string line;
    bool echo = false;
    bool sha256 = false;
    heartbeat_options heartbeat;
    int reconnect_max_ms = 5000;
    int time_ms = 60'000;
    std::size_t output = std::size_t{64} << 20;
    std::uint32_t jobs = 1;
    int drain_ms = 10'000;
};

/// Answers requests by running the command line, each in a process of its own. Several brokers may
/// each give as many requests as there are to be processes: some wait then.
class command_runner {
public:
    command_runner(asio::any_io_executor executor, std::string line, command_limits limits,
                   std::size_t jobs)
        : executor_{std::move(executor)}, line_{std::move(line)}, limits_{limits}, jobs_{jobs} {}

    void serve(mizzen::message body, responder answer) {
        waiting_.push_back({std::move(body), std::move(answer)});
        start_more();
    }
    void stop() {
        running_.clear();
        waiting_.clear();
    }

private:
    struct job {
        mizzen::message body;
        responder answer;
    };

    void start_more() {
        while (running_.size() < jobs_ && !waiting_.empty()) {
            job next = std::move(waiting_.front());
            waiting_.pop_front();
            run(std::move(next.body), std::move(next.answer));
        }
    }

    void run(mizzen::message body, responder answer) {
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
            start_more();
        };
        running_.emplace(number, std::make_unique<command_process>(
                                     executor_, line_, std::move(body), limits_, ended));
    }
    asio::any_io_executor executor_;
    std::string line_;
    command_limits limits_;
    std::size_t jobs_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, std::unique_ptr<command_process>> running_;
    std::deque<job> waiting_;
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

majordomo::worker::handler make_handler(const options& given, asio::io_context& io,
                                        command_runner& runner) {
    if (given.echo)
        return [](mizzen::message body, responder answer) { answer.reply(std::move(body)); };
    if (given.sha256)
        return [&io](mizzen::message body, responder answer) {
            serve_sha256(io.get_executor(), std::move(body), std::move(answer));
        };
    return [&runner](mizzen::message body, responder answer) {
        runner.serve(std::move(body), std::move(answer));
    };
}

int check(const options& given) {
    const int ways = int{given.echo} + int{given.sha256} + int{!given.line.empty()};
    std::string trouble;
    if (ways != 1)
        trouble = "exactly one of --exec, --echo and --sha256 is needed";
    else if (given.sha256 && !has_sha256())
        trouble = "--sha256 needs a build with OpenSSL (meson setup -Dcurve=enabled)";
    else if (!majordomo::valid_service_name(given.service))
        trouble = "a service's name has 1 to 255 printable ASCII characters";
    else if (given.service.starts_with(majordomo::mmi_prefix))
        trouble = "services whose names start with mmi. are the broker's own";
    if (trouble.empty())
        return done;
    log("worker", trouble);
    return usage;
}

majordomo::worker_options to_worker_options(const options& given) {
    majordomo::worker_options out;
    out.service = given.service;
    out.protocol = given.brokers.protocol();
    out.credit = given.jobs;
    out.heartbeat = given.heartbeat.interval();
    out.liveness = given.heartbeat.liveness;
    out.reconnect_max = std::chrono::milliseconds{given.reconnect_max_ms};
    return out;
}

/// The first signal lets the requests at work finish, within limits; the second does not.
class stopper {
public:
    stopper(asio::io_context& io, majordomo::worker& worker, command_runner& runner,
            std::chrono::milliseconds patience)
        : signals_{io, SIGINT, SIGTERM}, timer_{io}, worker_{worker}, runner_{runner},
          patience_{patience} {}

    void wait() {
        signals_.async_wait([this](std::error_code ec, int) {
            if (ec)
                return;
            if (std::exchange(draining_, true) || patience_.count() == 0)
                return end();
            wait();
            drain();
        });
    }

private:
    void drain() {
        timer_.expires_after(patience_);
        timer_.async_wait([this](std::error_code ec) {
            if (!ec)
                end();
        });
        worker_.async_drain([this](std::error_code) { end(); });
    }
    void end() {
        timer_.cancel();
        signals_.cancel();
        worker_.stop();
        runner_.stop();
    }

    asio::signal_set signals_;
    asio::steady_timer timer_;
    majordomo::worker& worker_;
    command_runner& runner_;
    std::chrono::milliseconds patience_;
    bool draining_ = false;
};

int run(const options& given) {
    if (const int trouble = check(given))
        return trouble;
    asio::io_context io{1};
    command_runner runner{io.get_executor(),
                          given.line,
                          {std::chrono::milliseconds{given.time_ms}, given.output},
                          given.jobs};
    majordomo::worker worker{io, to_worker_options(given), make_handler(given, io, runner)};
    stopper stop{io, worker, runner, std::chrono::milliseconds{given.drain_ms}};
    stop.wait();
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

command add_worker(CLI::App& app) {
    const auto given = std::make_shared<options>();
    CLI::App& sub = *app.add_subcommand("worker", "Run a Majordomo worker");
    sub.add_option("service", given->service, "The service's name")->type_name("")->required();
    add_brokers(sub, given->brokers, "of several, all give it requests");
    sub.add_option("--exec", given->line,
                   "Run `/bin/sh -c CMD` for each request, with the body on its stdin; its stdout "
                   "is the reply")
        ->type_name("CMD");
    sub.add_flag("--echo", given->echo, "Reply with the body");
    sub.add_flag("--sha256", given->sha256, "Reply with the body's SHA-256 in hex");
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
    return [given] { return run(*given); };
}

} // namespace mizzen::cli
