// One socket with many peers: `answer`, a ROUTER, sends back what comes; `count`, a PULL, times.
#include "many_peers.hpp"
#include "ours_socket.hpp"
#include <mizzen/pull.hpp>
#include <mizzen/router.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdint>
#include <system_error>

namespace {

asio::awaitable<void> answer_all(mizzen::router& socket) {
    std::error_code ec;
    mizzen::message m;
    for (;;) {
        while (!socket.try_receive(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        const mizzen::octets body = bench::body_of<mizzen::router>(m);
        if (bench::is_farewell(body.data(), body.size()))
            break;
        while (!socket.try_send(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_send(asio::use_awaitable);
        }
    }
    socket.close();
}

asio::awaitable<void> count_all(mizzen::pull& socket, const bench::host_arguments& wanted) {
    bench::peer_numbers numbers{wanted.peers};
    bench::stopwatch watch;
    std::error_code ec;
    mizzen::message m;
    for (std::uint64_t i = 0;; ++i) {
        while (!socket.try_receive(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        if (i == 0)
            watch.start();
        const mizzen::octets body = bench::body_of<mizzen::pull>(m);
        if (bench::is_farewell(body.data(), body.size()))
            break;
        numbers.check(body.data(), body.size(), wanted.size);
        if (i + 1 == wanted.count)
            bench::report_seconds(watch.seconds());
    }
    socket.close();
}

template <class Socket, class Work> void serve(const bench::host_arguments& wanted, Work work) {
    asio::io_context loop{1};
    Socket socket{loop};
    bench::set_options(socket);
    bench::secure_server(socket, wanted.secured);
    bench::print_listening(socket.bind(wanted.endpoint));
    asio::co_spawn(loop, work(socket), bench::rethrow);
    loop.run();
}

void run(const bench::host_arguments& wanted) {
    bench::raise_descriptor_limit();
    if (wanted.answers)
        serve<mizzen::router>(wanted, answer_all);
    else
        serve<mizzen::pull>(wanted, [&](auto& socket) { return count_all(socket, wanted); });
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(bench::read_host_arguments(argc, argv)); });
}
