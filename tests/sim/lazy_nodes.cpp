// The processes of a Lazy Pirate history, each doing what its shell does.
#include "lazy_nodes.hpp"

#include <mizzen/error.hpp>
#include <mizzen/patterns/lazy_pirate/error.hpp>

#include <utility>

namespace mizzen::sim {

// --- Servers ---

lazy_server::lazy_server(world& in, host_id host, const lazy_pirate::server_options& options,
                         const std::string& endpoint, const handling& handles, ledger& book,
                         made_of& total)
    : node{in, host}, core_{options}, witness_{options}, handles_{handles}, book_{book},
      total_{total}, socket_{make_socket(zmtp::socket_type::router)} {
    must(socket_->bind(endpoint), "the server's endpoint is free");
}

lazy_server::~lazy_server() {
    const lazy_pirate::server_stats& stats = core_.stats();
    total_.from_cache += stats.repeated + stats.joined;
    total_.refused += stats.overflowed;
}

void lazy_server::turn() {
    while (core_.wants_more()) {
        message m;
        std::error_code ec;
        socket_->core().receive_raw(m, ec);
        if (ec)
            break;
        witness_.heard(m.peer(), m);
        const peer_id from = m.peer();
        core_.receive(from, std::move(m), now());
        act();
    }
    socket_->pump();
}

void lazy_server::tick() {
    core_.handle_timeout(now());
    act();
}

void lazy_server::act() {
    using core = lazy_pirate::server_core;
    core::action next;
    while (core_.next_action(next)) {
        if (next.what == core::step::handle_request) {
            witness_.handled(next.request, next.m, now());
            serve(next.request, next.m);
            continue;
        }
        witness_.said(next.to, next.m);
        std::error_code ec; // whoever is gone, or reads nothing, asks again
        socket_->core().send_to(next.to, next.m, ec);
    }
    socket_->pump();
    witness_.check(core_.stats());
    set_timer(core_.deadline());
}

void lazy_server::serve(std::uint64_t request, const message& body) {
    const auto job = std::make_shared<work>(begin_work(body, handles_, in(), book_));
    later(job->takes, [this, request, job] {
        answer(request, *job);
        act();
        post(); // others may be read again
    });
}

void lazy_server::answer(std::uint64_t request, work& job) {
    if (job.fails) {
        witness_.failed(request);
        core_.fail(request, "as told", now());
    } else {
        witness_.replied(request, job.answer, now());
        core_.reply(request, std::move(job.answer), now());
    }
}

// --- Clients ---

lazy_pirate::client_options drawn_options(world& in) {
    lazy_pirate::client_options options;
    options.retries = static_cast<int>(in.draw(4));
    options.pause = milliseconds{in.draw(100)};
    options.pause_max = milliseconds{300};
    options.tagged = in.draw(2) == 0;
    options.keep_connection = in.draw(4) != 0;
    options.max_connections = 1 + in.draw(3);
    if (in.draw(4) == 0)
        options.deadline = milliseconds{1 + in.draw(1000)};
    return options;
}

lazy_client::lazy_client(world& in, host_id host, const lazy_pirate::client_options& options,
                         const std::vector<std::string>& endpoints, const asking& asks,
                         ledger& book, made_of& total)
    : asker{in, host, asks, book, total}, core_{options, in.draw(1'000'000'000) + 1},
      endpoints_{endpoints} {
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
        core_.add_endpoint();
}

lazy_client::~lazy_client() {
    const lazy_pirate::client_stats& stats = core_.stats();
    if (stats.attempts > stats.requests)
        total().resent += stats.attempts - stats.requests;
}

void lazy_client::lose_connection() {
    for (const auto& each : lanes_)
        if (each)
            return each->lose_one();
}

std::uint64_t lazy_client::start(message&& body) {
    const std::uint64_t request = ++last_request_;
    std::error_code ec;
    core_.request(request, std::move(body), now(), ec);
    must(!ec, "a client that may ask can start a request");
    if (!asks().cannot_fail && in().draw(cancels_one_in) == 0)
        later(milliseconds{in().draw(300)}, [this, request] {
            core_.cancel(request, now());
            act();
        });
    return request;
}

void lazy_client::act() {
    using core = lazy_pirate::client_core;
    core::action next;
    while (core_.next_action(next)) {
        switch (next.what) {
        case core::step::open: open(next.lane, next.endpoint); break;
        case core::step::close: lanes_.at(next.lane).reset(); break;
        case core::step::send: {
            note_sent(next.m);
            must(next.lane < lanes_.size() && lanes_[next.lane] != nullptr,
                 "what is sent goes on a connection that was opened");
            std::error_code ec; // one message waits in a socket at most, which it takes at once
            static_cast<void>(lanes_[next.lane]->send(next.m, ec));
            break;
        }
        case core::step::done:
            over(next.request, ending_of(next.ec, {lazy_pirate::errc::abandoned}), next.m);
            break;
        }
    }
    for (const auto& each : lanes_)
        if (each)
            each->pump();
    set_timer(core_.deadline());
}

void lazy_client::open(std::size_t lane, std::size_t endpoint) {
    if (lane >= lanes_.size())
        lanes_.resize(lane + 1);
    must(lanes_[lane] == nullptr, "a connection is closed before there is another");
    lanes_[lane] = make_socket(zmtp::socket_type::dealer);
    lanes_[lane]->core().options.linger = milliseconds{0};
    lanes_[lane]->connect(endpoints_.at(endpoint));
}

bool lazy_client::take_one() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        message m;
        std::error_code ec;
        if (lanes_[i] && lanes_[i]->receive(m, ec)) {
            core_.receive(i, std::move(m), now());
            return true;
        }
    }
    return false;
}

void lazy_client::turn() {
    while (take_one()) // which may open and close connections
        act();
    act();
}

void lazy_client::tick() {
    core_.handle_timeout(now());
    act();
}

} // namespace mizzen::sim
