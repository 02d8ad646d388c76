// Peers of a host that counts: each connects, sends one message once it is let in, and closes.
#include "comers.hpp"
#include "ours_socket.hpp"
#include <mizzen/push.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <system_error>

namespace {

asio::awaitable<void> send_one(mizzen::push& socket, std::string body) {
    mizzen::message m{body};
    std::error_code ec;
    while (!socket.try_send(m, ec)) {
        bench::expect_would_block(ec);
        co_await socket.async_wait_send(asio::use_awaitable);
    }
    socket.close();
}

void run(const bench::comer_arguments& wanted) {
    asio::io_context loop{1};
    bench::come_in_rounds(wanted, [&](std::uint32_t first, std::uint32_t end) {
        std::deque<mizzen::push> sockets;
        for (std::uint32_t i = first; i < end; ++i) {
            mizzen::push& socket = sockets.emplace_back(loop);
            bench::set_options(socket);
            socket.set(mizzen::option::immediate{true});
            bench::secure_client(socket, wanted.secured);
            socket.connect(wanted.endpoint);
            asio::co_spawn(loop, send_one(socket, bench::comer_body(i, i == wanted.count)),
                           bench::rethrow);
        }
        loop.restart();
        loop.run();
    });
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(bench::read_comer_arguments(argc, argv)); });
}
