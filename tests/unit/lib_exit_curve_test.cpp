// OpenSSL cleans up at exit only once the default context's threads are joined, one of which may be
// in a handshake. In a program of its own, since it is about the end of one.
#include <mizzen/blocking.hpp>
#include <mizzen/connection_event.hpp>
#include <mizzen/curve_key.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/push.hpp>

#include <asio/io_context.hpp>

#include <openssl/crypto.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <system_error>

namespace {

[[noreturn]] void fail(const char* why) {
    std::fprintf(stderr, "%s\n", why);
    ::_exit(1);
}

bool judged = false;

void judge() {
    judged = true;
    try {
        const mizzen::blocking::pull late;
    } catch (const std::system_error& error) {
        if (error.code() == mizzen::errc::context_closed)
            return;
    }
    fail("OpenSSL cleans up while the context is open");
}

// Made before all else, so that it goes last.
const struct ending {
    ending() = default;
    ending(const ending&) = delete;
    ending& operator=(const ending&) = delete;
    ~ending() {
        if (!judged)
            fail("OpenSSL did not clean up");
    }
} after_all;

void watch(mizzen::monitor& events, bool& met) {
    events.async_receive_event([&](std::error_code ec, const mizzen::connection_event& event) {
        met = event.kind == mizzen::event_kind::handshake_succeeded;
        if (!ec && !met)
            watch(events, met);
    });
}

// The context's own thread does the handshake: the program waits on a loop of its own.
bool meet(mizzen::blocking::pull& server) {
    const mizzen::curve_key_pair keys = mizzen::make_curve_key_pair();
    server.set(mizzen::option::curve_server{keys.secret_key});
    asio::io_context loop;
    mizzen::push client{loop};
    client.set(mizzen::option::curve_client{keys.public_key});
    mizzen::monitor events{client};
    bool met = false;
    watch(events, met);
    client.connect(server.bind("tcp://127.0.0.1:*"));
    while (!met && loop.run_one() > 0) {
    }
    return met;
}

} // namespace

int main() {
    mizzen::blocking::pull server; // the context comes before OpenSSL's first use
    if (OPENSSL_atexit(&judge) != 1 || !meet(server))
        fail("there was no handshake");
    return 0;
}
