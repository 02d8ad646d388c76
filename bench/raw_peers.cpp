// Plays many peers of one host, the same ones whoever the host is. Told what to do line by line:
//
//   meet N     N more peers connect, and shake hands; a DEALER also asks and is answered. Prints
//              `met N` and how long that took.
//   flood N    Each peer sends N messages.
//   farewell   The host is told to end; so does this program, as it does when nothing more is said.
#include "raw_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <limits>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Reads tcp://ADDRESS:PORT.
sockaddr_in address_of(std::string_view endpoint) {
    constexpr std::string_view tcp = "tcp://";
    const std::size_t colon = endpoint.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (!endpoint.starts_with(tcp) || colon < tcp.size() ||
        inet_pton(AF_INET, std::string{endpoint.substr(6, colon - 6)}.c_str(), &address.sin_addr) !=
            1)
        throw std::invalid_argument{"not tcp://ADDRESS:PORT: " + std::string{endpoint}};
    address.sin_port = htons(bench::read_number<std::uint16_t>(endpoint.substr(colon + 1), 1));
    return address;
}

class crowd {
public:
    crowd(std::string_view endpoint, bench::raw_type type, std::size_t size, std::uint32_t first)
        : host_{address_of(endpoint), epoll_create1(0)}, type_{type}, frames_{size}, first_{first} {
        bench::check_system(host_.epoll >= 0, "epoll_create1");
    }
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;
    ~crowd() { close(host_.epoll); }

    void meet(std::size_t count) {
        bench::stopwatch watch;
        watch.start();
        std::size_t left = count;
        for (std::size_t i = 0; i < count; ++i) {
            peers_.emplace_back(first_ + static_cast<std::uint32_t>(peers_.size()), type_, host_);
            left -= advance(0); // those that can go on do so meanwhile
        }
        while (left > 0)
            left -= advance(-1);
        std::printf("met %zu\n", count);
        bench::report_seconds(watch.seconds());
    }

    void flood(std::uint64_t count) {
        std::deque<bench::raw_peer*> ready;
        for (bench::raw_peer& peer : peers_)
            ready.push_back(&peer);
        std::size_t unfinished = peers_.size();
        while (unfinished > 0) {
            for (const epoll_event& each : wait(ready.empty() ? -1 : 0))
                if ((each.events & EPOLLOUT) != 0)
                    ready.push_back(&peer_of(each));
            for (std::size_t turns = ready.size(); turns > 0; --turns) {
                bench::raw_peer* const peer = ready.front();
                ready.pop_front();
                switch (peer->send_some(frames_, count)) {
                case bench::send_result::again: ready.push_back(peer); break;
                case bench::send_result::finished: --unfinished; break;
                case bench::send_result::blocked: break;
                }
            }
        }
    }

    void say_farewell() { peers_.front().say_farewell(frames_); }

private:
    [[nodiscard]] bench::raw_peer& peer_of(const epoll_event& event) {
        return peers_[event.data.u32 - first_];
    }

    std::span<const epoll_event> wait(int milliseconds) {
        const int count =
            epoll_wait(host_.epoll, events_.data(), static_cast<int>(events_.size()), milliseconds);
        bench::check_system(count >= 0 || errno == EINTR, "epoll_wait");
        return std::span{events_}.first(count < 0 ? 0 : static_cast<std::size_t>(count));
    }

    /// How many meetings came to an end.
    std::size_t advance(int milliseconds) {
        std::size_t met = 0;
        for (const epoll_event& each : wait(milliseconds))
            met += peer_of(each).advance(frames_, (each.events & EPOLLOUT) != 0) ? 1U : 0U;
        return met;
    }

    bench::raw_host host_;
    bench::raw_type type_;
    bench::raw_frames frames_;
    std::uint32_t first_;
    std::deque<bench::raw_peer> peers_;
    std::array<epoll_event, 256> events_{};
};

void run(int argc, char** argv) {
    const std::string_view type = argc == 5 ? argv[2] : "";
    if (type != "dealer" && type != "push") {
        std::fprintf(stderr, "usage: %s ENDPOINT dealer|push SIZE FIRST_PEER\n", argv[0]);
        std::exit(2);
    }
    bench::raise_descriptor_limit();
    crowd peers{argv[1], type == "dealer" ? bench::raw_type::dealer : bench::raw_type::push,
                bench::read_number<std::size_t>(argv[3], bench::smallest_peer_body),
                bench::read_number<std::uint32_t>(argv[4], 0)};
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string what;
        std::uint64_t count = 0;
        words >> what >> count;
        if (what == "meet")
            peers.meet(count);
        else if (what == "flood")
            peers.flood(count);
        else if (what == "farewell")
            return peers.say_farewell();
        else
            throw std::invalid_argument{"told to do what cannot be done: " + line};
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run(argc, argv); });
}
