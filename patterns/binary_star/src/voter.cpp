// Requests from a ROUTER, and their replies.
#include "voter.hpp"

#include "secure.hpp"
#include "turn.hpp"

#include <utility>

namespace mizzen::binary_star {
namespace {

using patterns::clock_now;

// As server_core will judge it: an empty delimiter behind few frames, and a body behind that.
bool is_request(const message& m, std::size_t max_envelope) noexcept {
    std::size_t depth = 0;
    for (const octets frame : m) {
        if (frame.empty())
            return depth + 1 < m.size();
        if (++depth > max_envelope)
            return false;
    }
    return false;
}

} // namespace

voter::voter(const asio::any_io_executor& executor, const lazy_pirate::server_options& options,
             std::weak_ptr<owner> of)
    : router_{executor}, timer_{executor}, core_{options}, max_envelope_{options.max_envelope},
      owner_{std::move(of)} {
    patterns::secure(router_, options);
}

void voter::stop() {
    if (std::exchange(stopped_, true))
        return;
    timer_.cancel();
    held_.reset();
    router_.close();
}

void voter::decided() {
    if (!held_)
        return;
    message m = std::move(*held_);
    held_.reset();
    take(std::move(m));
    wait();
}

void voter::reply(std::uint64_t request, message&& body) {
    if (stopped_)
        return;
    core_.reply(request, std::move(body), clock_now());
    act();
    wait();
}

void voter::fail(std::uint64_t request, std::string_view why) {
    if (stopped_)
        return;
    core_.fail(request, why, clock_now());
    act();
    wait();
}

// Clients that are not read are held up, each by its own connection.
void voter::wait() {
    if (stopped_ || held_ || !core_.wants_more() || std::exchange(waiting_, true))
        return;
    router_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
        self->waiting_ = false;
        if (!ec)
            self->take_turn();
    });
}

void voter::take_turn() {
    for (int i = 0; i < patterns::turn_length && !stopped_ && !held_ && core_.wants_more(); ++i) {
        message m;
        if (!router_.try_receive_from(m))
            break;
        take(std::move(m));
    }
    wait();
}

void voter::take(message&& m) {
    const auto of = owner_.lock();
    if (!of)
        return;
    if (!is_request(m, max_envelope_)) {
        ++stats_.malformed;
        return;
    }
    switch (of->vote()) {
    case star::verdict::refuse: ++stats_.refused; return;
    case star::verdict::wait: held_ = std::move(m); return;
    case star::verdict::serve: break;
    }
    ++stats_.served;
    const peer_id from = m.peer();
    core_.receive(from, std::move(m), clock_now());
    act();
}

// Not entered twice: a handler that answers at once gets its turn in the loop below.
void voter::act() {
    if (std::exchange(acting_, true))
        return;
    const auto of = owner_.lock();
    lazy_pirate::server_core::action next;
    while (!stopped_ && of && core_.next_action(next)) {
        std::error_code ec;
        if (next.what == lazy_pirate::server_core::step::handle_request)
            of->serve(std::move(next.m), responder{weak_from_this(), next.request});
        else if (!router_.try_send_to(next.to, next.m, ec))
            ++stats_.undeliverable;
    }
    acting_ = false;
    if (stopped_ || !of)
        return;
    timer_.set(core_.deadline(), [self = shared_from_this()] { self->on_time(); });
    of->ended();
}

void voter::on_time() {
    if (stopped_)
        return;
    core_.handle_timeout(clock_now());
    act();
}

} // namespace mizzen::binary_star
