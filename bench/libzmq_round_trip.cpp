// As ours_round_trip, by libzmq.
#include "libzmq_socket.hpp"
#include "two_parts.hpp"

#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

void answer_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::receive_body(socket, m);
        bench::check_message(m, size, i);
        socket.send(m);
    }
    zmq_msg_close(&m);
}

void ask_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    const std::uint64_t untimed = bench::warm_up(count);
    bench::stopwatch watch;
    std::string body(size, 'x');
    for (std::uint64_t i = 0; i < untimed + count; ++i) {
        if (i == untimed)
            watch.start();
        bench::write_number(body.data(), i);
        zmq_msg_t m;
        bench::make_message(m, body);
        socket.send(m);
        bench::receive_body(socket, m);
        bench::check_message(m, size, i);
        zmq_msg_close(&m);
    }
    bench::report_round_trip(watch.seconds(), count);
}

void run(const bench::arguments& wanted, int asker, int answerer) {
    const bench::libzmq_context context;
    const auto ask = [&](const std::string& endpoint) {
        bench::libzmq_socket socket{context, asker};
        socket.connect(endpoint);
        ask_all(socket, wanted.size, wanted.count);
    };
    if (wanted.connects_only())
        return ask(wanted.endpoint);
    bench::libzmq_socket socket{context, answerer};
    const std::string endpoint = socket.bind(wanted.endpoint);
    bench::print_listening(endpoint);
    const std::uint64_t all = bench::warm_up(wanted.count) + wanted.count;
    bench::run_binder(
        wanted, [&] { answer_all(socket, wanted.size, all); }, [&] { ask(endpoint); });
}

void run_types(const bench::arguments& wanted) {
    if (wanted.types == "req-rep")
        run(wanted, ZMQ_REQ, ZMQ_REP);
    else
        throw std::invalid_argument{"no such types of sockets: " + wanted.types};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run_types(bench::read_arguments(argc, argv, "answer", "ask")); });
}
