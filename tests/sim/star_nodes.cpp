// A half of a Binary Star, doing what its shell does.
#include "star_nodes.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace mizzen::sim {

using binary_star::star_core;
using lazy_pirate::server_core;

star_half::star_half(world& in, host_id host, const binary_star::star_options& options,
                     const std::string& clients, const std::vector<link>& links,
                     const handling& handles, ledger& book, hooks tells)
    : node{in, host}, star_{options, now()}, server_{lazy_pirate::server_options{}},
      handles_{handles}, book_{book}, tells_{std::move(tells)},
      clients_{make_socket(zmtp::socket_type::router)} {
    must(clients_->bind(clients), "a half's endpoints are free");
    for (const link& each : links) {
        pubs_.push_back(make_socket(zmtp::socket_type::pub, each.host));
        subs_.push_back(make_socket(zmtp::socket_type::sub, each.host));
        for (socket* one : {pubs_.back().get(), subs_.back().get()}) {
            one->core().options.conflate = true;
            one->core().options.reconnect_first = milliseconds{10};
            one->core().options.reconnect_maximum = milliseconds{50};
            one->core().options_changed();
        }
        std::error_code ec;
        subs_.back()->core().subscribe({}, ec);
        must(pubs_.back()->bind(each.own), "a half's endpoints are free");
        subs_.back()->connect(each.peer);
    }
    act();
}

void star_half::lose_connection() {
    const std::size_t at = in().draw(pubs_.size());
    socket* const all[]{clients_.get(), pubs_[at].get(), subs_[at].get()};
    all[in().draw(3)]->lose_one();
}

void star_half::leave() {
    std::error_code ec;
    hear();
    star_.hand_over(now(), ec);
    act();
}

void star_half::hear() {
    for (std::size_t i = 0; i < subs_.size(); ++i) {
        message m;
        std::error_code ec;
        while (subs_[i]->receive(m, ec))
            star_.peer_said(m, now(), i);
    }
}

void star_half::turn() {
    hear();
    act();
    decided();
    while (!held_) {
        message m;
        std::error_code ec;
        clients_->core().receive_raw(m, ec);
        if (ec)
            break;
        take(std::move(m));
    }
    clients_->pump();
}

void star_half::take(message&& m) {
    const auto said = vote();
    if (said == star_core::verdict::wait)
        held_ = std::move(m);
    else if (said == star_core::verdict::serve)
        serve_request(std::move(m));
}

star_core::verdict star_half::vote() {
    hear();
    const auto said = star_.vote(now());
    act();
    return said;
}

void star_half::serve_request(message&& m) {
    tells_.serves();
    const peer_id from = m.peer();
    server_.receive(from, std::move(m), now());
    act();
}

void star_half::tick() {
    hear();
    star_.handle_timeout(now());
    server_.handle_timeout(now());
    act();
    decided();
}

void star_half::decided() {
    if (!held_)
        return;
    const auto said = vote();
    if (said == star_core::verdict::wait)
        return;
    message m = std::move(*held_);
    held_.reset();
    if (said == star_core::verdict::serve)
        serve_request(std::move(m));
    post();
}

void star_half::act() {
    star_core::action next;
    while (star_.next_action(next))
        take(next);
    binary_star::happening what{};
    while (star_.next_happening(what)) {
    }
    server_core::action work;
    while (server_.next_action(work)) {
        std::error_code ec;
        if (work.what == server_core::step::handle_request)
            serve(work.request, work.m);
        else
            clients_->core().send_to(work.to, work.m, ec); // whoever is gone asks again
    }
    for (const auto& each : pubs_)
        each->pump();
    clients_->pump();
    const auto due = server_.deadline();
    set_timer(due ? std::min(*due, *star_.deadline()) : star_.deadline());
}

void star_half::take(const star_core::action& next) {
    if (next.what == star_core::step::fence)
        return later(milliseconds{in().draw(static_cast<std::size_t>(longest_fence.count()))},
                     [this, next] {
                         star_.fenced(next.number, tells_.fence(next.why), now());
                         act();
                         decided();
                     });
    if (next.what != star_core::step::say)
        return;
    for (const auto& each : pubs_) {
        message m = binary_star::put_state(next.say);
        std::error_code ec;
        static_cast<void>(each->send(m, ec));
    }
}

void star_half::serve(std::uint64_t request, const message& body) {
    const auto job = std::make_shared<work>(begin_work(body, handles_, in(), book_));
    later(job->takes, [this, request, job] {
        if (job->fails)
            server_.fail(request, "as told", now());
        else
            server_.reply(request, std::move(job->answer), now());
        act();
    });
}

} // namespace mizzen::sim
