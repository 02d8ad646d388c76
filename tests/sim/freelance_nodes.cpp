// The processes of a Freelance history, each doing what its shell does.
#include "freelance_nodes.hpp"

#include <mizzen/error.hpp>
#include <mizzen/patterns/freelance/error.hpp>

#include <algorithm>

namespace mizzen::sim {

// --- Servers ---

freelance_server::freelance_server(world& in, host_id host,
                                   const freelance::server_options& options,
                                   const std::string& endpoint, const handling& handles,
                                   ledger& book, made_of& total)
    : node{in, host}, options_{options}, core_{options}, handles_{handles}, book_{book},
      total_{total}, socket_{make_socket(zmtp::socket_type::router)} {
    socket_->core().options.report_peers = true;
    socket_->core().options_changed();
    must(socket_->bind(endpoint), "the server's endpoint is free");
}

freelance_server::~freelance_server() { total_.refused += core_.stats().refused; }

void freelance_server::heard(const message& m) {
    for (std::size_t i = 0; i < m.size(); ++i)
        if (ledger::request_of(m.text(i)))
            must(heard_.emplace(m.peer(), m.text(i)).second,
                 "a request comes once over a connection");
}

void freelance_server::turn() {
    for (;;) {
        message m;
        std::error_code ec;
        socket_->core().receive_raw(m, ec);
        if (ec)
            break;
        const peer_id from = m.peer();
        if (m.peer_notice() == zmtp::notice::peer_down) {
            core_.peer_down(from, now());
        } else if (m.peer_notice() == zmtp::notice::none) {
            heard(m);
            core_.receive(from, std::move(m), now());
        }
        act();
    }
    socket_->pump();
}

void freelance_server::tick() {
    core_.handle_timeout(now());
    act();
    const auto due = core_.deadline();
    must(!due || *due > now(), "what is due is done");
}

void freelance_server::act() {
    using core = freelance::server_core;
    core::action next;
    while (core_.next_action(next)) {
        if (next.what == core::step::handle_request) {
            must(running_.insert(next.request).second, "requests have numbers of their own");
            serve(next.request, next.m);
            continue;
        }
        std::error_code ec; // who is gone, or reads nothing, asks others
        socket_->core().send_to(next.to, next.m, ec);
    }
    socket_->pump();
    check();
    set_timer(core_.deadline());
}

void freelance_server::serve(std::uint64_t request, const message& body) {
    const auto job = std::make_shared<work>(begin_work(body, handles_, in(), book_));
    later(job->takes, [this, request, job] {
        running_.erase(request);
        if (job->fails)
            core_.fail(request, "as told", now());
        else
            core_.reply(request, std::move(job->answer), now());
        act();
    });
}

void freelance_server::check() const {
    const freelance::server_stats& stats = core_.stats();
    must(stats.malformed == 0, "clients say what the Guide has frames for");
    must(stats.running == running_.size() && stats.running <= options_.max_running,
         "no more requests run than may");
    must(stats.waiting <= options_.max_waiting, "no more requests wait than may");
}

// --- Clients ---

freelance_client::freelance_client(world& in, host_id host,
                                   const freelance::client_options& options,
                                   const std::vector<std::string>& endpoints, const asking& asks,
                                   std::optional<promise> promised, ledger& book, made_of& total)
    : asker{in, host, asks, book, total}, options_{options},
      core_{options, in.draw(1'000'000'000), now()}, endpoints_{endpoints}, promised_{promised} {
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
        add(i);
    act();
    if (!promised_ && endpoints_.size() > 1 && in.draw(3) == 0)
        later(milliseconds{in.draw(500)}, [this] { change_servers(); });
}

freelance_client::~freelance_client() {
    const freelance::client_stats& stats = core_.stats();
    total().expired += stats.expired;
    if (stats.copies > stats.requests)
        total().resent += stats.copies - stats.requests;
}

void freelance_client::add(std::size_t endpoint) { servers_[core_.add_server()] = endpoint; }

// One goes while requests are under way, and comes back under another id.
void freelance_client::change_servers() {
    const auto gone = servers_.begin();
    const std::size_t endpoint = gone->second;
    core_.remove_server(gone->first, now());
    servers_.erase(gone);
    act();
    later(milliseconds{in().draw(300)}, [this, endpoint] {
        add(endpoint);
        act();
    });
}

void freelance_client::lose_connection() {
    if (!links_.empty())
        std::next(links_.begin(), static_cast<std::ptrdiff_t>(in().draw(links_.size())))
            ->second.end->lose_one();
}

std::uint64_t freelance_client::start(message&& body) {
    std::error_code ec;
    const std::uint64_t request = core_.request(std::move(body), std::nullopt, now(), ec);
    must(!ec, "a client that may ask can start a request");
    begun_[request] = now();
    if (!asks().cannot_fail && in().draw(cancels_one_in) == 0)
        later(milliseconds{in().draw(300)}, [this, request] {
            core_.cancel(request, now());
            act();
        });
    return request;
}

void freelance_client::act() {
    using core = freelance::client_core;
    core::action next;
    while (core_.next_action(next)) {
        switch (next.what) {
        case core::step::open: open(next.server); break;
        case core::step::send: send(next.server, std::move(next.m)); break;
        case core::step::reset:
            must(!promised_ || servers_.at(next.server) != promised_->server,
                 "a server that lives is not taken for dead");
            open(next.server);
            break;
        case core::step::close: links_.erase(next.server); break;
        case core::step::done: done(next); break;
        }
    }
    for (const auto& [server, each] : links_)
        each.end->pump();
    must(core_.stats().outstanding <= options_.max_outstanding,
         "no more requests are under way than may be");
    set_timer(core_.deadline());
}

void freelance_client::done(freelance::client_core::action& last) {
    if (promised_ && promised_since_)
        must(now() - std::max(begun_.at(last.request), *promised_since_) <= promised_->answer,
             "while a server lives a request is answered within the bound");
    begun_.erase(last.request);
    over(last.request, ending_of(last.ec, {freelance::errc::abandoned}), last.m);
}

void freelance_client::open(server_id server) {
    const bool complex = options_.how == freelance::model::complex;
    link& made = links_[server];
    made = {};
    made.end = make_socket(complex ? zmtp::socket_type::router : zmtp::socket_type::dealer);
    detail::socket_options& options = made.end->core().options;
    options.linger = milliseconds{0};
    options.send_mark = 2 * options_.max_outstanding + 100;
    options.report_peers = complex;
    if (!complex) {
        options.immediate = true;
        options.beat.interval = options_.ping;
        options.beat.timeout = options_.ttl;
    }
    made.end->core().options_changed();
    made.end->connect(endpoints_.at(servers_.at(server)));
}

bool freelance_client::link::is_new() const {
    return came == went && came != end->core().stats.connections;
}
bool freelance_client::link::is_over() const {
    return came != went && went != end->core().stats.disconnects;
}

bool freelance_client::wants_turn(socket& of) {
    if (of.core().readable())
        return true;
    if (options_.how == freelance::model::complex)
        return false;
    return std::any_of(links_.begin(), links_.end(), [&](const auto& each) {
        return each.second.end.get() == &of && (each.second.is_new() || each.second.is_over());
    });
}

void freelance_client::send(server_id server, message&& m) {
    note_sent(m);
    const auto at = links_.find(server);
    must(at != links_.end(), "what is sent goes on a connection that was opened");
    std::error_code ec; // what finds no room is late anyway
    if (options_.how == freelance::model::complex)
        at->second.end->core().send_to(at->second.peer, m, ec);
    else
        static_cast<void>(at->second.end->send(m, ec));
}

void freelance_client::up(server_id server) {
    if (promised_ && servers_.at(server) == promised_->server)
        promised_since_ = now();
    core_.up(server, now());
}
void freelance_client::down(server_id server) {
    must(!promised_ || servers_.at(server) != promised_->server,
         "a server that lives is not taken for dead");
    core_.down(server, now());
}

bool freelance_client::take_from_router(server_id server, link& from) {
    message m;
    std::error_code ec;
    from.end->core().receive_raw(m, ec);
    if (ec)
        return false;
    if (m.peer_notice() == zmtp::notice::peer_up) {
        from.peer = m.peer();
        up(server);
    } else if (m.peer_notice() == zmtp::notice::peer_down) {
        down(server);
    } else if (m.peer_notice() == zmtp::notice::none) {
        core_.receive(server, std::move(m), now());
    }
    return true;
}

bool freelance_client::take_from_dealer(server_id server, link& from) {
    message m;
    std::error_code ec;
    if (from.is_new()) {
        ++from.came;
        up(server);
    } else if (from.end->receive(m, ec)) {
        core_.receive(server, std::move(m), now());
    } else if (from.is_over()) {
        ++from.went;
        down(server);
    } else {
        return false;
    }
    return true;
}

bool freelance_client::take_one() {
    const bool complex = options_.how == freelance::model::complex;
    for (auto& [server, each] : links_)
        if (complex ? take_from_router(server, each) : take_from_dealer(server, each))
            return true;
    return false;
}

void freelance_client::turn() {
    while (take_one()) // which may open and close connections
        act();
    act();
}

void freelance_client::tick() {
    core_.handle_timeout(now());
    act();
    const auto due = core_.deadline();
    must(!due || *due > now(), "what is due is done");
}

} // namespace mizzen::sim
