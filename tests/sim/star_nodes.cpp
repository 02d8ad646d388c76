// A half of a Binary Star, doing what its shell does.
#include "star_nodes.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace mizzen::sim {

using binary_star::star_core;
using lazy_pirate::server_core;

star_half::star_half(world& in, host_id host, const binary_star::star_options& options,
                     const names& at, const handling& handles, ledger& book,
                     std::function<void()> serves)
    : node{in, host}, star_{options, now()}, server_{lazy_pirate::server_options{}},
      handles_{handles}, book_{book}, serves_{std::move(serves)},
      clients_{make_socket(zmtp::socket_type::router)}, pub_{make_socket(zmtp::socket_type::pub)},
      sub_{make_socket(zmtp::socket_type::sub)} {
    for (socket* each : {pub_.get(), sub_.get()}) {
        each->core().options.conflate = true;
        each->core().options.reconnect_first = milliseconds{10};
        each->core().options.reconnect_maximum = milliseconds{50};
        each->core().options_changed();
    }
    std::error_code ec;
    sub_->core().subscribe({}, ec);
    must(clients_->bind(at.clients) && pub_->bind(at.link), "a half's endpoints are free");
    sub_->connect(at.peer);
    act();
}

void star_half::lose_connection() {
    socket* const all[]{clients_.get(), pub_.get(), sub_.get()};
    all[in().draw(3)]->lose_one();
}

void star_half::leave() {
    std::error_code ec;
    hear();
    star_.hand_over(now(), ec);
    act();
}

void star_half::hear() {
    for (;;) {
        message m;
        std::error_code ec;
        if (!sub_->receive(m, ec))
            break;
        star_.peer_said(m, now());
    }
}

void star_half::turn() {
    hear();
    act();
    for (;;) {
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
    hear();
    const auto said = star_.vote(now());
    act();
    if (said != star_core::verdict::serve)
        return;
    serves_();
    const peer_id from = m.peer();
    server_.receive(from, std::move(m), now());
    act();
}

void star_half::tick() {
    hear();
    star_.handle_timeout(now());
    server_.handle_timeout(now());
    act();
}

void star_half::act() {
    star_core::action next;
    while (star_.next_action(next)) {
        if (next.what != star_core::step::say)
            continue;
        message m = binary_star::put_state(next.say);
        std::error_code ec;
        static_cast<void>(pub_->send(m, ec));
    }
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
    pub_->pump();
    clients_->pump();
    const auto due = server_.deadline();
    set_timer(due ? std::min(*due, *star_.deadline()) : star_.deadline());
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
