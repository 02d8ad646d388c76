// A Majordomo broker as half of a pair: what it takes and gives while it is passive.
#include "majordomo_broker_helpers.hpp"

namespace mizzen::majordomo::test {
namespace {

enum : peer_id { worker = 1, client = 2, other = 3 };

} // namespace

TEST_CASE("majordomo broker: a passive one takes workers, and gives them no request") {
    broker b;
    b.core.set_passive(true);
    b.worker(worker);
    b.client(client, {"x"});
    CHECK(b.take(worker) == nothing);
    CHECK(b.take(client) == nothing); // silence, after which it asks the other half
    CHECK(b.stats().workers == 1);
    CHECK(b.stats().dropped_passive == 1);
    b.core.set_passive(false);
    b.in(client, client_frames("echo", {"y"}));
    CHECK(b.bodies(worker) == "y");
}

TEST_CASE("majordomo broker: a passive one still says what it knows") {
    broker b;
    b.core.set_passive(true);
    b.worker(worker);
    b.client(client, {"echo"}, "mmi.service");
    const auto got = b.take(client);
    REQUIRE(got.size() == 1);
    CHECK(got[0].back() == "200");
}

TEST_CASE("majordomo broker: a passive one says that it is, and no longer once it serves") {
    broker b;
    b.core.set_passive(true);
    b.client(client, {""}, "mmi.broker");
    auto got = b.take(client);
    REQUIRE(got.size() == 1);
    CHECK(got[0].back() == "passive");
    b.core.set_passive(false);
    b.in(client, client_frames("mmi.broker", {""}));
    got = b.take(client);
    REQUIRE(got.size() == 1);
    CHECK(got[0].back() != "passive");
}

TEST_CASE("majordomo broker: what waits when it goes passive ends, what runs is answered") {
    broker b;
    b.worker(worker);
    b.client(client, {"x"});
    const std::string handle = b.handle(worker, {"x"});
    b.client(other, {"y"}); // the worker is busy
    CHECK(b.stats().queued == 1);
    b.core.set_passive(true);
    b.collect();
    CHECK(b.stats().queued == 0);
    CHECK(b.stats().dropped_stopping == 1);
    b.in(worker, reply_frames(handle, {"done"}));
    const auto got = b.take(client);
    REQUIRE(got.size() == 1);
    CHECK(got[0].back() == "done");
}

TEST_CASE("majordomo broker: a worker that a passive one loses has its request go to nobody else") {
    broker b;
    b.worker(worker);
    b.client(client, {"x"});
    b.worker(other);
    b.core.set_passive(true);
    b.down(worker);
    CHECK(b.take(other) == nothing);
    CHECK(b.stats().redelivered == 0);
    CHECK(b.stats().dispatched == 0);
}

} // namespace mizzen::majordomo::test
