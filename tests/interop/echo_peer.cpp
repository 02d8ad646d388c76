// A socket that sends back what it receives, or two of which one sends what the other receives, for
// scripts that play the other side:
//
//     echo-peer req|rep|dealer|router|pair bind|connect ENDPOINT [PART...]
//     echo-peer pull-push|sub-pub|xsub-xpub bind|connect ENDPOINT ENDPOINT [TOPIC...]
//
// Prints `listening ENDPOINT...` or `connecting ENDPOINT...` and ends when its input does. With
// parts it sends them as a message first, as a REQ has to.
#include <mizzen/dealer.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/pub.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>
#include <mizzen/xsub.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace {

template <class In, class Out> void forward_next(In& in, Out& out) {
    in.async_receive([&in, &out](std::error_code ec, mizzen::message m) {
        if (ec)
            return;
        out.async_send(std::move(m), [&in, &out](std::error_code failed) {
            if (failed)
                std::cerr << failed.message() << '\n';
            else
                forward_next(in, out);
        });
    });
}

void run_until_input_ends(asio::io_context& io) {
    asio::posix::stream_descriptor input{io, ::dup(STDIN_FILENO)};
    input.async_wait(asio::posix::descriptor_base::wait_read, [&](std::error_code) { io.stop(); });
    io.run();
}

template <class Socket>
std::string start(Socket& socket, std::string_view how, std::string_view endpoint) {
    if (how == "bind")
        return socket.bind(endpoint);
    socket.connect(endpoint);
    return std::string{endpoint};
}
void tell(std::string_view how, const std::string& endpoints) {
    std::cout << (how == "bind" ? "listening " : "connecting ") << endpoints << '\n' << std::flush;
}

template <class Socket> int echo(int argc, char** argv) {
    asio::io_context io{1};
    Socket socket{io};
    if constexpr (!std::is_same_v<Socket, mizzen::rep>)
        socket.set(mizzen::option::routing_id{"ours"});
    tell(argv[2], start(socket, argv[2], argv[3]));
    mizzen::message first;
    for (int i = 4; i < argc; ++i)
        first.push_back(argv[i]);
    if (first.empty())
        forward_next(socket, socket);
    else
        socket.async_send(std::move(first),
                          [&socket](std::error_code) { forward_next(socket, socket); });

    run_until_input_ends(io);
    return EXIT_SUCCESS;
}

template <class In, class Out> int forward(int argc, char** argv) {
    if (argc < 5)
        return EXIT_FAILURE;
    asio::io_context io{1};
    In in{io};
    Out out{io};
    for (int i = 5; i < argc; ++i) {
        if constexpr (std::is_same_v<In, mizzen::sub>)
            in.subscribe(argv[i]);
        if constexpr (std::is_same_v<In, mizzen::xsub>) {
            std::string wanted{"\1"};
            wanted += argv[i];
            mizzen::message m{wanted};
            static_cast<void>(in.try_send(m)); // never waits
        }
    }
    const std::string from = start(in, argv[2], argv[3]);
    tell(argv[2], from + ' ' + start(out, argv[2], argv[4]));
    forward_next(in, out);
    run_until_input_ends(io);
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
        if (type == "pair")
            return echo<mizzen::pair>(argc, argv);
        if (type == "pull-push")
            return forward<mizzen::pull, mizzen::push>(argc, argv);
        if (type == "sub-pub")
            return forward<mizzen::sub, mizzen::pub>(argc, argv);
        if (type == "xsub-xpub")
            return forward<mizzen::xsub, mizzen::xpub>(argc, argv);
    } catch (const std::exception& thrown) {
        std::cerr << thrown.what() << '\n';
    }
    return EXIT_FAILURE;
}
