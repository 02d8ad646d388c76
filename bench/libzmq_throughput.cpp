// As ours_throughput, by libzmq; `version` says which.
#include "libzmq_socket.hpp"

namespace {

void send_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    std::string body(size, 'x');
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::write_number(body.data(), i);
        zmq_msg_t m;
        bench::make_message(m, body);
        socket.send(m);
    }
}

void receive_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    bench::stopwatch watch;
    zmq_msg_t m;
    zmq_msg_init(&m);
    for (std::uint64_t i = 0; i < count; ++i) {
        socket.receive(m); // the routing id
        if (i == 0)
            watch.start();
        if (zmq_msg_more(&m) == 0)
            throw std::runtime_error{"a routing id and no body"};
        socket.receive(m);
        if (zmq_msg_more(&m) != 0)
            throw std::runtime_error{"more than a routing id and a body"};
        bench::check_message(m, size, i);
    }
    bench::report_seconds(watch.seconds());
    zmq_msg_close(&m);
}

void run(const bench::arguments& wanted) {
    if (wanted.binds) {
        bench::libzmq_socket socket{ZMQ_ROUTER};
        bench::print_listening(socket.bind(wanted.endpoint));
        receive_all(socket, wanted.size, wanted.count);
    } else {
        bench::libzmq_socket socket{ZMQ_DEALER};
        socket.connect(wanted.endpoint);
        send_all(socket, wanted.size, wanted.count);
    }
}

void print_version() {
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    std::printf("%d.%d.%d\n", major, minor, patch);
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view{argv[1]} == "version") {
        print_version();
        return 0;
    }
    return bench::run_main(argv[0],
                           [&] { run(bench::read_arguments(argc, argv, "receive", "send")); });
}
