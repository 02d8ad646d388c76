// Sending a request again and again, printing what comes back, and what that took.
#include "repeated_requests.hpp"

#include "commands.hpp"
#include "console.hpp"
#include "file_requests.hpp"
#include "latency.hpp"
#include "progress_line.hpp"

#include <asio/error.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

namespace mizzen::cli {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t most_complaints = 10; // the others are counted only

class repeater {
public:
    repeater(asio::io_context& io, majordomo::client& client, const repeat_options& options,
             const std::string& body)
        : io_{io}, client_{client}, progress_{io, [this] { return progress(); }}, options_{options},
          body_{body} {}

    void start() {
        started_ = clock::now();
        if (options_.progress)
            progress_.show();
        while (sent_ < options_.repeat && sent_ - over() < options_.parallel)
            send_one();
    }
    [[nodiscard]] bool good() const noexcept { return good_ == options_.repeat; }

private:
    [[nodiscard]] std::uint64_t over() const noexcept { return good_ + bad_; }

    void send_one() {
        ++sent_;
        client_.async_request(
            options_.service, body_.share(), {},
            [this](const mizzen::message& part) { print(part); },
            [this, begun = clock::now()](std::error_code ec, const mizzen::message& reply) {
                finish(clock::now() - begun, ec, reply);
                if (sent_ < options_.repeat && !stopped_)
                    send_one();
                else if (over() == sent_)
                    end();
            });
    }

    void finish(clock::duration took, std::error_code ec, const mizzen::message& reply) {
        if (ec == asio::error::operation_aborted)
            stopped_ = true;
        if (ec) {
            if (++bad_ <= most_complaints)
                log("request", request_failure(options_.service, ec, reply));
            return;
        }
        ++good_;
        times_.add(took);
        print(reply);
    }

    void print(const mizzen::message& reply) {
        if (stopped_ || !options_.print || print_parts(reply))
            return;
        log("request", "cannot write to stdout");
        --good_;
        ++bad_;
        stopped_ = true;
        client_.stop();
    }

    void end() {
        io_.stop(); // signals are still waited for
        progress_.end();
        if (options_.summary)
            print_summary();
    }

    void print_summary() const {
        const std::chrono::duration<double> seconds = clock::now() - started_;
        const auto ms = [](std::chrono::nanoseconds time) {
            return std::chrono::duration<double, std::milli>{time}.count();
        };
        std::fprintf(stderr,
                     "%llu replies, %llu failed, %llu sent again, in %.3f s: %.0f requests/s\n"
                     "milliseconds: p50 %.3f, p90 %.3f, p99 %.3f, most %.3f\n",
                     static_cast<unsigned long long>(good_), static_cast<unsigned long long>(bad_),
                     static_cast<unsigned long long>(client_.stats().resent), seconds.count(),
                     static_cast<double>(good_) / seconds.count(), ms(times_.within(0.5)),
                     ms(times_.within(0.9)), ms(times_.within(0.99)), ms(times_.most()));
    }

    [[nodiscard]] std::string progress() const {
        return std::to_string(good_) + " of " + std::to_string(options_.repeat) + " replies, " +
               std::to_string(bad_) + " failed";
    }

    asio::io_context& io_;
    majordomo::client& client_;
    progress_line progress_;
    repeat_options options_;
    mizzen::message body_;
    latency times_;
    clock::time_point started_;
    std::uint64_t sent_ = 0;
    std::uint64_t good_ = 0;
    std::uint64_t bad_ = 0;
    bool stopped_ = false;
};

} // namespace

int request_repeatedly(asio::io_context& io, majordomo::client& client,
                       const repeat_options& options, const std::string& body) {
    repeater requests{io, client, options, body};
    requests.start();
    io.run();
    return requests.good() ? done : failed;
}

} // namespace mizzen::cli
