// A socket that sends back what it receives, for scripts that play the other side:
//
//     echo-peer req|rep|dealer|router bind|connect ENDPOINT [PART...]
//
// Prints `listening ENDPOINT` or `connecting ENDPOINT` and ends when its input does. With parts it
// sends them as a message first, as a REQ has to.
#include <mizzen/dealer.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace {

template <class Socket> void echo_next(Socket& socket) {
    socket.async_receive([&socket](std::error_code ec, mizzen::message m) {
        if (ec)
            return;
        socket.async_send(std::move(m), [&socket](std::error_code failed) {
            if (failed)
                std::cerr << failed.message() << '\n';
            else
                echo_next(socket);
        });
    });
}

template <class Socket> int echo(int argc, char** argv) {
    asio::io_context io{1};
    Socket socket{io};
    if constexpr (!std::is_same_v<Socket, mizzen::rep>)
        socket.set(mizzen::option::routing_id{"ours"});
    const std::string_view endpoint = argv[3];
    if (std::string_view{argv[2]} == "bind") {
        std::cout << "listening " << socket.bind(endpoint) << '\n' << std::flush;
    } else {
        socket.connect(endpoint);
        std::cout << "connecting " << endpoint << '\n' << std::flush;
    }
    mizzen::message first;
    for (int i = 4; i < argc; ++i)
        first.push_back(argv[i]);
    if (first.empty())
        echo_next(socket);
    else
        socket.async_send(std::move(first), [&socket](std::error_code) { echo_next(socket); });

    asio::posix::stream_descriptor input{io, ::dup(STDIN_FILENO)};
    input.async_wait(asio::posix::descriptor_base::wait_read, [&](std::error_code) { io.stop(); });
    io.run();
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4)
        return EXIT_FAILURE;
    const std::string_view type = argv[1];
    try {
        if (type == "req")
            return echo<mizzen::req>(argc, argv);
        if (type == "rep")
            return echo<mizzen::rep>(argc, argv);
        if (type == "dealer")
            return echo<mizzen::dealer>(argc, argv);
        if (type == "router")
            return echo<mizzen::router>(argc, argv);
    } catch (const std::exception& thrown) {
        std::cerr << thrown.what() << '\n';
    }
    return EXIT_FAILURE;
}
