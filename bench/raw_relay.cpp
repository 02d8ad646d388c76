// What three processes and four hops over TCP take without any protocol: an asker, a relay and an
// answerer that pass on the same number of octets, one message at a time.
#include "round_trips.hpp"
#include "side_by_side.hpp"
#include "tcp_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using bench::accept_from;
using bench::connect_to;
using bench::tcp_socket;

/// The answerer is to connect first.
void relay(std::size_t size) {
    const tcp_socket listener = bench::listen_on_loopback();
    const tcp_socket answerer = accept_from(listener);
    bench::print_listening("asker");
    const tcp_socket asker = accept_from(listener);
    std::vector<char> octets(size);
    while (asker.read(octets)) {
        answerer.write(octets);
        if (!answerer.read(octets))
            throw std::runtime_error{"the answerer has gone"};
        asker.write(octets);
    }
}

void answer(std::string_view port, std::size_t size) {
    const tcp_socket to = connect_to(port);
    std::vector<char> octets(size);
    while (to.read(octets))
        to.write(octets);
}

void ask(std::string_view port, std::size_t size, std::uint64_t count) {
    const tcp_socket to = connect_to(port);
    std::vector<char> octets(size);
    bench::time_round_trips(count, [&](std::uint64_t number) {
        bench::write_number(octets.data(), number);
        to.write(octets);
        if (!to.read(octets))
            throw std::runtime_error{"the relay has gone"};
        bench::check_body(octets.data(), size, size, number);
    });
}

void run(std::span<char*> words) {
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    if (words.size() == 3 && std::string_view{words[1]} == "relay")
        return relay(number(2));
    if (words.size() == 4 && std::string_view{words[1]} == "answer")
        return answer(words[2], number(3));
    if (words.size() == 5 && std::string_view{words[1]} == "ask")
        return ask(words[2], number(3), number(4));
    throw std::invalid_argument{
        "relay SIZE | answer PORT SIZE | ask PORT SIZE COUNT; a message has "
        "8 octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
