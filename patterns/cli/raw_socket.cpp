// The types, one template for all; their options.
#include "raw_socket.hpp"

#include "commands.hpp"
#include "console.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/endpoint.hpp>
#include <mizzen/error.hpp>
#include <mizzen/option.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mizzen::cli {
namespace {

using zmtp::socket_type;

bool has_routing_id(socket_type type) {
    return type == socket_type::req || type == socket_type::dealer || type == socket_type::router;
}

template <class Socket> class typed_raw_socket : public raw_socket {
public:
    explicit typed_raw_socket(asio::io_context& io) : socket_{io} {}

    void apply(socket_type type, const socket_options& options) {
        socket_.set(option::linger{std::chrono::milliseconds{options.linger_ms == 0 ? 0 : -1}});
        const auto mark = static_cast<std::size_t>(options.high_water_mark);
        socket_.set(option::send_high_water_mark{mark});
        socket_.set(option::receive_high_water_mark{mark});
        if (has_routing_id(type) && !options.routing_id.empty())
            socket_.set(option::routing_id{options.routing_id});
        socket_.set(options.secured);
        // stdin can be kept waiting, so nothing has to be dropped.
        if constexpr (std::is_same_v<Socket, router>)
            socket_.set(option::router_mandatory{true});
        if constexpr (std::is_same_v<Socket, pub> || std::is_same_v<Socket, xpub>)
            socket_.set(option::publish_no_drop{true});
        if constexpr (std::is_same_v<Socket, xpub>)
            socket_.set(option::xpub_reports{option::xpub_reports::which::all_new});
    }

    detail::basic_socket& base() override { return socket_; }
    bool try_send(mizzen::message& m, std::error_code& ec) override {
        if constexpr (requires { socket_.try_send(m, ec); })
            return socket_.try_send(m, ec);
        ec = errc::wrong_state;
        return false;
    }
    void send(mizzen::message m, on_done done) override {
        if constexpr (requires { socket_.async_send(std::move(m), std::move(done)); })
            socket_.async_send(std::move(m), std::move(done));
    }
    bool try_receive(mizzen::message& m) override {
        if constexpr (requires { socket_.try_receive(m); })
            return socket_.try_receive(m);
        return false;
    }
    void wait_receive(on_done done) override {
        if constexpr (requires { socket_.async_wait_receive(std::move(done)); })
            socket_.async_wait_receive(std::move(done));
    }
    void subscribe(std::string_view topic) override {
        if constexpr (std::is_same_v<Socket, sub>) {
            socket_.subscribe(topic);
        } else if constexpr (std::is_same_v<Socket, xsub>) {
            mizzen::message m{"\1" + std::string{topic}};
            static_cast<void>(socket_.try_send(m)); // never waits
        }
    }

private:
    Socket socket_;
};

template <class Socket>
std::unique_ptr<raw_socket> make(asio::io_context& io, socket_type type,
                                 const socket_options& options) {
    auto made = std::make_unique<typed_raw_socket<Socket>>(io);
    made->apply(type, options);
    return made;
}

} // namespace

void add_socket_options(CLI::App& app, socket_type type, socket_options& options) {
    app.add_option("endpoint", options.endpoints,
                   "Where to connect, or with --bind to listen: tcp://HOST:PORT, ipc://PATH or "
                   "ipc://@NAME; several are possible")
        ->type_name("")
        ->required();
    app.add_flag("--bind", options.bind,
                 "Listen, and print `listening ENDPOINT` for each; `*` as the port is any");
    app.add_option("--hwm", options.high_water_mark,
                   "Messages that may wait for a peer, and of a peer")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--linger", options.linger_ms,
                   "How long to go on sending what is left at the end; -1 has no end")
        ->type_name("MS")
        ->check(CLI::Range(-1, 86'400'000))
        ->capture_default_str();
    if (has_routing_id(type))
        app.add_option("--routing-id", options.routing_id, "What a ROUTER is to call this socket")
            ->type_name("ID")
            ->check([](const std::string& id) {
                const bool fits = !id.empty() && id.size() <= 255;
                return std::string{fits ? "" : "a routing id has 1 to 255 octets"};
            });
    add_security(app, options.security, security_ends::both);
}

std::unique_ptr<raw_socket> make_raw_socket(asio::io_context& io, socket_type type,
                                            const socket_options& options) {
    switch (type) {
    case socket_type::req: return make<req>(io, type, options);
    case socket_type::rep: return make<rep>(io, type, options);
    case socket_type::dealer: return make<dealer>(io, type, options);
    case socket_type::router: return make<router>(io, type, options);
    case socket_type::pub: return make<pub>(io, type, options);
    case socket_type::sub: return make<sub>(io, type, options);
    case socket_type::xpub: return make<xpub>(io, type, options);
    case socket_type::xsub: return make<xsub>(io, type, options);
    case socket_type::push: return make<push>(io, type, options);
    case socket_type::pull: return make<pull>(io, type, options);
    default: return make<pair>(io, type, options);
    }
}

int open_endpoints(raw_socket& socket, std::string_view name, const socket_options& options,
                   const std::function<void(const std::string&)>& bound) {
    const std::string_view what = options.bind ? "listen on" : "connect to";
    for (const std::string& endpoint : options.endpoints) {
        std::error_code ec;
        std::string got;
        if (endpoint.starts_with("inproc://")) {
            log(name, endpoint + ": inproc reaches nothing outside of this process");
            return usage;
        }
        if (options.bind)
            got = socket.base().bind(endpoint, ec);
        else
            socket.base().connect(endpoint, ec);
        if (ec)
            return endpoint_trouble(name, what, endpoint, ec);
        if (options.bind)
            bound(got);
    }
    return done;
}

} // namespace mizzen::cli
