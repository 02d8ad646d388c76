// As ours_comers, by libzmq.
#include "comers.hpp"
#include "libzmq_socket.hpp"

#include <zmq.h>

#include <cstdint>
#include <deque>

namespace {

void run(const bench::comer_arguments& wanted) {
    const bench::libzmq_context context;
    bench::come_in_rounds(wanted, [&](std::uint32_t first, std::uint32_t end) {
        std::deque<bench::libzmq_socket> sockets;
        for (std::uint32_t i = first; i < end; ++i) {
            bench::libzmq_socket& socket = sockets.emplace_back(context, ZMQ_PUSH);
            socket.send_to_connected_only();
            socket.secure_client(wanted.secured);
            socket.connect(wanted.endpoint);
        }
        for (std::uint32_t i = first; i < end; ++i) {
            zmq_msg_t m;
            bench::make_message(m, bench::comer_body(i, i == wanted.count));
            sockets[i - first].send(m); // waits until it is let in
        }
    });
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(bench::read_comer_arguments(argc, argv)); });
}
