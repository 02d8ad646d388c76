// The processes of a Simple or Paranoid Pirate history, each doing what its shell does.
#include "pirate_nodes.hpp"

#include <mizzen/error.hpp>

#include <algorithm>
#include <utility>

namespace mizzen::sim {
namespace {

using paranoid_pirate::queue_core;
using paranoid_pirate::worker_core;

} // namespace

// --- The queue ---

pirate_queue::pirate_queue(world& in, host_id host, const paranoid_pirate::queue_options& options,
                           const std::string& front, const std::string& back, made_of& total)
    : node{in, host}, core_{options, now()}, witness_{options}, total_{total},
      front_{make_socket(zmtp::socket_type::router)},
      back_{make_socket(zmtp::socket_type::router)} {
    front_->core().options.receive_mark =
        std::clamp<std::size_t>(options.max_waiting_per_client, 1, 1000);
    for (const auto& side : {front_.get(), back_.get()}) {
        side->core().options.report_peers = true;
        side->core().options_changed();
    }
    must(front_->bind(front) && back_->bind(back), "the queue's endpoints are free");
}

pirate_queue::~pirate_queue() {
    const paranoid_pirate::queue_stats& stats = core_.stats();
    total_.redelivered += stats.redelivered;
    total_.refused += stats.dropped_expired + stats.dropped_given_up + stats.dropped_draining;
    total_.expired += stats.expired_workers;
    total_.held_up += stats.pauses;
}

void pirate_queue::lose_connection() { (in().draw(2) == 0 ? front_ : back_)->lose_one(); }

void pirate_queue::turn() {
    const bool back_first = in().draw(2) == 0;
    take(back_first ? *back_ : *front_);
    take(back_first ? *front_ : *back_);
    check();
}

void pirate_queue::take(socket& side) {
    for (;;) {
        message m;
        std::error_code ec;
        side.core().receive_raw(m, ec);
        if (ec)
            break;
        if (&side == front_.get())
            from_client(std::move(m));
        else
            from_worker(std::move(m));
        act();
    }
}

void pirate_queue::from_client(message&& m) {
    const peer_id from = m.peer();
    switch (m.peer_notice()) {
    case zmtp::notice::peer_up: witness_.client_up(from); break;
    case zmtp::notice::peer_down:
        core_.client_down(from, now());
        witness_.client_down(from);
        break;
    case zmtp::notice::none:
        witness_.heard_client(from, now());
        core_.from_client(from, std::move(m), now());
        break;
    case zmtp::notice::peer_writable: break;
    }
}

void pirate_queue::from_worker(message&& m) {
    const peer_id from = m.peer();
    switch (m.peer_notice()) {
    case zmtp::notice::peer_up: witness_.worker_up(from); break;
    case zmtp::notice::peer_down:
        core_.worker_down(from, now());
        witness_.worker_down(from);
        break;
    case zmtp::notice::none:
        witness_.heard_worker(from, m, now());
        core_.from_worker(from, std::move(m), now());
        break;
    case zmtp::notice::peer_writable: break;
    }
}

void pirate_queue::act() {
    queue_core::action next;
    std::error_code ec;
    while (core_.next_action(next)) {
        switch (next.what) {
        case queue_core::step::pause: front_->core().hold(next.to, true, ec); break;
        case queue_core::step::resume: front_->core().hold(next.to, false, ec); break;
        case queue_core::step::send_client: // whoever is gone, or reads nothing, asks again
            witness_.said_client(next.to);
            front_->core().send_to(next.to, next.m, ec);
            break;
        case queue_core::step::send_worker: send_worker(next.to, std::move(next.m)); break;
        }
    }
}

void pirate_queue::send_worker(peer_id to, message&& m) {
    witness_.said_worker(to, m, now());
    std::error_code ec;
    back_->core().send_to(to, m, ec);
    if (!ec)
        return;
    witness_.given_up(to);
    core_.worker_down(to, now());
}

void pirate_queue::tick() {
    witness_.ticks(now());
    core_.handle_timeout(now());
    act();
    check();
    witness_.ticked();
}

void pirate_queue::check() {
    front_->pump();
    back_->pump();
    witness_.check(core_.stats(), now());
    const auto due = core_.deadline();
    must(!due || *due > now(), "what is due is done");
    set_timer(due);
}

// --- Workers ---

pirate_worker::pirate_worker(world& in, host_id host,
                             const paranoid_pirate::worker_options& options, std::string endpoint,
                             const handling& handles, ledger& book)
    : node{in, host}, core_{options, now(), in.draw(1'000'000'000)}, endpoint_{std::move(endpoint)},
      handles_{handles}, book_{book} {
    core_.start();
    act();
}

void pirate_worker::open() {
    close();
    socket_ = make_socket(zmtp::socket_type::dealer);
    socket_->core().options.immediate = true; // nothing said on one connection is for the next
    socket_->connect(endpoint_);
}

void pirate_worker::close() {
    ++conversation_;
    unsent_.clear();
    socket_.reset();
    came_ = went_ = 0;
}

void pirate_worker::leave() {
    core_.shutdown();
    left_for_good_ = true;
    close();
}

// Its monitor tells of each connection and of its end, in turns.
void pirate_worker::take_events() {
    const std::uint64_t mine = conversation_;
    while (mine == conversation_) {
        const socket_stats& stats = socket_->core().stats;
        if (came_ == went_ && came_ != stats.connections) {
            ++came_;
            core_.connected(now());
        } else if (came_ != went_ && went_ != stats.disconnects) {
            ++went_;
            unsent_.clear();
            core_.disconnected(now());
        } else {
            return;
        }
        act();
    }
}

void pirate_worker::turn() {
    if (!socket_)
        return;
    const std::uint64_t mine = conversation_;
    take_events();
    while (mine == conversation_) {
        message m;
        std::error_code ec;
        if (!socket_->receive(m, ec))
            break;
        core_.receive(std::move(m), now());
        act();
    }
    if (!socket_)
        return;
    std::error_code ec;
    while (!unsent_.empty() && socket_->send(unsent_.front(), ec))
        unsent_.pop_front();
    socket_->pump();
}

void pirate_worker::tick() {
    if (left_for_good_)
        return;
    core_.handle_timeout(now());
    act();
}

void pirate_worker::act() {
    worker_core::action next;
    while (core_.next_action(next)) {
        switch (next.what) {
        case worker_core::step::open: open(); break;
        case worker_core::step::close: close(); break;
        case worker_core::step::send: send(std::move(next.m)); break;
        case worker_core::step::handle_request: serve(next.request, next.m); break;
        }
    }
    if (socket_)
        socket_->pump();
    set_timer(core_.deadline());
}

void pirate_worker::send(message&& m) {
    std::error_code ec;
    if (!socket_ || (unsent_.empty() && socket_->send(m, ec)))
        return;
    unsent_.push_back(std::move(m));
}

void pirate_worker::serve(std::uint64_t request, const message& body) {
    const auto job = std::make_shared<work>(begin_work(body, handles_, in(), book_));
    later(job->takes, [this, request, job] {
        if (left_for_good_)
            return;
        if (job->fails)
            core_.fail(request, "as told", now());
        else
            core_.reply(request, std::move(job->answer), now());
        act();
    });
}

bool pirate_worker::wants_turn(socket& of) {
    const socket_stats& stats = of.core().stats;
    return of.core().readable() || came_ != stats.connections || went_ != stats.disconnects ||
           (!unsent_.empty() && of.core().sendable());
}

// --- Greedy clients ---

greedy_client::greedy_client(world& in, host_id host, milliseconds patience,
                             const std::string& endpoint, const asking& asks, ledger& book,
                             made_of& total)
    : asker{in, host, asks, book, total}, patience_{patience},
      socket_{make_socket(zmtp::socket_type::dealer)} {
    socket_->connect(endpoint);
}

std::uint64_t greedy_client::start(message&& body) {
    const std::uint64_t request = ledger::request_of(body.text(0)).value();
    body.push_front(octets{});
    note_sent(body);
    std::error_code ec;
    must(socket_->send(body, ec), "a client that may ask can start a request");
    later(patience_, [this, request] {
        if (is_open(request))
            over(request, ending::abandoned, {});
    });
    return request;
}

void greedy_client::turn() {
    for (;;) {
        message m;
        std::error_code ec;
        if (!socket_->receive(m, ec))
            break;
        const auto request = m.size() > 1 ? ledger::request_of(m.text(1)) : std::nullopt;
        must(request && m[0].empty(), "a plain client is told nothing but replies");
        m.pop_front();
        if (is_open(*request))
            over(*request, ending::reply, m);
    }
    socket_->pump();
}

} // namespace mizzen::sim
