// Links on ROUTERs and DEALERs.
#include "server_link.hpp"

#include "secure.hpp"
#include "turn.hpp"
#include <mizzen/option.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace mizzen::freelance {
namespace {

constexpr milliseconds longest_heartbeat = std::chrono::hours{1};

// What waits in a socket was given up when it closes. There is room for a copy of each request, for
// as many of such that are over, and for PINGs. What finds none is for a server that reads nothing
// while others answer: it would come too late.
template <class Socket> void set_up(Socket& socket, const client_options& options) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
    patterns::secure(socket, options);
    socket.set(option::linger{milliseconds{0}});
    socket.set(option::send_high_water_mark{2 * std::min(options.max_outstanding, most) + 100});
}

/// The socket of a link and its turns; Link has take(), which is false when there is nothing.
template <class Socket, class Link> class link_base : public server_link {
public:
    void close() noexcept override {
        owner = nullptr;
        socket.close();
    }

protected:
    void wait() {
        socket.async_wait_receive([self = shared_from_this(), this](std::error_code ec) {
            if (!ec)
                take_turn();
        });
    }

    Socket socket;

private:
    friend Link;
    link_base(const client_options& options, const asio::any_io_executor& executor,
              client_core::server_id server, server_link_owner& whose)
        : server_link{server, whose}, socket{executor} {
        set_up(socket, options);
    }

    void take_turn() {
        for (int i = 0; i < patterns::turn_length && owner != nullptr; ++i)
            if (!static_cast<Link*>(this)->take())
                return wait();
        if (owner != nullptr)
            asio::post(socket.get_executor(), [self = shared_from_this(), this] { take_turn(); });
    }
};

/// Tells of the connection's ends in order with its messages.
class router_link final : public link_base<router, router_link> {
public:
    router_link(const client_options& options, const asio::any_io_executor& executor,
                client_core::server_id server, server_link_owner& whose)
        : link_base{options, executor, server, whose} {
        socket.set(option::report_peers{true});
    }

    void open(const std::string& endpoint) override {
        std::error_code ec;
        socket.connect(endpoint, ec); // was tried when the client was told of it
        if (!ec)
            wait();
    }
    void send(message&& m) override {
        std::error_code ec;
        static_cast<void>(socket.try_send_to(peer_, m, ec));
    }
    bool take() {
        message m;
        if (!socket.try_receive_from(m))
            return false;
        switch (m.peer_notice()) {
        case zmtp::notice::peer_up:
            peer_ = m.peer();
            owner->link_up(id);
            break;
        case zmtp::notice::peer_down:
            if (m.peer() == peer_)
                owner->link_down(id);
            break;
        case zmtp::notice::peer_writable: break;
        case zmtp::notice::none: owner->received(id, std::move(m)); break;
        }
        return true;
    }

private:
    zmtp::peer_id peer_ = 0;
};

class dealer_link final : public link_base<dealer, dealer_link> {
public:
    dealer_link(const client_options& options, const asio::any_io_executor& executor,
                client_core::server_id server, server_link_owner& whose)
        : link_base{options, executor, server, whose}, events_{socket} {
        socket.set(option::immediate{true});
        // A REP knows no PING but ZMTP's.
        const milliseconds ping = std::clamp(options.ping, milliseconds{1}, longest_heartbeat);
        socket.set(
            option::heartbeat{ping, std::clamp(options.ttl, ping * 2, longest_heartbeat * 2)});
    }

    void open(const std::string& endpoint) override {
        std::error_code ec;
        socket.connect(endpoint, ec);
        if (ec)
            return;
        watch();
        wait();
    }
    void send(message&& m) override { static_cast<void>(socket.try_send(m)); }
    bool take() {
        message m;
        if (!socket.try_receive(m))
            return false;
        owner->received(id, std::move(m));
        return true;
    }

private:
    void watch() {
        events_.async_receive_event(
            [self = shared_from_this(), this](std::error_code ec, const connection_event& event) {
                if (ec || owner == nullptr)
                    return;
                watch();
                if (event.kind == event_kind::handshake_succeeded)
                    owner->link_up(id);
                else if (event.kind == event_kind::disconnected)
                    went_down();
            });
    }

    // Events do not come in order with messages: what came before it is read first.
    void went_down() {
        while (owner != nullptr && take()) {
        }
        if (owner != nullptr)
            owner->link_down(id);
    }

    monitor events_;
};

} // namespace

std::shared_ptr<server_link> make_link(const client_options& options,
                                       const asio::any_io_executor& executor,
                                       client_core::server_id server, server_link_owner& owner) {
    if (options.how == model::complex)
        return std::make_shared<router_link>(options, executor, server, owner);
    return std::make_shared<dealer_link>(options, executor, server, owner);
}

} // namespace mizzen::freelance
