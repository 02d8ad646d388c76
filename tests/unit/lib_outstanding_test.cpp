// Whatever is done to sockets while operations wait, each operation ends once, and no message is
// lost or doubled by that.
#include "loop.hpp"
#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/router.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace mizzen::testing {
namespace {

/// An operation that was started; ends when its handler has been called.
struct outstanding {
    asio::cancellation_signal cancel;
    int ends = 0;
};

/// Sockets of a loop, and what was started on them.
class crowd {
public:
    crowd(std::uint32_t seed, std::string where) : where_{std::move(where)}, random_{seed} {
        for (std::size_t i = 0; i < sockets_.size(); ++i)
            replace(i);
    }
    void play(int steps) {
        for (int i = 0; i < steps; ++i) {
            step(draw(sockets_.size()));
            run_.io.poll();
        }
        for (auto& each : sockets_)
            each.reset();
        monitor_.reset();
        run_.io.poll();
        for (const outstanding& each : started_)
            CHECK(each.ends == 1);
    }

    std::size_t sent = 0;
    std::size_t received = 0;

private:
    std::size_t draw(std::size_t below) { return random_() % below; }
    dealer& at(std::size_t i) { return *sockets_[i]; }

    void replace(std::size_t i) {
        sockets_[i] = std::make_unique<dealer>(run_.io);
        sockets_[i]->set(option::send_high_water_mark{3});
        sockets_[i]->set(option::receive_high_water_mark{3});
        sockets_[i]->set(option::reconnect_interval{1ms, 2ms});
        sockets_[i]->set(option::linger{draw(3) * 1ms});
    }
    void step(std::size_t i) {
        std::error_code ec;
        switch (draw(13)) {
        case 0:
            if (std::string bound = at(i).bind(where_, ec); !ec)
                bound_ = std::move(bound);
            break;
        case 1: at(i).unbind(bound_, ec); break;
        case 2:
        case 3: at(i).connect(bound_, ec); break;
        case 4: at(i).disconnect(bound_, ec); break;
        case 5:
        case 6: start_send(at(i)); break;
        case 7:
        case 8: start_receive(at(i)); break;
        case 9: start_wait(at(i)); break;
        case 10: cancel_one(); break;
        case 11: move_or_close(i); break;
        default: watch(at(i)); break;
        }
    }
    auto token_for(outstanding& op) { return op.cancel.slot(); }
    void start_send(dealer& by) {
        outstanding& op = started_.emplace_back();
        const std::string text = std::to_string(next_++);
        by.async_send(message{text},
                      asio::bind_cancellation_slot(token_for(op), [&, text](std::error_code ec) {
                          ++op.ends;
                          CHECK((!ec || ec == asio::error::operation_aborted));
                          if (ec)
                              withdrawn_.insert(text);
                          else
                              ++sent;
                          CHECK_FALSE((ec && heard_.contains(text)));
                      }));
    }
    void start_receive(dealer& by) {
        outstanding& op = started_.emplace_back();
        by.async_receive(
            asio::bind_cancellation_slot(token_for(op), [&](std::error_code ec, const message& m) {
                ++op.ends;
                CHECK((!ec || ec == asio::error::operation_aborted));
                CHECK(m.empty() == static_cast<bool>(ec));
                if (ec)
                    return;
                ++received;
                CHECK_FALSE(withdrawn_.contains(text_of(m)));
                CHECK(heard_.insert(text_of(m)).second);
            }));
    }
    void start_wait(dealer& by) {
        outstanding& op = started_.emplace_back();
        const auto done = [&op](std::error_code ec) {
            ++op.ends;
            CHECK((!ec || ec == asio::error::operation_aborted));
        };
        if (draw(2) == 0)
            by.async_wait_send(asio::bind_cancellation_slot(token_for(op), done));
        else
            by.async_wait_receive(asio::bind_cancellation_slot(token_for(op), done));
    }
    void cancel_one() {
        if (started_.empty())
            return;
        auto one = started_.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(draw(started_.size())));
        one->cancel.emit(asio::cancellation_type::all); // also one that has ended
    }
    void move_or_close(std::size_t i) {
        switch (draw(4)) {
        case 0: at(i).close(); break;
        case 1: replace(i); break;
        default: sockets_[i] = std::make_unique<dealer>(std::move(*sockets_[i])); break;
        }
    }
    void watch(dealer& whom) {
        monitor_.emplace(whom, 2);
        outstanding& op = started_.emplace_back();
        monitor_->async_receive_event(asio::bind_cancellation_slot(
            token_for(op), [&op](std::error_code, const connection_event&) { ++op.ends; }));
    }

    std::string where_;
    std::string bound_ = "inproc://nowhere";
    std::mt19937 random_;
    std::list<outstanding> started_;
    std::set<std::string> withdrawn_;
    std::set<std::string> heard_;
    int next_ = 0;
    loop run_;
    std::array<std::unique_ptr<dealer>, 4> sockets_;
    std::optional<monitor> monitor_;
};

TEST_CASE("a child may let go of what it inherited while operations wait, and the parent's go on") {
    loop run;
    auto server = std::make_unique<router>(run.io);
    auto client = std::make_unique<dealer>(run.io);
    client->set(option::routing_id{"me"});
    client->connect(server->bind("tcp://127.0.0.1:*"));
    send(run, *client, "before");
    CHECK(receive(run, *server) == "me/before");
    std::string got;
    client->async_receive(
        [&](std::error_code ec, const message& m) { got = ec ? "" : text_of(m); });
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        client->close();
        client.reset();
        server.reset();
        ::_exit(0);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    send(run, *server, "me/after");
    REQUIRE(run.until([&] { return !got.empty(); }));
    CHECK(got == "after");
    CHECK(client->stats().disconnects == 0);
}

TEST_CASE("whatever is done to sockets with operations waiting, each operation ends once") {
    for (const std::string where : {"inproc://crowd", "tcp://127.0.0.1:*", "ipc://*"}) {
        CAPTURE(where);
        std::size_t sent = 0;
        std::size_t received = 0;
        for (std::uint32_t seed = 1; seed <= 12; ++seed) {
            CAPTURE(seed);
            crowd all{seed, where};
            all.play(400);
            sent += all.sent;
            received += all.received;
        }
        CHECK(sent > 100);
        CHECK(received > 20);
    }
}

} // namespace
} // namespace mizzen::testing
