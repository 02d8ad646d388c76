// What many workers that hold one message at a time allow without any protocol: an asker with many
// messages on the way, a relay that gives each to a worker that waits, and workers that send back
// what comes. Plain TCP sockets, one system call for each read and each write.
#include "side_by_side.hpp"
#include "tcp_socket.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using bench::tcp_socket;

// Which of its sockets have something to read.
class watch {
public:
    watch() : number_{epoll_create1(0)} { bench::check_system(number_ >= 0, "epoll_create1"); }
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() { close(number_); }

    void add(const tcp_socket& socket, std::size_t index) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = index;
        bench::check_system(epoll_ctl(number_, EPOLL_CTL_ADD, socket.number(), &event) == 0,
                            "epoll_ctl");
    }
    /// Their indices.
    template <class Each> void wait(Each each) {
        const int count = epoll_wait(number_, events_.data(), static_cast<int>(events_.size()), -1);
        bench::check_system(count >= 0, "epoll_wait");
        for (const epoll_event& event : std::span{events_}.first(static_cast<std::size_t>(count)))
            each(event.data.u64);
    }

private:
    int number_;
    std::array<epoll_event, 128> events_{};
};

// Between one asker and workers that have connected before it.
class relay {
public:
    relay(std::size_t workers, std::size_t size) : workers_{workers}, message_(size) {
        const tcp_socket listener = bench::listen_on_loopback();
        for (std::size_t i = 0; i <= workers; ++i) { // the asker is the last
            if (i == workers)
                bench::print_listening("asker");
            sockets_.push_back(bench::accept_from(listener));
            watch_.add(sockets_.back(), i);
            if (i < workers)
                waiting_.push_back(i);
        }
    }

    void run() {
        while (open_) {
            watch_.wait([this](std::size_t index) {
                if (index == workers_)
                    take_requests();
                else
                    take_answer(index);
                while (!requests_.empty() && !waiting_.empty()) {
                    sockets_[waiting_.front()].write(requests_.front());
                    requests_.pop_front();
                    waiting_.pop_front();
                }
            });
            if (!answers_.empty())
                sockets_[workers_].write(answers_);
            answers_.clear();
        }
    }

private:
    void take_requests() {
        const std::size_t size = sockets_[workers_].read_some(buffer_);
        open_ = size > 0;
        for (std::span<const char> left = std::span{buffer_}.first(size); !left.empty();) {
            const std::size_t next = std::min(left.size(), message_.size() - filled_);
            std::copy_n(left.begin(), next,
                        message_.begin() + static_cast<std::ptrdiff_t>(filled_));
            left = left.subspan(next);
            filled_ = (filled_ + next) % message_.size();
            if (filled_ == 0)
                requests_.push_back(message_);
        }
    }
    void take_answer(std::size_t worker) {
        const std::size_t before = answers_.size();
        answers_.resize(before + message_.size());
        if (!sockets_[worker].read(std::span{answers_}.subspan(before)))
            throw std::runtime_error{"a worker has gone"};
        waiting_.push_back(worker);
    }

    std::size_t workers_;
    watch watch_;
    std::vector<tcp_socket> sockets_;
    std::vector<char> message_; // as far as it has come
    std::size_t filled_ = 0;
    std::vector<char> answers_; // of one turn, which leave together
    std::deque<std::vector<char>> requests_;
    std::deque<std::size_t> waiting_;
    std::array<char, 65536> buffer_{};
    bool open_ = true;
};

void work(std::string_view port, std::size_t count, std::size_t size) {
    watch watch;
    std::vector<tcp_socket> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        sockets.push_back(bench::connect_to(port));
        watch.add(sockets.back(), i);
    }
    std::vector<char> octets(size);
    for (bool open = true; open;)
        watch.wait([&](std::size_t index) {
            if (sockets[index].read(octets))
                sockets[index].write(octets);
            else
                open = false;
        });
}

// Replies may come in any order.
void ask(std::string_view port, std::size_t outstanding, std::size_t size, std::uint64_t count) {
    const tcp_socket to = bench::connect_to(port);
    const std::vector<char> messages(outstanding * size);
    const auto send = [&](std::uint64_t next) {
        to.write(std::span{messages}.first(static_cast<std::size_t>(next) * size));
    };
    std::vector<char> came(65536);
    bench::stopwatch clock;
    clock.start();
    std::uint64_t sent = std::min<std::uint64_t>(outstanding, count);
    send(sent);
    for (std::uint64_t octets = 0, done = 0; done < count;) {
        const std::size_t more = to.read_some(came);
        if (more == 0)
            throw std::runtime_error{"the relay has gone"};
        octets += more;
        const std::uint64_t next = std::min(octets / size + outstanding, count);
        done = octets / size;
        send(next - sent);
        sent = next;
    }
    bench::report_seconds(clock.seconds());
}

void run(std::span<char*> words) {
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    bench::raise_descriptor_limit();
    if (words.size() == 4 && std::string_view{words[1]} == "relay")
        return relay{number(2), number(3)}.run();
    if (words.size() == 5 && std::string_view{words[1]} == "work")
        return work(words[2], number(3), number(4));
    if (words.size() == 6 && std::string_view{words[1]} == "ask")
        return ask(words[2], number(3), number(4), number(5));
    throw std::invalid_argument{
        "relay WORKERS SIZE | work PORT WORKERS SIZE | ask PORT OUTSTANDING SIZE COUNT"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
