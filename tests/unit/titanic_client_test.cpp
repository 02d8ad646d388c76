// Titanic's client: which question follows which answer, and all of it with a Titanic by script.
#include "pattern_helpers.hpp"
#include <mizzen/error.hpp>
#include <mizzen/patterns/majordomo/broker.hpp>
#include <mizzen/patterns/majordomo/error.hpp>
#include <mizzen/patterns/majordomo/worker.hpp>
#include <mizzen/patterns/titanic/blocking.hpp>
#include <mizzen/patterns/titanic/client.hpp>
#include <mizzen/patterns/titanic/embedded.hpp>
#include <mizzen/patterns/titanic/journal.hpp>
#include <mizzen/patterns/titanic/memory_directory.hpp>
#include <mizzen/patterns/titanic/wire.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mizzen::titanic::test {
namespace {

using namespace std::chrono_literals;
using mizzen::patterns::test::frames;
using mizzen::patterns::test::frames_of;
using mizzen::patterns::test::message_of;

using goal = client_call::goal;
using step = client_call::step;

constexpr time_point start_of_clock{1000h};

const std::string id_text = "00112233445566778899aabbccddeeff";
const request_id some_id = parse_request_id(id_text).value_or(request_id{});

// One call, with what it does as words.
struct played_call {
    client_options options;
    submission found = submission::by_id;
    time_point now = start_of_clock;
    std::optional<client_call> call;
    client_call::action last;

    std::string start(goal what, milliseconds limit = 0ms) {
        call.emplace(client_call::about{.what = what,
                                        .service = "echo",
                                        .body = message_of({"hello", ""}),
                                        .id = some_id,
                                        .limit = limit},
                     options, found, 1, now);
        return say(call->next(now));
    }
    std::string answer(const frames& body) {
        return say(call->answered({}, message_of(body), now));
    }
    std::string fail(std::error_code ec) { return say(call->answered(ec, {}, now)); }
    std::string pass() {
        REQUIRE(last.what == step::pause);
        now += last.pause;
        return say(call->next(now));
    }

private:
    std::string say(client_call::action&& next) {
        last = std::move(next);
        std::string text = last.what == step::ask ? std::string{last.service} : last.ec.message();
        if (last.what == step::pause)
            return "pause";
        if (last.what == step::done && !last.ec)
            text = "done";
        for (const std::string& each : frames_of(last.body))
            text += " [" + each + "]";
        return text;
    }
};

std::string words(std::error_code ec) { return ec.message(); }

} // namespace

TEST_CASE("titanic client: a request is submitted with its own id, waited for and closed") {
    played_call one;
    CHECK(one.start(goal::request) == "titanic.submit [" + id_text + "] [echo] [hello] []");
    CHECK(one.answer({"200", id_text}) == "pause");
    CHECK(one.pass() == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"300"}) == "pause");
    CHECK(one.pass() == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"200", "HELLO", ""}) == "titanic.close [" + id_text + "]");
    CHECK(one.answer({"200"}) == "done [HELLO] []");
}

TEST_CASE("titanic client: submit, poll, wait and close end where they should") {
    played_call one;
    CHECK(one.start(goal::submit) == "titanic.submit [" + id_text + "] [echo] [hello] []");
    CHECK(one.answer({"200", id_text}) == "done [" + id_text + "]");
    CHECK(one.start(goal::poll) == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"300"}) == words(errc::pending));
    CHECK(one.start(goal::poll) == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"200", "a"}) == "done [a]");
    CHECK(one.start(goal::wait) == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"300"}) == "pause");
    CHECK(one.pass() == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"200", "a"}) == "done [a]");
    CHECK(one.start(goal::close) == "titanic.close [" + id_text + "]");
    CHECK(one.answer({"200"}) == "done");
}

TEST_CASE("titanic client: it finds out whether an id of its own is taken") {
    played_call one;
    one.found = submission::find_out;
    CHECK(one.start(goal::submit) == "mmi.service [titanic.submit]");
    CHECK(one.answer({"200"}) == "titanic.submit [" + id_text + "] [echo] [hello] []");
    CHECK(one.start(goal::submit) == "titanic.submit [" + id_text + "] [echo] [hello] []");

    one.found = submission::find_out;
    CHECK(one.start(goal::submit) == "mmi.service [titanic.submit]");
    CHECK(one.answer({"404"}) == "mmi.service [titanic.request]");
    CHECK(one.answer({"200"}) == "titanic.request [echo] [hello] []");
    CHECK(one.last.retries == 0); // each of them may be stored
    const std::string other(32, '7');
    CHECK(one.answer({"200", other}) == "done [" + other + "]");

    one.found = submission::find_out; // a broker without RFC 8
    CHECK(one.start(goal::submit) == "mmi.service [titanic.submit]");
    CHECK(one.answer({"501"}) == "titanic.request [echo] [hello] []");
}

TEST_CASE("titanic client: a Titanic that is not there is looked for a few times") {
    played_call one;
    one.options.retries = 2;
    one.found = submission::find_out;
    CHECK(one.start(goal::submit) == "mmi.service [titanic.submit]");
    for (int i = 0; i < 2; ++i) {
        CHECK(one.answer({"404"}) == "mmi.service [titanic.request]");
        CHECK(one.answer({"404"}) == "pause");
        CHECK(one.pass() == "mmi.service [titanic.submit]");
    }
    CHECK(one.answer({"404"}) == "mmi.service [titanic.request]");
    CHECK(one.answer({"404"}) == words(errc::no_titanic));
    CHECK(one.found == submission::find_out);
}

TEST_CASE("titanic client: what the server says of a failure is tried again, then told") {
    for (const goal what : {goal::submit, goal::wait, goal::close}) {
        played_call one;
        one.options.retries = 2;
        const std::string question = one.start(what);
        for (int i = 0; i < 2; ++i) {
            CHECK(one.answer({"500"}) == "pause");
            CHECK(one.pass() == question);
        }
        CHECK(one.answer({"500", "set aside"}) == words(errc::server_failed) + " [set aside]");
    }
    played_call one;
    CHECK(one.start(goal::poll) == "titanic.reply [" + id_text + "]");
    CHECK(one.answer({"500", "set aside"}) == words(errc::server_failed) + " [set aside]");
}

TEST_CASE("titanic client: failures are counted anew once something has gone well") {
    played_call one;
    one.options.retries = 4;
    const auto fails = [&one](const std::string& question) {
        for (int i = 0; i < 4; ++i) {
            CHECK(one.answer({"500"}) == "pause");
            CHECK(one.pass() == question);
        }
    };
    const std::string polled = "titanic.reply [" + id_text + "]";
    const std::string closed = "titanic.close [" + id_text + "]";
    fails(one.start(goal::request));
    CHECK(one.answer({"200", id_text}) == "pause");
    CHECK(one.last.pause <= 2 * one.options.pause); // which is short again, too
    CHECK(one.pass() == polled);
    fails(polled);
    CHECK(one.answer({"300"}) == "pause");
    CHECK(one.pass() == polled);
    fails(polled);
    CHECK(one.answer({"200", "a"}) == closed);
    fails(closed);
    CHECK(one.answer({"200"}) == "done [a]");
}

TEST_CASE("titanic client: what is refused is not asked again") {
    played_call one;
    static_cast<void>(one.start(goal::request));
    CHECK(one.answer({"400", "other content"}) == words(errc::refused) + " [other content]");
    for (const goal what : {goal::poll, goal::wait}) {
        static_cast<void>(one.start(what));
        CHECK(one.answer({"400"}) == words(errc::unknown_request));
    }
    static_cast<void>(one.start(goal::close));
    CHECK(one.answer({"400"}) == words(errc::refused));
}

TEST_CASE("titanic client: whatever answers, a call ends with an error or a result") {
    const std::vector<frames> nonsense{{},      {""},    {"20"},        {"2000"},
                                       {"abc"}, {"600"}, {"MDPC01", ""}};
    for (const goal what : {goal::submit, goal::poll, goal::wait, goal::close, goal::request})
        for (const frames& each : nonsense) {
            played_call one;
            static_cast<void>(one.start(what));
            CHECK(one.answer(each) == words(errc::bad_answer));
        }
    for (const frames& each :
         std::vector<frames>{{"200"}, {"200", ""}, {"200", "x"}, {"200", std::string(32, '7')}}) {
        played_call one;
        static_cast<void>(one.start(goal::submit));
        CHECK(one.answer(each) == words(errc::bad_answer)); // none, or another one's, id
    }
}

TEST_CASE("titanic client: waiting outlasts a broker that is away, but not its own limit") {
    played_call one;
    CHECK(one.start(goal::wait, 10s) == "titanic.reply [" + id_text + "]");
    CHECK(one.last.limit == 10s);
    std::string said;
    for (int i = 0; i < 1000 && one.now < start_of_clock + 10s; ++i) {
        CHECK(one.fail(majordomo::errc::timed_out) == "pause");
        said = one.pass();
    }
    CHECK(one.now == start_of_clock + 10s);
    CHECK(said == "titanic.reply [" + id_text + "]"); // one last time
    CHECK(one.answer({"300"}) == words(errc::pending));
    static_cast<void>(one.start(goal::wait));
    CHECK(one.fail(majordomo::errc::not_authorised) == words(majordomo::errc::not_authorised));
    static_cast<void>(one.start(goal::poll));
    CHECK(one.fail(majordomo::errc::timed_out) == words(majordomo::errc::timed_out));
}

TEST_CASE("titanic client: after no answer to a submission it finds out anew what is there") {
    played_call one;
    one.found = submission::find_out;
    static_cast<void>(one.start(goal::submit));
    static_cast<void>(one.answer({"200"}));
    CHECK(one.found == submission::by_id);
    CHECK(one.fail(majordomo::errc::timed_out) == words(majordomo::errc::timed_out));
    CHECK(one.found == submission::find_out);
}

TEST_CASE("titanic client: a reply that was fetched is the result, even if it cannot be closed") {
    played_call one;
    one.options.retries = 0;
    for (const bool answered : {false, true}) {
        static_cast<void>(one.start(goal::request));
        static_cast<void>(one.answer({"200", id_text}));
        static_cast<void>(one.pass());
        CHECK(one.answer({"200", "a"}) == "titanic.close [" + id_text + "]");
        CHECK((answered ? one.answer({"500", "disk"}) : one.fail(majordomo::errc::timed_out)) ==
              "done [a]");
    }
}

TEST_CASE("titanic client: misuse is an error, and nothing is sent") {
    client_options options;
    submission found = submission::by_id;
    for (const auto& [service, body] :
         std::vector<std::pair<std::string, frames>>{{"", {"a"}},
                                                     {"titanic.request", {"a"}},
                                                     {"mmi.x", {"a"}},
                                                     {"a\n", {"a"}},
                                                     {"a", {}}}) {
        client_call call{{.what = goal::submit, .service = service, .body = message_of(body)},
                         options,
                         found,
                         1,
                         start_of_clock};
        const client_call::action only = call.next(start_of_clock);
        CHECK(only.what == step::done);
        CHECK(only.ec == majordomo::errc::malformed_request);
    }
}

namespace {

// A Titanic that answers what it is told, behind a broker; it runs requests by turning them round.
class scripted_titanic {
public:
    explicit scripted_titanic(asio::io_context& io, bool by_id) : node{io, fast()} {
        endpoint = node.bind("tcp://127.0.0.1:*");
        serve(io, std::string{request_service});
        serve(io, std::string{reply_service});
        serve(io, std::string{close_service});
        if (by_id)
            serve(io, std::string{submit_service});
    }
    void stop() {
        for (auto& each : workers)
            each.stop();
        node.stop();
    }

    majordomo::broker node;
    std::string endpoint;
    std::list<majordomo::worker> workers;
    std::map<std::string, std::string> stored; ///< By id.
    std::map<std::string, int> calls;          ///< By service.
    int pending = 2;                           ///< Times that a reply is not there yet.

private:
    static majordomo::broker_options fast() {
        majordomo::broker_options options;
        options.heartbeat = 50ms;
        return options;
    }
    void serve(asio::io_context& io, const std::string& service) {
        majordomo::worker_options options;
        options.service = service;
        options.heartbeat = 50ms;
        workers.emplace_back(io, options, [this, service](mizzen::message body, auto answer) {
            ++calls[service];
            answer.reply(answer_to(parse_call(service, body), body));
        });
        workers.back().connect(endpoint);
    }
    mizzen::message answer_to(const service_call& call, const mizzen::message& body) {
        const std::string id = to_text(call.id);
        switch (call.what) {
        case service_call::kind::malformed:
            return make_answer(service_status::refused, call.trouble);
        case service_call::kind::request:
            stored[id_text] = body.text(1);
            return make_answer(some_id);
        case service_call::kind::submit: stored[id] = body.text(2); return make_answer(call.id);
        case service_call::kind::reply: {
            if (!stored.contains(id))
                return make_answer(service_status::refused);
            if (pending-- > 0)
                return make_answer(service_status::pending);
            mizzen::message reply{std::string{stored[id].rbegin(), stored[id].rend()}};
            frame_answer(reply);
            return reply;
        }
        case service_call::kind::close: stored.erase(id); break;
        }
        return make_answer(service_status::ok);
    }
};

} // namespace

TEST_CASE("titanic client: through a broker, a request is answered and nothing is left of it") {
    for (const bool by_id : {true, false}) {
        CAPTURE(by_id);
        asio::io_context io{1};
        scripted_titanic server{io, by_id};
        client asker{io};
        asker.connect(server.endpoint);
        std::error_code ec = asio::error::would_block;
        std::string text;
        asker.async_request("echo", mizzen::message{"hello"},
                            [&](std::error_code error, const mizzen::message& reply) {
                                ec = error;
                                text = reply.empty() ? "" : std::string{reply.text(0)};
                                asker.stop();
                                server.stop();
                            });
        io.run_for(20s);
        CHECK(ec == std::error_code{});
        CHECK(text == "olleh");
        CHECK(server.stored.empty());
        CHECK(server.calls[std::string{by_id ? submit_service : request_service}] == 1);
        CHECK(server.calls[std::string{by_id ? request_service : submit_service}] == 0);
    }
}

TEST_CASE("titanic client: a Titanic inside the broker answers what its client submits") {
    asio::io_context io{1};
    majordomo::broker node{io};
    const std::string endpoint = node.bind("tcp://127.0.0.1:*");
    std::error_code ec;
    recovery_report found;
    auto kept = open_journal(make_memory_directory(), journal_options{}, wall_time{}, found, ec);
    REQUIRE(kept != nullptr);
    embedded server{node, std::move(kept)};
    majordomo::worker_options serving;
    serving.service = "echo";
    majordomo::worker worker{
        io, serving, [](mizzen::message body, auto answer) { answer.reply(std::move(body)); }};
    worker.connect(endpoint);
    client asker{io};
    asker.connect(endpoint);
    bool done = false;
    const auto steps = [&]() -> asio::awaitable<void> {
        request_options wanted;
        wanted.id = some_id;
        for (int i = 0; i < 2; ++i) { // the same one
            mizzen::message body{"hello", ""};
            CHECK(co_await asker.async_submit("echo", std::move(body), wanted,
                                              asio::use_awaitable) == some_id);
        }
        mizzen::message other{"other"};
        std::error_code error;
        co_await asker.async_submit("echo", std::move(other), wanted,
                                    asio::redirect_error(asio::use_awaitable, error));
        CHECK(error == errc::refused);
        const mizzen::message reply = co_await asker.async_wait(some_id, 20s, asio::use_awaitable);
        CHECK(frames_of(reply) == frames{"hello", ""});
        co_await asker.async_close(some_id, asio::use_awaitable);
        mizzen::message last{"last"};
        const mizzen::message answer =
            co_await asker.async_request("echo", std::move(last), asio::use_awaitable);
        CHECK(answer.text(0) == "last");
        done = true;
    };
    asio::co_spawn(io, steps(), [&](const std::exception_ptr& failed) {
        CHECK(failed == nullptr);
        asker.stop();
        worker.stop();
        server.close(ec); // which waits for replies to expire, else
        CHECK_FALSE(ec);
        node.stop();
    });
    io.run_for(20s);
    CHECK(done);
    CHECK(server.kept().open + server.kept().done == 0); // all of them were closed
}

TEST_CASE("titanic client: in a coroutine, step by step") {
    asio::io_context io{1};
    scripted_titanic server{io, true};
    client asker{io};
    asker.connect(server.endpoint);
    bool done = false;
    const auto steps = [&]() -> asio::awaitable<void> {
        request_options wanted;
        wanted.id = some_id;
        mizzen::message body{"abc"};
        const request_id id =
            co_await asker.async_submit("echo", std::move(body), wanted, asio::use_awaitable);
        CHECK(id == some_id);
        std::error_code ec;
        co_await asker.async_poll(id, asio::redirect_error(asio::use_awaitable, ec));
        CHECK(ec == errc::pending);
        const mizzen::message reply = co_await asker.async_wait(id, 0ms, asio::use_awaitable);
        CHECK(reply.text(0) == "cba");
        co_await asker.async_close(id, asio::use_awaitable);
        co_await asker.async_poll(id, asio::redirect_error(asio::use_awaitable, ec));
        CHECK(ec == errc::unknown_request);
        done = true;
    };
    asio::co_spawn(io, steps(), [&](std::exception_ptr failed) {
        CHECK(failed == nullptr);
        asker.stop();
        server.stop();
    });
    io.run_for(20s);
    CHECK(done);
}

TEST_CASE("titanic client: a call is cancelled while it asks and while it pauses") {
    for (const bool pausing : {false, true}) {
        CAPTURE(pausing);
        asio::io_context io{1};
        scripted_titanic server{io, true};
        server.stored[id_text] = "x";
        server.pending = 1'000'000;
        client_options options;
        options.pause = options.pause_max = 1h;
        client asker{io, options};
        asker.connect(server.endpoint);
        asio::cancellation_signal signal;
        std::error_code ec;
        asker.async_wait(some_id, 0ms,
                         asio::bind_cancellation_slot(
                             signal.slot(), [&](std::error_code error, const mizzen::message&) {
                                 ec = error;
                                 asker.stop();
                                 server.stop();
                             }));
        if (!pausing)
            signal.emit(asio::cancellation_type::total);
        else
            asker.async_poll(some_id, [&](std::error_code error, const mizzen::message&) {
                CHECK(error == errc::pending); // so the other was answered as well
                signal.emit(asio::cancellation_type::total);
            });
        io.run_for(20s);
        CHECK(ec == asio::error::operation_aborted);
    }
}

TEST_CASE("titanic client: stopping and destroying one ends its calls") {
    asio::io_context io{1};
    int ended = 0;
    const auto count = [&](std::error_code ec, const auto&...) {
        CHECK(ec == asio::error::operation_aborted);
        ++ended;
    };
    {
        client asker{io};
        asker.connect("inproc://nobody");
        asker.async_submit("echo", mizzen::message{"x"}, count);
        asker.async_wait(some_id, 0ms, count);
        asker.async_close(some_id, count);
        asker.stop();
        asker.async_poll(some_id, count);
        client other{io};
        other.connect("inproc://nobody");
        other.async_request("echo", mizzen::message{"x"}, count);
    }
    io.run_for(20s);
    CHECK(ended == 5);
}

TEST_CASE(
    "titanic client: without a broker, and with one that nobody listens at, there is an error") {
    asio::io_context io{1};
    client asker{io};
    std::error_code ec;
    asker.connect("nonsense", ec);
    CHECK(ec == mizzen::errc::endpoint_without_transport);
    std::error_code result;
    request_id id{};
    request_options wanted;
    wanted.id = some_id;
    asker.async_submit("echo", mizzen::message{"x"}, wanted,
                       [&](std::error_code error, const request_id& with) {
                           result = error;
                           id = with;
                       });
    io.run_for(20s);
    CHECK(result == mizzen::errc::no_such_endpoint);
    CHECK(id == some_id); // to try again with
}

TEST_CASE("blocking titanic client: calls wait, and close ends them") {
    asio::io_context io{1};
    scripted_titanic server{io, true};
    std::thread serving{[&] { io.run(); }};
    {
        mizzen::context context;
        client_options options;
        options.asking.service = "echo";
        blocking::client asker{options, context};
        asker.connect(server.endpoint);
        CHECK(asker.request("echo", mizzen::message{"hello"}).text(0) == "olleh");
        CHECK(asker.request(mizzen::message{"hello"}).text(0) == "olleh");
        std::error_code ec;
        const request_id id = asker.submit("echo", mizzen::message{"abc"}, {}, ec);
        CHECK(ec == std::error_code{});
        CHECK(asker.wait(id).text(0) == "cba");
        CHECK(asker.poll(id).text(0) == "cba");
        asker.close(id);
        static_cast<void>(asker.poll(id, ec));
        CHECK(ec == errc::unknown_request);
        CHECK_THROWS_AS(static_cast<void>(asker.poll(id)), std::system_error);
        asker.close();
        static_cast<void>(asker.poll(id, ec));
        CHECK(ec == mizzen::errc::socket_closed);
    }
    asio::post(io, [&] { server.stop(); });
    serving.join();
}

TEST_CASE("titanic: new request ids differ") {
    CHECK(make_request_id() != make_request_id());
    CHECK(make_request_id() != request_id{});
}

} // namespace mizzen::titanic::test
