// A link's DEALER and its monitor.
#include "client_link.hpp"

#include "secure.hpp"
#include "turn.hpp"
#include <mizzen/option.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <utility>

namespace mizzen::majordomo::detail {

client_link::client_link(const asio::any_io_executor& executor, std::uint32_t number,
                         client_link_owner& owner, const client_options& options)
    : number_{number}, owner_{&owner}, socket_{executor}, events_{socket_} {
    socket_.set(option::linger{std::chrono::milliseconds{0}}); // what waits was given up
    patterns::secure(socket_, options);
}

void client_link::open(const std::string& endpoint) {
    std::error_code ec;
    socket_.connect(endpoint, ec); // was tried when the client was told of it
    if (ec)
        return;
    wait_receive();
    watch();
}

void client_link::close() noexcept {
    owner_ = nullptr;
    socket_.close();
}

void client_link::hold(bool on) {
    held_ = on;
    if (!on && !receiving_ && owner_ != nullptr)
        wait_receive();
}

void client_link::wait_receive() {
    receiving_ = true;
    socket_.async_wait_receive([self = shared_from_this()](std::error_code ec) {
        if (!ec)
            self->take_turn();
    });
}

void client_link::take_turn() {
    receiving_ = false;
    client_link_owner* const owner = owner_; // to be told that the turn is over in any case
    if (owner == nullptr)
        return;
    for (int i = 0; i < patterns::turn_length && owner_ != nullptr && !held_; ++i) {
        message m;
        if (!socket_.try_receive(m)) {
            wait_receive();
            return owner->turn_over();
        }
        owner->received(number_, std::move(m));
    }
    if (owner_ != nullptr && !held_) {
        receiving_ = true;
        asio::post(socket_.get_executor(), [self = shared_from_this()] { self->take_turn(); });
    }
    owner->turn_over();
}

void client_link::send(message&& m) {
    if (waiting_.empty() && socket_.try_send(m))
        return;
    waiting_.push_back(std::move(m));
    if (waiting_.size() == 1)
        wait_send();
}

void client_link::wait_send() {
    socket_.async_wait_send([self = shared_from_this()](std::error_code ec) {
        if (ec || self->owner_ == nullptr)
            return;
        while (!self->waiting_.empty() && self->socket_.try_send(self->waiting_.front()))
            self->waiting_.pop_front();
        if (!self->waiting_.empty())
            self->wait_send();
    });
}

void client_link::watch() {
    events_.async_receive_event(
        [self = shared_from_this()](std::error_code ec, const connection_event& event) {
            if (ec || self->owner_ == nullptr)
                return;
            self->watch();
            if (event.kind == event_kind::disconnected)
                self->owner_->lost(self->number_);
            else if (event.kind == event_kind::connect_failed ||
                     event.kind == event_kind::handshake_failed)
                self->owner_->refused(self->number_);
        });
}

} // namespace mizzen::majordomo::detail
