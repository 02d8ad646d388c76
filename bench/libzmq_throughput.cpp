// As ours_throughput, by libzmq; `version` says which.
#include "libzmq_socket.hpp"
#include "two_parts.hpp"

#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

void send_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    zmq_msg_t m;
    if (socket.type() == ZMQ_XPUB) { // nothing is sent to who has not subscribed
        zmq_msg_init(&m);
        socket.receive(m);
        zmq_msg_close(&m);
    }
    std::string body(size, 'x');
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::write_number(body.data(), i);
        bench::make_message(m, body);
        socket.send(m);
    }
}

void receive_all(bench::libzmq_socket& socket, std::size_t size, std::uint64_t count) {
    bench::stopwatch watch;
    zmq_msg_t m;
    zmq_msg_init(&m);
    for (std::uint64_t i = 0; i < count; ++i) {
        bench::receive_body(socket, m);
        if (i == 0)
            watch.start();
        bench::check_message(m, size, i);
    }
    bench::report_seconds(watch.seconds());
    zmq_msg_close(&m);
}

/// Until the standard input ends.
void wait_until_told() {
    while (std::getchar() != EOF)
        ;
}

void run(const bench::arguments& wanted, int sender, int receiver) {
    const bench::libzmq_context context;
    const auto send = [&](const std::string& endpoint) {
        bench::libzmq_socket socket{context, sender};
        socket.secure_client(wanted.secured);
        socket.connect(endpoint);
        send_all(socket, wanted.size, wanted.count);
        if (wanted.connects_only())
            wait_until_told(); // over ipc, libzmq loses what the receiver has not read on closing
    };
    if (wanted.connects_only())
        return send(wanted.endpoint);
    bench::libzmq_socket socket{context, receiver};
    socket.secure_server(wanted.secured);
    const std::string endpoint = socket.bind(wanted.endpoint);
    bench::print_listening(endpoint);
    bench::run_binder(
        wanted, [&] { receive_all(socket, wanted.size, wanted.count); }, [&] { send(endpoint); });
}

void run_types(const bench::arguments& wanted) {
    if (wanted.types == "push-pull")
        run(wanted, ZMQ_PUSH, ZMQ_PULL);
    else if (wanted.types == "dealer-router")
        run(wanted, ZMQ_DEALER, ZMQ_ROUTER);
    else if (wanted.types == "pub-sub")
        run(wanted, ZMQ_XPUB, ZMQ_SUB);
    else
        throw std::invalid_argument{"no such types of sockets: " + wanted.types};
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
    return bench::run_main(
        [&] { run_types(bench::read_arguments(argc, argv, "receive", "send")); });
}
