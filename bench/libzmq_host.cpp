// As ours_host, by libzmq.
#include "libzmq_socket.hpp"
#include "many_peers.hpp"

#include <zmq.h>

#include <cstdint>

namespace {

void answer_all(bench::libzmq_socket& socket) {
    zmq_msg_t id;
    zmq_msg_t body;
    zmq_msg_init(&id);
    zmq_msg_init(&body);
    for (;;) {
        socket.receive(id);
        bench::expect_more(id, true);
        socket.receive(body);
        bench::expect_more(body, false);
        if (bench::is_farewell(zmq_msg_data(&body), zmq_msg_size(&body)))
            break;
        socket.send(id, ZMQ_SNDMORE);
        socket.send(body);
    }
    zmq_msg_close(&id);
    zmq_msg_close(&body);
}

void count_all(bench::libzmq_socket& socket, const bench::host_arguments& wanted) {
    bench::peer_numbers numbers{wanted.peers};
    bench::stopwatch watch;
    zmq_msg_t m;
    zmq_msg_init(&m);
    for (std::uint64_t i = 0;; ++i) {
        bench::receive_body(socket, m);
        if (i == 0)
            watch.start();
        if (bench::is_farewell(zmq_msg_data(&m), zmq_msg_size(&m)))
            break;
        numbers.check(zmq_msg_data(&m), zmq_msg_size(&m), wanted.size);
        if (i + 1 == wanted.count)
            bench::report_seconds(watch.seconds());
    }
    zmq_msg_close(&m);
}

void run(const bench::host_arguments& wanted) {
    bench::raise_descriptor_limit();
    const bench::libzmq_context context;
    bench::libzmq_socket socket{context, wanted.answers ? ZMQ_ROUTER : ZMQ_PULL};
    socket.secure_server(wanted.secured);
    bench::print_listening(socket.bind(wanted.endpoint));
    if (wanted.answers)
        answer_all(socket);
    else
        count_all(socket, wanted);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(bench::read_host_arguments(argc, argv)); });
}
