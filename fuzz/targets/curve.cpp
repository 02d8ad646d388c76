// Holds: whatever a peer that knows all keys says by CURVE, as client or server, in whatever order
// and with whatever octets within its boxes: nobody gets in by a handshake of which an octet
// outside of them was changed, only what was sealed in its turn is delivered, what is sent can be
// opened in its turn, memory stays bounded and is given back, and a closed connection stays closed.
#include "../../lib/src/curve/security.hpp"
#include "support/choices.hpp"
#include "support/curve_peer.hpp"
#include "support/filler.hpp"
#include "support/memory.hpp"
#include <mizzen/zmtp/connection.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mizzen::fuzz {
namespace {

using zmtp::connection;
using zmtp::event;
using zmtp::message;
using zmtp::milliseconds;
using zmtp::role;
using zmtp::socket_type;
using zmtp::verdict;

const zmtp::security& mechanism_of(bool server) {
    static const curve::server_security serving{curve_server().secret};
    static const curve::client_security calling{curve_server().open, &curve_client().secret};
    if (server)
        return serving;
    return calling;
}

class table {
public:
    table(bool server, std::uint8_t how, watched_memory& memory)
        : server_{server}, answer_{static_cast<verdict>(how & 3)},
          cfg_{config_of(server, how, memory)},
          link_{server ? role::server : role::client, cfg_, now_}, peer_{!server} {
        stream opening;
        put_greeting(opening, "CURVE", (how & 4) != 0 ? 0 : 1, false);
        hear(opening);
    }

    [[nodiscard]] bool open() const noexcept { return link_.is_open(); }

    void step(choices& from) {
        const std::size_t what = from.octet();
        const std::size_t amount = from.octet();
        change turn{(what & 64) != 0, 0, 0};
        if ((what & 128) != 0) {
            turn.at = from.wide();
            turn.by = from.octet();
        }
        stream said;
        switch (what & 7) {
        case 0: peer_.shake(said, turn, good_metadata()); break;
        case 1: peer_.shake(said, turn, from.take(amount)); break;
        case 2:
            if (peer_.can_seal())
                peer_.say(said, 1, from.take(amount), turn);
            break;
        case 3:
            if (peer_.can_seal())
                peer_.say(said, from.octet() - 2ULL, from.take(amount), turn);
            break;
        case 4: put_frame(said, what >> 3 & 7, from.take(amount)); break;
        case 5: put(said, from.take(amount)); break;
        case 6: return send(amount * amount, amount & 3);
        default: return pass(amount, from.octet());
        }
        hear(said);
    }

    void finish() {
        write();
        if (link_.is_open())
            link_.end_of_stream();
        drain();
        must(!link_.is_open(), "the end of the stream closes");
        message none;
        std::error_code again;
        must(link_.next_event(none, again) == event::closed && again == why_,
             "a closed connection stays closed, for the same reason");
    }

private:
    static zmtp::config config_of(bool server, std::uint8_t how, watched_memory& memory) {
        constexpr std::array types{socket_type::dealer, socket_type::xpub, socket_type::sub,
                                   socket_type::router};
        return {.type = types[how >> 3 & 3],
                .mechanism = &mechanism_of(server),
                .beat = {.interval = milliseconds{(how & 32) != 0 ? 100 : 0}},
                .memory = &memory,
                .read_block = 0,
                .write_batch = (how & 64) != 0 ? std::size_t{64} * 1024 : 0,
                .spare_memory = 0};
    }
    [[nodiscard]] octets good_metadata() const {
        static const auto of = [](std::string_view type) {
            stream out;
            out.reserve(64);
            put_property(out, "Socket-Type", as_octets(type));
            return out;
        };
        static const stream dealer = of("DEALER");
        static const stream sub = of("SUB");
        static const stream pub = of("PUB");
        if (cfg_.type == socket_type::xpub)
            return sub;
        return cfg_.type == socket_type::sub ? pub : dealer;
    }

    void hear(octets data) {
        while (!data.empty() && link_.is_open()) {
            std::size_t size = 0;
            for (const std::span<std::byte> room : link_.prepare()) {
                const octets some = data.first(std::min(room.size(), data.size()));
                std::copy(some.begin(), some.end(), room.begin());
                data = data.subspan(some.size());
                size += some.size();
            }
            if (size == 0)
                break;
            link_.commit(size, now_);
            drain();
        }
        drain();
        write();
    }
    void drain() {
        for (;;) {
            message got;
            std::error_code ec;
            switch (link_.next_event(got, ec)) {
            case event::need_input: return;
            case event::closed: why_ = ec; return;
            case event::authenticate: ask(); break;
            case event::handshake_done:
                must(!peer_.lied(), "nobody gets in by a changed handshake");
                done_ = true;
                break;
            case event::message: must(done_ && !got.empty(), "messages come behind it"); break;
            default: must(done_, "commands come behind it"); break;
            }
        }
    }
    void ask() {
        must(server_ && link_.credentials().size() == 1 && !peer_.lied(),
             "a server asks about who has proved to have a key");
        must(same(link_.credentials()[0], curve_client().open), "and about that key");
        std::error_code ec;
        link_.authenticate(answer_, now_, ec);
        must(!ec, "what is asked can be answered");
    }
    void write() {
        while (!link_.output().empty()) {
            std::size_t size = 0;
            for (const octets span : link_.output()) {
                peer_.hear(span);
                size += span.size();
            }
            link_.consume(size);
        }
    }
    void send(std::size_t size, std::size_t parts) {
        if (!link_.can_send() || cfg_.type == socket_type::sub)
            return;
        message m;
        for (std::size_t i = 0; i <= parts; ++i) {
            const octets part = filler(i, i == 0 ? size : i);
            peer_.expect(part, i < parts);
            m.push_back(part);
        }
        std::error_code ec;
        link_.send(std::move(m), ec);
        must(!ec, "what can be sent is sent");
        write();
    }
    void pass(std::size_t amount, std::uint8_t topic) {
        if (cfg_.type == socket_type::sub && link_.can_send()) {
            std::error_code ec;
            link_.subscribe(filler(topic, topic), ec);
            if (link_.peer_minor() == 0) { // then it is a message
                stream wanted;
                wanted.reserve(1 + std::size_t{topic});
                put(wanted, std::size_t{1});
                put(wanted, filler(topic, topic));
                peer_.expect(wanted, false);
            }
        }
        now_ += milliseconds{10 * amount};
        link_.handle_timeout(now_);
        drain();
        write();
    }

    bool server_;
    verdict answer_;
    zmtp::config cfg_;
    zmtp::time_point now_{};
    connection link_;
    curve_peer peer_;
    bool done_ = false;
    std::error_code why_;
};

void run(choices from) {
    watched_memory memory;
    memory.allow(std::size_t{4} << 20);
    const std::uint8_t who = from.octet();
    table at{(who & 1) != 0, from.octet(), memory};
    while (!from.empty() && at.open())
        at.step(from);
    at.finish();
}

} // namespace
} // namespace mizzen::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mizzen::fuzz::run({data, size});
    return 0;
}
