// The same program over the clients of four patterns: the calls, the errors and services.
#include "request_client_sides.hpp"
#include <mizzen/error.hpp>
#include <mizzen/patterns/titanic/blocking.hpp>
#include <mizzen/patterns/titanic/client.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>

namespace mizzen::patterns {
namespace {

using namespace test;
using condition = request_condition;

static_assert(request_client<lazy_pirate::client>);
static_assert(request_client<majordomo::client>);
static_assert(request_client<binary_star::client>);
static_assert(request_client<freelance::client>);
static_assert(blocking_request_client<lazy_pirate::blocking::client>);
static_assert(blocking_request_client<majordomo::blocking::client>);
static_assert(blocking_request_client<binary_star::blocking::client>);
static_assert(blocking_request_client<freelance::blocking::client>);
static_assert(request_client<titanic::client>);
static_assert(blocking_request_client<titanic::blocking::client>);
static_assert(!request_client<lazy_pirate::blocking::client>);
static_assert(!blocking_request_client<lazy_pirate::client>);

template <class Side> typename Side::options for_echo(typename Side::options options) {
    options.service = "echo";
    return options;
}

template <class Side> struct site {
    asio::io_context io{1};
    std::vector<std::shared_ptr<void>> silent;
    Side servers{io, echo{&silent}};

    site() {
        REQUIRE(run_until(io, [this] { return servers.serves(); }));
    }

    typename Side::client client(const typename Side::options& options) {
        typename Side::client made{io, for_echo<Side>(options)};
        servers.tell(made);
        return made;
    }
    template <request_client Client>
    outcome ask(Client& asked, const service_name& service, message body) {
        outcome end;
        asked.async_request(service, std::move(body), end.handler());
        REQUIRE(run_until(io, [&] { return end.ends != 0; }));
        return end;
    }
};

// Waits for calls, and so needs the servers in another thread.
template <class Side> struct blocking_site {
    site<Side> servers;
    asio::executor_work_guard<asio::io_context::executor_type> work{servers.io.get_executor()};
    std::thread thread{[this] { servers.io.run(); }};
    typename Side::blocking_client client;

    explicit blocking_site(const typename Side::options& options)
        : client{for_echo<Side>(options)} {
        servers.servers.tell(client);
    }
    blocking_site(const blocking_site&) = delete;
    blocking_site& operator=(const blocking_site&) = delete;
    ~blocking_site() {
        servers.io.stop();
        thread.join();
    }
};

template <request_client Client> asio::awaitable<void> ask_twice(Client& asked, frames& replies) {
    for (const char* text : {"one", "two"}) {
        message body{text};
        const message reply =
            co_await asked.async_request("echo", std::move(body), asio::use_awaitable);
        replies.emplace_back(reply.text(0));
    }
}

} // namespace

TEST_CASE_TEMPLATE("request clients: a request for a service, and for none, is answered", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::patient());
    const std::string name = "echo";
    for (const service_name& service : {service_name{name}, no_service}) {
        const outcome end = s.ask(client, service, message{"hello", "world"});
        CHECK_FALSE(end.ec);
        CHECK(end.reply == frames{"hello", "world"});
    }
    outcome end;
    client.async_request(message{"nameless"}, end.handler());
    REQUIRE(run_until(s.io, [&] { return end.ends != 0; }));
    CHECK(end.reply == frames{"nameless"});
    frames replies;
    asio::co_spawn(s.io, ask_twice(client, replies), asio::detached);
    REQUIRE(run_until(s.io, [&] { return replies.size() == 2; }));
    CHECK(replies == frames{"one", "two"});
}

TEST_CASE_TEMPLATE("request clients: a handler's failure is one, with its reason", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::patient());
    const outcome end = s.ask(client, "echo", message{"fail"});
    CHECK(end.ec == condition::failed);
    CHECK(end.reply == frames{"no such colour"});
}

TEST_CASE_TEMPLATE("request clients: without a reply a request is abandoned", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::hasty());
    const outcome end = s.ask(client, "echo", message{"silence"});
    CHECK(end.ec == condition::abandoned);
    CHECK(end.ec == std::errc::timed_out);
}

TEST_CASE_TEMPLATE("request clients: one too many is refused, the others go on, stop ends them",
                   Side, lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::narrow());
    std::list<outcome> ends;
    for (int i = 0; i < 4; ++i)
        client.async_request("echo", message{"silence"}, ends.emplace_back().handler());
    const auto ended = [&] {
        return std::count_if(ends.begin(), ends.end(), [](const outcome& o) { return o.ends; });
    };
    REQUIRE(run_until(s.io, [&] { return ended() >= 2; }));
    for (const outcome& end : ends)
        CHECK((end.ends == 0 || end.ec == condition::busy));
    CHECK(ends.front().ends == 0);
    client.stop();
    REQUIRE(run_until(s.io, [&] { return ended() == 4; }));
    CHECK(ends.front().ec == condition::cancelled);
    CHECK(ends.front().ec == asio::error::operation_aborted);

    const outcome late = s.ask(client, "echo", message{"hello"});
    CHECK(late.ec == condition::cancelled);
    std::error_code ec;
    client.connect("tcp://127.0.0.1:1", ec);
    CHECK(ec == mizzen::errc::socket_closed);
}

TEST_CASE_TEMPLATE("request clients: a request can be cancelled, and the next one is answered",
                   Side, lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::patient());
    asio::cancellation_signal signal;
    outcome end;
    client.async_request("echo", message{"silence"},
                         asio::bind_cancellation_slot(signal.slot(), end.handler()));
    REQUIRE(run_until(s.io, [&] { return !s.silent.empty(); }));
    signal.emit(asio::cancellation_type::terminal);
    REQUIRE(run_until(s.io, [&] { return end.ends != 0; }));
    CHECK(end.ec == condition::cancelled);
    CHECK_FALSE(s.ask(client, "echo", message{"hello"}).ec);
}

TEST_CASE_TEMPLATE("request clients: another service is refused", Side, lazy_pirate_side,
                   majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::patient());
    CHECK(s.ask(client, "delete everything", message{"hello"}).ec == condition::refused);
    CHECK_FALSE(s.ask(client, "echo", message{"hello"}).ec);
}

TEST_CASE_TEMPLATE("request clients: what makes no sense is misuse", Side, lazy_pirate_side,
                   majordomo_side, binary_star_side, freelance_side) {
    site<Side> s;
    auto client = s.client(Side::patient());
    CHECK(s.ask(client, "echo", message{}).ec == condition::misuse);
    CHECK(s.ask(client, no_service, message{}).ec == condition::misuse);
    CHECK(s.ask(client, "", message{"hello"}).ec == condition::misuse);
    CHECK(s.ask(client, "two\nlines", message{"hello"}).ec == condition::misuse);
    CHECK(s.ask(client, std::string(256, 'x'), message{"hello"}).ec == condition::misuse);
    std::error_code ec;
    client.connect("nowhere", ec);
    CHECK(ec);
    typename Side::client alone{s.io, for_echo<Side>(Side::patient())};
    CHECK(s.ask(alone, "echo", message{"hello"}).ec == condition::misuse);
}

TEST_CASE_TEMPLATE("request clients: servers without services refuse every one unless told", Side,
                   lazy_pirate_side, binary_star_side, freelance_side) {
    site<Side> s;
    typename Side::client client{s.io, Side::patient()};
    s.servers.tell(client);
    CHECK(s.ask(client, "echo", message{"hello"}).ec == condition::refused);
    CHECK_FALSE(s.ask(client, no_service, message{"hello"}).ec);
}

TEST_CASE("request clients: a broker is not asked for no service") {
    site<majordomo_side> s;
    majordomo::client client{s.io, majordomo_side::patient()};
    s.servers.tell(client);
    CHECK(s.ask(client, no_service, message{"hello"}).ec == condition::misuse);
    CHECK_FALSE(s.ask(client, "echo", message{"hello"}).ec);
}

TEST_CASE_TEMPLATE("blocking request clients: the same calls and the same errors", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    blocking_site<Side> s{Side::patient()};
    CHECK(s.client.request("echo", message{"hello"}).text(0) == "hello");
    CHECK(s.client.request(no_service, message{"hello"}).text(0) == "hello");
    CHECK(s.client.request(message{"hello"}).text(0) == "hello");
    std::error_code ec;
    CHECK(s.client.request(message{"hello"}, ec).text(0) == "hello");
    CHECK_FALSE(ec);
    CHECK(s.client.request("echo", message{"fail"}, ec).text(0) == "no such colour");
    CHECK(ec == condition::failed);
    s.client.request("delete everything", message{"hello"}, ec);
    CHECK(ec == condition::refused);
    s.client.request("", message{"hello"}, ec);
    CHECK(ec == condition::misuse);
    s.client.request(message{}, ec);
    CHECK(ec == condition::misuse);
    CHECK_THROWS_AS(static_cast<void>(s.client.request("echo", message{"fail"})),
                    std::system_error);
    s.client.close();
    s.client.request("echo", message{"hello"}, ec);
    CHECK(ec == condition::cancelled);
    s.client.connect("tcp://127.0.0.1:1", ec);
    CHECK(ec == mizzen::errc::socket_closed);
}

TEST_CASE_TEMPLATE("blocking request clients: without a reply a request is abandoned", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    blocking_site<Side> s{Side::hasty()};
    std::error_code ec;
    s.client.request("echo", message{"silence"}, ec);
    CHECK(ec == condition::abandoned);
}

TEST_CASE_TEMPLATE("blocking request clients: one too many is refused, close ends the others", Side,
                   lazy_pirate_side, majordomo_side, binary_star_side, freelance_side) {
    blocking_site<Side> s{Side::narrow()};
    std::vector<std::future<std::error_code>> calls;
    calls.reserve(4);
    for (int i = 0; i < 4; ++i)
        calls.push_back(std::async(std::launch::async, [&s] {
            std::error_code ec;
            s.client.request("echo", message{"silence"}, ec);
            return ec;
        }));
    const auto over = [&] { // two in any case, whatever the pattern's queue holds
        return std::count_if(calls.begin(), calls.end(), [](const auto& call) {
                   return call.wait_for(1ms) == std::future_status::ready;
               }) >= 2;
    };
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!over() && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
    s.client.close();
    int busy = 0;
    int cancelled = 0;
    for (auto& call : calls) {
        const std::error_code ec = call.get();
        busy += ec == condition::busy ? 1 : 0;
        cancelled += ec == condition::cancelled ? 1 : 0;
    }
    CHECK(busy >= 2);
    CHECK(cancelled >= 1);
    CHECK(busy + cancelled == 4);
}

TEST_CASE_TEMPLATE("request conditions: every code of a pattern is exactly one", Errc,
                   lazy_pirate::errc, freelance::errc, majordomo::errc) {
    int codes = 0;
    for (int value = 1; make_error_code(static_cast<Errc>(value)).message() != "unknown error";
         ++value, ++codes) {
        const std::error_code code = make_error_code(static_cast<Errc>(value));
        int fits = 0;
        for (const condition each : {condition::abandoned, condition::busy, condition::cancelled,
                                     condition::failed, condition::refused, condition::misuse})
            fits += code == each ? 1 : 0;
        INFO(code.message());
        CHECK(fits == 1);
        CHECK(code == code.default_error_condition());
    }
    CHECK(codes >= 10);
    CHECK_FALSE(std::error_code{} == condition::cancelled);
    CHECK_FALSE(make_error_code(static_cast<Errc>(codes + 1)) == condition::abandoned);
}

TEST_CASE("request conditions: what Titanic says of a request has one, its store's errors none") {
    const std::pair<titanic::errc, condition> told[] = {
        {titanic::errc::pending, condition::abandoned},
        {titanic::errc::no_titanic, condition::abandoned},
        {titanic::errc::server_failed, condition::busy},
        {titanic::errc::refused, condition::refused},
        {titanic::errc::unknown_request, condition::refused},
        {titanic::errc::bad_answer, condition::refused},
    };
    for (const auto& [code, means] : told)
        CHECK(make_error_code(code) == means);
    CHECK(make_error_code(titanic::errc::pending) ==
          std::errc::resource_unavailable_try_again); // as before
    for (int value = 1; value <= static_cast<int>(condition::misuse); ++value)
        CHECK(make_error_code(titanic::errc::store_full) != static_cast<condition>(value));
}

TEST_CASE("request conditions: they have words, and stand for what others say") {
    for (int value = 1; value <= static_cast<int>(condition::misuse); ++value)
        CHECK(make_error_condition(static_cast<condition>(value)).message() != "unknown condition");
    CHECK(make_error_condition(condition{}).message() == "unknown condition");
    CHECK(std::error_code{asio::error::operation_aborted} == condition::cancelled);
    CHECK(make_error_code(mizzen::errc::context_closed) == condition::cancelled);
    CHECK(make_error_code(mizzen::errc::no_such_endpoint) == condition::misuse);
    CHECK(make_error_code(mizzen::errc::would_block) != condition::busy);
}

} // namespace mizzen::patterns
