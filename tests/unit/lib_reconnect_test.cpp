// What a connecting socket does about listeners that do not behave.
#include "../interop/raw_peer.hpp"
#include "loop.hpp"
#include <mizzen/dealer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace mizzen::testing {
namespace {

using clock = std::chrono::steady_clock;

TEST_CASE("check 16: a listener that closes within the greeting is tried again, after a pause") {
    loop run;
    dealer socket{run.io};
    socket.set(option::reconnect_interval{20ms, 20ms});
    raw_listener listener{run};
    socket.connect(listener.endpoint());
    auto closed_at = clock::now() - 1h;
    for (const std::size_t said : {0U, 5U, 20U, 64U}) {
        raw_peer peer = listener.accept();
        CHECK(clock::now() - closed_at >= 20ms);
        peer.write(greeting().substr(0, said));
        peer.close();
        closed_at = clock::now();
    }
    raw_peer good = listener.accept();
    good.handshake("DEALER");
    await_connections(run, socket, 1);
    CHECK(socket.stats().connect_retries == 4);
}

TEST_CASE("check 17: a listener with another mechanism is not tried again") {
    loop run;
    dealer socket{run.io};
    socket.set(option::reconnect_interval{10ms, 10ms});
    raw_listener listener{run};
    socket.connect(listener.endpoint());
    raw_peer peer = listener.accept();
    peer.write(greeting(1, "CURVE"));
    CHECK(peer.is_closed());
    CHECK_FALSE(listener.is_called(100ms));
    CHECK(socket.stats().connect_retries == 0);
}

} // namespace
} // namespace mizzen::testing
