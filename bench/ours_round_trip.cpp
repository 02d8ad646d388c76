// Round trips, REQ to REP: `answer` binds and sends back what comes; `ask` connects and times.
#include "side_by_side.hpp"
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace {

void set_options(auto& socket) {
    socket.set(mizzen::option::send_high_water_mark{bench::high_water_mark});
    socket.set(mizzen::option::receive_high_water_mark{bench::high_water_mark});
    // As long as it takes, which is libzmq's default.
    socket.set(mizzen::option::linger{std::chrono::milliseconds{-1}});
}

asio::awaitable<void> answer_all(mizzen::rep& socket, std::size_t size, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        mizzen::message m = co_await socket.async_receive(asio::use_awaitable);
        const mizzen::octets body = m.front();
        bench::check_body(body.data(), body.size(), size, i);
        co_await socket.async_send(std::move(m), asio::use_awaitable);
    }
    socket.close();
}

asio::awaitable<void> ask_all(mizzen::req& socket, std::size_t size, std::uint64_t count) {
    const std::uint64_t untimed = bench::warm_up(count);
    bench::stopwatch watch;
    std::string body(size, 'x');
    for (std::uint64_t i = 0; i < untimed + count; ++i) {
        if (i == untimed)
            watch.start();
        bench::write_number(body.data(), i);
        mizzen::message m{body};
        co_await socket.async_send(std::move(m), asio::use_awaitable);
        m = co_await socket.async_receive(asio::use_awaitable);
        const mizzen::octets answer = m.front();
        bench::check_body(answer.data(), answer.size(), size, i);
    }
    bench::report_round_trip(watch.seconds(), count);
    socket.close();
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

void run(const bench::arguments& wanted) {
    asio::io_context loop{1};
    if (wanted.binds) {
        mizzen::rep socket{loop};
        set_options(socket);
        bench::print_listening(socket.bind(wanted.endpoint));
        const std::uint64_t all = bench::warm_up(wanted.count) + wanted.count;
        asio::co_spawn(loop, answer_all(socket, wanted.size, all), rethrow);
        loop.run();
    } else {
        mizzen::req socket{loop};
        set_options(socket);
        socket.connect(wanted.endpoint);
        asio::co_spawn(loop, ask_all(socket, wanted.size, wanted.count), rethrow);
        loop.run();
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main(argv[0],
                           [&] { run(bench::read_arguments(argc, argv, "answer", "ask")); });
}
