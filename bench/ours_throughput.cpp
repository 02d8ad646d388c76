// One way, as fast as it goes: `receive` binds, counts and times; `send` connects.
#include "ours_stream.hpp"
#include "two_parts.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/pull.hpp>
#include <mizzen/push.hpp>
#include <mizzen/router.hpp>
#include <mizzen/sub.hpp>
#include <mizzen/xpub.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <stdexcept>
#include <string>

namespace {

template <class Socket> void send(const bench::arguments& wanted, const std::string& endpoint) {
    asio::io_context loop{1};
    Socket socket{loop};
    bench::set_options(socket);
    bench::secure_client(socket, wanted.secured);
    socket.connect(endpoint);
    asio::co_spawn(loop, bench::send_all(socket, wanted.size, wanted.count), bench::rethrow);
    loop.run();
}

template <class Sender, class Receiver> void run(const bench::arguments& wanted) {
    if (wanted.connects_only())
        return send<Sender>(wanted, wanted.endpoint);
    asio::io_context loop{1};
    Receiver socket{loop};
    bench::set_options(socket);
    bench::secure_server(socket, wanted.secured);
    const std::string endpoint = socket.bind(wanted.endpoint);
    bench::print_listening(endpoint);
    bench::interval took;
    asio::co_spawn(loop, bench::receive_all(socket, wanted.size, wanted.count, took),
                   bench::rethrow);
    bench::run_binder(wanted, [&] { loop.run(); }, [&] { send<Sender>(wanted, endpoint); });
    bench::report_seconds(took.seconds());
}

void run_types(const bench::arguments& wanted) {
    if (wanted.types == "push-pull")
        run<mizzen::push, mizzen::pull>(wanted);
    else if (wanted.types == "dealer-router")
        run<mizzen::dealer, mizzen::router>(wanted);
    else if (wanted.types == "pub-sub")
        run<mizzen::xpub, mizzen::sub>(wanted);
    else
        throw std::invalid_argument{"no such types of sockets: " + wanted.types};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main(
        [&] { run_types(bench::read_arguments(argc, argv, "receive", "send")); });
}
