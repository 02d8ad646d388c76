// The star that a broker asks for each request.
#include "broker_pair.hpp"

#include "commands.hpp"
#include "console.hpp"
#include <mizzen/patterns/titanic/error.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <system_error>
#include <utility>

namespace mizzen::cli {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds fence_limit{10'000};
constexpr milliseconds any_time = std::chrono::hours{24};

} // namespace

broker_pair::broker_pair(asio::io_context& io, majordomo::broker& broker,
                         const pair_options& options, const titanic_options& titanic)
    : broker_{broker}, fence_{io.get_executor(), options.fence, fence_limit},
      half_{io, to_star_options(options, titanic), make_hooks(options, titanic)} {
    if (titanic.given())
        store_.emplace(
            broker_,
            [titanic](std::error_code& ec) { return open_titanic_store("broker", titanic, ec); },
            titanic::paired_options{.services = service_options_of(titanic)});
    broker_.stand_by([this] {
        return half_.vote() == binary_star::star::verdict::serve && (!store_ || store_->is_open());
    });
}

binary_star::star_options broker_pair::to_star_options(const pair_options& options,
                                                       const titanic_options& titanic) {
    binary_star::star_options out;
    out.half = options.primary.empty() ? binary_star::role::backup : binary_star::role::primary;
    out.heartbeat = milliseconds{options.heartbeat_ms};
    out.peer_timeout = milliseconds{options.timeout_ms};
    out.security = options.secured.server;
    out.peer_security = options.secured.client;
    out.on_handshake_failed = options.on_handshake_failed;
    if (titanic.given())
        out.fence_timeout = any_time; // a large store takes long, and the fence has its own limit
    return out;
}

binary_star::star_hooks broker_pair::make_hooks(const pair_options& options,
                                                const titanic_options& titanic) {
    binary_star::star_hooks hooks;
    hooks.deactivated = [this] {
        broker_.make_passive();
        close_store();
    };
    hooks.drain = [this](std::function<void()> done) {
        if (store_)
            store_->drain();
        broker_.make_passive();
        broker_.when_idle(std::move(done));
    };
    hooks.happened = [](binary_star::happening what) { log("broker", name_of(what)); };
    const auto fence = [this](binary_star::reason why, std::function<void(bool)> answer) {
        fence_.run(why, std::move(answer));
    };
    if (!titanic.given()) {
        if (!options.fence.empty())
            hooks.fence = fence;
        return hooks;
    }
    hooks.activated = [this] { store_->begin(); };
    hooks.resumed = [this] { store_->reopen(); };
    hooks.fence = [this, fence, fenced = !options.fence.empty()](binary_star::reason why,
                                                                 std::function<void(bool)> answer) {
        if (!fenced)
            return open_store(std::move(answer));
        fence(why, [this, answer = std::move(answer)](bool succeeded) {
            succeeded ? open_store(answer) : answer(false);
        });
    };
    return hooks;
}

void broker_pair::open_store(std::function<void(bool)> answer) {
    if (!store_)
        return answer(false);
    store_->open([answer = std::move(answer)](std::error_code ec) {
        if (ec == make_error_code(titanic::errc::locked))
            log("broker", "not active: the other one still has the store");
        else if (ec) // which was told
            log("broker", "not active without the store");
        answer(!ec);
    });
}

void broker_pair::close_store() {
    if (!store_)
        return;
    std::error_code ec;
    store_->close(ec);
    if (ec)
        log("broker", "the store could not be closed: " + ec.message());
}

void broker_pair::leave(milliseconds limit, std::function<void()> done) {
    half_.hand_over(limit.count() == 0 ? any_time : limit,
                    [done = std::move(done)](std::error_code ec) {
                        if (!ec)
                            log("broker", "handed over");
                        done();
                    });
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
    if (store_)
        store_->drain();
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
