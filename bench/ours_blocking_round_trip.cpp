// As ours_round_trip, by blocking sockets.
#include "ours_socket.hpp"
#include "two_parts.hpp"
#include <mizzen/blocking.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

void send(auto& socket, mizzen::message& m) {
    std::error_code ec;
    if (!socket.send(m, ec))
        throw std::system_error{ec};
}

void receive(auto& socket, mizzen::message& m) {
    std::error_code ec;
    if (!socket.receive(m, ec))
        throw std::system_error{ec};
}

template <class Socket> void answer_all(Socket& socket, std::size_t size, std::uint64_t count) {
    mizzen::message m;
    for (std::uint64_t i = 0; i < count; ++i) {
        receive(socket, m);
        bench::check_message<Socket>(m, size, i);
        send(socket, m);
    }
}

template <class Socket> void ask_all(Socket& socket, std::size_t size, std::uint64_t count) {
    const std::uint64_t untimed = bench::warm_up(count);
    bench::stopwatch watch;
    std::string body(size, 'x');
    for (std::uint64_t i = 0; i < untimed + count; ++i) {
        if (i == untimed)
            watch.start();
        bench::write_number(body.data(), i);
        mizzen::message m{body};
        send(socket, m);
        receive(socket, m);
        bench::check_message<Socket>(m, size, i);
    }
    bench::report_round_trip(watch.seconds(), count);
}

void run(const bench::arguments& wanted) {
    if (wanted.types != "req-rep" || wanted.plays == bench::part::both)
        throw std::invalid_argument{"only req-rep, in two processes"};
    const mizzen::context context; // ends when all is written
    if (wanted.connects_only()) {
        mizzen::blocking::req socket{context};
        bench::set_options(socket);
        socket.connect(wanted.endpoint);
        ask_all(socket, wanted.size, wanted.count);
    } else {
        mizzen::blocking::rep socket{context};
        bench::set_options(socket);
        bench::print_listening(socket.bind(wanted.endpoint));
        answer_all(socket, wanted.size, bench::warm_up(wanted.count) + wanted.count);
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(bench::read_arguments(argc, argv, "answer", "ask")); });
}
