// The star that a broker asks for each request.
#include "broker_pair.hpp"

#include "commands.hpp"
#include "console.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <system_error>
#include <utility>

namespace mizzen::cli {

using std::chrono::milliseconds;

broker_pair::broker_pair(asio::io_context& io, majordomo::broker& broker,
                         const pair_options& options)
    : broker_{broker}, fence_{io.get_executor(), options.fence, milliseconds{10'000}},
      half_{io, to_star_options(options), make_hooks(options)} {
    broker_.stand_by([this] { return half_.vote() == binary_star::star::verdict::serve; });
}

binary_star::star_options broker_pair::to_star_options(const pair_options& options) {
    binary_star::star_options out;
    out.half = options.primary.empty() ? binary_star::role::backup : binary_star::role::primary;
    out.heartbeat = milliseconds{options.heartbeat_ms};
    out.peer_timeout = milliseconds{options.timeout_ms};
    return out;
}

binary_star::star_hooks broker_pair::make_hooks(const pair_options& options) {
    binary_star::star_hooks hooks;
    hooks.deactivated = [this] { broker_.make_passive(); };
    hooks.drain = [this](std::function<void()> done) {
        broker_.make_passive();
        broker_.when_idle(std::move(done));
    };
    hooks.happened = [](binary_star::happening what) { log("broker", name_of(what)); };
    if (!options.fence.empty())
        hooks.fence = [this](binary_star::reason why, std::function<void(bool)> answer) {
            fence_.run(why, std::move(answer));
        };
    return hooks;
}

int broker_pair::open(const pair_options& options) {
    std::error_code ec;
    for (const std::string& each : options.peers) {
        half_.connect_peer(each, ec);
        if (ec)
            return endpoint_trouble("broker", "connect to", each, ec);
    }
    const std::string& link = options.primary.empty() ? options.backup : options.primary;
    const std::string bound = half_.bind_peer(link, ec);
    if (ec)
        return endpoint_trouble("broker", "listen on", link, ec);
    if (!print_line("listening for the peer " + bound))
        return failed;
    for (const std::string& each : options.controls) {
        const std::string control = half_.bind_control(each, ec);
        if (ec)
            return endpoint_trouble("broker", "listen on", each, ec);
        if (!print_line("listening for control " + control))
            return failed;
    }
    return done;
}

void broker_pair::stop() {
    half_.stop();
    fence_.stop();
}

void add_pair(CLI::App& sub, pair_options& options) {
    auto* const primary =
        sub.add_option("--primary", options.primary,
                       "Serve first of a pair of brokers; the peer hears of this one here")
            ->type_name("ENDPOINT");
    sub.add_option("--backup", options.backup,
                   "Stand by first of a pair; the peer hears of this one here")
        ->type_name("ENDPOINT")
        ->excludes(primary);
    sub.add_option("--peer", options.peers, "Where the other one of a pair says what it is")
        ->type_name("ENDPOINT")
        ->allow_extra_args(false);
    sub.add_option("--control", options.controls,
                   "Of a pair: where to listen for `star status` and `star switch`")
        ->type_name("ENDPOINT")
        ->allow_extra_args(false);
    sub.add_option("--peer-heartbeat", options.heartbeat_ms, "Of a pair: between two words")
        ->type_name("MS")
        ->check(CLI::Range(10, 30'000))
        ->capture_default_str();
    sub.add_option("--peer-timeout", options.timeout_ms,
                   "Of a pair: silence that means the other one is lost")
        ->type_name("MS")
        ->check(CLI::Range(20, 3'600'000))
        ->capture_default_str();
    sub.add_option("--fence", options.fence,
                   "Of a pair: run this before going active, which its status has to allow by 0")
        ->type_name("CMD");
}

} // namespace mizzen::cli
