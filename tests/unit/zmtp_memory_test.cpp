// What a connection allocates, keeps and gives back, and what becomes of it when it gets nothing.
#include "wire_helpers.hpp"
#include <mizzen/zmtp/error.hpp>

#include <thread>

using namespace mizzen::zmtp;
using namespace mizzen::zmtp::testing;

TEST_CASE("without spare memory, an idle connection holds none for reading or writing") {
    peer_pair pair{{.type = socket_type::dealer, .spare_memory = 0},
                   {.type = socket_type::router, .spare_memory = 0}};
    pair.deliver();
    const std::size_t after_handshake = pair.client.memory.in_use;
    CHECK(after_handshake < 256); // the peer's metadata
    for (const std::size_t size : {std::size_t{10}, std::size_t{1000}, std::size_t{100'000}}) {
        CHECK_FALSE(pair.client.send({"id", as_string(filled(size))}));
        CHECK_FALSE(pair.server.send({"id", as_string(filled(size))}));
        pair.deliver();
        CHECK(pair.client.memory.in_use == after_handshake);
        CHECK(pair.server.memory.in_use < 256);
    }
    CHECK(pair.client.got.messages.size() == 3);
}

TEST_CASE("small messages allocate nothing but the read block and the batch, be they new") {
    peer_pair pair{{.type = socket_type::dealer, .spare_memory = 0},
                   {.type = socket_type::router, .spare_memory = 0}};
    pair.deliver();
    const std::size_t sender = pair.client.memory.asked;
    const std::size_t receiver = pair.server.memory.asked;
    for (int i = 0; i < 1000; ++i)
        CHECK_FALSE(pair.client.send({"route", "", "a body of 21 octets.."}));
    pair.deliver();
    CHECK(pair.server.got.messages.size() == 1000);
    CHECK(pair.client.memory.asked == sender + 1);
    CHECK(pair.server.memory.asked == receiver + 1);
}

TEST_CASE("warmed up, messages of up to 4 KiB come and go without an allocation") {
    peer_pair pair{{.type = socket_type::dealer}, {.type = socket_type::router}};
    pair.deliver();
    const auto exchange = [&](std::size_t size) {
        const bytes body = filled(size);
        std::error_code ec;
        for (lone_end* from : {&pair.client, &pair.server}) {
            lone_end& to = from == &pair.client ? pair.server : pair.client;
            for (int i = 0; i < 4; ++i) {
                message m;
                CHECK(m.try_push_back(as_octets("route"), from->c.memory()));
                CHECK(m.try_push_back({}, from->c.memory()));
                CHECK(m.try_push_back(body, from->c.memory()));
                from->c.send(std::move(m), ec);
                CHECK_FALSE(ec);
            }
            to.hear(octets{written(from->c)});
        }
    };
    const auto sizes = {0U, 16U, 70U, 71U, 100U, 255U, 256U, 1000U, 2048U, 2049U, 3000U, 4096U};
    for (const std::size_t size : sizes)
        exchange(size);
    const std::size_t sender = pair.client.memory.asked;
    const std::size_t receiver = pair.server.memory.asked;
    for (int round = 0; round < 5; ++round)
        for (const std::size_t size : sizes)
            exchange(size);
    CHECK(pair.client.memory.asked == sender);
    CHECK(pair.server.memory.asked == receiver);
    CHECK(pair.server.got.messages.size() == 4U * 6U * sizes.size());
}

TEST_CASE("what is kept gives way to what is wanted") {
    counting_allocator memory;
    const config cfg{
        .memory = &memory, .read_block = 32 * 1024, .write_batch = 4096, .spare_memory = 64 * 1024};
    connection c{role::client, cfg, {}};
    const auto use = [&](std::size_t size) {
        std::vector<void*> pieces;
        pieces.reserve(20);
        for (int i = 0; i < 20; ++i)
            pieces.push_back(c.memory().allocate(size));
        for (void* piece : pieces)
            c.memory().deallocate(piece, size);
    };
    for (const std::size_t size : {3'000U, 1'000U, 2'000U}) {
        for (int i = 0; i < 5; ++i)
            use(size);
        const std::size_t asked = memory.asked;
        use(size);
        CHECK(memory.asked == asked);
        CHECK(memory.in_use < 64 * 1024 + 8'000);
    }
}

TEST_CASE("what a connection keeps is bounded, and given back when that is asked") {
    peer_pair pair{{.type = socket_type::dealer, .spare_memory = 20'000}, {}};
    pair.deliver();
    for (int i = 0; i < 10; ++i) {
        for (const std::size_t size : {100U, 5'000U, 9'000U, 15'000U, 100'000U}) {
            CHECK_FALSE(pair.server.send({as_string(filled(size))}));
            pair.deliver();
        }
    }
    CHECK(pair.client.got.messages.size() == 50);
    CHECK(pair.client.memory.in_use < 20'000 + 1'000);
    CHECK(pair.client.memory.in_use > 1'000);
    pair.client.c.trim();
    CHECK(pair.client.memory.in_use < 1'000); // the peer's metadata, the pool itself
    pair.client.hear("00 02 'hi'");
    CHECK(pair.client.got.messages.back() == parts{"hi"});
}

TEST_CASE("messages outlive the connection whose memory they hold, also in another thread") {
    counting_allocator memory; // not for two threads at once; it is not, here
    std::vector<message> kept;
    {
        const config cfg{.type = socket_type::pull, .memory = &memory};
        connection c{role::server, cfg, {}};
        const bytes stream = greeting_3_1() + ready_of("PUSH") + wire("02 0000000000000400") +
                             filled(1024) + wire("02 0000000000010000") + filled(65'536);
        for (octets rest{stream}; !rest.empty();) {
            const std::span<std::byte> room = c.prepare()[0];
            const std::size_t take = std::min(room.size(), rest.size());
            std::copy_n(rest.begin(), take, room.begin());
            rest = rest.subspan(take);
            c.commit(take, {});
            std::error_code ec;
            message m;
            for (event e = c.next_event(m, ec); e != event::need_input; e = c.next_event(m, ec))
                if (e == event::message)
                    kept.push_back(std::move(m));
        }
    }
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].front().size() == 1024);
    CHECK(hex(kept[1].front()) == hex(octets{filled(65'536)}));
    CHECK(memory.in_use > 65'536);
    std::thread{[&] { kept.clear(); }}.join();
    CHECK(memory.in_use == 0);
}

TEST_CASE("memory refused at any request closes the connection or changes nothing, and no leak") {
    std::vector<parts> sent;
    for (const std::size_t size :
         {std::size_t{5}, std::size_t{200}, std::size_t{5000}, std::size_t{200'000}})
        sent.push_back({"id", "", as_string(filled(size)), as_string(filled(size / 2))});
    for (const bool at_client : {true, false}) {
        bool refused = true;
        for (std::size_t nth = 1; refused; ++nth) {
            CAPTURE(nth);
            REQUIRE(nth < 500);
            const heartbeat beat{.interval = 100ms, .ttl = 1s};
            config client{.type = socket_type::dealer, .beat = beat};
            config server{.type = socket_type::router, .write_batch = 4096};
            counting_allocator memory;
            (at_client ? client : server).memory = &memory;
            memory.refuse_at = nth;
            seen got;
            seen back;
            connection a{role::client, client, {}};
            connection b{role::server, server, {}};
            time_point now{};
            const auto carry = [&] {
                for (int i = 0; i < 20; ++i) {
                    feed(b, written(a, 3000), now, got);
                    feed(a, written(b, 3000), now, back);
                }
            };
            carry();
            for (const parts& m : sent) {
                std::error_code ec;
                if (a.can_send())
                    a.send(message_of(m), ec);
                if (b.can_send())
                    b.send(message_of(m), ec);
                carry();
                now += 100ms;
                a.handle_timeout(now);
                b.handle_timeout(now);
                carry();
            }
            refused = memory.asked >= nth;
            connection& poor = at_client ? a : b;
            connection& rich = at_client ? b : a;
            if (!rich.is_open()) { // it missed the answers to its PINGs, and nothing else
                CHECK_FALSE(poor.is_open());
                CHECK((at_client ? got : back).closed == errc::heartbeat_timeout);
            }
            if (poor.is_open()) {
                CHECK((got.messages == sent));
                CHECK((back.messages == sent));
            } else {
                CHECK(refused);
                CHECK((at_client ? back : got).closed == errc::not_enough_memory);
            }
        }
    }
}

TEST_CASE("a PONG that gets no memory closes the connection instead of getting lost") {
    lone_end end{{.type = socket_type::pull, .spare_memory = 0}};
    end.shake();
    const bytes ping = wire("04 07 04 'PING' 0000");
    std::copy(ping.begin(), ping.end(), end.c.prepare()[0].begin());
    end.c.commit(ping.size(), end.now);
    end.memory.refuse_all = true;
    drain(end.c, end.got);
    CHECK(end.got.closed == errc::not_enough_memory);
}
