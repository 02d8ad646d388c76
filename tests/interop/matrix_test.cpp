// Every allowed pair of socket types with libzmq as the other side, over every transport.
#include "../unit/loop.hpp"
#include "content.hpp"
#include "libzmq_peer.hpp"
#include "our_end.hpp"
#include "protection.hpp"
#include "zap_server.hpp"

#include <doctest/doctest.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::testing {
namespace {

std::size_t question_seed(std::size_t round) { return 2 * round; }
std::size_t answer_seed(std::size_t round) { return 2 * round + 1; }

// What is said: the octets are made once, as there are many who say it.
struct script {
    explicit script(const std::vector<shape>& shapes) {
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            questions.push_back(content(shapes[i], question_seed(i)));
            answers.push_back(content({shapes[i].rbegin(), shapes[i].rend()}, answer_seed(i)));
        }
    }
    std::vector<parts> questions;
    std::vector<parts> answers;
};
const script& every_size() {
    static const script made{all_sizes_and_counts()};
    return made;
}
const script& ordinary() {
    static const script made{ordinary_shapes()};
    return made;
}
const script& huge() {
    static const script made{huge_shapes()};
    return made;
}

// Who speaks first, and whether the other one answers.
enum class talk : std::uint8_t { we_ask, they_ask, we_tell, they_tell };
bool we_start(talk how) { return how == talk::we_ask || how == talk::we_tell; }
bool answered(talk how) { return how == talk::we_ask || how == talk::they_ask; }

const parts probe{"until a subscription has arrived"};

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
bool publishes(int type) { return type == ZMQ_PUB || type == ZMQ_XPUB; }

// libzmq's half of a conversation, in a thread of its own.
class their_half {
public:
    their_half(zmq_peer& peer, int type, parts front, talk how, const script& said)
        : peer_{peer}, type_{type}, front_{std::move(front)}, how_{how}, thread_{[this, &said] {
              try {
                  while (!we_start(how_) && publishes(type_) && !heard_by_us)
                      probe_once();
                  for (std::size_t i = 0; i < said.questions.size(); ++i)
                      take_turns(said.questions[i], said.answers[i], i);
              } catch (const std::exception& thrown) {
                  problem_ = thrown.what();
              }
              done_ = true;
          }} {}
    ~their_half() {
        heard_by_us = true; // or it would go on for a side that has given up
        thread_.join();
    }
    their_half(const their_half&) = delete;
    their_half& operator=(const their_half&) = delete;
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] const std::string& problem() const { return problem_; } // once done

    std::atomic<bool> heard_by_us = false;
    std::atomic<bool> heard_by_them = false;

private:
    // A publisher of libzmq looks at what has been asked of it in its calls, and there no more than
    // once in a while: messages right behind a subscription may go nowhere.
    void probe_once() {
        peer_.send(probe);
        std::this_thread::yield();
    }
    void take_turns(const parts& question, const parts& answer, std::size_t round) {
        if (we_start(how_))
            expect(question, round);
        else
            send(question);
        if (!answered(how_))
            return;
        if (we_start(how_))
            send(answer);
        else
            expect(answer, round);
    }
    void send(const parts& said) {
        const parts whole = joined(front_, said);
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!peer_.send(whole)) { // a ROUTER has to wait for its peer
            if (std::chrono::steady_clock::now() > limit)
                throw std::runtime_error{"libzmq could not send"};
            std::this_thread::yield();
        }
    }
    void expect(const parts& said, std::size_t round) {
        const parts expected = joined(front_, said);
        parts got;
        do {
            if (!peer_.receive(got))
                throw std::runtime_error{"libzmq got nothing in round " + std::to_string(round)};
            heard_by_them = true;
        } while (got == probe);
        if (const std::string wrong = difference(expected, got); !wrong.empty())
            throw std::runtime_error{"round " + std::to_string(round) + ", at libzmq: " + wrong};
    }

    zmq_peer& peer_;
    int type_;
    parts front_;
    talk how_;
    std::string problem_;
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

template <class Socket> void prepare(our_end<Socket>& ours, zmq_peer& theirs, int their_type) {
    constexpr int our_type = our_end<Socket>::type;
    if constexpr (our_type == ZMQ_ROUTER)
        ours.socket.set(option::router_mandatory{true});
    if constexpr (our_type != ZMQ_REP)
        ours.socket.set(option::routing_id{"ours"});
    if (their_type == ZMQ_ROUTER)
        theirs.set(ZMQ_ROUTER_MANDATORY, 1);
    if (their_type != ZMQ_REP)
        theirs.set(ZMQ_ROUTING_ID, "theirs");
    // A full queue of probes must not swallow what follows.
    if constexpr (our_type == ZMQ_PUB || our_type == ZMQ_XPUB)
        ours.socket.set(option::publish_no_drop{true});
    if (publishes(their_type))
        theirs.set(ZMQ_XPUB_NODROP, 1);
    ours.subscribe_to_all();
    if (their_type == ZMQ_SUB)
        theirs.set(ZMQ_SUBSCRIBE, "");
}

template <class Socket>
void converse(int their_type, talk how, const std::string& where, binds side, const script& said,
              protection safe) {
    constexpr int our_type = our_end<Socket>::type;
    loop run;
    zmq_context context;
    std::optional<zap_server> judge; // up before the servers
    if (safe == protection::plain_they_serve)
        judge.emplace(context);
    zmq_peer theirs{context, their_type};
    our_end<Socket> ours{run};
    prepare(ours, theirs, their_type);
    protect(ours.socket, theirs, safe);
    if (side == binds::we)
        theirs.connect(ours.socket.bind(where));
    else
        ours.socket.connect(theirs.bind(where));
    if (their_type == ZMQ_XSUB)
        REQUIRE(theirs.send({"\1"}));

    const parts front = envelope(our_type, their_type, "theirs");
    their_half their{theirs, their_type, envelope(their_type, our_type, "ours"), how, said};
    const auto finished = [&] { return their.done(); };
    if (publishes(our_type))
        REQUIRE(ours.send_until(probe, [&] { return their.heard_by_them || finished(); }));
    std::string problem;
    const auto hear = [&](const parts& expected) {
        parts got;
        do {
            if (!ours.receive(got, finished))
                return false;
            their.heard_by_us = true;
        } while (got == probe);
        problem = difference(joined(front, expected), got);
        return problem.empty();
    };
    const auto say = [&](const parts& sent) { return ours.send(joined(front, sent), finished); };
    bool well = true;
    for (std::size_t i = 0; i < said.questions.size() && well; ++i) {
        CAPTURE(i);
        well = we_start(how) ? say(said.questions[i]) : hear(said.questions[i]);
        if (well && answered(how))
            well = we_start(how) ? hear(said.answers[i]) : say(said.answers[i]);
        CHECK(problem == "");
        CHECK(well);
    }
    REQUIRE(run.until(finished));
    CHECK(their.problem() == "");
}

struct pairing {
    const char* types; // ours first
    void (*converse)(int, talk, const std::string&, binds, const script&, protection);
    int theirs;
    talk how;
};
constexpr pairing every_pair[] = {
    {"REQ, REP", converse<req>, ZMQ_REP, talk::we_ask},
    {"REQ, ROUTER", converse<req>, ZMQ_ROUTER, talk::we_ask},
    {"REP, REQ", converse<rep>, ZMQ_REQ, talk::they_ask},
    {"REP, DEALER", converse<rep>, ZMQ_DEALER, talk::they_ask},
    {"DEALER, REP", converse<dealer>, ZMQ_REP, talk::we_ask},
    {"DEALER, DEALER", converse<dealer>, ZMQ_DEALER, talk::we_ask},
    {"DEALER, DEALER", converse<dealer>, ZMQ_DEALER, talk::they_ask},
    {"DEALER, ROUTER", converse<dealer>, ZMQ_ROUTER, talk::we_ask},
    {"DEALER, ROUTER", converse<dealer>, ZMQ_ROUTER, talk::they_ask},
    {"ROUTER, REQ", converse<router>, ZMQ_REQ, talk::they_ask},
    {"ROUTER, DEALER", converse<router>, ZMQ_DEALER, talk::we_ask},
    {"ROUTER, DEALER", converse<router>, ZMQ_DEALER, talk::they_ask},
    {"ROUTER, ROUTER", converse<router>, ZMQ_ROUTER, talk::we_ask},
    {"ROUTER, ROUTER", converse<router>, ZMQ_ROUTER, talk::they_ask},
    {"PAIR, PAIR", converse<pair>, ZMQ_PAIR, talk::we_ask},
    {"PAIR, PAIR", converse<pair>, ZMQ_PAIR, talk::they_ask},
    {"PUSH, PULL", converse<push>, ZMQ_PULL, talk::we_tell},
    {"PULL, PUSH", converse<pull>, ZMQ_PUSH, talk::they_tell},
    {"PUB, SUB", converse<pub>, ZMQ_SUB, talk::we_tell},
    {"PUB, XSUB", converse<pub>, ZMQ_XSUB, talk::we_tell},
    {"XPUB, SUB", converse<xpub>, ZMQ_SUB, talk::we_tell},
    {"XPUB, XSUB", converse<xpub>, ZMQ_XSUB, talk::we_tell},
    {"SUB, PUB", converse<sub>, ZMQ_PUB, talk::they_tell},
    {"SUB, XPUB", converse<sub>, ZMQ_XPUB, talk::they_tell},
    {"XSUB, PUB", converse<xsub>, ZMQ_PUB, talk::they_tell},
    {"XSUB, XPUB", converse<xsub>, ZMQ_XPUB, talk::they_tell},
};
constexpr pairing blocking_pairs[] = {
    {"blocking REQ, REP", converse<blocking::req>, ZMQ_REP, talk::we_ask},
    {"blocking REP, REQ", converse<blocking::rep>, ZMQ_REQ, talk::they_ask},
    {"blocking DEALER, ROUTER", converse<blocking::dealer>, ZMQ_ROUTER, talk::they_ask},
    {"blocking ROUTER, DEALER", converse<blocking::router>, ZMQ_DEALER, talk::we_ask},
    {"blocking PUSH, PULL", converse<blocking::push>, ZMQ_PULL, talk::we_tell},
    {"blocking SUB, XPUB", converse<blocking::sub>, ZMQ_XPUB, talk::they_tell},
    {"blocking PUB, SUB", converse<blocking::pub>, ZMQ_SUB, talk::we_tell},
};

// A name that no other run of this test has.
std::string abstract_name() {
    static int number = 0;
    return "ipc://@mizzen-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

template <std::size_t Count>
void converse_over(const std::string& where, const pairing (&pairs)[Count], const script& said,
                   protection safe = protection::none) {
    for (const pairing& each : pairs) {
        for (const binds side : {binds::we, binds::they}) {
            CAPTURE(each.types);
            CAPTURE(static_cast<int>(each.how));
            CAPTURE(static_cast<int>(side));
            each.converse(each.theirs, each.how, where.empty() ? abstract_name() : where, side,
                          said, safe);
        }
    }
}

TEST_CASE("every pair of types that may talk does so over TCP") {
    converse_over("tcp://127.0.0.1:*", every_pair, every_size());
}
TEST_CASE("every pair of types that may talk does so over ipc by a file") {
    converse_over("ipc://*", every_pair, every_size());
}
TEST_CASE("every pair of types that may talk does so over ipc by an abstract name") {
    converse_over("", every_pair, every_size());
}
TEST_CASE("every pair of types that may talk does so by CURVE, whichever side is its server") {
    if (!curve_is_built())
        return;
    converse_over("tcp://127.0.0.1:*", every_pair, every_size(), protection::curve_we_serve);
    converse_over("tcp://127.0.0.1:*", every_pair, ordinary(), protection::curve_they_serve);
    converse_over("ipc://*", blocking_pairs, ordinary(), protection::curve_they_serve);
}
TEST_CASE("every pair of types that may talk does so by PLAIN, whichever side is its server") {
    converse_over("tcp://127.0.0.1:*", every_pair, ordinary(), protection::plain_we_serve);
    converse_over("tcp://127.0.0.1:*", every_pair, ordinary(), protection::plain_they_serve);
}
TEST_CASE("blocking sockets talk over TCP and ipc") {
    converse_over("tcp://127.0.0.1:*", blocking_pairs, every_size());
    converse_over("ipc://*", blocking_pairs, every_size());
}
TEST_CASE("messages of ten million octets go both ways") {
    constexpr pairing one[] = {{"DEALER, DEALER", converse<dealer>, ZMQ_DEALER, talk::we_ask}};
    converse_over("tcp://127.0.0.1:*", one, huge());
    converse_over("ipc://*", one, huge());
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
            for (std::size_t sent = 0, received = 0;
                 (sent < count || received < count) && problem.empty();) {
                // Never waits to send, since both sides would.
                if (sent < count &&
                    theirs.send(content(shapes[sent % shapes.size()], answer_seed(sent)),
                                ZMQ_DONTWAIT))
                    ++sent;
                parts got;
                if (received == count) {
                    std::this_thread::yield();
                } else if (theirs.receive(got, sent < count ? ZMQ_DONTWAIT : 0)) {
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
            for (bool moved = true; moved;) { // all that can be done, since waiting takes a while
                moved = false;
                if (next.empty() && sent < count)
                    next = as_message(content(shapes[sent % shapes.size()], question_seed(sent)));
                if (sent < count && ours.try_send(next))
                    ++sent, moved = true;
                message got;
                if (ours.try_receive(got)) {
                    ours_problem =
                        difference(content(shapes[received % shapes.size()], answer_seed(received)),
                                   as_parts(got));
                    ++received, moved = true;
                }
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
