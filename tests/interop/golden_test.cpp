// Whole sessions with real libzmq, octet by octet: what it sends is understood, and is what our
// connection would have sent in its place; what we send is accepted. The freedoms that the RFC
// leaves, and how each side uses them, stand in check_greeting.
#include "libzmq_peer.hpp"
#include "raw_peer.hpp"
#include "session.hpp"
#include "zap_server.hpp"

#include <doctest/doctest.h>
#include <zmq.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mizzen::testing {
namespace {

// Each type of libzmq's, and ours that talks to it.
constexpr std::array<std::array<socket_type, 2>, 11> couples{{
    {socket_type::pair, socket_type::pair},
    {socket_type::pub, socket_type::sub},
    {socket_type::sub, socket_type::pub},
    {socket_type::req, socket_type::rep},
    {socket_type::rep, socket_type::req},
    {socket_type::dealer, socket_type::router},
    {socket_type::router, socket_type::dealer},
    {socket_type::pull, socket_type::push},
    {socket_type::push, socket_type::pull},
    {socket_type::xpub, socket_type::xsub},
    {socket_type::xsub, socket_type::xpub},
}};

std::vector<parts> all_bodies() {
    std::vector<parts> made;
    for (const std::size_t size : {0U, 1U, 255U, 256U, 70'000U})
        made.push_back({std::string(size, 'x')});
    made.push_back({"one", "", std::string(255, 'y'), std::string(70'000, 'z'), "last"});
    return made;
}
parts behind(std::string_view first, const parts& rest) {
    parts made{std::string{first}};
    made.insert(made.end(), rest.begin(), rest.end());
    return made;
}

// A PUB sends nothing until it has seen our subscription, and does not say when that is.
void await_subscription(session& s) {
    s.ours.subscribe("");
    REQUIRE(s.ours.until([&] {
        s.theirs.send({"too early?"});
        return !s.ours.got.messages.empty();
    }));
}
parts first_other_than(session& s, const parts& passed_over) {
    for (;;)
        if (parts message = s.we_receive(); message != passed_over)
            return message;
}

void await_topics(session& s, const parts& expected) {
    REQUIRE(s.ours.until([&] { return s.ours.got.topics.size() >= expected.size(); }));
    CHECK(s.ours.got.topics == expected);
}

void prepare(session& s) {
    switch (s.what.theirs) {
    case socket_type::pub: return await_subscription(s);
    case socket_type::xpub:
        s.ours.subscribe("");
        CHECK(s.they_receive() == parts{"\1"});
        return;
    case socket_type::sub:
        s.await_attached();
        s.theirs.set(ZMQ_SUBSCRIBE, "");
        return await_topics(s, {"+"});
    case socket_type::xsub:
        s.await_attached();
        s.they_send({"\1"});
        CHECK(s.we_receive() == parts{"\1"});
        return;
    default: return;
    }
}

// One message in each direction that there is, ours first, where REQ does not have it otherwise.
void exchange(session& s, const parts& body) {
    const auto to_them = [&s](const parts& sent, const parts& expected) {
        s.ours.send(sent);
        CHECK((s.they_receive() == expected));
    };
    const auto to_us = [&s](const parts& sent, const parts& expected) {
        s.they_send(sent);
        CHECK((s.we_receive() == expected));
    };
    const parts delimited = behind("", body);
    switch (s.what.theirs) {
    case socket_type::pub:
        s.they_send(body);
        CHECK((first_other_than(s, {"too early?"}) == body));
        return;
    case socket_type::push: return to_us(body, body);
    case socket_type::sub:
    case socket_type::pull: return to_them(body, body);
    case socket_type::req: to_us(body, delimited); return to_them(delimited, body);
    case socket_type::rep: to_them(delimited, body); return to_us(body, delimited);
    case socket_type::router:
        to_them(body, behind("me", body));
        return to_us(behind("me", body), body);
    default: to_them(body, body); return to_us(body, body);
    }
}

// The RFC leaves the padding to the sender (libzmq: the length of the identity and one, for peers
// of ZMTP 1.0; we: zeros), has servers say as-server (we do; libzmq never does), and takes the
// greeting in any pieces. There is no other freedom in it, and none behind it.
void check_greeting(const plan& p, std::string theirs, std::string ours) {
    CHECK(theirs.substr(0, 9) == "\xFF" + number(p.identity.size() + 1, 8)); // D2
    CHECK(ours.substr(0, 9) == "\xFF" + std::string(8, '\0'));
    CHECK(theirs[32] == '\0'); // D1
    CHECK(ours[32] == (their_role(p) == role::server ? '\1' : '\0'));
    theirs.replace(1, 8, 8, '\0');
    ours[32] = '\0';
    CHECK(difference(theirs, ours) == "");
}

void check_session(zmq_context& context, const plan& p) {
    CAPTURE(name_of(p.theirs));
    CAPTURE(p.how);
    CAPTURE(p.they_bind);
    CAPTURE(p.identity);
    session s{context, p};
    REQUIRE(s.ours.until_handshake());
    CHECK(s.ours.link().peer_type() == p.theirs);
    CHECK(s.ours.link().peer_minor() == 1);
    CHECK(zmtp::as_text(s.ours.link().peer_routing_id()) ==
          (announces_identity(p.theirs) ? p.identity : ""));
    prepare(s);
    for (const parts& body : all_bodies())
        exchange(s, body);
    CHECK_FALSE(s.ours.got.closed);
    const std::string retold = s.retold();
    check_greeting(p, s.ours.heard.substr(0, 64), retold.substr(0, 64));
    CHECK(difference(s.ours.heard.substr(64), retold.substr(64)) == "");
}

TEST_CASE("golden: a session with libzmq's every type, by NULL, has the octets that ours has") {
    zmq_context context;
    for (const auto& [theirs, ours] : couples)
        for (const bool they_bind : {true, false})
            for (const auto& identity : {std::string{}, std::string{"ID"}, std::string(255, 'i')})
                check_session(
                    context,
                    {.theirs = theirs, .ours = ours, .they_bind = they_bind, .identity = identity});
}

TEST_CASE("golden: a session with libzmq's every type, by PLAIN in either role, has our octets") {
    zmq_context context;
    zap_server zap{context};
    for (const auto& [theirs, ours] : couples)
        for (const security how : {security::plain_client, security::plain_server})
            for (const bool they_bind : {true, false})
                check_session(context, {.theirs = theirs,
                                        .ours = ours,
                                        .how = how,
                                        .they_bind = they_bind,
                                        .identity = "ID"});
}

} // namespace
} // namespace mizzen::testing
