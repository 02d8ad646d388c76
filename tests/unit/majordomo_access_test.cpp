// Who may offer which service, and who may call it.
#include "majordomo_broker_helpers.hpp"
#include <mizzen/patterns/majordomo/access_rules.hpp>

#include <memory>
#include <string>

namespace mizzen::majordomo::test {
namespace {

access_rules rules_of(std::string_view text) {
    access_rules::trouble wrong;
    access_rules out = access_rules::parse(text, wrong);
    CHECK_MESSAGE(wrong.line == 0, wrong.what);
    return out;
}

std::size_t wrong_line(std::string_view text) {
    access_rules::trouble wrong;
    const access_rules rules = access_rules::parse(text, wrong);
    CHECK(wrong.what.empty() == (wrong.line == 0));
    CHECK((wrong.line == 0 || (rules.size() == 0 && !rules.of("a").may_call("b"))));
    return wrong.line;
}

broker_options with(std::string_view text) {
    broker_options out;
    out.rules = std::make_shared<const access_rules>(rules_of(text));
    return out;
}

constexpr const char* echo_rules = "offer worker echo\n"
                                   "call alice echo\n";

/// The status in the one reply to `to`, an aware client.
int status_of(broker& b, peer_id to) {
    const messages got = b.take(to);
    REQUIRE(got.size() == 1);
    REQUIRE(got[0][0].size() == 23);
    return got[0][0].back();
}

const std::string tag = std::string{"M1"} + std::string(16, 'i') + std::string(4, '\0');

frames tagged(const std::string& service, const frames& body) {
    return frames{tag} + client_frames(service, body);
}

/// Who was refused, as text.
std::string refusals(broker& b) {
    std::string out;
    for (broker_core::refusal each; b.core.next_refusal(each);)
        out += (each.worker ? "offer " : "call ") + each.user + " " + each.service + ";";
    return out;
}

TEST_CASE("access rules: what no rule allows nobody may do") {
    const access_rules none;
    CHECK_FALSE(none.of("alice").may_call("echo"));
    CHECK_FALSE(none.of("").may_offer("echo"));
    const access_rules some = rules_of(echo_rules);
    CHECK(some.size() == 2);
    CHECK(some.of("alice").may_call("echo"));
    CHECK_FALSE(some.of("alice").may_offer("echo"));
    CHECK(some.of("worker").may_offer("echo"));
    CHECK_FALSE(some.of("worker").may_call("echo"));
    CHECK_FALSE(some.of("bob").may_call("echo"));
    CHECK_FALSE(some.of("").may_call("echo"));
    CHECK_FALSE(some.of("alice").may_call("echo2"));
    CHECK_FALSE(some.of("alic").may_call("echo"));
}

TEST_CASE("access rules: a star is everybody, or every end of a name") {
    const access_rules rules = rules_of("call * public.*\ncall alice *\noffer a*b echo");
    CHECK(rules.of("").may_call("public.time"));
    CHECK(rules.of("bob").may_call("public."));
    CHECK_FALSE(rules.of("bob").may_call("publi"));
    CHECK_FALSE(rules.of("bob").may_call("private"));
    CHECK(rules.of("alice").may_call("private"));
    CHECK(rules.of("alice").may_call("public.time"));
    CHECK(rules.of("a*b").may_offer("echo")); // keys in Z85 have stars in them
    CHECK_FALSE(rules.of("axb").may_offer("echo"));
    CHECK_FALSE(rules.of("*").may_call("private"));
}

TEST_CASE("access rules: a text with one wrong line allows nothing, and the line is told") {
    CHECK(wrong_line("") == 0);
    CHECK(wrong_line("\n# a remark\n \t\n  # another\r\n") == 0);
    CHECK(wrong_line("call a b\r\n\toffer\ta  b \r\n") == 0);
    CHECK(wrong_line("call a b\nallow a b") == 2);
    CHECK(wrong_line("call a b\n\ncall a\n") == 3);
    CHECK(wrong_line("call") == 1);
    CHECK(wrong_line("call a b c") == 1);
    CHECK(wrong_line("Call a b") == 1);
    CHECK(wrong_line("call a b\x01") == 1);
    CHECK(wrong_line("call a " + std::string(255, 'n')) == 0);
    CHECK(wrong_line("call a " + std::string(256, 'n')) == 1);
    CHECK(wrong_line("call " + std::string(255, 'u') + " b") == 0);
    CHECK(wrong_line("call " + std::string(256, 'u') + " b") == 1);
    CHECK(wrong_line(std::string_view{"call a b\0", 9}) == 1);
}

TEST_CASE("majordomo access: a worker that may not offer its service is sent away") {
    broker b{with(echo_rules)};
    b.core.peer_up(1, "alice");
    b.in(1, ready_frames("echo"));
    CHECK(b.take(1) == messages{disconnect_frames});
    b.core.peer_up(2, "worker");
    b.in(2, ready_frames("other"));
    CHECK(b.take(2) == messages{disconnect_frames});
    CHECK(b.stats().unauthorised_workers == 2);
    CHECK(b.stats().workers == 0);
    CHECK(b.stats().services == 0);
    CHECK(refusals(b) == "offer alice echo;offer worker other;");
    b.core.peer_up(3, "worker");
    b.in(3, ready_frames("echo"));
    CHECK(b.take(3) == nothing);
    CHECK(b.stats().workers == 1);
}

TEST_CASE("majordomo access: a client that may not call a service is told so, if it can be") {
    broker b{with(echo_rules)};
    b.core.peer_up(1, "worker");
    b.in(1, ready_frames("echo"));
    b.core.peer_up(2, "bob");
    b.in(2, tagged("echo", {"x"}));
    CHECK(status_of(b, 2) == 6);
    b.in(2, client_frames("echo", {"x"})); // a plain one is not
    CHECK(b.take(2) == nothing);
    CHECK(b.take(1) == nothing);
    CHECK(b.stats().unauthorised_requests == 2);
    CHECK(b.stats().dispatched == 0);
    CHECK(refusals(b) == "call bob echo;"); // once, however often
    b.core.peer_up(3, "alice");
    b.in(3, client_frames("echo", {"1"}));
    b.handle(1, {"1"});
}

TEST_CASE("majordomo access: refused requests for unknown services leave nothing behind") {
    broker b{with(echo_rules)};
    b.core.peer_up(2, "bob");
    for (int i = 0; i < 100; ++i)
        b.in(2, client_frames("s" + std::to_string(i), {"x"}));
    CHECK(b.stats().services == 0);
    CHECK(b.stats().octets == 0);
    CHECK(b.stats().unauthorised_requests == 100);
}

TEST_CASE("majordomo access: what was found out for one service is not for another") {
    broker_options options = with("offer * *\ncall alice echo\ncall alice time");
    options.service_expiry = 1s;
    broker b{options};
    b.worker(1, "secret");
    b.worker(2, "echo");
    b.core.peer_up(3, "alice");
    for (int i = 0; i < 2; ++i) {
        b.in(3, client_frames("echo", {"x"}));
        b.in(3, client_frames("echo", {"x"}));
        b.in(3, tagged("secret", {"x"}));
        CHECK(status_of(b, 3) == 6);
    }
    CHECK(b.take(1) == nothing);
    b.down(2); // and the service vanishes, and another takes its place
    b.advance(60s);
    b.worker(4, "hidden");
    b.in(3, tagged("hidden", {"x"}));
    CHECK(status_of(b, 3) == 6);
}

TEST_CASE("majordomo access: a connection that nobody knows may do what everybody may") {
    broker b{with("offer * open\ncall * open")};
    b.worker(1, "open");
    b.client(2, {"x"}, "open");
    b.handle(1, {"x"});
    b.in(2, client_frames("other", {"x"}));
    CHECK(b.stats().unauthorised_requests == 1);
}

TEST_CASE("majordomo access: of the broker's own services all may ask for mmi.broker alone") {
    broker b{with("call admin mmi.*")};
    b.client(1, {""}, "mmi.broker");
    CHECK(b.take(1).size() == 1);
    b.client(2, {"echo"}, "mmi.service");
    CHECK(b.take(2) == nothing);
    b.core.peer_up(3, "admin");
    b.in(3, client_frames("mmi.service", {"echo"}));
    CHECK(b.take(3) == messages{client_frames("mmi.service", {"404"})});
}

TEST_CASE("majordomo access: a service inside learns who calls, and the rules hold for it too") {
    broker b{with("call alice inner.*\ncall alice echo")};
    b.core.add_internal("inner.");
    b.core.peer_up(1, "alice");
    b.in(1, client_frames("inner.x", {"x"}));
    broker_core::call asked;
    REQUIRE(b.core.next_call(asked));
    CHECK(asked.user == "alice");
    CHECK(b.core.may_call(asked.user, "echo"));
    CHECK_FALSE(b.core.may_call(asked.user, "other"));
    b.core.peer_up(2, "bob");
    b.in(2, client_frames("inner.x", {"x"}));
    CHECK_FALSE(b.core.next_call(asked));
}

TEST_CASE("majordomo access: new rules send away workers that lost their right, and no others") {
    broker b{with("offer * echo\ncall * echo")};
    for (const peer_id id : {1U, 2U, 3U}) {
        b.core.peer_up(id, id == 3 ? "good" : "bad");
        b.in(id, ready_frames("echo"));
    }
    b.client(4, {"a"});
    b.client(5, {"b"});
    b.handle(1, {"a"});
    b.handle(2, {"b"});
    b.core.replace_rules(
        std::make_shared<const access_rules>(rules_of("offer good echo\ncall x echo")), b.now);
    b.collect();
    // The one's request goes to nobody else who has to go.
    CHECK(b.take(1) == messages{disconnect_frames});
    CHECK(b.take(2) == messages{disconnect_frames});
    CHECK(b.bodies(3).size() == 1);
    CHECK(b.stats().workers == 1);
    CHECK(b.stats().queued == 1);
    b.in(4, tagged("echo", {"c"}));
    CHECK(status_of(b, 4) == 6);
    b.core.replace_rules(nullptr, b.now);
    b.in(4, tagged("echo", {"c"}));
    CHECK(b.take(4) == nothing);
    CHECK(b.stats().queued == 2);
}

TEST_CASE("majordomo access: a busy worker that is sent away leaves its request to another") {
    broker b{with("offer * echo\ncall * echo")};
    b.core.peer_up(1, "bad");
    b.in(1, ready_frames("echo"));
    b.client(4, {"a"});
    const std::string handle = b.handle(1, {"a"});
    b.core.peer_up(3, "good");
    b.in(3, ready_frames("echo"));
    b.core.replace_rules(
        std::make_shared<const access_rules>(rules_of("offer good echo\ncall * echo")), b.now);
    b.collect();
    CHECK(b.take(1) == messages{disconnect_frames});
    CHECK(b.stats().redelivered == 1);
    b.in(1, reply_frames(handle, {"late"}));
    CHECK(b.take(4) == nothing);
    b.in(3, reply_frames(b.handle(3, {"a"}), {"A"}));
    CHECK(b.take(4) == messages{client_frames("echo", {"A"})});
}

TEST_CASE("majordomo access: who learns another user's request id gets no reply by it") {
    broker_options options = with("offer * echo\ncall * echo");
    options.duplicate_window = 10s;
    broker b{options};
    b.worker(1);
    for (const peer_id id : {2U, 3U, 4U})
        b.core.peer_up(id, id == 3 ? "eve" : "alice");
    b.in(2, tagged("echo", {"x"}));
    const std::string first = b.handle(1, {"x"});
    b.in(3, tagged("echo", {"x"})); // while it runs
    CHECK(b.stats().attached_duplicates == 0);
    b.in(1, reply_frames(first, {"for alice"}));
    CHECK(b.take(2).size() == 1);
    CHECK(b.take(3) == nothing);
    b.in(1, reply_frames(b.handle(1, {"x"}), {"for eve"}));
    b.in(3, tagged("echo", {"x"})); // and once it was answered
    b.in(4, tagged("echo", {"x"}));
    CHECK(b.stats().answered_duplicates == 2);
    const auto last_of = [&b](peer_id id) {
        const messages got = b.take(id);
        REQUIRE_FALSE(got.empty());
        return got.back().back();
    };
    CHECK(last_of(3) == "for eve");
    CHECK(last_of(4) == "for alice");
}

TEST_CASE("majordomo access: who may not call a service does not vote for a passive half") {
    broker b{with(echo_rules)};
    b.core.peer_up(1, "bob");
    b.core.peer_up(2, "alice");
    CHECK_FALSE(b.core.may_call(peer_id{1}, "echo"));
    CHECK(b.core.may_call(peer_id{2}, "echo"));
    CHECK_FALSE(b.core.may_call(peer_id{3}, "echo"));
}

} // namespace
} // namespace mizzen::majordomo::test
