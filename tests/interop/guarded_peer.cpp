// Our side of authentication with others, for a test in another language to drive:
//
//     guarded_peer ask HANDLER DOMAIN ADDRESS MECHANISM [CREDENTIAL...]
//     guarded_peer serve HANDLER DOMAIN null|plain
//     guarded_peer serve HANDLER DOMAIN curve CERTIFICATE
//     guarded_peer say ENDPOINT null
//     guarded_peer say ENDPOINT plain USER PASSWORD
//     guarded_peer say ENDPOINT curve CERTIFICATE SERVER_CERTIFICATE
//     guarded_peer certificate PATH NAME VALUE
//
// ask prints a handler's answer: the verdict's number, reason, user id, and each property, a line
// each; CURVE's credential is Z85. serve prints `listening ENDPOINT`, answers each message with its
// parts and who sent it (user id, address, then each property), and prints why somebody was
// refused, until its input ends. say sends "hello" and prints what comes back, or why nothing does.
// certificate makes one with one property.
#include <mizzen/curve_certificate.hpp>
#include <mizzen/dealer.hpp>
#include <mizzen/monitor.hpp>
#include <mizzen/zap_client.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using arguments = std::vector<std::string>;

std::string_view number_of(mizzen::zmtp::verdict what) {
    switch (what) {
    case mizzen::zmtp::verdict::accepted: return "200";
    case mizzen::zmtp::verdict::try_later: return "300";
    case mizzen::zmtp::verdict::refused: return "400";
    case mizzen::zmtp::verdict::server_error: return "500";
    }
    return "";
}

int ask(const arguments& given) {
    mizzen::authentication_request about;
    about.domain = given.at(2);
    about.address = given.at(3);
    about.mechanism = given.at(4);
    for (std::size_t i = 5; i < given.size(); ++i)
        about.credentials.push_back(
            about.mechanism == "CURVE"
                ? std::string{mizzen::as_text(mizzen::make_curve_key(given[i]).octets)}
                : given[i]);
    asio::io_context io{1};
    mizzen::zap_client client{io, given.at(1)};
    client.authenticate(about, [&io](const mizzen::authentication_answer& got) {
        std::cout << number_of(got.verdict) << '\n' << got.reason << '\n' << got.user_id << '\n';
        for (const auto& each : got.metadata)
            std::cout << each.name << '=' << each.value << '\n';
        io.stop();
    });
    io.run();
    return EXIT_SUCCESS;
}

void echo_next(mizzen::dealer& socket) {
    socket.async_receive([&socket](std::error_code ec, mizzen::message m) {
        if (ec)
            return;
        const auto who = socket.peer(m.peer()).value_or(mizzen::peer_info{});
        m.push_back(who.user_id);
        m.push_back(who.address.substr(0, who.address.rfind(':')));
        for (const auto& each : who.properties)
            m.push_back(each.name + '=' + each.value);
        socket.async_send(std::move(m), [&socket](std::error_code failed) {
            if (!failed)
                echo_next(socket);
        });
    });
}

void watch(mizzen::monitor& events,
           const std::function<void(const mizzen::connection_event&)>& told) {
    events.async_receive_event(
        [&events, told](std::error_code ec, const mizzen::connection_event& what) {
            if (ec)
                return;
            told(what);
            watch(events, told);
        });
}

int serve(const arguments& given) {
    asio::io_context io{1};
    mizzen::dealer socket{io};
    if (given.at(3) == "plain")
        socket.set(mizzen::option::plain_server{});
    if (given.at(3) == "curve")
        socket.set(
            mizzen::option::curve_server{mizzen::load_curve_certificate(given.at(4) + "_secret")
                                             .secret_key.value_or(mizzen::curve_key{})});
    socket.set(mizzen::option::authentication{std::make_shared<mizzen::zap_client>(io, given.at(1)),
                                              given.at(2)});
    mizzen::monitor events{socket};
    watch(events, [](const mizzen::connection_event& what) {
        if (what.kind == mizzen::event_kind::handshake_failed)
            std::cout << what.reason.message() << ": " << what.detail << '\n' << std::flush;
    });
    std::cout << "listening " << socket.bind("tcp://127.0.0.1:*") << '\n' << std::flush;
    echo_next(socket);
    asio::posix::stream_descriptor input{io, ::dup(STDIN_FILENO)};
    input.async_wait(asio::posix::descriptor_base::wait_read, [&](std::error_code) { io.stop(); });
    io.run();
    return EXIT_SUCCESS;
}

int say(const arguments& given) {
    asio::io_context io{1};
    mizzen::dealer socket{io};
    if (given.at(2) == "plain")
        socket.set(mizzen::option::plain_client{given.at(3), given.at(4)});
    if (given.at(2) == "curve")
        socket.set(mizzen::option::curve_client{
            mizzen::load_curve_certificate(given.at(4)).public_key,
            mizzen::load_curve_certificate(given.at(3) + "_secret").secret_key});
    mizzen::monitor events{socket};
    watch(events, [&io](const mizzen::connection_event& what) {
        if (what.kind == mizzen::event_kind::handshake_failed)
            std::cout << name_of(what.kind) << '\n'
                      << what.reason.message() << '\n'
                      << what.refusal << '\n';
        if (what.kind == mizzen::event_kind::ended) {
            std::cout << name_of(what.kind) << '\n';
            io.stop();
        }
    });
    socket.connect(given.at(1));
    socket.async_send(mizzen::message{"hello"}, [](std::error_code) {});
    socket.async_receive([&io](std::error_code ec, const mizzen::message& m) {
        if (!ec)
            for (const mizzen::octets part : m)
                std::cout << mizzen::as_text(part) << '\n';
        io.stop();
    });
    io.run();
    return EXIT_SUCCESS;
}

int make_certificate(const arguments& given) {
    const auto keys = mizzen::make_curve_key_pair();
    mizzen::save_curve_certificate({keys.public_key, keys.secret_key, {{given.at(2), given.at(3)}}},
                                   given.at(1));
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    const arguments given{argv + 1, argv + argc};
    try {
        if (given.at(0) == "ask")
            return ask(given);
        if (given.at(0) == "serve")
            return serve(given);
        if (given.at(0) == "say")
            return say(given);
        if (given.at(0) == "certificate")
            return make_certificate(given);
    } catch (const std::exception& thrown) {
        std::cerr << thrown.what() << '\n';
    }
    return EXIT_FAILURE;
}
