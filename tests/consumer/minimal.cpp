// The least there is to the wire layer: two connections in memory, their handshake, one message; by
// NULL and by PLAIN. `./run size` holds the size of this program against a budget.
#include <mizzen/zmtp/connection.hpp>
#include <mizzen/zmtp/plain.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace zmtp = mizzen::zmtp;

namespace {

constexpr zmtp::time_point now{}; // always: nothing here can be late

/// In place of a network: takes over one piece of memory, or as much of it as there is room for.
void carry(zmtp::connection& from, zmtp::connection& to) {
    const auto pieces = from.output();
    if (pieces.empty())
        return;
    const auto room = to.prepare();
    if (room.empty())
        return; // out of memory, hence closed
    const std::size_t size = std::min(pieces[0].size(), room[0].size());
    std::memcpy(room[0].data(), pieces[0].data(), size);
    to.commit(size, now);
    from.consume(size);
}

/// Whether a message gets from a client to a server that let each other in by that mechanism.
bool passes(const zmtp::security& mechanism) {
    const zmtp::config config{.type = zmtp::socket_type::dealer, .mechanism = &mechanism};
    zmtp::connection client{zmtp::role::client, config, now};
    zmtp::connection server{zmtp::role::server, config, now};
    zmtp::message hello;
    zmtp::message got;
    std::error_code ec;
    if (!hello.try_push_back(zmtp::as_octets("hello")))
        return false;
    while (client.is_open() && server.is_open()) {
        carry(client, server);
        switch (server.next_event(got, ec)) {
        case zmtp::event::authenticate: // this server knows nobody, and lets everybody in
            server.authenticate(zmtp::verdict::accepted, now, ec);
            break;
        case zmtp::event::message: return got.text(0) == "hello";
        default: break;
        }
        carry(server, client);
        if (client.next_event(got, ec) == zmtp::event::handshake_done)
            client.send(std::exchange(hello, {}), ec);
    }
    return false;
}

} // namespace

int main() {
    const zmtp::plain_security plain{"user", "password"};
    return passes(zmtp::default_security()) && passes(plain) ? 0 : 1;
}
