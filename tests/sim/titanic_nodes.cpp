// The broker with Titanic inside, doing what its shells do, and its clients.
#include "titanic_nodes.hpp"

#include <mizzen/error.hpp>

#include <utility>

namespace mizzen::sim {
namespace {

using majordomo::broker_core;
using majordomo::status;
using titanic::attempt_end;
using titanic::service_core;
using titanic::service_status;

titanic::request_id some_id(world& in) {
    titanic::request_id id{};
    for (std::byte& each : id)
        each = static_cast<std::byte>(in.draw(256));
    return id;
}

attempt_end end_of(const broker_core::result& result) {
    if (result.outcome == status::ok)
        return attempt_end::answered;
    return result.tried && result.outcome != status::stopping ? attempt_end::failed
                                                              : attempt_end::not_tried;
}

} // namespace

// --- The broker ---

titanic_broker::titanic_broker(world& in, host_id host, const titanic_settings& settings,
                               std::shared_ptr<titanic::test::pretended_disk> disk,
                               const std::string& endpoint)
    : node{in, host}, disk_{std::move(disk)}, core_{settings.broker, now()},
      socket_{make_socket(zmtp::socket_type::router)} {
    titanic::recovery_report found;
    std::error_code ec;
    store_ = titanic::open_journal(std::make_unique<titanic::test::pretended_directory>(*disk_),
                                   settings.store, moment().wall, found, ec);
    must(store_ != nullptr && !ec, "a store can be opened after any crash");
    must(found.damages == 0, "no crash damages what was on the disk");
    titanic_ = std::make_unique<service_core>(
        settings.services, *store_, [&in] { return some_id(in); }, in.draw(1'000'000'000),
        moment());
    core_.add_internal(titanic::service_prefix);
    socket_->core().options.report_peers = true;
    socket_->core().options_changed();
    must(socket_->bind(endpoint), "the broker's endpoint is free");
    act();
}

// A process that dies may have written any part of what it was about to write.
titanic_broker::~titanic_broker() {
    if (job_ == nullptr || in().draw(2) == 0)
        return;
    disk_->power_ends = disk_->operations + in().draw(6);
    disk_->tear = in().draw(300);
    job_->run();
}

titanic::service_moment titanic_broker::moment() const {
    constexpr titanic::wall_time start{milliseconds{1'000'000'000'000}};
    return {now(), start + std::chrono::duration_cast<milliseconds>(now().time_since_epoch())};
}

void titanic_broker::leave() {
    titanic_->drain(moment());
    core_.drain(milliseconds{0}, now());
    act();
}

void titanic_broker::turn() {
    for (;;) {
        message m;
        std::error_code ec;
        socket_->core().receive_raw(m, ec);
        if (ec)
            break;
        hand_in(std::move(m));
        send_outputs();
    }
    act();
}

void titanic_broker::hand_in(message&& m) {
    const zmtp::peer_id from = m.peer();
    switch (m.peer_notice()) {
    case zmtp::notice::peer_up: core_.peer_up(from); break;
    case zmtp::notice::peer_down: core_.peer_down(from, now()); break;
    case zmtp::notice::none: core_.receive(from, std::move(m), now()); break;
    case zmtp::notice::peer_writable: core_.peer_writable(from, now()); break;
    }
}

void titanic_broker::send_outputs() {
    broker_core::output out;
    while (core_.next_output(out)) {
        std::error_code ec;
        if (out.what != broker_core::step::send) {
            socket_->core().hold(out.to, out.what == broker_core::step::pause, ec);
            continue;
        }
        socket_->core().send_to(out.to, out.m, ec);
        if (ec == errc::would_block)
            core_.refused(out.to, std::move(out.m));
        else if (ec)
            core_.undelivered();
    }
}

/// Passes on what one of the cores has for the other. False when there was nothing.
bool titanic_broker::serve() {
    broker_core::call call;
    broker_core::result result;
    service_core::answer answer;
    service_core::dispatch sent;
    if (core_.next_call(call)) {
        titanic_->call(call.id, call.service, std::move(call.body), moment());
    } else if (core_.next_result(result)) {
        const auto at = attempts_.find(result.id);
        must(at != attempts_.end(), "an attempt ends once");
        const std::uint64_t attempt = at->second;
        attempts_.erase(at);
        titanic_->attempt_ended(attempt, end_of(result), std::move(result.body), moment());
    } else if (titanic_->next_answer(answer)) {
        core_.answer(answer.call, std::move(answer.body), status::ok, now());
    } else if (titanic_->next_dispatch(sent)) {
        attempts_[core_.issue(sent.service, std::move(sent.body), {milliseconds{0}, sent.limit},
                              now())] = sent.attempt;
    } else {
        return false;
    }
    return true;
}

void titanic_broker::act() {
    while (serve())
        send_outputs();
    send_outputs();
    service_core::read wanted;
    while (titanic_->next_read(wanted))
        later(milliseconds{in().draw(4)}, [this, wanted] {
            std::vector<std::byte> body;
            std::error_code ec;
            wanted.from.read(body, ec);
            titanic_->read_ended(wanted.id, body, ec, moment());
            act();
        });
    const bool running = job_ != nullptr;
    if (!running)
        job_ = titanic_->next_commit(moment());
    if (!running && job_ != nullptr)
        later(milliseconds{1 + in().draw(20)}, [this] {
            std::exchange(job_, nullptr)->run();
            titanic_->commit_ended(moment());
            act();
        });
    socket_->pump();
    set_timer(core_.deadline());
    set_timer(titanic_->deadline());
}

void titanic_broker::tick() {
    core_.handle_timeout(now());
    titanic_->handle_timeout(moment());
    act();
}

// --- Clients ---

titanic_client::titanic_client(world& in, host_id host, const majordomo::client_options& options,
                               const std::string& broker, const asking& asks, ledger& book,
                               made_of& total)
    : majordomo_client{in, host, options, {broker}, asks, book, total} {}

std::uint64_t titanic_client::start(message&& body) {
    ++under_way_;
    job made;
    made.id = some_id(in());
    made.body = std::make_shared<const message>(std::move(body));
    const std::uint64_t first = send(std::move(made));
    asked_.at(first).first = first;
    return first;
}

std::uint64_t titanic_client::send(job&& next) {
    message m;
    std::string_view service;
    switch (next.next) {
    case step::submit:
        m = next.body->share();
        titanic::frame_submit(m, asks().service, next.id);
        service = titanic::submit_service;
        break;
    case step::fetch:
    case step::verify:
        m = titanic::make_inquiry(next.id);
        service = titanic::reply_service;
        break;
    case step::close:
        m = titanic::make_inquiry(next.id);
        service = titanic::close_service;
        break;
    }
    const std::uint64_t call = ask_for(service, std::move(m));
    asked_[call] = std::move(next);
    return call;
}

void titanic_client::over(std::uint64_t request, ending how, const message& m) {
    const auto at = asked_.find(request);
    must(at != asked_.end(), "a call ends once");
    job of = std::move(at->second);
    asked_.erase(at);
    const step before = of.next;
    if (how == ending::reply)
        take_answer(of, m);
    if (before == step::verify && of.next == step::submit) { // done with
        --under_way_;
        return;
    }
    later(milliseconds{1 + in().draw(40)}, [this, of]() mutable {
        static_cast<void>(send(std::move(of)));
        act();
    });
}

void titanic_client::take_answer(job& of, const message& m) {
    const auto status = titanic::parse_answer(m).status;
    must(status.has_value(), "an answer begins with a status");
    if (status == service_status::failed)
        return; // again later
    switch (of.next) {
    case step::submit:
        must(status == service_status::ok && titanic::parse_answer(m).id == of.id,
             "the same request may be submitted again");
        of.next = step::fetch;
        return;
    case step::fetch: {
        must(status != service_status::refused, "nothing that was acknowledged is lost");
        if (status == service_status::pending)
            return;
        message reply = m.share();
        reply.pop_front();
        of.next = step::close;
        asker::over(of.first, ending::reply, reply);
        return;
    }
    case step::close:
        must(status == service_status::ok, "whatever there is can be closed");
        of.next = step::verify;
        return;
    case step::verify:
        must(status == service_status::refused || resent() != 0, "what was closed is gone");
        of.next = step::submit;
        return;
    }
}

} // namespace mizzen::sim
