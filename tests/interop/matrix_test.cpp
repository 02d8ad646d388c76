// Every allowed pair of socket types with libzmq as the other side.
#include "../unit/loop.hpp"
#include "content.hpp"
#include "libzmq_peer.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/pair.hpp>
#include <mizzen/rep.hpp>
#include <mizzen/req.hpp>
#include <mizzen/router.hpp>

#include <doctest/doctest.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

std::size_t question_seed(std::size_t round) { return 2 * round; }
std::size_t answer_seed(std::size_t round) { return 2 * round + 1; }
shape answer_shape(shape asked) {
    std::reverse(asked.begin(), asked.end());
    return asked;
}

enum class asks : std::uint8_t { we, they };

// What a program has to put in front of its own parts.
parts envelope(int own_type, int peer_type, const char* peer_id) {
    parts front;
    if (own_type == ZMQ_ROUTER)
        front.emplace_back(peer_id);
    const bool own_raw = own_type == ZMQ_ROUTER || own_type == ZMQ_DEALER;
    const bool peer_strips = peer_type == ZMQ_REQ || peer_type == ZMQ_REP;
    if (own_raw && peer_strips)
        front.emplace_back();
    return front;
}
parts joined(parts front, const parts& behind) {
    front.insert(front.end(), behind.begin(), behind.end());
    return front;
}

// libzmq's half of a conversation, in a thread of its own.
class their_half {
public:
    their_half(zmq_peer& peer, parts front, asks who, const std::vector<shape>& rounds)
        : thread_{[this, &peer, front = std::move(front), who, &rounds] {
              try {
                  for (std::size_t i = 0; i < rounds.size() && problem_.empty(); ++i)
                      take_turns(peer, front, who, rounds[i], i);
              } catch (const std::exception& thrown) {
                  problem_ = thrown.what();
              }
              done_ = true;
          }} {}
    ~their_half() { thread_.join(); }
    their_half(const their_half&) = delete;
    their_half& operator=(const their_half&) = delete;
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] const std::string& problem() const { return problem_; } // once done

private:
    void take_turns(zmq_peer& peer, const parts& front, asks who, const shape& sizes,
                    std::size_t round) {
        const parts question = joined(front, content(sizes, question_seed(round)));
        const parts answer = joined(front, content(answer_shape(sizes), answer_seed(round)));
        if (who == asks::they) {
            const auto limit = std::chrono::steady_clock::now() + 10s;
            while (!peer.send(question)) { // a ROUTER has to wait for its peer
                if (std::chrono::steady_clock::now() > limit)
                    throw std::runtime_error{"libzmq could not send"};
                std::this_thread::yield();
            }
            expect(peer, answer, round);
        } else {
            expect(peer, question, round);
            if (!peer.send(answer))
                throw std::runtime_error{"libzmq could not answer"};
        }
    }
    void expect(zmq_peer& peer, const parts& expected, std::size_t round) {
        parts got;
        if (!peer.receive(got))
            throw std::runtime_error{"libzmq got nothing in round " + std::to_string(round)};
        if (const std::string wrong = difference(expected, got); !wrong.empty())
            throw std::runtime_error{"round " + std::to_string(round) + ", at libzmq: " + wrong};
    }

    std::string problem_;
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

template <class Socket> constexpr int type_of() {
    if constexpr (std::is_same_v<Socket, req>)
        return ZMQ_REQ;
    else if constexpr (std::is_same_v<Socket, rep>)
        return ZMQ_REP;
    else if constexpr (std::is_same_v<Socket, dealer>)
        return ZMQ_DEALER;
    else if constexpr (std::is_same_v<Socket, pair>)
        return ZMQ_PAIR;
    else
        return ZMQ_ROUTER;
}

template <class Socket>
void converse(int their_type, asks who, binds side, const std::vector<shape>& rounds) {
    CAPTURE(their_type);
    CAPTURE(static_cast<int>(who));
    CAPTURE(static_cast<int>(side));
    constexpr int our_type = type_of<Socket>();
    loop run;
    zmq_context context;
    zmq_peer theirs{context, their_type};
    Socket ours{run.io};
    if constexpr (our_type == ZMQ_ROUTER)
        ours.set(option::router_mandatory{true});
    if constexpr (our_type != ZMQ_REP)
        ours.set(option::routing_id{"ours"});
    if (their_type == ZMQ_ROUTER)
        theirs.set(ZMQ_ROUTER_MANDATORY, 1);
    if (their_type != ZMQ_REP)
        theirs.set(ZMQ_ROUTING_ID, "theirs");
    if (side == binds::we)
        theirs.connect(ours.bind("tcp://127.0.0.1:*"));
    else
        ours.connect(theirs.bind());

    const parts front = envelope(our_type, their_type, "theirs");
    their_half their{theirs, envelope(their_type, our_type, "ours"), who, rounds};
    std::string problem;
    const auto say = [&](const parts& said) {
        message m = as_message(joined(front, said));
        return run.until([&] { return ours.try_send(m) || their.done(); });
    };
    const auto hear = [&](const parts& expected) {
        message m;
        if (!run.until([&] { return ours.try_receive(m) || their.done(); }))
            return false;
        if (m.empty()) // they may have finished right after what they said
            static_cast<void>(run.until([&] { return ours.try_receive(m); }, 1s));
        problem = difference(joined(front, expected), as_parts(m));
        return problem.empty();
    };
    bool well = true;
    for (std::size_t i = 0; i < rounds.size() && well; ++i) {
        CAPTURE(i);
        const parts question = content(rounds[i], question_seed(i));
        const parts answer = content(answer_shape(rounds[i]), answer_seed(i));
        well = who == asks::we ? say(question) && hear(answer) : hear(question) && say(answer);
        CHECK(well);
        CHECK(problem == "");
    }
    REQUIRE(run.until([&] { return their.done(); }));
    CHECK(their.problem() == "");
}

template <class Socket> void converse_both_ways(int their_type, asks who) {
    converse<Socket>(their_type, who, binds::we, ordinary_shapes());
    converse<Socket>(their_type, who, binds::they, ordinary_shapes());
}

TEST_CASE("our REQ asks libzmq's REP") {
    converse_both_ways<req>(ZMQ_REP, asks::we);
    converse<req>(ZMQ_REP, asks::we, binds::they, huge_shapes());
}
TEST_CASE("our REP answers libzmq's REQ") {
    converse_both_ways<rep>(ZMQ_REQ, asks::they);
    converse<rep>(ZMQ_REQ, asks::they, binds::we, huge_shapes());
}
TEST_CASE("our REQ asks libzmq's ROUTER") { converse_both_ways<req>(ZMQ_ROUTER, asks::we); }
TEST_CASE("our ROUTER answers libzmq's REQ") { converse_both_ways<router>(ZMQ_REQ, asks::they); }
TEST_CASE("our DEALER asks libzmq's REP") { converse_both_ways<dealer>(ZMQ_REP, asks::we); }
TEST_CASE("our REP answers libzmq's DEALER") { converse_both_ways<rep>(ZMQ_DEALER, asks::they); }
TEST_CASE("our DEALER and libzmq's DEALER talk, whoever starts") {
    converse_both_ways<dealer>(ZMQ_DEALER, asks::we);
    converse_both_ways<dealer>(ZMQ_DEALER, asks::they);
    converse<dealer>(ZMQ_DEALER, asks::we, binds::we, huge_shapes());
}
TEST_CASE("our DEALER and libzmq's ROUTER talk, whoever starts") {
    converse_both_ways<dealer>(ZMQ_ROUTER, asks::we);
    converse_both_ways<dealer>(ZMQ_ROUTER, asks::they);
}
TEST_CASE("our ROUTER and libzmq's DEALER talk, whoever starts") {
    converse_both_ways<router>(ZMQ_DEALER, asks::we);
    converse_both_ways<router>(ZMQ_DEALER, asks::they);
    converse<router>(ZMQ_DEALER, asks::we, binds::they, huge_shapes());
}
TEST_CASE("our ROUTER and libzmq's ROUTER talk, whoever starts") {
    converse_both_ways<router>(ZMQ_ROUTER, asks::we);
    converse_both_ways<router>(ZMQ_ROUTER, asks::they);
}

TEST_CASE("our PAIR and libzmq's PAIR talk, whoever starts") {
    converse_both_ways<pair>(ZMQ_PAIR, asks::we);
    converse_both_ways<pair>(ZMQ_PAIR, asks::they);
    converse<pair>(ZMQ_PAIR, asks::they, binds::we, huge_shapes());
}

TEST_CASE("a stream of messages crosses one the other way, whole and in order") {
    loop run;
    zmq_context context;
    zmq_peer theirs{context, ZMQ_DEALER};
    dealer ours{run.io};
    const std::string endpoint = ours.bind("tcp://127.0.0.1:*");
    std::vector<shape> shapes = ordinary_shapes();
    constexpr std::size_t count = 2000;
    std::string problem;
    std::atomic<bool> done = false;
    std::thread their{[&] {
        try {
            theirs.connect(endpoint);
            for (std::size_t sent = 0, received = 0; received < count && problem.empty();) {
                // Never waits to send, since both sides would.
                if (sent < count &&
                    theirs.send(content(shapes[sent % shapes.size()], answer_seed(sent)),
                                ZMQ_DONTWAIT))
                    ++sent;
                parts got;
                if (theirs.receive(got, sent < count ? ZMQ_DONTWAIT : 0)) {
                    problem = difference(
                        content(shapes[received % shapes.size()], question_seed(received)), got);
                    ++received;
                } else if (sent == count) {
                    problem = "libzmq waited in vain";
                }
            }
        } catch (const std::exception& thrown) {
            problem = thrown.what();
        }
        done = true;
    }};
    std::size_t sent = 0;
    std::size_t received = 0;
    message next;
    std::string ours_problem;
    const bool all = run.until(
        [&] {
            if (next.empty() && sent < count)
                next = as_message(content(shapes[sent % shapes.size()], question_seed(sent)));
            if (sent < count && ours.try_send(next))
                ++sent;
            message got;
            if (ours.try_receive(got)) {
                ours_problem =
                    difference(content(shapes[received % shapes.size()], answer_seed(received)),
                               as_parts(got));
                ++received;
            }
            return done && (received == count || !problem.empty() || !ours_problem.empty());
        },
        60s);
    their.join();
    CHECK(all);
    CHECK(received == count);
    CHECK(problem == "");
    CHECK(ours_problem == "");
}

} // namespace
} // namespace mizzen::testing
