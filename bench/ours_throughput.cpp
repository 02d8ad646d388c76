// One-way throughput, DEALER to ROUTER: `receive` binds, counts and times; `send` connects.
#include "side_by_side.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/error.hpp>
#include <mizzen/router.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

void expect_would_block(std::error_code ec) {
    if (ec != mizzen::errc::would_block)
        throw std::system_error{ec};
}

void set_high_water_marks(auto& socket) {
    socket.set(mizzen::option::send_high_water_mark{bench::high_water_mark});
    socket.set(mizzen::option::receive_high_water_mark{bench::high_water_mark});
}

asio::awaitable<void> send_all(mizzen::dealer& socket, std::size_t size, std::uint64_t count) {
    std::string body(size, 'x');
    std::error_code ec;
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::write_number(body.data(), i);
        mizzen::message m{body};
        while (!socket.try_send(m, ec)) {
            expect_would_block(ec);
            co_await socket.async_wait_send(asio::use_awaitable);
        }
    }
    socket.close();
}

asio::awaitable<void> receive_all(mizzen::router& socket, std::size_t size, std::uint64_t count) {
    bench::stopwatch watch;
    std::error_code ec;
    mizzen::message m;
    for (std::uint64_t i = 0; i < count; ++i) {
        while (!socket.try_receive(m, ec)) {
            expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        if (i == 0)
            watch.start();
        if (m.size() != 2)
            throw std::runtime_error{"not a routing id and a body"};
        const mizzen::octets body = m[1];
        bench::check_body(body.data(), body.size(), size, i);
    }
    bench::report_seconds(watch.seconds());
    socket.close();
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

void run(const bench::arguments& wanted) {
    asio::io_context loop{1};
    if (wanted.binds) {
        mizzen::router socket{loop};
        set_high_water_marks(socket);
        bench::print_listening(socket.bind(wanted.endpoint));
        asio::co_spawn(loop, receive_all(socket, wanted.size, wanted.count), rethrow);
        loop.run();
    } else {
        mizzen::dealer socket{loop};
        set_high_water_marks(socket);
        // As long as it takes, which is libzmq's default.
        socket.set(mizzen::option::linger{std::chrono::milliseconds{-1}});
        socket.connect(wanted.endpoint);
        asio::co_spawn(loop, send_all(socket, wanted.size, wanted.count), rethrow);
        loop.run();
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main(argv[0],
                           [&] { run(bench::read_arguments(argc, argv, "receive", "send")); });
}
