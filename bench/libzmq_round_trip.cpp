// As ours_round_trip, by libzmq.
#include "libzmq_socket.hpp"

namespace {

void answer_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    for (std::uint64_t i = 0; i < count; ++i) {
        socket.receive(m);
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
        socket.receive(m);
        bench::check_message(m, size, i);
        zmq_msg_close(&m);
    }
    bench::report_round_trip(watch.seconds(), count);
}

void run(const bench::arguments& wanted) {
    if (wanted.binds) {
        bench::libzmq_socket socket{ZMQ_REP};
        bench::print_listening(socket.bind(wanted.endpoint));
        answer_all(socket, wanted.size, bench::warm_up(wanted.count) + wanted.count);
    } else {
        bench::libzmq_socket socket{ZMQ_REQ};
        socket.connect(wanted.endpoint);
        ask_all(socket, wanted.size, wanted.count);
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main(argv[0],
                           [&] { run(bench::read_arguments(argc, argv, "answer", "ask")); });
}
