// Requests to something that has no services: a pirates' queue, a REP, a Freelance server.
#pragma once

#include "commands.hpp"
#include "console.hpp"
#include <mizzen/message.hpp>

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mizzen::cli {

/// What is asked: `given`, or stdin if that is "-". False when it cannot be read.
inline bool read_body(std::string_view name, const std::string& given, std::string& body) {
    if (given != "-") {
        body = given;
        return true;
    }
    std::string text; // `given` and `body` may be one
    if (read_stdin(text)) {
        body = std::move(text);
        return true;
    }
    log(name, "cannot read stdin");
    return false;
}

/// Sends the same request so often, one after the other, and prints the replies.
template <class Client> class plain_requests {
public:
    plain_requests(asio::io_context& io, Client& client, std::string_view name,
                   const std::string& body, std::uint64_t repeat)
        : io_{io}, client_{client}, name_{name}, body_{body}, left_{repeat},
          signals_{io, SIGINT, SIGTERM} {
        signals_.async_wait([this](std::error_code ec, int) {
            if (!ec)
                client_.stop();
        });
    }

    /// Gives the exit status: done if all were answered.
    int run() {
        ask();
        io_.run();
        return status_;
    }

private:
    void ask() {
        client_.async_request(
            body_.share(), [this](std::error_code ec, const message& reply) { took(ec, reply); });
    }
    void took(std::error_code ec, const message& reply) {
        if (ec) {
            status_ = failed;
            std::string text = ec == asio::error::operation_aborted ? "stopped" : ec.message();
            if (!reply.empty())
                text.append(" (").append(reply.text(0)).append(")");
            log(name_, text);
            left_ = ec == asio::error::operation_aborted ? 1 : left_;
        } else if (!print_parts(reply)) {
            status_ = failed;
            log(name_, "cannot write to stdout");
            left_ = 1;
        }
        if (--left_ != 0)
            return ask();
        io_.stop(); // signals are still waited for
    }

    asio::io_context& io_;
    Client& client_;
    std::string_view name_;
    message body_;
    std::uint64_t left_;
    asio::signal_set signals_;
    int status_ = done;
};

} // namespace mizzen::cli
