// As ours_throughput, by blocking sockets.
#include "ours_socket.hpp"
#include "two_parts.hpp"
#include <mizzen/blocking.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

template <class Socket> void send_all(Socket& socket, std::size_t size, std::uint64_t count) {
    std::string body(size, 'x');
    std::error_code ec;
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::write_number(body.data(), i);
        mizzen::message m{body};
        if (!socket.send(m, ec))
            throw std::system_error{ec};
    }
}

template <class Socket> void receive_all(Socket& socket, std::size_t size, std::uint64_t count) {
    bench::stopwatch watch;
    std::error_code ec;
    mizzen::message m;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!socket.receive(m, ec))
            throw std::system_error{ec};
        if (i == 0)
            watch.start();
        bench::check_message<Socket>(m, size, i);
    }
    bench::report_seconds(watch.seconds());
}

template <class Socket> void send(const bench::arguments& wanted, const std::string& endpoint) {
    mizzen::context context; // ends when all is written
    Socket socket{context};
    bench::set_options(socket);
    socket.connect(endpoint);
    send_all(socket, wanted.size, wanted.count);
}

template <class Sender, class Receiver> void run(const bench::arguments& wanted) {
    if (wanted.connects_only())
        return send<Sender>(wanted, wanted.endpoint);
    const mizzen::context context;
    Receiver socket{context};
    bench::set_options(socket);
    bench::print_listening(socket.bind(wanted.endpoint));
    receive_all(socket, wanted.size, wanted.count);
}

void run_types(const bench::arguments& wanted) {
    if (wanted.types == "push-pull" && wanted.plays != bench::part::both)
        run<mizzen::blocking::push, mizzen::blocking::pull>(wanted);
    else
        throw std::invalid_argument{"only push-pull, in two processes"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main(
        [&] { run_types(bench::read_arguments(argc, argv, "receive", "send")); });
}
