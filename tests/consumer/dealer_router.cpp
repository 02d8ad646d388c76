// A DEALER asks a ROUTER in the same process, over TCP: the least that uses the sockets.
#include <mizzen/dealer.hpp>
#include <mizzen/router.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <utility>

namespace {

asio::awaitable<void> answer(mizzen::router& router) {
    mizzen::message request = co_await router.async_receive(asio::use_awaitable);
    co_await router.async_send(std::move(request), asio::use_awaitable);
}

asio::awaitable<void> ask(mizzen::dealer& dealer) {
    mizzen::message request{"hello"}; // GCC 12 rejects nested braces in co_await
    co_await dealer.async_send(std::move(request), asio::use_awaitable);
    const mizzen::message reply = co_await dealer.async_receive(asio::use_awaitable);
    std::cout << reply.text(0) << '\n';
}

} // namespace

int main() {
    asio::io_context io{1};
    mizzen::router router{io};
    mizzen::dealer dealer{io};
    bool failed = false;
    dealer.connect(router.bind("tcp://127.0.0.1:*"));
    asio::co_spawn(io, answer(router), asio::detached);
    asio::co_spawn(io, ask(dealer), [&](const std::exception_ptr& thrown) {
        failed = thrown != nullptr;
        dealer.close();
        router.close();
    });
    io.run();
    return failed ? 1 : 0;
}
