// SUBSCRIBE and CANCEL, both ways, and the properties that the two ends tell each other.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

namespace {

using topics = std::vector<std::string>;
const bytes greeting_3_0 = wire("FF 00*8 7F 03 00 'NULL' 00*48");

} // namespace

TEST_CASE("check 111: SUBSCRIBE and CANCEL reach a publisher's program as events") {
    for (const socket_type type : {socket_type::pub, socket_type::xpub}) {
        lone_end end{{.type = type}};
        end.shake("SUB");
        end.hear("04 0B 09 'SUBSCRIBE' 'A' | 00 02 01 'B' | 04 08 06 'CANCEL' 'A' | 04 0A 09 "
                 "'SUBSCRIBE'");
        CHECK(end.got.topics == topics{"+A", "-A", "+"});
        CHECK(end.got.messages == std::vector<parts>{{"\1B"}}); // the old form is a message
    }
}

TEST_CASE("rule 9: a SUBSCRIBE between the frames of a message disturbs neither") {
    lone_end end{{.type = socket_type::xpub}};
    end.shake("XSUB");
    end.hear("01 01 'a' | 04 0B 09 'SUBSCRIBE' 'A' | 00 01 'b'");
    CHECK(end.got.topics == topics{"+A"});
    CHECK(end.got.messages == std::vector<parts>{{"a", "b"}});
}

TEST_CASE("rule 8: the form of a subscription follows the peer's version") {
    const auto said_to = [](const bytes& greeting, const std::string& topic) {
        lone_end end{{.type = socket_type::sub}};
        end.hear(greeting + ready_of("PUB"));
        end.says();
        std::error_code ec;
        end.c.subscribe(as_octets(topic), ec);
        CHECK_FALSE(ec);
        end.c.cancel(as_octets(topic), ec);
        CHECK_FALSE(ec);
        return end.says();
    };
    CHECK(said_to(greeting_3_1(), "A") == hex("04 0B 09 'SUBSCRIBE' 'A' | 04 08 06 'CANCEL' 'A'"));
    CHECK(said_to(greeting_3_0, "A") == hex("00 02 01 'A' | 00 02 00 'A'"));
    CHECK(said_to(wire("FF 00*8 7F 04 00 'NULL' 00*48"), "") ==
          hex("04 0A 09 'SUBSCRIBE' | 04 07 06 'CANCEL'"));
}

TEST_CASE("D14: the size of a subscription is in the form that its whole body needs") {
    for (const std::size_t size : {0U, 244U, 245U, 246U, 248U, 249U, 255U, 256U, 1'000U, 65'536U}) {
        const std::string topic(size, 't');
        for (const bytes& greeting : {greeting_3_1(), greeting_3_0}) {
            lone_end sub{{.type = socket_type::sub}};
            lone_end pub{{.type = socket_type::xpub}};
            sub.hear(greeting + ready_of("XPUB"));
            pub.hear(greeting + ready_of("SUB"));
            written(sub.c);
            std::error_code ec;
            sub.c.subscribe(as_octets(topic), ec);
            CHECK_FALSE(ec);
            sub.c.cancel(as_octets(topic), ec);
            CHECK_FALSE(ec);
            pub.hear(octets{written(sub.c)});
            if (greeting == greeting_3_1())
                CHECK(pub.got.topics == topics{"+" + topic, "-" + topic});
            else
                CHECK(pub.got.messages ==
                      std::vector<parts>{{"\1" + topic}, {std::string(1, '\0') + topic}});
        }
    }
}

TEST_CASE("a topic over the limit closes the connection by its header, or says where it stands") {
    lone_end end{{.type = socket_type::pub, .limit = {.max_topic_size = 20'000}}};
    end.shake("SUB");
    end.hear(wire("06 0000000000004E2A 09 'SUBSCRIBE'") + filled(20'000));
    CHECK(end.got.topics.size() == 1);
    end.hear("06 0000000000004E2B");
    CHECK(end.got.closed == errc::command_too_large);
    CHECK(end.memory.peak < 100'000);

    lone_end other{{.type = socket_type::pub, .limit = {.max_topic_size = 4}}};
    other.shake("SUB");
    other.hear("04 0C 06 'CANCEL' '12345'");
    CHECK(other.got.closed == errc::command_too_large);
    CHECK(other.got.failed_at == greeting_size + ready_of("SUB").size() + 2);
}

TEST_CASE("a topic may be as long as there are octets, where the limit says so") {
    lone_end end{{.type = socket_type::pub, .limit = {.max_topic_size = SIZE_MAX}}};
    end.shake("SUB");
    end.hear(wire("06 0000000000011184 09 'SUBSCRIBE'") + filled(70'010));
    CHECK(end.got.topics.size() == 1);
    CHECK_FALSE(end.got.closed);
}

TEST_CASE("a subscription needs the handshake and room, as a message does") {
    lone_end end{{.type = socket_type::sub}};
    std::error_code ec;
    end.c.subscribe(as_octets("A"), ec);
    CHECK(ec == errc::not_ready);
    end.shake("PUB");
    int sent = 0;
    for (; end.c.can_send() && sent < 100'000; ++sent) {
        end.c.subscribe(as_octets("some topic"), ec);
        CHECK_FALSE(ec);
    }
    CHECK(sent < 100'000);
    end.c.subscribe(as_octets("A"), ec);
    CHECK(ec == errc::not_ready);
    CHECK(written(end.c).size() == static_cast<std::size_t>(sent) * (2 + 10 + 10));
}

TEST_CASE("X- properties are told to the peer, and the peer's can be read") {
    const std::string large(1'500, 'v');
    const property mine[] = {{"X-Zone", as_octets("eu-1")}, {"X-Large", as_octets(large)}};
    peer_pair pair{{.type = socket_type::dealer, .properties = mine},
                   {.type = socket_type::dealer}};
    pair.deliver();
    CHECK(pair.client.got.handshakes == 1);
    REQUIRE(pair.server.got.handshakes == 1);
    CHECK(as_text(pair.server.c.peer_property("X-Zone").value_or(octets{})) == "eu-1");
    CHECK(as_text(pair.server.c.peer_property("x-zONE").value_or(octets{})) == "eu-1");
    CHECK(as_text(pair.server.c.peer_property("X-Large").value_or(octets{})) == large);
    CHECK(as_text(pair.server.c.peer_property("socket-type").value_or(octets{})) == "DEALER");
    CHECK_FALSE(pair.server.c.peer_property("X-Other").has_value());
    CHECK_FALSE(pair.client.c.peer_property("X-Zone").has_value());
}

TEST_CASE("metadata whose values are over the limit closes the connection") {
    const std::string large(700, 'v');
    const property theirs[] = {{"X-A", as_octets(large)}, {"X-B", as_octets(large)}};
    for (const std::size_t limit : {1'406U, 1'405U}) {
        peer_pair pair{{.type = socket_type::dealer, .properties = theirs},
                       {.type = socket_type::dealer, .limit = {.max_metadata_size = limit}}};
        pair.deliver();
        if (limit == 1'406) { // with "DEALER"
            CHECK(pair.server.got.handshakes == 1);
        } else {
            CHECK(pair.server.got.closed == errc::metadata_too_large);
            CHECK(pair.server.got.failed_at ==
                  greeting_size + 9 + 6 + (1 + 11 + 4 + 6) + (1 + 8 + 4) + (1 + 3 + 4 + 700));
        }
    }
}

TEST_CASE("a configuration that no peer could take is refused from the start") {
    const auto closed_with = [](const config& cfg) {
        lone_end end{cfg};
        drain(end.c, end.got);
        CHECK(check(cfg) == end.got.closed);
        CHECK(end.says().empty());
        return end.got.closed;
    };
    const std::string id(256, 'i');
    CHECK(closed_with({.routing_id = as_octets(id)}) == errc::invalid_routing_id);
    CHECK(closed_with({.routing_id = as_octets(std::string_view{"\0x", 2})}) ==
          errc::invalid_routing_id);
    const std::string name = "X-" + std::string(254, 'n');
    for (const std::string_view bad :
         {std::string_view{""}, std::string_view{"X-"}, std::string_view{"Zone"},
          std::string_view{name}, std::string_view{"X-Zone 1"}, std::string_view{"X-Z\0", 4},
          std::string_view{"X-Z\xC3\xB6ne"}}) {
        const property wrong[] = {{bad, {}}};
        CHECK(closed_with({.properties = wrong}) == errc::malformed_metadata);
    }
    const property fine[] = {{"x-aZ09-_.+", {}}};
    CHECK_FALSE(check({.properties = fine}));
    const property endless[] = {{"X-Endless", octets{greeting_3_0.data(), std::size_t{1} << 31}}};
    CHECK(closed_with({.properties = endless, .limit = {.max_command_size = SIZE_MAX}}) ==
          errc::malformed_metadata); // 23/ZMTP has no size for it
    const bytes much = filled(16 * 1024);
    const property large[] = {{"X-Large", much}};
    CHECK(closed_with({.properties = large}) == errc::command_too_large);
    CHECK_FALSE(check({.routing_id = as_octets(id).first(255)}));
}
