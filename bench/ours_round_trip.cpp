// Round trips: `answer` binds and sends back what comes; `ask` connects and times.
#include "ours_socket.hpp"
#include "two_parts.hpp"
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

// Longer than a round trip takes.
constexpr std::chrono::milliseconds busy_poll{1};

template <class Socket>
asio::awaitable<void> answer_all(Socket& socket, std::size_t size, std::uint64_t count) {
    std::error_code ec;
    mizzen::message m;
    for (std::uint64_t i = 0; i < count; ++i) {
        while (!socket.try_receive(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        bench::check_message<Socket>(m, size, i);
        while (!socket.try_send(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_send(asio::use_awaitable);
        }
    }
    socket.close();
}

template <class Socket>
asio::awaitable<void> ask_all(Socket& socket, std::size_t size, std::uint64_t count) {
    const std::uint64_t untimed = bench::warm_up(count);
    bench::stopwatch watch;
    std::string body(size, 'x');
    std::error_code ec;
    for (std::uint64_t i = 0; i < untimed + count; ++i) {
        if (i == untimed)
            watch.start();
        bench::write_number(body.data(), i);
        mizzen::message m{body};
        while (!socket.try_send(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_send(asio::use_awaitable);
        }
        while (!socket.try_receive(m, ec)) {
            bench::expect_would_block(ec);
            co_await socket.async_wait_receive(asio::use_awaitable);
        }
        bench::check_message<Socket>(m, size, i);
    }
    bench::report_round_trip(watch.seconds(), count);
    socket.close();
}

template <class Socket> void set_options(Socket& socket, const bench::arguments& wanted) {
    bench::set_options(socket);
    if (wanted.types == "req-rep-busy-poll")
        socket.set(mizzen::option::busy_poll{busy_poll});
}

template <class Socket> void ask(const bench::arguments& wanted, const std::string& endpoint) {
    asio::io_context loop{1};
    Socket socket{loop};
    set_options(socket, wanted);
    socket.connect(endpoint);
    asio::co_spawn(loop, ask_all(socket, wanted.size, wanted.count), bench::rethrow);
    loop.run();
}

template <class Asker, class Answerer> void run(const bench::arguments& wanted) {
    if (wanted.connects_only())
        return ask<Asker>(wanted, wanted.endpoint);
    asio::io_context loop{1};
    Answerer socket{loop};
    set_options(socket, wanted);
    const std::string endpoint = socket.bind(wanted.endpoint);
    bench::print_listening(endpoint);
    const std::uint64_t all = bench::warm_up(wanted.count) + wanted.count;
    asio::co_spawn(loop, answer_all(socket, wanted.size, all), bench::rethrow);
    bench::run_binder(wanted, [&] { loop.run(); }, [&] { ask<Asker>(wanted, endpoint); });
}

void run_types(const bench::arguments& wanted) {
    if (wanted.types == "req-rep" || wanted.types == "req-rep-busy-poll")
        run<mizzen::req, mizzen::rep>(wanted);
    else
        throw std::invalid_argument{"no such types of sockets: " + wanted.types};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run_types(bench::read_arguments(argc, argv, "answer", "ask")); });
}
