// A client's connection to one server, kept up for as long as it is open.
#pragma once

#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/patterns/freelance/client_core.hpp>
#include <mizzen/router.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace mizzen::freelance {

/// Whoever has links is called from its executor, never from inside a call of his own.
struct server_link_owner {
    virtual void link_up(client_core::server_id server) = 0;
    virtual void link_down(client_core::server_id server) = 0;
    virtual void received(client_core::server_id server, message&& m) = 0;

protected:
    ~server_link_owner() = default;
};

class server_link : public std::enable_shared_from_this<server_link> {
public:
    server_link(const server_link&) = delete;
    server_link& operator=(const server_link&) = delete;
    virtual ~server_link() = default;

    /// `endpoint` was parsed before.
    virtual void open(const std::string& endpoint) = 0;
    /// Drops what cannot be sent, since the connection is then gone or about to be.
    virtual void send(message&& m) = 0;
    /// Nothing is told after that.
    virtual void close() noexcept = 0;

protected:
    server_link(client_core::server_id server, server_link_owner& whose) noexcept
        : id{server}, owner{&whose} {}

    const client_core::server_id id;
    server_link_owner* owner; // null once closed
};

/// A ROUTER in model 3, else a DEALER.
[[nodiscard]] std::shared_ptr<server_link> make_link(const client_options& options,
                                                     const asio::any_io_executor& executor,
                                                     client_core::server_id server,
                                                     server_link_owner& owner);

} // namespace mizzen::freelance
