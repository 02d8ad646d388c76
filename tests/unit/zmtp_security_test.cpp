// What a mechanism can do that comes from outside: credentials of its own, and guarding frames as
// CURVE does.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>
#include <mizzen/zmtp/security.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

// Frames are MESSAGE, a counter, the flags and the payload, all turned over by a key of one octet:
// no secret to anybody, but it has the shape of CURVE.
class veil final : public mechanism {
public:
    static constexpr std::size_t head = 10;

    veil(allocator& memory, std::byte key, role side) noexcept
        : memory_{&memory}, key_{key}, side_{side} {}

    void start(handshake& hands) noexcept override {
        if (side_ == role::client)
            hands.send("HELLO", {&key_, 1});
    }
    void receive(std::string_view name, octets data, handshake& hands) noexcept override {
        if (side_ == role::server && name == "HELLO" && data.size() == 1) {
            hands.ask({&data, 1});
        } else if (side_ == role::client && name == "READY") {
            std::vector<std::byte> turned(data.begin(), data.end());
            turn(turned);
            hands.take_metadata(turned);
            hands.send("INITIATE", hands.metadata());
            hands.finish();
        } else if (side_ == role::server && name == "INITIATE") {
            hands.take_metadata(data);
            hands.finish();
        } else {
            hands.fail(errc::unexpected_frame, 1);
        }
    }
    void accepted(handshake& hands) noexcept override {
        const octets plain = hands.metadata();
        std::vector<std::byte> turned(plain.begin(), plain.end());
        turn(turned);
        hands.send("READY", turned);
    }
    bool protects() const noexcept override { return true; }
    std::size_t overhead() const noexcept override { return head; }
    bool seal(std::uint8_t flags, octets payload, std::byte* out) noexcept override {
        if (sent_ == 250)
            return false; // the counter would come round
        std::memcpy(out, "\7MESSAGE", 8);
        out[8] = std::byte{++sent_};
        out[9] = std::byte{flags} ^ key_;
        for (std::size_t i = 0; i < payload.size(); ++i)
            out[head + i] = payload[i] ^ key_;
        return true;
    }
    bool open(octets body, std::uint8_t& flags, std::byte* out) noexcept override {
        if (!as_text(body).starts_with("\7MESSAGE") ||
            std::to_integer<std::uint8_t>(body[8]) <= received_)
            return false;
        received_ = std::to_integer<std::uint8_t>(body[8]);
        flags = std::to_integer<std::uint8_t>(body[9] ^ key_);
        for (std::size_t i = head; i < body.size(); ++i)
            out[i - head] = body[i] ^ key_;
        return true;
    }
    void destroy() noexcept override { destroy_in(*memory_, this); }

private:
    void turn(std::vector<std::byte>& data) const {
        for (std::byte& octet : data)
            octet ^= key_;
    }

    allocator* memory_;
    std::byte key_;
    role side_;
    std::uint8_t sent_ = 0;
    std::uint8_t received_ = 0;
};

class veil_security final : public security {
public:
    std::string_view name() const noexcept override { return "VEIL"; }
    mechanism* create(role side, allocator& memory) const noexcept override {
        return create_in<veil>(memory, std::byte{0x55}, side);
    }
};
const veil_security veiled;

struct veiled_pair : peer_pair {
    explicit veiled_pair(socket_type a = socket_type::dealer, socket_type b = socket_type::dealer,
                         heartbeat beat = {})
        : peer_pair{{.type = a, .mechanism = &veiled, .beat = beat},
                    {.type = b, .mechanism = &veiled}} {
        deliver();
        CHECK(server.got.questions == 1);
        std::error_code ec;
        server.c.authenticate(verdict::accepted, server.now, ec);
        CHECK_FALSE(ec);
        deliver();
        CHECK(client.got.handshakes == 1);
        CHECK(server.got.handshakes == 1);
    }
};

} // namespace

TEST_CASE("a mechanism from outside hands its credentials to the program") {
    lone_end end{{.mechanism = &veiled}};
    end.hear("FF 00*8 7F 03 01 'VEIL' 00*48 | 04 07 05 'HELLO' 55");
    REQUIRE(end.c.credentials().size() == 1);
    CHECK(hex(end.c.credentials()[0]) == "55");
}

TEST_CASE("a guarded message goes in frames of its own, without MORE outside") {
    veiled_pair pair;
    CHECK_FALSE(pair.client.send({"a", "bc"}));
    CHECK(pair.client.says() == hex("00 0B 07 'MESSAGE' 01 54 34  00 0C 07 'MESSAGE' 02 55 37 36"));
}

TEST_CASE("guarded messages of all sizes arrive, however few octets pass at a time") {
    for (const std::size_t step : {std::size_t{1}, std::size_t{777}, SIZE_MAX}) {
        veiled_pair pair;
        std::vector<parts> sent;
        for (const std::size_t size : {0U, 1U, 70U, 245U, 246U, 2'000U, 2'100U, 16'375U, 16'384U}) {
            sent.push_back({std::string(size, 'x')});
            sent.push_back({"", std::string(size, 'y'), "tail"});
        }
        if (step != 1)
            sent.push_back({std::string(1'000'000, 'z'), std::string(100'000, 'w')});
        for (const parts& m : sent) {
            CHECK_FALSE(pair.client.send(m));
            pair.deliver(step);
        }
        CHECK(pair.server.got.messages == sent);
        CHECK(pair.client.c.is_open());
    }
}

TEST_CASE("rule 5, D18: guarded commands work as others do, marked inside") {
    veiled_pair pair{socket_type::sub, socket_type::xpub, {.interval = 100ms}};
    std::error_code ec;
    pair.client.c.subscribe(as_octets("topic"), ec);
    CHECK_FALSE(ec);
    pair.client.c.cancel(as_octets(std::string(1'000, 't')), ec);
    CHECK_FALSE(ec);
    pair.deliver();
    CHECK(pair.server.got.topics ==
          std::vector<std::string>{"+topic", "-" + std::string(1'000, 't')});
    pair.wait(1s); // ten PINGs, each answered
    CHECK(pair.client.c.is_open());
    CHECK(pair.server.c.is_open());
}

TEST_CASE("a guarded command waits for the end of a message that is written in pieces") {
    veiled_pair pair{socket_type::dealer, socket_type::dealer, {.interval = 100ms}};
    const parts large(100, std::string(1'500, 'x'));
    CHECK_FALSE(pair.client.send(large));
    pair.client.now += 100ms;
    pair.client.c.handle_timeout(pair.client.now); // a PING is due
    pair.deliver();
    CHECK(pair.server.got.messages == std::vector<parts>{large});
    CHECK_FALSE(pair.server.got.closed);
    pair.wait(1s); // it was sent, and answered
    CHECK(pair.client.c.is_open());
}

TEST_CASE("what a mechanism cannot open closes the connection and is not delivered") {
    const auto closed_with = [](std::string_view stream) {
        veiled_pair pair;
        pair.server.hear(stream);
        CHECK(pair.server.got.messages.empty());
        CHECK(pair.server.says().empty()); // no ERROR for it
        return pair.server.got.closed;
    };
    CHECK(closed_with("00 0B 07 'MESSAGF' 01 55 34") == errc::protection_failed);
    CHECK(closed_with("00 0B 07 'MESSAGE' 00 55 34") == errc::protection_failed);
    CHECK(closed_with("00 09 07 'MESSAGE' 01") == errc::protection_failed);
    CHECK(closed_with("00 05 'plain'") == errc::protection_failed);
    CHECK(closed_with("04 07 04 'PING' 00 00") == errc::protection_failed);
    CHECK(closed_with("01 0B 07 'MESSAGE' 01 54 34 00 0B 07 'MESSAGE' 02 55 34") ==
          errc::protection_failed); // MORE outside
}

TEST_CASE(
    "rule 4, D17: a guarded frame is taken with the command flag as well, as the RFC has it") {
    veiled_pair pair;
    pair.server.hear("04 0B 07 'MESSAGE' 01 54 34 04 0B 07 'MESSAGE' 02 55 37");
    CHECK(pair.server.got.messages == std::vector<parts>{{"a", "b"}});
}

TEST_CASE("a guarded frame that comes again closes the connection") {
    veiled_pair pair;
    pair.server.hear("00 0B 07 'MESSAGE' 05 55 34");
    CHECK(pair.server.got.messages == std::vector<parts>{{"a"}});
    pair.server.hear("00 0B 07 'MESSAGE' 05 55 34");
    CHECK(pair.server.got.closed == errc::protection_failed);
    CHECK(pair.server.got.messages.size() == 1);
}

TEST_CASE("the limits of messages hold for what is inside guarded frames") {
    // Where it is told to be wrong is behind so many octets of the stream.
    const auto closed_with = [](limits limit, std::string_view stream, std::size_t in_order = 0) {
        lone_end end{{.type = socket_type::dealer, .mechanism = &veiled, .limit = limit}};
        end.hear("FF 00*8 7F 03 01 'VEIL' 00*48 | 04 07 05 'HELLO' 55");
        std::error_code ec;
        end.c.authenticate(verdict::accepted, end.now, ec);
        end.hear(std::string{"04 1F 08 'INITIATE' 0B 'Socket-Type' 00000006 'DEALER'"});
        CHECK(end.got.handshakes == 1);
        end.hear(stream);
        if (end.got.closed)
            CHECK(end.got.failed_at == greeting_size + 9 + 33 + in_order);
        return end.got.closed;
    };
    CHECK_FALSE(closed_with({.max_message_size = 1}, "00 0B 07 'MESSAGE' 01 55 34"));
    CHECK_FALSE(closed_with({.max_message_size = UINT64_MAX, .max_command_size = SIZE_MAX},
                            "00 0B 07 'MESSAGE' 01 55 34 | 04 0B 07 'MESSAGE' 02 55 37"));
    CHECK(closed_with({.max_message_size = 1}, "00 0C 07 'MESSAGE' 01 55 34 34") ==
          errc::message_too_large);
    CHECK(closed_with({.max_message_size = 1},
                      "00 0B 07 'MESSAGE' 01 54 34 00 0B 07 'MESSAGE' 02 55 34",
                      13 + 2) == errc::message_too_large);
    CHECK(closed_with({.max_parts = 1}, "00 0B 07 'MESSAGE' 01 54 34 00 0B 07 'MESSAGE' 02 55 34",
                      13 + 2) == errc::too_many_parts);
    CHECK(closed_with({}, "00 0B 07 'MESSAGE' 01 55 34 00 0B 07 'MESSAGE' 01 55 34", 13 + 2) ==
          errc::protection_failed);
}

TEST_CASE("a mechanism that may seal no more ends the connection") {
    veiled_pair pair;
    std::error_code ec;
    for (int i = 0; i < 250; ++i) {
        CHECK_FALSE(pair.client.send({"x"}));
        pair.deliver();
    }
    CHECK(pair.client.send({"x"}) == errc::protection_failed);
    CHECK_FALSE(pair.client.c.is_open());
    CHECK(pair.server.got.messages.size() == 250);
}

TEST_CASE("memory refused at any request of guarded traffic closes the connection, and no leak") {
    for (std::size_t refused = 1; refused < 12; ++refused) {
        veiled_pair pair;
        pair.server.memory.refuse_at = pair.server.memory.asked + refused;
        pair.client.memory.refuse_at = pair.client.memory.asked + refused;
        for (int i = 0; i < 3 && pair.client.c.is_open() && pair.server.c.is_open(); ++i) {
            if (pair.client.send({std::string(100, 'a'), std::string(20'000, 'b')}))
                break;
            pair.deliver();
        }
        for (const parts& m : pair.server.got.messages)
            CHECK(m.size() == 2);
        drain(pair.client.c, pair.client.got);
        if (!pair.client.c.is_open())
            CHECK(pair.client.got.closed == errc::not_enough_memory);
    }
}
