// What three processes and four hops over TCP take without any protocol: an asker, a relay and an
// answerer that pass on the same number of octets, one message at a time.
#include "round_trips.hpp"
#include "side_by_side.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

void check(bool good, const char* what) {
    if (!good)
        throw std::system_error{errno, std::generic_category(), what};
}

class tcp_socket {
public:
    explicit tcp_socket(int number) : number_{number} {
        check(number_ >= 0, "socket");
        const int on = 1;
        check(setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    }
    tcp_socket(const tcp_socket&) = delete;
    tcp_socket& operator=(const tcp_socket&) = delete;
    ~tcp_socket() { close(number_); }

    [[nodiscard]] int number() const noexcept { return number_; }

    void write(std::span<const char> octets) const {
        while (!octets.empty()) {
            const ssize_t size = send(number_, octets.data(), octets.size(), MSG_NOSIGNAL);
            check(size > 0, "send");
            octets = octets.subspan(static_cast<std::size_t>(size));
        }
    }
    /// False when the other end has closed.
    [[nodiscard]] bool read(std::span<char> octets) const {
        while (!octets.empty()) {
            const ssize_t size = recv(number_, octets.data(), octets.size(), 0);
            if (size == 0)
                return false;
            check(size > 0, "recv");
            octets = octets.subspan(static_cast<std::size_t>(size));
        }
        return true;
    }

private:
    int number_;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void connect_to(const tcp_socket& from, std::string_view port) {
    const sockaddr_in address = loopback(bench::read_number<std::uint16_t>(port, 1));
    check(connect(from.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
          "connect");
}

/// The answerer is to connect first.
void relay(std::size_t size) {
    const tcp_socket listener{socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    check(bind(listener.number(), where, length) == 0 && listen(listener.number(), 2) == 0 &&
              getsockname(listener.number(), where, &length) == 0,
          "listen");
    bench::print_listening(std::to_string(ntohs(address.sin_port)));
    const tcp_socket answerer{accept(listener.number(), nullptr, nullptr)};
    bench::print_listening("asker");
    const tcp_socket asker{accept(listener.number(), nullptr, nullptr)};
    std::vector<char> octets(size);
    while (asker.read(octets)) {
        answerer.write(octets);
        if (!answerer.read(octets))
            throw std::runtime_error{"the answerer has gone"};
        asker.write(octets);
    }
}

void answer(std::string_view port, std::size_t size) {
    const tcp_socket to{socket(AF_INET, SOCK_STREAM, 0)};
    connect_to(to, port);
    std::vector<char> octets(size);
    while (to.read(octets))
        to.write(octets);
}

void ask(std::string_view port, std::size_t size, std::uint64_t count) {
    const tcp_socket to{socket(AF_INET, SOCK_STREAM, 0)};
    connect_to(to, port);
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
