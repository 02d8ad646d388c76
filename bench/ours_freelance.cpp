// Freelance: servers that echo, and clients that ask one thing at a time.
#include "round_trips.hpp"
#include "side_by_side.hpp"
#include <mizzen/message.hpp>
#include <mizzen/patterns/freelance/client.hpp>
#include <mizzen/patterns/freelance/server.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

namespace freelance = mizzen::freelance;
using mizzen::message;

freelance::model read_model(std::string_view text) {
    if (text == "2")
        return freelance::model::shotgun;
    if (text == "3")
        return freelance::model::complex;
    throw std::invalid_argument{"a model is 2 or 3"};
}

void serve(freelance::model how, const std::string& endpoint) {
    asio::io_context loop{1};
    freelance::server_options options;
    options.how = how;
    freelance::server server{loop, options,
                             [](message body, auto answer) { answer.reply(std::move(body)); }};
    bench::print_listening(server.bind(endpoint));
    loop.run(); // until a signal ends it
}

void ask(freelance::model how, std::size_t size, std::uint64_t count, std::span<char*> endpoints) {
    asio::io_context loop{1};
    freelance::client_options options;
    options.how = how;
    freelance::client client{loop, options};
    for (const char* each : endpoints)
        client.connect(each);
    while (client.stats().alive < endpoints.size())
        loop.run_one();
    std::string body(size, 'x');
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(body.data(), number);
        bool done = false;
        client.async_request(message{body}, [&](std::error_code ec, const message& reply) {
            if (ec || reply.size() != 1)
                throw std::runtime_error{"no reply: " + ec.message()};
            bench::check_body(reply[0].data(), reply[0].size(), size, number);
            done = true;
        });
        while (!done)
            loop.run_one();
    });
}

void run(std::span<char*> words) {
    const std::string_view verb{words.size() > 1 ? words[1] : ""};
    if (verb == "serve" && words.size() == 4)
        return serve(read_model(words[2]), words[3]);
    if (verb == "ask" && words.size() > 5)
        return ask(read_model(words[2]), bench::read_number<std::size_t>(words[3], 8),
                   bench::read_number<std::uint64_t>(words[4], 1), words.subspan(5));
    throw std::invalid_argument{"serve 2|3 ENDPOINT | ask 2|3 SIZE COUNT ENDPOINT...; a body has 8 "
                                "octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
