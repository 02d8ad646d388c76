// Clients of beanstalkd that put jobs, by its text protocol over plain sockets.
#include "round_trips.hpp"
#include "side_by_side.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::string_view line_end = "\r\n";

[[noreturn]] void fail() { throw std::system_error{errno, std::system_category()}; }

// One connection: puts without waiting for each answer, `INSERTED number`.
class connection {
public:
    connection(std::uint16_t port, std::size_t size) : body_(size, 'x') {
        descriptor_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        if (descriptor_ < 0 ||
            ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
            ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
            fail();
        head_ = "put 1 0 60 " + std::to_string(size) + "\r\n";
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    connection(connection&& other) noexcept = delete;
    connection& operator=(connection&& other) noexcept = delete;
    ~connection() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] bool has_output() const noexcept { return !out_.empty(); }

    void put(std::uint64_t number) {
        bench::write_number(body_.data(), number);
        out_.append(head_).append(body_).append(line_end);
    }
    void write() {
        const auto written = ::send(descriptor_, out_.data(), out_.size(), MSG_DONTWAIT);
        if (written < 0 && errno != EAGAIN)
            fail();
        if (written > 0)
            out_.erase(0, static_cast<std::size_t>(written));
    }
    /// How many puts were acknowledged by what there is to read.
    std::uint64_t read() {
        std::array<char, 65536> chunk{};
        const auto size = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
        if (size <= 0)
            throw std::runtime_error{"beanstalkd has closed a connection"};
        in_.append(chunk.data(), static_cast<std::size_t>(size));
        std::uint64_t acknowledged = 0;
        std::size_t at = 0;
        for (std::size_t end = 0; (end = in_.find(line_end, at)) != std::string::npos;
             at = end + line_end.size()) {
            if (!std::string_view{in_}.substr(at).starts_with("INSERTED "))
                throw std::runtime_error{"beanstalkd says " + in_.substr(at, end - at)};
            ++acknowledged;
        }
        in_.erase(0, at);
        return acknowledged;
    }

private:
    int descriptor_ = -1;
    std::string head_;
    std::string body_;
    std::string out_;
    std::string in_;
};

double load(std::uint16_t port, std::size_t clients, std::size_t outstanding, std::size_t size,
            std::uint64_t count) {
    std::vector<std::unique_ptr<connection>> all;
    std::vector<pollfd> polled;
    for (std::size_t i = 0; i < clients; ++i) {
        all.push_back(std::make_unique<connection>(port, size));
        polled.push_back({all.back()->descriptor(), POLLIN, 0});
    }
    bench::stopwatch watch;
    watch.start();
    std::uint64_t sent = 0;
    std::uint64_t done = 0;
    for (std::size_t i = 0; i < outstanding && sent < count; ++i)
        for (std::size_t each = 0; each < clients && sent < count; ++each)
            all[each]->put(sent++);
    while (done < count) {
        for (std::size_t i = 0; i < clients; ++i)
            polled[i].events = static_cast<short>(all[i]->has_output() ? POLLIN | POLLOUT : POLLIN);
        if (::poll(polled.data(), polled.size(), -1) < 0)
            fail();
        for (std::size_t i = 0; i < clients; ++i) {
            if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                const std::uint64_t acknowledged = all[i]->read();
                done += acknowledged;
                for (std::uint64_t n = 0; n < acknowledged && sent < count; ++n)
                    all[i]->put(sent++);
            }
            if (all[i]->has_output())
                all[i]->write();
        }
    }
    return watch.seconds();
}

void ask(std::uint16_t port, std::size_t size, std::uint64_t count) {
    connection one{port, size};
    bench::time_round_trips(count, [&](std::uint64_t number) {
        one.put(number);
        while (one.has_output())
            one.write();
        while (one.read() == 0)
            continue;
    });
}

void run(std::span<char*> words) {
    const auto is = [&](std::string_view verb, std::size_t count) {
        return words.size() == count + 2 && words[1] == verb;
    };
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    bench::raise_descriptor_limit();
    if (is("client", 5))
        return bench::report_seconds(load(static_cast<std::uint16_t>(number(2)), number(3),
                                          number(4), number(5), number(6)));
    if (is("ask", 3))
        return ask(static_cast<std::uint16_t>(number(2)), number(3), number(4));
    throw std::invalid_argument{"client PORT CLIENTS OUTSTANDING SIZE COUNT | ask PORT SIZE COUNT; "
                                "a body has 8 octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
