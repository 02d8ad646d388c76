// The processes of a Majordomo history, each doing what its shell does.
#include "majordomo_nodes.hpp"

#include <mizzen/error.hpp>
#include <mizzen/patterns/majordomo/error.hpp>

#include <utility>

namespace mizzen::sim {

// --- The broker ---

majordomo_broker::majordomo_broker(world& in, host_id host,
                                   const majordomo::broker_options& options,
                                   const std::string& endpoint)
    : node{in, host}, options_{options}, core_{options, now()}, witness_{options},
      socket_{make_socket(zmtp::socket_type::router)} {
    socket_->core().options.report_peers = true;
    socket_->core().options_changed();
    must(socket_->bind(endpoint), "the broker's endpoint is free");
}

void majordomo_broker::turn() {
    for (;;) {
        message m;
        std::error_code ec;
        socket_->core().receive_raw(m, ec);
        if (ec)
            break;
        hand_in(std::move(m));
        send_outputs();
    }
    socket_->pump();
    check();
}

void majordomo_broker::hand_in(message&& m) {
    const peer_id from = m.peer();
    switch (m.peer_notice()) {
    case zmtp::notice::peer_up:
        witness_.peer_up(from);
        core_.peer_up(from);
        break;
    case zmtp::notice::peer_down:
        core_.peer_down(from, now());
        witness_.peer_down(from);
        break;
    case zmtp::notice::none:
        witness_.heard(from, m, now());
        core_.receive(from, std::move(m), now());
        break;
    case zmtp::notice::peer_writable: core_.peer_writable(from, now()); break;
    }
}

void majordomo_broker::send_outputs() {
    majordomo::broker_core::output out;
    while (core_.next_output(out)) {
        std::error_code ec;
        if (out.what != majordomo::broker_core::step::send) {
            socket_->core().hold(out.to, out.what == majordomo::broker_core::step::pause, ec);
            continue;
        }
        const message said = out.m.share();
        socket_->core().send_to(out.to, out.m, ec);
        if (ec == errc::would_block) { // and is said again once there is room
            core_.refused(out.to, std::move(out.m));
            continue;
        }
        witness_.said(out.to, said, now());
        if (ec)
            core_.undelivered();
    }
}

void majordomo_broker::tick() {
    witness_.ticks(now());
    core_.handle_timeout(now());
    send_outputs();
    socket_->pump();
    check();
    witness_.ticked();
}

void majordomo_broker::check() {
    witness_.check(core_.stats(), now());
    const auto due = core_.deadline();
    must(!due || *due > now(), "what is due is done");
    set_timer(due);
}

// --- Workers ---

majordomo_worker::majordomo_worker(world& in, host_id host,
                                   const majordomo::worker_options& options, std::string endpoint,
                                   const handling& handles, ledger& book)
    : node{in, host}, core_{options, now(), in.draw(1'000'000'000)}, endpoint_{std::move(endpoint)},
      credit_{options.credit}, handles_{handles}, book_{book} {
    open();
    act();
}

void majordomo_worker::open() {
    waiting_.clear();
    ++conversation_;
    at_handler_ = 0;
    socket_ = make_socket(zmtp::socket_type::dealer);
    socket_->connect(endpoint_);
    core_.connected(now());
}

void majordomo_worker::leave() {
    core_.shutdown(now());
    act();
    left_for_good_ = true;
    socket_->close(); // writes what is left
}

void majordomo_worker::turn() {
    if (left_for_good_)
        return;
    while (!waiting_.empty()) {
        std::error_code ec;
        if (!socket_->send(waiting_.front(), ec))
            break;
        waiting_.pop_front();
    }
    const std::uint64_t mine = conversation_;
    for (;;) {
        message m;
        std::error_code ec;
        if (mine != conversation_ || !socket_->receive(m, ec))
            break;
        core_.receive(std::move(m), now());
        act();
    }
    socket_->pump();
}

void majordomo_worker::tick() {
    if (left_for_good_)
        return;
    core_.handle_timeout(now());
    act();
}

void majordomo_worker::act() {
    using core = majordomo::worker_core;
    core::action next;
    while (core_.next_action(next)) {
        switch (next.what) {
        case core::step::send: send(std::move(next.m)); break;
        case core::step::handle_request: serve(next.request, std::move(next.m)); break;
        case core::step::reconnect: open(); break;
        }
    }
    socket_->pump();
    set_timer(core_.deadline());
}

void majordomo_worker::send(message&& m) {
    std::error_code ec;
    if (waiting_.empty() && socket_->send(m, ec))
        return;
    waiting_.push_back(std::move(m));
}

void majordomo_worker::serve(std::uint64_t request, message&& body) {
    ++at_handler_;
    must(at_handler_ <= credit_, "no worker is given more than its credit");
    const auto job = std::make_shared<work>(begin_work(body, handles_, in(), book_));
    for (int part = 1; part <= job->parts; ++part)
        later(job->takes * part / (job->parts + 1), [this, request, job, part] {
            if (left_for_good_)
                return;
            core_.partial(request, ledger::part_of(job->answer, part), now());
            act();
        });
    later(job->takes, [this, request, job, mine = conversation_] {
        if (left_for_good_)
            return;
        if (mine == conversation_)
            --at_handler_;
        if (job->fails)
            core_.fail(request, "as told", now());
        else
            core_.reply(request, std::move(job->answer), now());
        act();
    });
}

bool majordomo_worker::wants_turn(socket& of) {
    return of.core().readable() || (!waiting_.empty() && of.core().sendable());
}

// --- Clients ---

majordomo_client::majordomo_client(world& in, host_id host,
                                   const majordomo::client_options& options,
                                   const std::vector<std::string>& brokers, const asking& asks,
                                   ledger& book, made_of& total)
    : asker{in, host, asks, book, total}, core_{options, in.draw(1'000'000'000) + 1},
      brokers_{brokers} {
    for (std::size_t i = 0; i < brokers_.size(); ++i)
        core_.add_broker();
}

majordomo_client::~majordomo_client() { total().resent += core_.stats().resent; }

void majordomo_client::lose_connection() {
    if (!links_.empty())
        links_.begin()->second.at->lose_one();
}

std::uint64_t majordomo_client::start(message&& body) {
    return ask_for(asks().service, std::move(body));
}

std::uint64_t majordomo_client::ask_for(std::string_view service, message&& body) {
    std::error_code ec;
    majordomo::request_options wanted;
    wanted.in_parts = true;
    const std::uint64_t request = core_.request(service, std::move(body), wanted, now(), ec);
    must(!ec && request != 0, "a client that may ask can start a request");
    return request;
}

void majordomo_client::act() {
    using core = majordomo::client_core;
    core::action next;
    while (core_.next_action(next)) {
        switch (next.what) {
        case core::step::open: open(next.link, next.broker); break;
        case core::step::close: links_.erase(next.link); break;
        case core::step::send: {
            note_sent(next.m);
            link& on = links_.at(next.link);
            on.waiting.push_back(std::move(next.m));
            flush(on);
            break;
        }
        case core::step::partial: heard_part(next.request, next.m); break;
        case core::step::done:
            over(next.request,
                 ending_of(next.ec, {majordomo::errc::timed_out, majordomo::errc::interrupted}),
                 next.m);
            break;
        }
    }
    for (auto& [number, each] : links_)
        each.at->pump();
    set_timer(core_.deadline());
}

void majordomo_client::open(std::uint32_t number, std::uint32_t broker) {
    link& made = links_[number];
    must(made.at == nullptr, "a link is opened once");
    made.at = make_socket(zmtp::socket_type::dealer);
    made.at->core().options.linger = milliseconds{0};
    made.at->connect(brokers_.at(broker));
}

void majordomo_client::flush(link& on) {
    std::error_code ec;
    while (!on.waiting.empty() && on.at->send(on.waiting.front(), ec))
        on.waiting.pop_front();
}

bool majordomo_client::wants_turn(socket& of) {
    for (const auto& [number, each] : links_)
        if (each.at.get() == &of)
            return of.core().readable() || each.lost != of.core().stats.disconnects ||
                   (!each.waiting.empty() && of.core().sendable());
    return false;
}

void majordomo_client::turn() {
    for (bool more = true; more;) { // the core may open and close links at any message
        more = false;
        for (auto& [number, each] : links_) {
            const std::uint32_t key = number;
            message m;
            std::error_code ec;
            if (each.lost != each.at->core().stats.disconnects) {
                each.lost = each.at->core().stats.disconnects;
                core_.link_lost(key, now());
            } else if (each.at->receive(m, ec)) {
                core_.receive(key, std::move(m), now());
            } else {
                flush(each);
                continue;
            }
            act();
            more = true;
            break;
        }
    }
    act();
}

void majordomo_client::tick() {
    core_.handle_timeout(now());
    act();
}

} // namespace mizzen::sim
